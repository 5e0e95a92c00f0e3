// SPDX-License-Identifier: Apache-2.0
// How a partitioned table is, from what the catalogs say.
#include "partition/status.hpp"

#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "base/rows.hpp"
#include "catalog/bound.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::partition;
using test::list;

namespace {

instant const noon = parse_rfc3339("2026-10-14T12:00:00Z");

catalog::tree_relation relation(std::string const &oid, std::string const &name)
{
    catalog::tree_relation out;
    out.root = "1";
    out.parent = oid == "1" ? "" : "1";
    out.oid = oid;
    out.name = {"public", name};
    out.kind = oid == "1" ? 'p' : 'r';
    return out;
}

table_facts facts(model::step every = model::step::month)
{
    table_facts out;
    out.table.found = {{"public", "orders"}, {"public", "orders"}, "1", {}, {}};
    out.table.key = {"ts"};
    out.table.key_definition = "RANGE (ts)";
    out.table.key_type = "timestamp with time zone";
    out.policy.emplace();
    out.policy->table = {"public", "orders"};
    out.policy->every = every;
    out.policy->premake = 2;
    out.tree.push_back(relation("1", "orders"));
    out.lock_table = 6400;
    return out;
}

catalog::attached_partition &attach_leaf(table_facts &to, std::string const &name,
                                         param const &from, param const &until)
{
    catalog::attached_partition part;
    part.oid = name;
    part.name = {"public", name};
    part.range = {from ? *catalog::parse_time(*from) : catalog::before_all,
                  until ? *catalog::parse_time(*until) : catalog::after_all};
    to.tree.push_back(relation(name, name));
    to.table.partitions.push_back(std::move(part));
    return to.table.partitions.back();
}

void month(table_facts &to, int number)
{
    auto const text = [](int m) {
        auto const total = 2026 * 12 + m - 1;
        auto const in_year = std::to_string(total % 12 + 1);
        return std::to_string(total / 12) + (in_year.size() == 1 ? "-0" : "-") + in_year +
               "-01 00:00:00+00";
    };
    attach_leaf(to, "m" + std::to_string(number), text(number), text(number + 1));
}

catalog::tree_relation &add_default(table_facts &to, std::optional<long long> live,
                                    double estimate = -1)
{
    catalog::attached_partition part;
    part.oid = "rest";
    part.name = {"public", "rest"};
    part.is_default = true;
    to.table.partitions.push_back(part);
    to.tree.push_back(relation("rest", "rest"));
    to.tree.back().live_rows = live;
    to.tree.back().row_estimate = estimate;
    return to.tree.back();
}

table_status judge(table_facts const &of, std::set<std::string> const &ignored = {})
{
    return status_of(of, "UTC", ignored, noon);
}

std::vector<std::string> kinds(table_status const &of)
{
    std::vector<std::string> out;
    for (auto const &each : of.findings) {
        out.push_back(each.kind);
    }
    return out;
}

std::string states(table_status const &of)
{
    std::string out;
    for (auto const &each : of.periods) {
        out += (out.empty() ? "" : " ") + each.label + (each.is_now ? "*" : "") + ":" +
               std::string{name(each.state)};
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("the runway is counted in days from now to the end of what joins it")
    {
        auto of = facts();
        for (auto const each : {9, 10, 11, 12}) {
            month(of, each);
        }
        auto const seen = judge(of);
        CHECK(kinds(seen) == list{});
        CHECK(seen.covered_until == "2027-01-01 00:00:00+00");
        CHECK(seen.wanted_until == "2027-01-01 00:00:00+00");
        CHECK(seen.runway_days == doctest::Approx(78.5)); // 17.5 of October, 30, 31
        CHECK(seen.partitions == 4);
        CHECK(states(seen) == "2026-09:present 2026-10*:present 2026-11:present 2026-12:present");
    }

    TEST_CASE("the runway in a zone, and of keys that know none")
    {
        auto of = facts();
        of.policy->time_zone = "Europe/Berlin";
        of.policy->premake = 0;
        attach_leaf(of, "oct", "2026-09-30 22:00:00+00",
                    "2026-10-31 23:00:00+00"); // summer time ends
        CHECK(kinds(judge(of)) == list{});
        CHECK(judge(of).runway_days == doctest::Approx(17.0 + 11.0 / 24));
        CHECK(judge(of).covered_until == "2026-11-01 00:00:00+01");
        of.table.key_type = "date";
        of.table.partitions.clear();
        attach_leaf(of, "oct", "2026-10-01", "2026-11-01");
        CHECK(judge(of).runway_days == doctest::Approx(17.0 + 10.0 / 24)); // by clocks in Berlin
        CHECK(judge(of).covered_until == "2026-11-01");
    }

    TEST_CASE("a runway that premake is not satisfied with, none at all, and one without an end")
    {
        auto of = facts();
        month(of, 10);
        auto seen = judge(of);
        CHECK(kinds(seen) == list{"runway"});
        CHECK(seen.findings[0].message ==
              "public.orders has partitions until 2026-11-01 00:00:00+00 (17.5 days), then rows "
              "are refused; premake 2 asks for partitions until 2027-01-01 00:00:00+00");
        CHECK(states(seen) == "2026-10*:present 2026-11:planned 2026-12:planned");
        CHECK(seen.periods[1].partition == "orders_2026_11");

        auto none = facts();
        month(none, 8);
        seen = judge(none);
        CHECK(kinds(seen) == list{"runway"});
        CHECK(seen.runway_days == doctest::Approx(0));
        CHECK(seen.findings[0].message.find("public.orders has no partition for now") == 0);
        CHECK(states(seen) == "2026-08:present 2026-09:missing 2026-10*:missing 2026-11:planned "
                              "2026-12:planned");

        auto for_ever = facts();
        attach_leaf(for_ever, "all", "2026-10-01 00:00:00+00", {});
        CHECK(kinds(judge(for_ever)) == list{});
        CHECK(!judge(for_ever).runway_days);
    }

    TEST_CASE("holes are told by their bounds, and end the runway")
    {
        auto of = facts();
        for (auto const each : {7, 9, 10, 12}) {
            month(of, each);
        }
        auto const seen = judge(of);
        CHECK(kinds(seen) == list{"hole", "hole", "runway"});
        CHECK(seen.findings[0].message == "public.orders has no partition from 2026-08-01 "
                                          "00:00:00+00 to 2026-09-01 00:00:00+00");
        CHECK(seen.covered_until == "2026-11-01 00:00:00+00");
        CHECK(seen.holes == 2);
        CHECK(states(seen) == "2026-07:present 2026-08:missing 2026-09:present 2026-10*:present "
                              "2026-11:missing 2026-12:present");
    }

    TEST_CASE("wanted periods before the first partition; an overlap with what is planned")
    {
        auto of = facts();
        of.policy->from = model::parse_date("2026-06");
        for (auto const each : {9, 10, 11}) {
            month(of, each);
        }
        attach_leaf(of, "odd", "2026-12-01 00:00:00+00", "2026-12-20 00:00:00+00");
        auto const seen = judge(of);
        CHECK(kinds(seen) == list{"missing", "overlap", "runway"});
        CHECK(seen.findings[0].message ==
              "public.orders: 2026-06 to 2026-08 (3) wanted and not there");
        CHECK(seen.findings[1].message.find("public.orders: partitions cover a part of 2026-12") ==
              0);
    }

    TEST_CASE("a detach that did not end holds its period and gives no runway")
    {
        auto of = facts();
        month(of, 10);
        month(of, 11);
        month(of, 12);
        of.table.partitions[1].pending_detach = true;
        auto const seen = judge(of);
        CHECK(kinds(seen) == list{"pending_detach", "runway"});
        CHECK(seen.findings[0].hint ==
              "ALTER TABLE \"public\".\"orders\" DETACH PARTITION \"public\".\"m11\" FINALIZE");
        CHECK(states(seen) == "2026-10*:present 2026-11:pending 2026-12:present");
    }

    TEST_CASE(
        "rows in the default partition: seen by counters, by estimates, counted, or not known")
    {
        auto const with = [](std::optional<long long> live, double estimate) {
            auto of = facts();
            of.policy->premake = 0;
            month(of, 10);
            add_default(of, live, estimate);
            return judge(of);
        };
        CHECK(kinds(with({}, -1)) == list{});
        CHECK(!with({}, -1).default_part->rows);
        CHECK(kinds(with(0, 500)) == list{}); // deleted since the last VACUUM
        CHECK(with(0, 500).default_part->rows == 0);
        CHECK(kinds(with(12, -1)) == list{"default_rows"});
        CHECK(kinds(with({}, 1200)) == list{"default_rows"}); // counters lost in a crash
        CHECK(with({}, 1200).findings[0].message ==
              "public.orders has about 1,200 rows in the default partition public.rest");

        auto of = facts();
        month(of, 10);
        add_default(of, 12);
        REQUIRE(planned(of, noon).partitions.size() == 2);
        of.counted = std::pair{11LL, std::vector<long long>{0, 4}};
        auto const seen = judge(of);
        CHECK(kinds(seen) == list{"runway", "default_rows"});
        CHECK(seen.findings[0].message.find("then rows go into the default partition "
                                            "public.rest") != std::string::npos);
        CHECK(seen.findings[1].message ==
              "public.orders has 11 rows in the default partition public.rest, in the way of "
              "orders_2026_12: 4 rows");
    }

    TEST_CASE("names that are taken are told before their partition is due")
    {
        auto of = facts();
        for (auto const each : {10, 11, 12}) {
            month(of, each);
        }
        auto const asked = upcoming(of, noon);
        REQUIRE(asked.partitions.size() == 12);
        CHECK(asked.partitions[0].name == "orders_2027_01");
        of.taken_by.resize(12);
        of.taken_by[3] = "view";
        auto const seen = judge(of);
        CHECK(kinds(seen) == list{"name_taken"});
        CHECK(seen.findings[0].message.find("public.orders_2027_04 exists already (view)") == 0);
    }

    TEST_CASE("what is the same of many partitions is one finding, and a difference of each")
    {
        auto of = facts();
        of.policy->premake = 1;
        of.tree[0].owner = "app";
        for (auto const each : {9, 10, 11}) {
            month(of, each);
            of.tree.back().owner = each == 9 ? "app" : "ops";
        }
        auto const seen = judge(of);
        CHECK(kinds(seen) == list{"drift"});
        CHECK(seen.findings[0].message == "public.m10 and 1 more: owner: ops, should be app");
        CHECK(seen.findings[0].hint == "ALTER TABLE \"public\".\"m10\" OWNER TO \"app\"; -o json "
                                       "has it for each");
        REQUIRE(seen.drift.size() == 2);
        CHECK(seen.drift[1].partition.name == "m11");
        CHECK(kinds(judge(of, {"owner"})) == list{});
    }

    TEST_CASE("what nobody is told to open is no part of the finding with a statement for it")
    {
        auto of = facts();
        of.policy->premake = 1;
        for (auto const each : {9, 10, 11}) {
            month(of, each);
            of.tree.back().row_security = each > 9;
            of.tree.back().kind = each == 10 ? 'p' : 'r';
        }
        auto const seen = judge(of);
        CHECK(kinds(seen) == list{"drift", "drift"});
        CHECK(seen.findings[0].message == "public.m10: row security: on, should be off");
        CHECK(seen.findings[0].hint.empty());
        CHECK(seen.findings[1].message == "public.m11: row security: on, should be off");
        CHECK(seen.findings[1].hint == "ALTER TABLE \"public\".\"m11\" DISABLE ROW LEVEL SECURITY");
    }

    TEST_CASE("the need for locks against the lock table")
    {
        auto of = facts();
        of.policy->premake = 0;
        month(of, 10);
        of.tree.back().indexes = 3'300;
        CHECK(kinds(judge(of)) == list{});
        CHECK(judge(of).locks == 3'302);
        CHECK(judge(of).notes.size() == 1); // more than half
        of.tree.back().indexes = 6'399;
        CHECK(kinds(judge(of)) == list{"lock_table"});
    }

    TEST_CASE("without a policy the step is read off the bounds, and only now must be covered")
    {
        auto of = facts();
        of.policy.reset();
        month(of, 8);
        month(of, 10);
        auto seen = judge(of);
        CHECK(seen.every == model::step::month);
        CHECK(kinds(seen) == list{"hole"});
        CHECK(seen.wanted_until.empty());
        of.table.partitions.pop_back();
        CHECK(kinds(judge(of)) == list{"runway"});
        // Bounds that fit no step have a runway, but no periods.
        of.table.partitions.clear();
        attach_leaf(of, "odd", "2026-10-03 00:00:00+00", "2026-10-17 00:00:00+00");
        seen = judge(of);
        CHECK(!seen.every);
        CHECK(seen.periods.empty());
        CHECK(seen.runway_days == doctest::Approx(2.5));
    }

    TEST_CASE("each step is read off its bounds")
    {
        struct sample {
            model::step every;
            char const *from, *to;
        };
        for (auto const &[every, from, to] :
             {sample{model::step::hour, "2026-10-14 12:00:00+00", "2026-10-14 13:00:00+00"},
              {model::step::day, "2026-10-14 00:00:00+00", "2026-10-15 00:00:00+00"},
              {model::step::week, "2026-10-12 00:00:00+00", "2026-10-19 00:00:00+00"},
              {model::step::quarter, "2026-10-01 00:00:00+00", "2027-01-01 00:00:00+00"},
              {model::step::year, "2026-01-01 00:00:00+00", "2027-01-01 00:00:00+00"}}) {
            auto of = facts();
            of.policy.reset();
            attach_leaf(of, "p", from, to);
            auto const seen = judge(of);
            CHECK(seen.every == every);
            REQUIRE(seen.periods.size() == 1);
            CHECK(seen.periods[0].is_now);
        }
    }

    TEST_CASE("tables that are not partitioned by time, or of no use, are told as such")
    {
        auto of = facts();
        of.policy.reset();
        of.table.strategy = 'l';
        of.table.key_definition = "LIST (region)";
        auto const seen = judge(of);
        CHECK(kinds(seen) == list{});
        CHECK(!seen.by_time);
        CHECK(seen.notes ==
              list{"public.orders is partitioned by LIST (region), not by time: it has no runway"});
        add_default(of, 50); // of lists, no accident
        CHECK(kinds(judge(of)) == list{});
        of.policy.emplace(); // which wants months of it
        of.policy->table = {"public", "orders"};
        CHECK(kinds(judge(of)) == list{"unusable"});
        of.table.found.problem = "partitioned table public.orders does not exist";
        CHECK(kinds(judge(of)) == list{"unusable"});
    }
}

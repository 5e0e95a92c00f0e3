// SPDX-License-Identifier: Apache-2.0
#include "partition/due.hpp"

#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "base/rows.hpp"
#include "catalog/bound.hpp"
#include "partition/support.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::partition;
using test::list;
using test::morning;

namespace {

model::partition_policy policy(char const *from = nullptr, model::step every = model::step::month)
{
    model::partition_policy out;
    out.table = {"public", "orders"};
    out.key = "created_at";
    out.every = every;
    if (from != nullptr) {
        out.from = model::parse_date(from);
    }
    return out;
}

catalog::partitioned_table table()
{
    catalog::partitioned_table out;
    out.found = {{"public", "orders"}, {"public", "orders"}, "4711", {}, {}};
    out.key = {"created_at"};
    out.key_definition = "RANGE (created_at)";
    out.key_type = "timestamp with time zone";
    return out;
}

void add_partition(catalog::partitioned_table &to, char const *name, param const &from,
                   param const &until)
{
    catalog::attached_partition out;
    out.oid = name;
    out.name = {"public", name};
    out.range = {from ? *catalog::parse_time(*from) : catalog::before_all,
                 until ? *catalog::parse_time(*until) : catalog::after_all};
    to.partitions.push_back(std::move(out));
}

due_table only(demand const &all)
{
    REQUIRE(all.tables.size() == 1);
    return all.tables.front();
}

std::vector<std::string> names(due_table const &due)
{
    std::vector<std::string> out;
    for (auto const &each : due.partitions) {
        out.push_back(each.what.name);
    }
    return out;
}

error policy_refusal(model::partition_policy const &asked, catalog::partitioned_table const &of)
{
    auto const due = only(find_due({asked}, {of}, morning));
    CHECK(due.partitions.empty());
    REQUIRE(due.refused.size() == 1);
    return due.refused.front().why;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("without `from`: this month and premake beyond")
    {
        auto const due = only(find_due({policy()}, {table()}, morning));
        CHECK(names(due) ==
              list{"orders_2026_10", "orders_2026_11", "orders_2026_12", "orders_2027_01"});
        CHECK(due.partitions.front().what.from == "2026-10-01 00:00:00+00");
        CHECK(due.partitions.front().what.to == "2026-11-01 00:00:00+00");
        CHECK(due.partitions.front().reason == "2026-10 is now");
        CHECK(due.partitions.back().reason == "premake 3 asks for 2027-01");
        CHECK(due.oid == "4711");
        CHECK(due.refused.empty());
    }

    TEST_CASE("with `from`: from there on, and holes are filled")
    {
        auto of = table();
        add_partition(of, "anything", "2026-07-01 00:00:00+00", "2026-08-01 00:00:00+00");
        add_partition(of, "orders_2026_10", "2026-10-01 00:00:00+00", "2026-11-01 00:00:00+00");
        auto const due = only(find_due({policy("2026-06-20")}, {of}, morning));
        CHECK(names(due) == list{"orders_2026_06", "orders_2026_08", "orders_2026_09",
                                 "orders_2026_11", "orders_2026_12", "orders_2027_01"});
        CHECK(due.partitions.front().reason == "2026-06 is missing, wanted from 2026-06 on");
    }

    TEST_CASE("existing partitions count by their range, whatever their name, alone or together")
    {
        auto of = table();
        add_partition(of, "year_2026", "2026-01-01 00:00:00+00", "2027-01-01 00:00:00+00");
        add_partition(of, "b", "2027-01-16 00:00:00+00", "2027-02-01 00:00:00+00");
        add_partition(of, "a", "2027-01-01 00:00:00+00", "2027-01-16 00:00:00+00");
        auto const all = find_due({policy("2026-01")}, {of}, morning);
        CHECK(all.tables.empty());
        CHECK(all.notes == list{"public.orders: 3 partitions, none of the 13 wanted is missing"});
    }

    TEST_CASE("unbounded partitions cover everything on their side")
    {
        auto of = table();
        add_partition(of, "old", param{}, "2026-10-01 00:00:00+00");
        add_partition(of, "future", "2026-10-01 00:00:00+00", param{});
        CHECK(find_due({policy("2020-01")}, {of}, morning).tables.empty());
    }

    TEST_CASE("a partition that covers a part of a period is an error of that period alone")
    {
        auto of = table();
        add_partition(of, "odd", "2026-10-15 00:00:00+00", "2026-11-01 00:00:00+00");
        auto const due = only(find_due({policy()}, {of}, morning));
        CHECK(names(due) == list{"orders_2026_11", "orders_2026_12", "orders_2027_01"});
        REQUIRE(due.refused.size() == 1);
        CHECK(due.refused.front().title == "create partition public.orders_2026_10");
        CHECK(due.refused.front().why.message() ==
              "public.orders: partition public.odd (from 2026-10-15 00:00:00+00 to 2026-11-01 "
              "00:00:00+00) covers a part of "
              "2026-10");
    }

    TEST_CASE("two partitions with a gap between them cover a part only")
    {
        auto of = table();
        add_partition(of, "a", "2026-10-01 00:00:00+00", "2026-10-10 00:00:00+00");
        add_partition(of, "b", "2026-10-11 00:00:00+00", "2026-11-01 00:00:00+00");
        auto const due = only(find_due({policy()}, {of}, morning));
        CHECK(due.refused.size() == 1);
        CHECK(due.partitions.size() == 3);
    }

    TEST_CASE("the range of a pending detach cannot be used again")
    {
        auto of = table();
        add_partition(of, "orders_2026_11", "2026-11-01 00:00:00+00", "2026-12-01 00:00:00+00");
        of.partitions.front().pending_detach = true;
        auto const all = find_due({policy()}, {of}, morning);
        auto const due = only(all);
        CHECK(names(due) == list{"orders_2026_10", "orders_2026_12", "orders_2027_01"});
        REQUIRE(due.refused.size() == 1);
        CHECK(due.refused.front().why.hint().starts_with(
            "ALTER TABLE \"public\".\"orders\" DETACH PARTITION \"public\".\"orders_2026_11\" "
            "FINALIZE"));
        CHECK(all.notes.size() == 1);
    }

    TEST_CASE("a policy's zone decides where months begin, and what now is")
    {
        auto wanted = policy();
        wanted.time_zone = "Africa/Kinshasa"; // +01, no changes of clocks
        auto const late = parse_rfc3339("2026-10-31T23:30:00Z");
        auto const due = only(find_due({wanted}, {table()}, late));
        CHECK(due.partitions.front().what.name == "orders_2026_11");
        CHECK(due.partitions.front().what.from == "2026-11-01 00:00:00+01");

        // Bounds in UTC do not fit months of Kinshasa: told, not skipped.
        auto of = table();
        add_partition(of, "orders_2026_11", "2026-11-01 00:00:00+00", "2026-12-01 00:00:00+00");
        CHECK(only(find_due({wanted}, {of}, late)).refused.size() == 2);
    }

    TEST_CASE("bounds that are not understood are told")
    {
        auto of = table();
        add_partition(of, "odd", "2026-10-01", "2026-11-01");
        of.partitions.front().range.reset();
        CHECK(policy_refusal(policy(), of).message() ==
              "public.orders: the bounds of its partition public.odd are not understood");
    }

    TEST_CASE("keys without a zone have plain bounds")
    {
        auto of = table();
        of.key_type = "date";
        auto const due = only(find_due({policy(nullptr, model::step::week)}, {of}, morning));
        CHECK(due.partitions.front().what.name == "orders_2026_w42");
        CHECK(due.partitions.front().what.from == "2026-10-12");
        CHECK(due.partitions.front().what.to == "2026-10-19");
        of.key_type = "timestamp without time zone";
        CHECK(only(find_due({policy(nullptr, model::step::day)}, {of}, morning))
                  .partitions.front()
                  .what.from == "2026-10-14 00:00:00");
    }

    TEST_CASE("hours: none where clocks skip one, and names stay apart where one happens twice")
    {
        auto wanted = policy("2026-03-29", model::step::hour);
        wanted.time_zone = "Europe/Berlin";
        wanted.premake = 0;
        auto const spring =
            only(find_due({wanted}, {table()}, parse_rfc3339("2026-03-29T03:30:00Z")));
        CHECK(names(spring) == list{"orders_2026_03_29_00", "orders_2026_03_29_01",
                                    "orders_2026_03_29_03", "orders_2026_03_29_04",
                                    "orders_2026_03_29_05"});
        CHECK(spring.partitions[1].what.to == spring.partitions[2].what.from);
        wanted.from = model::parse_date("2026-10-25");
        auto const autumn =
            only(find_due({wanted}, {table()}, parse_rfc3339("2026-10-25T02:30:00Z")));
        CHECK(names(autumn) == list{"orders_2026_10_25_00", "orders_2026_10_25_01",
                                    "orders_2026_10_25_02", "orders_2026_10_25_03"});
        CHECK(autumn.partitions[2].what.from == "2026-10-25 02:00:00+02");
        CHECK(autumn.partitions[2].what.to == "2026-10-25 03:00:00+01");
    }

    TEST_CASE("a `from` beyond premake asks for nothing yet")
    {
        auto const all = find_due({policy("2028-01")}, {table()}, morning);
        CHECK(all.tables.empty());
        CHECK(all.notes.size() == 1);
    }

    TEST_CASE("tables that a policy cannot serve")
    {
        auto of = table();
        of.strategy = 'l';
        of.key_definition = "LIST (city)";
        CHECK(policy_refusal(policy(), of).message() ==
              "public.orders is partitioned by LIST (city), not by ranges of time");
        of = table();
        of.key = {"created_at", "city"};
        of.key_definition = "RANGE (created_at, city)";
        CHECK(policy_refusal(policy(), of)
                  .message()
                  .starts_with("public.orders is partitioned by RANGE (created_at, city)"));
        of = table();
        of.key = {""};
        of.key_definition = "RANGE (date_trunc('day'::text, ts))";
        CHECK(policy_refusal(policy(), of).message().find("one column of time only") !=
              std::string::npos);
        of = table();
        of.key = {"ts"};
        CHECK(policy_refusal(policy(), of).hint() == "write key: ts");
        of = table();
        of.key_type = "bigint";
        CHECK(policy_refusal(policy(), of).message() ==
              "public.orders's partition key created_at is of type bigint");
        of = table();
        of.key_type = "date";
        CHECK(policy_refusal(policy(nullptr, model::step::hour), of).message().find("no hours") !=
              std::string::npos);
        of = table();
        of.found.problem = "partitioned table public.orders does not exist";
        of.found.hint = "did you mean public.order?";
        CHECK(policy_refusal(policy(), of).hint() == "did you mean public.order?");
        CHECK(policy_refusal(policy("1900-01", model::step::hour), table())
                  .message()
                  .find("more than 100,000") != std::string::npos);
        auto wanted = policy();
        wanted.name_pattern = std::string(60, 'x') + "{yyyy}{mm}";
        CHECK(policy_refusal(wanted, table()).message().find("66 bytes") != std::string::npos);
    }

    TEST_CASE("one table's problem does not touch the others")
    {
        auto broken = table();
        broken.strategy = 'h';
        auto other = policy();
        other.table.name = "payments";
        auto of = table();
        of.found.name.name = "payments";
        of.found.oid = "4712";
        auto const all = find_due({policy(), other}, {broken, of}, morning);
        REQUIRE(all.tables.size() == 2);
        CHECK(all.tables[0].refused.size() == 1);
        CHECK(all.tables[1].partitions.size() == 4);
        auto const asked = requests(all);
        REQUIRE(asked.size() == 1);
        CHECK(asked.front().table_oid == "4712");
        CHECK(asked.front().partitions.size() == 4);
    }
}

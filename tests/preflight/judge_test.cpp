// SPDX-License-Identifier: Apache-2.0
// Findings from facts: each where it is one, and where it is not.
#include <doctest/doctest.h>

#include "preflight/judge.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::preflight;
using test::list;

namespace {

change_facts facts()
{
    change_facts out;
    out.job = "job";
    out.at = {"f.yaml", 3, 1};
    out.table = {"public", "t"};
    out.role = "worker";
    return out;
}

set_column holding(std::string const &value)
{
    return {.name = "status",
            .type = "text",
            .what = set_column::holds::value,
            .value = value,
            .at = {"f.yaml", 5, 9}};
}

check_constraint of_status(verdict says, std::vector<std::string> columns = {"status"})
{
    return {.table = {"public", "t"},
            .name = "t_status_check",
            .expression = "(status = 'a'::text)",
            .columns = std::move(columns),
            .says = says};
}

// "refused public.t.status" of each.
std::vector<std::string> found(change_facts const &of)
{
    std::vector<std::string> out;
    for (auto const &each : judge(of)) {
        out.push_back(std::string{name(each.kind)} + " " + each.object);
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("nothing wrong, nothing found")
    {
        auto all = facts();
        all.set = {holding("a")};
        all.checks = {of_status(verdict::fine)};
        all.plans = {{{"public", "t"}, 1e6, 5e5, true}, {{"public", "u"}, 1e6, 10, false}};
        all.references = {
            {.table = {"public", "c"}, .name = "c_fk", .indexed = true, .rows = 1'000'000},
            {.table = {"public", "d"}, .name = "d_fk", .indexed = false, .rows = 10}};
        all.triggers = {{.name = "touch", .function = "public.touch", .before = true}};
        CHECK(found(all).empty());
    }

    TEST_CASE("a CHECK that refuses: where it is set, and the statement that knows the value")
    {
        auto all = facts();
        all.set = {holding("x'y")};
        all.checks = {of_status(verdict::will_refuse)};
        auto const refused = judge(all);
        REQUIRE(refused.size() == 1);
        CHECK(refused[0].kind == kind::refused);
        CHECK(to_string(refused[0].at) == "f.yaml:5:9");
        CHECK(refused[0].fix ==
              "another value, or ALTER TABLE \"public\".\"t\" DROP CONSTRAINT \"t_status_check\", "
              "ADD CONSTRAINT \"t_status_check\" CHECK ((status = 'a'::text) OR \"status\" = "
              "'x''y')");
        all.triggers = {
            {.name = "fix", .function = "public.fix", .before = true, .may_assign = {"status"}}};
        CHECK(found(all) == list{"may_refuse public.t.status"});
        all.triggers[0].may_assign = {"other"};
        CHECK(found(all) == list{"refused public.t.status"});
    }

    TEST_CASE("a CHECK that may refuse names the other columns; one that is not evaluated says so")
    {
        auto all = facts();
        all.set = {holding("a")};
        all.checks = {of_status(verdict::may_refuse, {"status", "other"}),
                      of_status(verdict::not_evaluated)};
        auto const may = judge(all);
        REQUIRE(may.size() == 2);
        CHECK(may[0].kind == kind::may_refuse);
        CHECK(may[0].message.ends_with("depending on other"));
        CHECK(may[1].kind == kind::may_refuse);
        CHECK(may[1].message.find("not evaluated") != std::string::npos);
    }

    TEST_CASE("NULL into NOT NULL, and a partition key")
    {
        auto all = facts();
        all.set = {{.name = "a", .type = "int", .not_null = true, .what = set_column::holds::null},
                   {.name = "b", .type = "int", .what = set_column::holds::null},
                   {.name = "c", .type = "int", .not_null = true},
                   {.name = "d", .type = "int", .partition_key = true},
                   {.name = "e", .type = "word", .unasked = true}};
        CHECK(found(all) ==
              list{"refused public.t.a", "may_refuse public.t.d", "may_refuse public.t.e"});
    }

    TEST_CASE("policies: an error, unless the job lets them hide rows; in partitions always")
    {
        auto all = facts();
        all.policies = true;
        CHECK(found(all) == list{"policy public.t"});
        all.lets_hide = true;
        CHECK(found(all) == list{"hidden public.t"});
        all.below = true;
        CHECK(found(all) == list{"policy public.t"});
    }

    TEST_CASE("triggers: a table that is not found, or one more that is written")
    {
        auto all = facts();
        all.triggers = {{.name = "log",
                         .function = "public.f",
                         .writes = {{"", "log"}},
                         .not_found = {{"", "log"}}}};
        CHECK(found(all) == list{"trigger public.t"});
        all.triggers[0].not_found.clear();
        CHECK(found(all) == list{"multiplied public.t"});
    }

    TEST_CASE("foreign keys without index from large tables; cascades")
    {
        auto all = facts();
        all.deletes = true;
        all.references = {{.table = {"public", "c"},
                           .name = "c_fk",
                           .columns = {"t id"},
                           .indexed = false,
                           .rows = large_reference}};
        auto const slow = judge(all);
        REQUIRE(slow.size() == 1);
        CHECK(slow[0].kind == kind::cascade);
        CHECK(slow[0].fix == "CREATE INDEX ON \"public\".\"c\" (\"t id\")");
        all.references[0].rows = large_reference - 1;
        CHECK(found(all).empty());
        all.references[0].action = 'c';
        CHECK(found(all) == list{"multiplied public.t"});
    }

    TEST_CASE("a large table that is read for few of its rows, with an index to declare")
    {
        auto all = facts();
        all.condition_columns = {"state", "At"};
        all.plans = {{{"public", "t"}, large_table, large_table / 10, true}};
        auto const slow = judge(all);
        REQUIRE(slow.size() == 1);
        CHECK(slow[0].kind == kind::index);
        CHECK(slow[0].fix == "indexes: - { table: public.t, name: ..., on: \"(state, \"At\")\" }");
        all.plans[0].rows = large_table - 1;
        CHECK(found(all).empty());
    }

    TEST_CASE("what the server says is sorted by its SQLSTATE")
    {
        CHECK(kind_of("42501", "permission denied for table t") == kind::privilege);
        CHECK(kind_of("42501", "query would be affected by row-level security policy for table "
                               "\"t\"") == kind::policy);
        CHECK(kind_of("22P02", "invalid input value for enum") == kind::refused);
        CHECK(kind_of("23514", "value for domain d violates check constraint") == kind::refused);
        CHECK(kind_of("428C9", "column can only be updated to DEFAULT") == kind::refused);
        CHECK(kind_of("42703", "column does not exist") == kind::statement);
    }
}

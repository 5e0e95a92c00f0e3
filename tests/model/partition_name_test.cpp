// SPDX-License-Identifier: Apache-2.0
#include "model/partition_name.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace pgtend;
using namespace pgtend::model;

namespace {

partition_policy policy(step every, std::string pattern = "", std::string table = "orders")
{
    partition_policy out;
    out.table = {"public", std::move(table)};
    out.key = "at";
    out.every = every;
    out.name_pattern = std::move(pattern);
    return out;
}

bool apart(std::string_view pattern, step every)
{
    try {
        check_pattern(pattern, every);
        return true;
    } catch (error const &e) {
        CHECK_FALSE(e.hint().empty());
        return false;
    }
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("each step has a pattern of its own that tells its partitions apart")
    {
        partition_start const at{2025, 7, 4, 9};
        CHECK(partition_name(policy(step::hour), at) == "orders_2025_07_04_09");
        CHECK(partition_name(policy(step::day), at) == "orders_2025_07_04");
        CHECK(partition_name(policy(step::week), {2025, 6, 30, 0}) == "orders_2025_w27");
        CHECK(partition_name(policy(step::month), at) == "orders_2025_07");
        CHECK(partition_name(policy(step::quarter), at) == "orders_2025_q3");
        CHECK(partition_name(policy(step::year), at) == "orders_2025");
        for (auto const every :
             {step::hour, step::day, step::week, step::month, step::quarter, step::year}) {
            CHECK(apart(default_pattern(every), every));
            CHECK(parse_step(name(every)) == every);
        }
    }

    TEST_CASE("the year of a week is that of its Thursday")
    {
        auto const week = [](int y, int m, int d) {
            return partition_name(policy(step::week), {y, m, d, 0});
        };
        CHECK(week(2024, 12, 30) == "orders_2025_w01");
        CHECK(week(2020, 12, 28) == "orders_2020_w53");
        CHECK(week(2021, 1, 4) == "orders_2021_w01");
        CHECK(week(2026, 12, 28) == "orders_2026_w53");
        CHECK(partition_name(policy(step::week, "{table}_{yyyy}{mm}{dd}"), {2024, 12, 30, 0}) ==
              "orders_20241230");
    }

    TEST_CASE("a pattern that does not tell partitions apart")
    {
        CHECK_FALSE(apart("{table}_{yyyy}", step::month));
        CHECK_FALSE(apart("{table}_{mm}", step::month));
        CHECK_FALSE(apart("{table}", step::year));
        CHECK_FALSE(apart("{table}_{yyyy}_{mm}", step::day));
        CHECK_FALSE(apart("{table}_{yyyy}_{mm}_{dd}", step::hour));
        CHECK_FALSE(apart("{table}_{yyyy}_{mm}", step::week));
        CHECK_FALSE(apart("{table}_{yyyy}_{mm}_{ww}", step::month)); // its year is another
        CHECK(apart("p{yyyy}q{q}", step::quarter));
        CHECK(apart("p{yyyy}{mm}", step::quarter));
        CHECK_FALSE(apart("{table}_{yyy}_{mm}", step::month));
        CHECK_FALSE(apart("{table}_{yyyy}_{mm", step::month));
        CHECK_FALSE(apart("{table}}_{yyyy}_{mm}", step::month));
        CHECK_FALSE(apart("", step::month));
    }

    TEST_CASE("63 bytes, never cut")
    {
        CHECK(
            partition_name(policy(step::month, "", std::string(55, 'x')), {2025, 1, 1, 0}).size() ==
            63);
        CHECK_THROWS_AS(
            partition_name(policy(step::month, "", std::string(56, 'x')), {2025, 1, 1, 0}), error);
        CHECK(partition_name(policy(step::month, "\xC3\xA9 \"{table}\" {yyyy}-{mm}"),
                             {2025, 1, 1, 0}) == "\xC3\xA9 \"orders\" 2025-01");
    }
}

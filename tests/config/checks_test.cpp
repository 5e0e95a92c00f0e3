// SPDX-License-Identifier: Apache-2.0
// checks: what check fails on, skips and accepts for a time.
#include <doctest/doctest.h>

#include "config/support.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("nodb")
{
    TEST_CASE("the section in full")
    {
        auto const all = load("version: 1\n"
                              "checks:\n"
                              "  fail_on: warning\n"
                              "  skip: [performance, index.unused]\n"
                              "  thresholds: { vacuum.horizon: { warning: 5000000, error: 7.5 } }\n"
                              "  waive:\n"
                              "    - { id: index.duplicate, object: \"public.*\", because: kept, "
                              "until: 2027-01-31 }\n");
        CHECK(all.checks.fail_on == "warning");
        CHECK(all.checks.skip == std::vector<std::string>{"performance", "index.unused"});
        REQUIRE(all.checks.thresholds.size() == 2);
        CHECK(all.checks.thresholds[0].id == "vacuum.horizon");
        CHECK(all.checks.thresholds[0].value == 5'000'000);
        CHECK(all.checks.thresholds[1].key == "error");
        CHECK(all.checks.thresholds[1].value == 7.5);
        REQUIRE(all.checks.waive.size() == 1);
        CHECK(all.checks.waive[0].object == "public.*");
        CHECK(all.checks.waive[0].until == model::date{2027, 1, 31});
        CHECK(all.checks.waive[0].at.line == 7);
    }

    TEST_CASE("what is wrong in it, all at once")
    {
        CHECK(problems("version: 1\n"
                       "checks:\n"
                       "  fail_on: info\n"
                       "  thresholds: { vacuum.horizon: { warning: many } }\n"
                       "  waive:\n"
                       "    - { id: index.unused, until: 2027-02-30 }\n"
                       "  waiver: []\n")
                  .size() == 5);
    }
}

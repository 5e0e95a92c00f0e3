// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <doctest/doctest.h>

using namespace pgtend;

TEST_SUITE("nodb")
{
    TEST_CASE("what ends the work as a whole, and what fails alone")
    {
        CHECK(ends_work(connection_lost{"gone", "57P01", "SELECT 1"}));
        CHECK(ends_work(outcome_unknown{"who knows", "7"}));
        CHECK(ends_work(lease_lost{"taken over"}));
        CHECK(ends_work(interrupted{"stopped"}));
        CHECK(ends_work(timed_out{"too long"}));
        CHECK_FALSE(ends_work(error{"no such table", "", "42P01"}));
        CHECK_FALSE(ends_work(lock_busy{"held", "", "DROP TABLE t"}));
        CHECK_FALSE(ends_work(usage_error{"what?"}));
    }
}

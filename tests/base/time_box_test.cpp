// SPDX-License-Identifier: Apache-2.0
#include "base/time_box.hpp"

#include <doctest/doctest.h>
#include <future>

using namespace pgtend;

TEST_SUITE("nodb")
{
    TEST_CASE("it asks to stop when the time is over, and knows that it was the time")
    {
        time_box const box{milliseconds{1}, {}};
        std::promise<void> told;
        std::stop_callback const callback{box.token(), [&] { told.set_value(); }};
        REQUIRE(told.get_future().wait_for(seconds{30}) == std::future_status::ready);
        CHECK(box.over());
    }

    TEST_CASE("somebody else who asks is passed on, also when that was before, and is not the time")
    {
        std::stop_source outer;
        time_box const box{std::chrono::hours{1}, outer.get_token()};
        CHECK(!box.token().stop_requested());
        outer.request_stop();
        CHECK(box.token().stop_requested());
        CHECK(!box.over());
        time_box const late{std::chrono::hours{1}, outer.get_token()};
        CHECK(late.token().stop_requested());
        CHECK(!late.over());
    }

    TEST_CASE("it ends before its time, and no limit never comes")
    {
        auto const begin = std::chrono::steady_clock::now();
        for (int i = 0; i < 100; ++i) {
            time_box const box{std::chrono::hours{1}, {}};
        }
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{30});
        time_box const none{microseconds{0}, {}};
        CHECK(!none.token().stop_requested());
        CHECK(!none.over());
    }
}

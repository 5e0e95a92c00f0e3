// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "engine/lanes.hpp"

using namespace pgtend;
using plan::lock_mode;

namespace {

void add(plan::plan &work, std::string lane, std::vector<plan::lock> locks)
{
    plan::step step;
    step.title = "step " + std::to_string(work.steps.size());
    step.lane = std::move(lane);
    step.body = plan::transaction{{{.sql = "SELECT 1", .locks = std::move(locks)}}};
    work.steps.push_back(std::move(step));
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("lanes that lock different tables stay apart")
    {
        plan::plan work;
        add(work, "a", {{"\"a\"", lock_mode::access_exclusive}});
        add(work, "b", {{"\"b\"", lock_mode::access_exclusive}});
        add(work, "a", {{"\"a\"", lock_mode::access_exclusive}});
        CHECK(engine::lanes_of(work) == std::vector<std::size_t>{0, 1, 0});
    }

    TEST_CASE("lanes whose locks conflict are one, also over a third")
    {
        plan::plan work;
        add(work, "a",
            {{"\"a\"", lock_mode::share_update_exclusive},
             {"\"users\"", lock_mode::share_row_exclusive}});
        add(work, "c", {{"\"c\"", lock_mode::share_update_exclusive}});
        add(work, "b",
            {{"\"users\"", lock_mode::share_row_exclusive},
             {"\"zones\"", lock_mode::share_row_exclusive}});
        add(work, "d", {{"\"zones\"", lock_mode::share_row_exclusive}});
        CHECK(engine::lanes_of(work) == std::vector<std::size_t>{0, 1, 0, 0});
    }

    TEST_CASE("locks that get on with each other, or that nobody queues behind, join nothing")
    {
        plan::plan work;
        add(work, "a", {{"\"t\"", lock_mode::share}});
        add(work, "b", {{"\"t\"", lock_mode::share}});
        add(work, "c", {{"\"t\"", lock_mode::access_share}});
        CHECK(engine::lanes_of(work) == std::vector<std::size_t>{0, 1, 2});
        add(work, "d", {{"\"t\"", lock_mode::row_exclusive}});
        CHECK(engine::lanes_of(work) == std::vector<std::size_t>{0, 0, 1, 0});
    }
}

// SPDX-License-Identifier: Apache-2.0
// Runs by hand: beside the schedule, never beside another run.
#include <doctest/doctest.h>
#include <numeric>

#include "base/error.hpp"
#include "ledger/support.hpp"

using namespace pgtend;
using ledger::run_status;
using ledger::slot_request;
using test::minute;
using test::runner;

TEST_SUITE("db")
{
    TEST_CASE("a run by hand: no slot, names the holder, leaves watermark and open slot alone, "
              "ignores a pause")
    {
        test::ledger_database l;
        auto const open =
            l.book.claim_slots(std::vector<slot_request>{{"nightly", minute(3)}}, runner(1)).at(0);
        auto const refused =
            test::failure_of<error>([&] { l.book.claim_manual("nightly", runner(2)); });
        CHECK(refused.code() == exit_code::held);
        CHECK(refused.message() == "job 'nightly' is held by host-1/1001/abc");
        CHECK_FALSE(refused.hint().empty());

        l.expire("nightly"); // its runner is dead
        l.book.pause("nightly", true, "by hand only");
        auto const mine = l.book.claim_manual("nightly", runner(2));
        CHECK_FALSE(mine.slot.has_value());
        CHECK(mine.token > open.token);
        CHECK(l.status(open.run) == "lost");
        CHECK_THROWS_AS(l.book.finish(open, {}), lease_lost);
        l.book.finish(mine, {});
        auto const state = l.state("nightly");
        CHECK(state.open_slot == minute(3));
        CHECK(state.open_status == run_status::lost);
        CHECK(state.open_attempts == 1);
        CHECK(state.last_slot == minute(3));

        auto const unknown = l.book.claim_manual("never registered", runner(2));
        CHECK(unknown.token == 1);
        CHECK_THROWS_AS(l.book.claim_manual("never registered", runner(3)), error);
        CHECK_FALSE(l.state("never registered").known);
        CHECK(l.state("never registered").holder == runner(2).holder);
        l.book.finish(unknown, {});
        // Registered later it starts from then, like any new job.
        l.add({"never registered"});
        CHECK(l.state("never registered").known);
    }

    TEST_CASE("by hand from eight sessions at once, also for a job without a row: one gets it")
    {
        test::ledger_database l;
        for (int round = 0; round < 20; ++round) {
            auto const job = fmt::format("job-{}", round);
            auto const got = test::at_once(l.db, 8, [&](int n, pg::session &s) {
                try {
                    ledger::ledger{s}.claim_manual(job, runner(n));
                    return 1;
                } catch (error const &e) {
                    return e.code() == exit_code::held ? 0 : 100;
                }
            });
            CHECK(std::accumulate(got.begin(), got.end(), 0) == 1);
        }
    }
}

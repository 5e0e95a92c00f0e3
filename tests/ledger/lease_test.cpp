// SPDX-License-Identifier: Apache-2.0
// Lease, token and fence: who has lost a job changes nothing any more.
#include <algorithm>
#include <atomic>
#include <doctest/doctest.h>
#include <numeric>
#include <thread>

#include "base/error.hpp"
#include "ledger/support.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using ledger::claim;
using ledger::run_status;
using ledger::slot_request;
using test::minute;
using test::runner;

namespace {

claim take(ledger::ledger &book, int at, int who, std::string const &job = "nightly")
{
    auto const got =
        book.claim_slots(std::vector<slot_request>{{job, minute(at), true}}, runner(who));
    REQUIRE(got.size() == 1);
    return got[0];
}

rows fence(pg::session &s, claim const &held)
{
    auto const statement = ledger::fence_of(held);
    return s.run(statement.sql, statement.parameters);
}

double milliseconds_of(auto const &call)
{
    auto const before = std::chrono::steady_clock::now();
    call();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before)
        .count();
}

void wait_until(pg::session &s, std::string const &condition)
{
    auto const end = std::chrono::steady_clock::now() + 10s;
    while (!s.run("SELECT " + condition).flag(0, 0)) {
        REQUIRE(std::chrono::steady_clock::now() < end);
        std::this_thread::sleep_for(2ms);
    }
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("renewal does not wait for a working transaction, and lasts milliseconds")
    {
        test::ledger_database l{{"a", "b"}};
        std::vector<claim> const held{take(l.book, 1, 1, "b"), take(l.book, 1, 1, "a")};
        auto work = l.db.connect();
        work.begin();
        REQUIRE(fence(work, held[0]).size() == 1);
        l.control.run("SET lock_timeout = '5s'"); // a wait would fail instead of hanging
        auto const until = l.state("b").lease_until;
        std::vector<double> took;
        for (int i = 0; i < 20; ++i) {
            took.push_back(milliseconds_of([&] {
                REQUIRE(l.book.renew(held) == std::vector<bool>{true, true});
            }));
        }
        std::sort(took.begin(), took.end());
        MESSAGE("renewal beside a working transaction: median " << took[10] << " ms, worst "
                                                                << took[19] << " ms");
        CHECK(took[0] < 50 * test::slower);
        CHECK(l.state("b").lease_until > until);
        work.commit();
    }

    TEST_CASE("renewal tells for each claim, in the order given, whether it is still ours")
    {
        test::ledger_database l{{"a", "b", "c"}};
        auto const a = take(l.book, 1, 1, "a"), b = take(l.book, 1, 1, "b"),
                   c = take(l.book, 1, 1, "c");
        l.expire("b");
        take(l.book, 1, 2, "b"); // taken over
        l.book.finish(c, {});
        std::vector<claim> const held{c, b, a};
        CHECK(l.book.renew(held) == std::vector<bool>{false, false, true});
        l.expire("a"); // over, but nobody took it
        CHECK(l.book.renew(held) == std::vector<bool>{false, false, true});
        CHECK(l.book.renew({}).empty());
    }

    TEST_CASE("renewals and skips of the same jobs from many sessions meet no deadlock")
    {
        std::vector<std::string> jobs;
        for (int n = 0; n < 40; ++n) {
            jobs.push_back(fmt::format("job-{}", n));
        }
        test::ledger_database l{jobs};
        std::vector<claim> held;
        for (auto const &job : jobs) {
            held.push_back(take(l.book, 0, 1, job));
        }
        l.control.run(fmt::format("ALTER DATABASE {} SET deadlock_timeout = '10ms'", l.db.name()));
        auto const failures = test::at_once(l.db, 6, [&](int n, pg::session &s) {
            ledger::ledger book{s};
            auto mine = held;
            std::vector<ledger::ledger::skip> skips;
            for (auto const &job : jobs) {
                skips.push_back({job, minute(n + 1), "busy"});
            }
            if (n % 2 == 1) {
                std::reverse(mine.begin(), mine.end());
                std::reverse(skips.begin(), skips.end());
            }
            for (int round = 0; round < 30; ++round) {
                book.renew(mine);
                for (auto &one : skips) {
                    one.slot += std::chrono::minutes{10};
                }
                book.record_skipped(skips);
            }
            return 0;
        });
        CHECK(failures.size() == 6);
        auto const deadlocks =
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        CHECK(l.value(deadlocks) == "0");
    }

    TEST_CASE(
        "a takeover passes over a job whose work transaction lives, and passes once it has ended")
    {
        test::ledger_database l;
        auto const old = take(l.book, 1, 1);
        auto work = l.db.connect();
        work.run("CREATE TABLE done (n integer)");
        work.begin();
        REQUIRE(fence(work, old).size() == 1);
        l.expire("nightly");

        CHECK(l.book.claim_slots(std::vector<slot_request>{{"nightly", minute(1), true}}, runner(2))
                  .empty());
        CHECK(l.book.mark_lost().empty());
        auto const refused =
            test::failure_of<error>([&] { l.book.claim_manual("nightly", runner(2)); });
        CHECK(refused.code() == exit_code::held);
        CHECK(refused.message().find("its last transaction still works") != std::string::npos);

        work.run("INSERT INTO done VALUES (1)");
        work.commit();
        auto const next = take(l.book, 1, 2);
        CHECK(next.token > old.token);

        // From here on the old one passes no fence.
        work.begin();
        CHECK(fence(work, old).empty());
        work.rollback();
        work.begin();
        CHECK(fence(work, next).size() == 1);
        work.commit();
        CHECK_THROWS_AS(l.book.finish(old, {}), lease_lost);
        CHECK(l.status(old.run) == "lost");
        CHECK(l.book.renew(std::vector<claim>{old}) == std::vector<bool>{false});
        CHECK_THROWS_AS(l.book.note_backend(old, 0), lease_lost);
    }

    TEST_CASE("a fence that meets a takeover fails with 40001 at REPEATABLE READ")
    {
        test::ledger_database l;
        auto const old = take(l.book, 1, 1);
        auto work = l.db.connect();
        work.begin(pg::isolation::repeatable_read);
        work.run("SELECT 1 FROM pgtend.lease"); // the snapshot is taken
        l.expire("nightly");
        take(l.book, 1, 2);
        CHECK(test::failure_of<error>([&] { fence(work, old); }).sqlstate() == "40001");
        work.rollback();
        work.begin(pg::isolation::repeatable_read);
        CHECK(fence(work, old).empty());
        work.rollback();
    }

    TEST_CASE("takeovers against work: no transaction of a lost claim commits after the takeover")
    {
        // Each holder writes its token in fenced transactions until it loses the job. Were a write
        // of an old token committed after the new holder's first one, the tokens would go back
        // somewhere in the order of commits.
        //
        // A renewal is an UPDATE of no key. One that has to let go of the page (a full page, a
        // TOASTed value) before it writes the new row forgets whoever locked the old one FOR KEY
        // SHARE meanwhile, in all versions of PostgreSQL: here each does.
        test::ledger_database l;
        l.control.run("CREATE TABLE work (n bigint GENERATED ALWAYS AS IDENTITY, token bigint)");
        l.control.run("ALTER TABLE pgtend.lease ALTER paused_because SET STORAGE EXTERNAL");
        take(l.book, 1, 0);
        std::atomic<int> takeovers{0};
        constexpr int wanted = 300;
        auto const counts = test::at_once(l.db, 6, [&](int n, pg::session &s) {
            while (n >= 4 && takeovers < wanted) {
                s.run("UPDATE pgtend.lease SET lease_until = clock_timestamp() - interval '1 "
                      "second', paused_because = repeat('x', 20000)");
            }
            auto worker = l.db.connect();
            ledger::ledger book{s};
            int written = 0;
            while (takeovers < wanted) {
                auto const got = book.claim_slots(
                    std::vector<slot_request>{{"nightly", minute(1), true}}, runner(n));
                if (got.empty()) {
                    continue;
                }
                ++takeovers;
                for (int i = 0; i < 50; ++i) {
                    worker.begin();
                    if (fence(worker, got[0]).empty()) {
                        worker.rollback();
                        break;
                    }
                    // Both under the fence: the numbers are given in the order of commits of
                    // different holders.
                    worker.run("INSERT INTO work (token) VALUES ($1::bigint)",
                               {std::to_string(got[0].token)});
                    worker.commit();
                    ++written;
                }
            }
            return written;
        });
        CHECK(std::accumulate(counts.begin(), counts.end(), 0) > wanted);
        CHECK(l.value("SELECT count(*) FROM (SELECT token < lag(token) OVER (ORDER BY n) AS back "
                      "FROM work) w WHERE back") == "0");
        CHECK(std::stoi(l.value("SELECT count(DISTINCT token) FROM work")) > 5);
    }

    TEST_CASE("while the noted backend lives nobody takes over; a later one with the same pid does "
              "not count")
    {
        test::ledger_database l{{"nightly", "weekly"}};
        auto const held = take(l.book, 1, 1);
        std::vector<slot_request> const again{{"nightly", minute(1), true}};
        {
            auto work = l.db.connect();
            l.book.note_backend(held, work.backend_pid());
            l.expire("nightly");
            CHECK(l.book.claim_slots(again, runner(2)).empty());
            CHECK(l.book.mark_lost().empty());
            CHECK(test::failure_of<error>([&] {
                      l.book.claim_manual("nightly", runner(2));
                  }).message() == fmt::format("job 'nightly' is held by host-1/1001/abc, which is "
                                              "gone, but its backend {} still works",
                                              work.backend_pid()));

            // The start of another role's backend is hidden: then the pid alone counts.
            l.control.run("UPDATE pgtend.lease SET backend_starts = ARRAY[NULL::timestamptz] WHERE "
                          "job = 'nightly'");
            CHECK(l.book.claim_slots(again, runner(2)).empty());
            // Same pid, other start: the noted backend is gone.
            l.control.run(
                "UPDATE pgtend.lease SET backend_starts = '{2020-01-01}' WHERE job = 'nightly'");
            auto const got = l.book.claim_slots(again, runner(2));
            REQUIRE(got.size() == 1);
            l.book.note_backend(got[0], work.backend_pid());
            l.expire("nightly");
            CHECK(l.book.claim_slots(again, runner(3)).empty());
            l.book.note_backend(got[0], 0); // nothing outside transactions any more
            auto const third = l.book.claim_slots(again, runner(3));
            REQUIRE(third.size() == 1);
            CHECK(third[0].attempt == 3);
            l.book.note_backend(third[0], work.backend_pid());
            l.expire("nightly");
        }
        // The session is closed.
        wait_until(l.control, "NOT EXISTS (SELECT FROM pg_stat_activity a JOIN pgtend.lease l ON "
                              "a.pid = ANY (l.backend_pids))");
        CHECK(l.book.claim_slots(again, runner(4)).size() == 1);

        auto const weekly = take(l.book, 1, 1, "weekly");
        CHECK_THROWS_AS(l.book.note_backend(weekly, 999'999'999), error);
    }

    TEST_CASE("a run whose session was lost gives its lease back, and still nobody takes the job "
              "while its backend lives")
    {
        test::ledger_database l;
        auto const held = take(l.book, 1, 1);
        std::vector<slot_request> const again{{"nightly", minute(1), true}},
            next{{"nightly", minute(2)}};
        {
            auto work = l.db.connect(), more = l.db.connect();
            l.book.note_backend(held, more.backend_pid());
            l.book.note_backend(held, work.backend_pid());
            l.book.finish(
                held, {.status = run_status::interrupted, .keep_open = true, .left_backend = true});
            CHECK(l.book.claim_slots(again, runner(2)).empty());
            CHECK(l.book.claim_slots(next, runner(2)).empty());
            CHECK(test::failure_of<error>([&] {
                      l.book.claim_manual("nightly", runner(2));
                  }).message() == fmt::format("job 'nightly': the backend {}, {} of a run before "
                                              "still works",
                                              more.backend_pid(), work.backend_pid()));
        }
        wait_until(l.control, "NOT EXISTS (SELECT FROM pg_stat_activity a JOIN pgtend.lease l ON "
                              "a.pid = ANY (l.backend_pids))");
        CHECK(l.book.claim_slots(again, runner(2)).size() == 1);
        CHECK(l.value("SELECT cardinality(backend_pids) FROM pgtend.lease") == "0");
    }

    TEST_CASE(
        "a backend of another role: its start is not visible, so its pid alone keeps takeovers out")
    {
        test::ledger_database l;
        auto const role = "other_" + l.db.name();
        l.control.run(fmt::format("CREATE ROLE {} LOGIN", role));
        l.control.run(fmt::format("GRANT ALL ON SCHEMA pgtend TO {0}", role));
        l.control.run(fmt::format("GRANT ALL ON ALL TABLES IN SCHEMA pgtend TO {0}", role));
        {
            auto held = take(l.book, 1, 1);
            auto other = test::open(l.db.dsn(role));
            ledger::ledger theirs{other};
            l.book.note_backend(held, l.control.backend_pid()); // its start is seen by itself ...
            l.expire("nightly");
            std::vector<slot_request> const again{{"nightly", minute(1), true}};
            CHECK(theirs.claim_slots(again, runner(2)).empty()); // ... and not by them
            CHECK(theirs.mark_lost().empty());
        }
        l.control.run(fmt::format("DROP OWNED BY {0}", role));
        l.control.run(fmt::format("DROP ROLE {0}", role));
    }

    TEST_CASE("mark_lost frees what nobody renews, and leaves live leases alone")
    {
        test::ledger_database l{{"dead", "alive", "by hand", "idle"}};
        auto const dead = take(l.book, 1, 1, "dead");
        auto const alive = take(l.book, 1, 1, "alive");
        auto const by_hand = l.book.claim_manual("by hand", runner(1));
        l.expire("dead");
        l.expire("by hand");
        std::vector<std::string> const names{"dead"};
        auto const seen = l.book.read(names);
        CHECK(seen.dead_leases == 2);
        CHECK(seen.jobs[0].open_status == run_status::lost); // also before anybody says so
        auto const lost = l.book.mark_lost();
        REQUIRE(lost.size() == 2);
        CHECK(lost[0].job == "dead");
        CHECK(lost[0].run == dead.run);
        CHECK(lost[0].slot == minute(1));
        CHECK(lost[0].holder == runner(1).holder);
        CHECK(!lost[1].slot);
        CHECK(l.book.mark_lost().empty());
        CHECK(l.status(dead.run) == "lost");
        CHECK(l.status(by_hand.run) == "lost");
        CHECK(l.status(alive.run) == "running");
        auto const state = l.state("dead");
        CHECK(state.holder.empty());
        CHECK(state.open_slot == minute(1));
        CHECK(state.open_status == run_status::lost);
        CHECK(state.last_status == run_status::lost);
        CHECK_THROWS_AS(l.book.finish(dead, {}), lease_lost);
        auto work = l.db.connect();
        work.begin();
        CHECK(fence(work, dead).empty());
        work.rollback();
        CHECK(take(l.book, 1, 2, "dead").attempt == 2);
        CHECK(l.book.read(names).dead_leases == 0);
    }

    TEST_CASE("finish may be repeated when its answer was lost, and only then")
    {
        test::ledger_database l;
        auto const held = take(l.book, 1, 1);
        CHECK_THROWS_AS(l.book.finish(held, {.status = run_status::running}), error);
        CHECK_THROWS_AS(l.book.finish(held, {.status = run_status::lost}), error);
        l.book.finish(held, {.status = run_status::failed, .error = "no"});
        CHECK_NOTHROW(l.book.finish(held, {.status = run_status::failed, .error = "no"}));
        CHECK_THROWS_AS(l.book.finish(held, {.status = run_status::succeeded}), lease_lost);
        CHECK(l.status(held.run) == "failed");
        auto const next = take(l.book, 2, 1);
        CHECK_THROWS_AS(l.book.finish({held.job, held.slot, next.token + 1, held.run, 1}, {}),
                        lease_lost);
        CHECK(l.status(next.run) == "running");
    }
}

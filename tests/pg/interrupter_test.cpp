// SPDX-License-Identifier: Apache-2.0
#include "pg/interrupter.hpp"

#include <doctest/doctest.h>
#include <fmt/core.h>
#include <future>
#include <thread>
#include <vector>

#include "support/database.hpp"
#include "support/proxy.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using test::database;

namespace {

class stopwatch {
  public:
    milliseconds elapsed() const
    {
        return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun_);
    }

  private:
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

// In three tries: a busy machine is late sometimes, a wrong program always.
template <class Call> milliseconds at_best(Call const &call)
{
    auto best = milliseconds::max();
    for (int i = 0; i < 3; ++i) {
        stopwatch const watch;
        call();
        best = std::min(best, watch.elapsed());
    }
    return best;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("without a limit it costs nothing, and never looks at the connection")
    {
        pg::interrupter::client c{nullptr};
        bool ended = false;
        stopwatch const watch;
        for (int i = 0; i < 100'000; ++i) {
            c.start(0us, {}, 2s);
            ended = ended || c.finish().why != pg::interrupter::reason::none;
        }
        CHECK(watch.elapsed() < 200ms);
        CHECK(!ended);
    }
}

TEST_SUITE("db")
{
    TEST_CASE("a statement over its limit is cancelled, and the session goes on")
    {
        database const db;
        auto s = db.connect();
        auto const taken =
            at_best([&] { CHECK_THROWS_AS(s.run("SELECT pg_sleep(30)", {}, {100ms}), timed_out); });
        CHECK(taken >= 100ms);
        CHECK(taken < 300ms);
        try {
            s.run("SELECT pg_sleep($1::int)", {"30"}, {100ms});
            FAIL("it was not cancelled");
        } catch (timed_out const &e) {
            CHECK(e.sqlstate() == "57014");
            CHECK(e.statement() == "SELECT pg_sleep($1::int)");
            CHECK(e.message() ==
                  "the statement took longer than its limit of 100 ms and was cancelled");
        }
        CHECK_THROWS_AS(s.batch("SELECT 1; SELECT pg_sleep(30)", {100ms}), timed_out);
        CHECK(s.run("SELECT pg_sleep(0.3)").size() == 1);
        CHECK(s.run("SELECT 1", {}, {10s}).size() == 1);
        CHECK(!s.lost());
    }

    TEST_CASE(
        "a cancel by others, or the server's own time limit, is an error and no limit of ours")
    {
        database const db;
        auto s = db.connect();
        s.run("SET statement_timeout = '50ms'");
        try {
            s.run("SELECT pg_sleep(30)", {}, {30s});
            FAIL("it was not cancelled");
        } catch (error const &e) {
            CHECK(typeid(e) == typeid(error));
            CHECK(e.sqlstate() == "57014");
        }
    }

    TEST_CASE("a COMMIT over its limit is rolled back")
    {
        database const db;
        auto s = db.connect();
        s.batch(
            "CREATE TABLE t (a int); CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER w AFTER "
            "INSERT ON t "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()");
        s.begin();
        s.run("INSERT INTO t VALUES (1)");
        CHECK_THROWS_AS(s.commit({100ms}), timed_out);
        CHECK(!s.in_transaction());
        CHECK(s.run("SELECT count(*) FROM t").integer(0, 0) == 0);
    }

    TEST_CASE("a stop ends the running statement, and refuses the next one before it is sent")
    {
        database const db;
        auto s = db.connect();
        std::stop_source source;
        auto const taken = at_best([&] {
            source = {};
            auto const asker = std::async(std::launch::async, [&] {
                std::this_thread::sleep_for(100ms);
                source.request_stop();
            });
            CHECK_THROWS_AS(s.run("SELECT pg_sleep(30)", {}, {0us, source.get_token()}),
                            interrupted);
        });
        CHECK(taken < 300ms);
        s.run("CREATE TABLE t (a int)");
        CHECK_THROWS_AS(s.run("INSERT INTO t VALUES (1)", {}, {0us, source.get_token()}),
                        interrupted);
        CHECK(s.run("SELECT count(*) FROM t").integer(0, 0) == 0);
        CHECK(!s.lost());
    }

    TEST_CASE("a late cancel never hits the next statement")
    {
        database const db;
        auto s = db.connect();
        int in_time = 0;
        int cancelled = 0;
        // The limit hovers where the cancel meets the statement's end.
        microseconds limit = 4ms;
        for (int i = 0; i < 600; ++i) {
            try {
                s.run("SELECT pg_sleep(0.004)", {}, {limit});
                ++in_time;
                limit = std::max(limit - 50us, 50us);
            } catch (timed_out const &) {
                ++cancelled;
                limit += 50us;
            }
            CHECK(s.run("SELECT pg_sleep(0.001)").size() == 1); // throws when hit
        }
        CHECK(in_time > 20);
        CHECK(cancelled > 20);
        MESSAGE(fmt::format("{} in time, {} cancelled", in_time, cancelled));
    }

    TEST_CASE("a server that does not take cancels: free after the grace, connection lost")
    {
        database const db;
        auto const taken = at_best([&] {
            test::proxy network;
            auto s = test::open(network.dsn(db.name()));
            network.ignore_new();
            CHECK_THROWS_AS(s.run("SELECT pg_sleep(2)", {}, {100ms, {}, 300ms}), connection_lost);
            CHECK(s.lost());
            CHECK_THROWS_AS(s.run("SELECT 1"), connection_lost);
            CHECK(network.connections() == 2); // the second one was the cancel
        });
        CHECK(taken >= 400ms);
        CHECK(taken < 600ms);
    }

    TEST_CASE("a result that comes while the cancel hangs is kept, but the session is lost")
    {
        database const db;
        auto const taken = at_best([&] {
            test::proxy network;
            auto s = test::open(network.dsn(db.name()));
            network.ignore_new();
            CHECK(s.run("SELECT 7 FROM pg_sleep(0.2)", {}, {100ms, {}, 300ms}).integer(0, 0) == 7);
            CHECK(s.lost());
        });
        CHECK(taken < 600ms);
    }

    TEST_CASE("a network that swallows everything: free after limit and grace, also in COMMIT")
    {
        database const db;
        auto const taken = at_best([&] {
            test::proxy network;
            auto s = test::open(network.dsn(db.name()));
            auto t = test::open(network.dsn(db.name()));
            t.begin();
            t.run("CREATE TEMPORARY TABLE t (a int)");
            network.swallow();
            CHECK_THROWS_AS(s.run("SELECT 1", {}, {100ms, {}, 300ms}), connection_lost);
            CHECK_THROWS_AS(t.commit({100ms, {}, 300ms}), outcome_unknown);
        });
        CHECK(taken < 1200ms);
    }

    TEST_CASE("many sessions, limits and stops at a time")
    {
        database const db;
        constexpr int threads = 4;
        std::vector<std::future<int>> all;
        all.reserve(threads);
        for (int n = 0; n < threads; ++n) {
            all.push_back(std::async(std::launch::async, [&db, n] {
                auto s = db.connect();
                int ended = 0;
                for (int i = 0; i < 800; ++i) {
                    std::stop_source source;
                    std::jthread const asker{[&source, ask = i % 8 == n] {
                        if (ask) {
                            std::this_thread::sleep_for(1ms);
                            source.request_stop();
                        }
                    }};
                    try {
                        bool const slow = i % 32 == 0; // long enough for a busy machine
                        s.run(slow ? "SELECT pg_sleep(0.2)" : "SELECT 1", {},
                              {slow ? 2ms : 1s, source.get_token()});
                    } catch (timed_out const &) {
                        ++ended;
                    } catch (interrupted const &) {
                        ++ended;
                    }
                    s.run("SELECT 1");
                }
                return ended;
            }));
        }
        for (auto &one : all) {
            CHECK(one.get() > 10);
        }
    }
}

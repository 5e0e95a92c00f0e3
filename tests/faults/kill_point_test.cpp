// SPDX-License-Identifier: Apache-2.0
// A runner that dies between any two steps of claim, work, commit and record: every point of
// base/kill_point.hpp, for work in batches, in transactions and outside of them.
#include <csignal>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <set>

#include "base/kill_point.hpp"
#include "support/ground.hpp"

using namespace pgtend;
using test::eventually;

namespace {

struct killed_work {
    std::string job, more; // of the configuration file
    std::string before;    // SQL: everything as it is before the work
    std::string state;     // a query: what the work came to
    std::string
        done; // what it says when the work is done once; empty: as an undisturbed run leaves it
    std::set<std::string_view> unreached;
};

killed_work batches()
{
    return {.job = "expire: { table: public.bookings, where: \"status = 'open'\", batch_rows: 10, "
                   "set: { status: expired, changes: { sql: changes + 1 } } }",
            .more = "",
            .before = "DROP TABLE IF EXISTS bookings; CREATE TABLE bookings (id int PRIMARY KEY, "
                      "status text NOT NULL, changes int NOT NULL DEFAULT 0);"
                      "INSERT INTO bookings SELECT i, CASE WHEN i % 2 = 0 THEN 'open' ELSE 'paid' "
                      "END FROM generate_series(1, 80) i",
            .state = "SELECT string_agg(line, ', ' ORDER BY line) FROM (SELECT format('%s %s with "
                     "%s changes', count(*), status, changes) AS line FROM bookings GROUP BY "
                     "status, changes) s",
            .done = "40 expired with 1 changes, 40 paid with 0 changes",
            .unreached = {"before note", "after note", "before outside", "after outside"}};
}

killed_work partitions()
{
    return {.job = "partition: {}",
            .more =
                "partitions:\n  - { table: public.orders, key: at, every: month, premake: 2 }\n",
            .before = "DROP TABLE IF EXISTS orders; CREATE TABLE orders (id int, at "
                      "timestamptz NOT NULL) PARTITION BY RANGE (at)",
            .state = "SELECT string_agg(c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid), ', "
                     "' ORDER BY c.relname) FROM pg_class c WHERE c.relname LIKE 'orders_%' AND "
                     "c.relkind = 'r'",
            .done = "",
            .unreached = {"before note", "after note", "before outside", "after outside"}};
}

killed_work outside_transactions()
{
    return {.job = "vacuum: { tables: [public.a, public.b], workers: 2 }",
            .more = "",
            .before = "DROP TABLE IF EXISTS a, b;"
                      "CREATE TABLE a WITH (autovacuum_enabled = off) AS SELECT g FROM "
                      "generate_series(1, 1000) g;"
                      "CREATE TABLE b WITH (autovacuum_enabled = off) AS TABLE a",
            .state = "SELECT string_agg(c.relname || ' vacuumed', ', ' ORDER BY c.relname) FROM "
                     "pg_class c WHERE c.relname IN ('a', 'b') AND c.reltuples = 1000",
            .done = "a vacuumed, b vacuumed",
            .unreached = {"before begin", "after begin", "before commit", "after commit"}};
}

// Ticks of one job, each of which may be killed somewhere; a slot of its own for each walk.
class walker {
  public:
    explicit walker(killed_work what)
        : scene_{std::move(what)}, ground_{"  - { name: j, schedule: \"0 * * * *\", " + scene_.job +
                                               " }\n",
                                           scene_.more}
    {
        ground_.db.psql(scene_.before);
        REQUIRE(tick("").code == 0); // registers it
    }

    // False: one of the points was not reached.
    bool walk(std::vector<std::string> const &kills)
    {
        ++hour_;
        ground_.db.psql(scene_.before);
        REQUIRE((scene_.done.empty() || ground_.db.value(scene_.state) != scene_.done));
        std::size_t lost = 0;
        for (auto const &point : kills) {
            auto const ended = tick(point);
            if (ended.code != 128 + SIGKILL) {
                CHECK_MESSAGE(ended.code == (lost > 0 ? 1 : 0), ended.err);
                check_end(lost);
                return false;
            }
            bool const held = point.find("claim") == std::string::npos &&
                              point.find("mark_lost") == std::string::npos &&
                              point.find("after finish") == std::string::npos;
            lost += held || point.starts_with("after claim") ? 1 : 0;
            come_back();
        }
        auto const last = tick("");
        CHECK_MESSAGE(last.code <= 1, last.err); // 1: it tells of a lost run
        check_end(lost);
        return true;
    }

  private:
    test::finished tick(std::string const &kill_at) const
    {
        auto const now = fmt::format("2026-01-{:02}T{:02}:00:10Z", 1 + hour_ / 24, hour_ % 24);
        return ground_.run({"tick", "--now", now}, {{"PGTEND_KILL_AT", kill_at}});
    }

    // The dead runner's backends are gone, its lease is over, and so is the pause between attempts.
    void come_back() const
    {
        eventually("its backends are gone", [&] {
            return ground_.count("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                                 "current_database() AND application_name LIKE 'pgtend/tick%'") ==
                   0;
        });
        ground_.expire_lease("j");
        ground_.db.psql("UPDATE pgtend.lease SET finished_at = finished_at - interval '1 hour'");
    }

    void check_end(std::size_t lost)
    {
        std::string runs;
        for (std::size_t i = 1; i <= lost; ++i) {
            runs += fmt::format("lost/{} ", i);
        }
        runs += fmt::format("succeeded/{}", lost + 1);
        CHECK(ground_.db.value(
                  fmt::format("SELECT string_agg(status || '/' || attempt, ' ' ORDER BY id) FROM "
                              "pgtend.run WHERE slot = '2026-01-01 00:00+00'::timestamptz + "
                              "interval '{} hours'",
                              hour_)) == runs);
        CHECK(ground_.count("SELECT count(*) FROM pgtend.lease WHERE holder IS NOT NULL OR "
                            "open_slot IS NOT NULL OR backend_pids <> '{}'") == 0);
        auto const state = ground_.db.value(scene_.state);
        if (scene_.done.empty()) {
            scene_.done = state; // of the first walk, which nobody disturbs
        }
        CHECK(state == scene_.done);
    }

    killed_work scene_;
    test::ground ground_;
    int hour_ = 0;
};

void walk_everywhere(killed_work const &what)
{
    walker w{what};
    CHECK(!w.walk({"nowhere"}));
    for (auto const point : kill_points) {
        CAPTURE(point);
        std::string const here{point};
        bool reached = w.walk({here, here}); // the first runner, and the one that takes over
        if (reached) {
            w.walk({here + ":2"});
        } else { // only takeovers come here
            reached = w.walk({"after claim", here});
        }
        // A lease is renewed after ten seconds: lease_test.cpp has that.
        bool const expected = !what.unreached.contains(point) && !here.ends_with("renew");
        CHECK(reached == expected);
    }
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F01: kill -9 at every point of a run in batches: each row is changed once, the slot "
              "succeeds once")
    {
        walk_everywhere(batches());
    }

    TEST_CASE(
        "F01: kill -9 at every point of a run that makes partitions: all are there, none half "
        "made")
    {
        walk_everywhere(partitions());
    }

    TEST_CASE("F01: kill -9 at every point of a run outside transactions: the next one does it")
    {
        walk_everywhere(outside_transactions());
    }
}

// SPDX-License-Identifier: Apache-2.0
// What CONCURRENTLY leaves behind when it is killed on the way.
#include <csignal>
#include <doctest/doctest.h>

#include "support/ground.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::eventually;
using test::has;
using test::later;
using test::next_hour;

namespace {

// As long as the table `gate` is empty, `slow` takes a hundredth of a second a row.
constexpr char slow_table_and_view[] =
    "CREATE TABLE gate (open boolean); CREATE TABLE t AS SELECT g AS id FROM generate_series(1, "
    "2000) g;"
    "CREATE FUNCTION slow(id int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS "
    "(SELECT FROM public.gate) THEN PERFORM pg_sleep(0.01); END IF; RETURN id; END $$;"
    "INSERT INTO gate VALUES (true); CREATE INDEX t_slow ON t (slow(id));"
    "CREATE MATERIALIZED VIEW view AS SELECT id, slow(id) AS value FROM t; CREATE UNIQUE INDEX ON "
    "view (id); DELETE FROM gate";

// The runner is killed while its backend is at work, and then the backend, too.
void kill_at_work(test::ground const &g, std::string const &query)
{
    test::process runner{g.arguments({"tick", "--now", due})};
    auto const pid = "SELECT coalesce(min(pid), 0) FROM pg_stat_activity WHERE datname = "
                     "current_database() AND state = 'active' AND pid <> pg_backend_pid() AND "
                     "query ILIKE '" +
                     query + "%' AND clock_timestamp() > query_start + interval '100 ms'";
    eventually("it works", [&] { return g.count(pid) != 0; });
    auto const backend = g.db.value(pid);
    runner.signal(SIGKILL);
    runner.wait();
    g.db.psql("INSERT INTO gate VALUES (true); SELECT pg_terminate_backend(" + backend + ")");
    eventually("its backend is gone", [&] {
        return g.count("SELECT count(*) FROM pg_stat_activity WHERE pid = " + backend) == 0;
    });
    g.expire_lease("j");
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F37: killed during REFRESH CONCURRENTLY: nothing is left, the next run refreshes")
    {
        test::ground g{"  - { name: j, schedule: \"0 * * * *\", refresh: { matview: public.view, "
                       "concurrently: true } }\n"};
        g.db.psql(slow_table_and_view);
        g.db.psql("INSERT INTO t VALUES (3000)");
        REQUIRE(g.tick(before).code == 0);
        kill_at_work(g, "refresh materialized view concurrently");
        CHECK(g.count("SELECT count(*) FROM view") == 2000);
        auto const done = g.tick(later);
        CHECK_MESSAGE(done.code == 1, done.err); // it tells of the lost run
        CHECK(g.runs("j") == "lost/1 succeeded/2");
        CHECK(g.count("SELECT count(*) FROM view") == 2001);
        CHECK(g.count("SELECT count(*) FROM pg_class WHERE relpersistence = 't'") == 0);
    }

    TEST_CASE("F37: killed during REINDEX CONCURRENTLY: the next run works, and what was left is "
              "told with what to do about it")
    {
        test::ground g{"  - { name: j, schedule: \"0 * * * *\", sql: { text: \"reindex index "
                       "concurrently public.t_slow\", statements: separate, idempotent: true } "
                       "}\n"};
        g.db.psql(slow_table_and_view);
        // Up to 14 that is everybody's, which would be told of.
        g.db.psql("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        REQUIRE(g.tick(before).code == 0);
        kill_at_work(g, "reindex index concurrently");
        REQUIRE(g.count("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 1);
        CHECK(g.tick(later).code == 1); // it tells of the lost run
        CHECK(g.runs("j") == "lost/1 succeeded/2");
        CHECK(g.db.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_slow'::regclass") ==
              "t");
        auto const output = "SELECT output FROM pgtend.run WHERE status = 'succeeded' ORDER BY id "
                            "DESC LIMIT 1";
        CHECK(has(g.db.value(output), "DROP INDEX CONCURRENTLY public.t_slow_ccnew"));
        g.db.psql("DROP INDEX t_slow_ccnew");
        CHECK(g.tick(next_hour).code == 0);
        CHECK(g.db.value(output) == "");
    }

    TEST_CASE("F37: killed during CREATE INDEX CONCURRENTLY: what was left stands in the way, "
              "which is a failure, and told with what to do about it")
    {
        test::ground g{"  - { name: j, schedule: \"0 * * * *\", sql: { text: \"create index "
                       "concurrently t_new on public.t (public.slow(id))\", statements: "
                       "separate, idempotent: true } }\n"};
        g.db.psql(slow_table_and_view);
        REQUIRE(g.tick(before).code == 0);
        kill_at_work(g, "create index concurrently");
        REQUIRE(g.count("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 1);
        CHECK(g.tick(later).code == 1);
        CHECK(g.runs("j") == "lost/1 failed/2");
        CHECK(has(g.db.value("SELECT sqlstate || ' ' || output FROM pgtend.run WHERE status = "
                             "'failed'"),
                  "42P07 warning: "));
        CHECK(has(g.db.value("SELECT output FROM pgtend.run WHERE status = 'failed'"),
                  "DROP INDEX CONCURRENTLY public.t_new"));
    }
}

// SPDX-License-Identifier: Apache-2.0
// Every kind of job through PgBouncer: what works, what is refused, and what the other clients of
// the pool find afterwards.
#include <csignal>
#include <deque>
#include <doctest/doctest.h>

#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/pooler.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::eventually;
using test::has;
using test::later;

namespace {

constexpr int pool_size = 4;

std::string const others_here = "SELECT count(*) FROM pg_stat_activity WHERE datname = "
                                "current_database() AND pid <> pg_backend_pid()";

// What needs no session, and what does.
std::string const in_transactions[] = {"expire",  "clean", "parts", "refresh",
                                       "analyze", "sql",   "watch"};
std::string const needs_a_session[] = {"vacuum", "index"};

constexpr char jobs_of_every_kind[] = R"yaml(
  - { name: expire, schedule: "0 * * * *", expire: { table: public.bookings, where: "status = 'open'", batch_rows: 10, set: { status: expired, changes: { sql: changes + 1 } } } }
  - { name: clean, schedule: "0 * * * *", cleanup: { table: public.old_rows, where: "id <= 100", batch_rows: 10 } }
  - { name: parts, schedule: "0 * * * *", partition: { workers: 4 } }
  - { name: refresh, schedule: "0 * * * *", refresh: { matview: public.stats, concurrently: true } }
  - { name: analyze, schedule: "0 * * * *", analyze: { tables: [public.bookings] } }
  - { name: sql, schedule: "0 * * * *", search_path: app, timezone: Africa/Kinshasa, role: pgtend_test_pooled, sql: { text: "insert into public.hit select current_setting('search_path'), current_setting('TimeZone'), current_user" } }
  - { name: watch, schedule: "0 * * * *", watch: { query: "select 1 where false" } }
  - { name: vacuum, schedule: "0 * * * *", vacuum: { tables: [public.big] } }
  - { name: index, schedule: "0 * * * *", sql: { statements: separate, text: "create index concurrently if not exists big_g on public.big (g)" } }
)yaml";
constexpr char policies[] =
    "partitions:\n  - { table: public.x, key: at, every: month, premake: 1 }\n"
    "  - { table: public.y, key: at, every: month, premake: 1 }\n";

class pooled_ground : public test::ground {
  public:
    pooled_ground() : test::ground{jobs_of_every_kind, policies}
    {
        db.psql(R"(
            CREATE TABLE bookings (id int PRIMARY KEY, status text NOT NULL, changes int NOT NULL DEFAULT 0);
            INSERT INTO bookings SELECT i, CASE WHEN i % 2 = 0 THEN 'open' ELSE 'paid' END FROM generate_series(1, 200) i;
            CREATE TABLE old_rows (id int PRIMARY KEY); INSERT INTO old_rows SELECT generate_series(1, 200);
            CREATE TABLE x (at timestamptz NOT NULL) PARTITION BY RANGE (at);
            CREATE TABLE y (at timestamptz NOT NULL) PARTITION BY RANGE (at);
            CREATE MATERIALIZED VIEW stats AS SELECT 1 AS n; CREATE UNIQUE INDEX ON stats (n);
            CREATE TABLE big WITH (autovacuum_enabled = off) AS SELECT g FROM generate_series(1, 1000) g;
            CREATE TABLE hit (search_path text, zone text, role text); GRANT INSERT ON hit TO PUBLIC;
            CREATE SCHEMA app;
            DROP ROLE IF EXISTS pgtend_test_pooled; CREATE ROLE pgtend_test_pooled)");
        REQUIRE(tick(before).code == 0);
    }

    ~pooled_ground() { db.psql("DROP ROLE pgtend_test_pooled"); }

    // One run a slot, each row once.
    void check_work(std::string const &outside) const
    {
        for (auto const &job : in_transactions) {
            CHECK_MESSAGE(runs(job) == "succeeded/1", job);
        }
        for (auto const &job : needs_a_session) {
            CHECK_MESSAGE(runs(job) == outside, job);
        }
        CHECK(count("SELECT count(*) FROM bookings WHERE status = 'expired' AND changes = 1") ==
              100);
        CHECK(count("SELECT count(*) FROM old_rows") == 100);
        CHECK(count("SELECT count(*) FROM pg_inherits WHERE inhparent::regclass::text IN ('x', "
                    "'y')") == 4);
        CHECK(db.value("SELECT string_agg(h::text, ' ') FROM hit h") ==
              "(app,Africa/Kinshasa,pgtend_test_pooled)");
    }

    // All server connections at a time, each held by a transaction: they are as they were when new.
    void check_pool(test::pooler const &pool) const
    {
        std::deque<pg::session> clients;
        std::string pids;
        for (int i = 0; i < pool_size; ++i) {
            auto &client = clients.emplace_back(test::open(pool.dsn(db)));
            client.batch("BEGIN");
            auto const answer = client.run(
                "SELECT pg_backend_pid(), session_user = current_user, "
                "(SELECT coalesce(string_agg(name || ' = ' || setting, ', '), '') FROM pg_settings "
                " WHERE source = 'session' AND setting <> reset_val AND name NOT IN "
                " ('application_name', 'client_encoding', 'transaction_isolation', "
                "  'transaction_read_only')), "
                "(SELECT count(*) FROM pg_prepared_statements) + (SELECT count(*) FROM "
                " pg_listening_channels()) + (SELECT count(*) FROM pg_cursors WHERE is_holdable) + "
                "(SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = "
                " 'advisory') + (SELECT count(*) FROM pg_class WHERE relpersistence = 't')");
            CHECK(answer.text(0, 1) == "t");
            CHECK_MESSAGE(answer.text(0, 2).empty(), answer.text(0, 2));
            CHECK(answer.integer(0, 3) == 0);
            pids += (pids.empty() ? "" : ",") + answer.text(0, 0);
        }
        CHECK(count("SELECT count(DISTINCT pid) FROM unnest('{" + pids + "}'::int[]) pid") ==
              pool_size);
        CHECK(count("SELECT count(*) FROM pg_stat_activity WHERE pid IN (" + pids +
                    ") AND state <> 'idle in transaction'") == 0);
    }
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F13: all kinds through a pooler in transaction mode, by three runners at once: what "
              "needs a session is refused, the rest is done once, nothing leaks")
    {
        pooled_ground const g;
        test::pooler const pool{"transaction", pool_size};
        std::deque<test::process> all;
        for (int i = 0; i < 3; ++i) {
            all.emplace_back(g.arguments({"-d", pool.dsn(g.db), "tick", "--now", due}));
        }
        std::string said;
        for (auto &one : all) {
            auto const done = one.wait();
            CHECK_MESSAGE(done.code <= 1, done.err);
            said += done.err;
        }
        // What a runner left to another one that was just looking at the row, the next takes.
        said += g.run({"-d", pool.dsn(g.db), "tick", "--now", later}).err;
        g.check_work("failed/1");
        CHECK(has(said, "job vacuum failed: this statement needs settings of the session, which a "
                        "pooler in transaction mode gives to other clients"));
        CHECK(has(said, "job index failed: this statement needs"));
        CHECK(has(said, "HINT: Connect to the server directly. If the pooler in between is in "
                        "session mode, say so: `pooler: session`, or --pooler session."));
        CHECK(g.count("SELECT count(*) FROM pg_class WHERE relname = 'big_g'") == 0);
        g.check_pool(pool);
        // A direct runner does what was refused.
        auto const direct = g.tick("2026-01-01T02:00:10Z");
        CHECK_MESSAGE(direct.code == 0, direct.err);
    }

    TEST_CASE(
        "F13: a pooler in session mode that the caller has named: everything is done, nothing "
        "leaks")
    {
        pooled_ground const g;
        test::pooler const pool{"session", pool_size};
        auto const done =
            g.run({"-d", pool.dsn(g.db), "--pooler", "session", "tick", "--now", due});
        CHECK_MESSAGE(done.code == 0, done.err);
        g.check_work("succeeded/1");
        CHECK(g.count("SELECT count(*) FROM pg_class WHERE relname = 'big_g'") == 1);
        eventually("the table is vacuumed", [&] {
            return g.count("SELECT vacuum_count FROM pg_stat_all_tables WHERE relname = 'big'") ==
                   1;
        });
        g.check_pool(pool);
    }

    TEST_CASE(
        "F13: a runner that dies behind a pooler: its transaction goes, its server connection "
        "stays in the pool and keeps nobody out")
    {
        test::pooler const pool{"transaction", pool_size};
        std::string const expire =
            "expire: { table: public.t, where: \"n = 0\", set: { n: { sql: n + 1 } } }";
        std::string const vacuum = "vacuum: { tables: [public.t] }";
        for (auto const &[job, point] : std::vector<std::pair<std::string, std::string>>{
                 {expire, "after begin"}, {expire, "before commit"}, {vacuum, "after plan"}}) {
            CAPTURE(point);
            test::ground const g{"  - { name: j, schedule: \"0 * * * *\", " + job + " }\n"};
            g.db.psql("CREATE TABLE t AS SELECT 0 AS n FROM generate_series(1, 100)");
            REQUIRE(g.tick(before).code == 0);
            CHECK(g.run({"-d", pool.dsn(g.db), "tick", "--now", due}, {{"PGTEND_KILL_AT", point}})
                      .code == 128 + SIGKILL);
            eventually("its transaction is rolled back",
                       [&] { return g.count(others_here + " AND state <> 'idle'") == 0; });
            if (job == vacuum) {
                CHECK(g.count(others_here) > 0);
            }
            g.expire_lease("j");
            CHECK(g.tick(later).code == 1); // it tells of the lost run
            CHECK(g.runs("j") == "lost/1 succeeded/2");
            CHECK(g.count("SELECT count(*) FROM t WHERE n = 1") == (job == expire ? 100 : 0));
        }
    }
    TEST_CASE(
        "F13: a runner that dies behind a pooler in session mode: its backend keeps others out "
        "as long as the pool keeps it")
    {
        test::pooler const pool{"session", pool_size};
        test::ground const g{
            "  - { name: j, schedule: \"0 * * * *\", vacuum: { tables: [public.t] } }\n"};
        g.db.psql("CREATE TABLE t AS SELECT 0 AS n FROM generate_series(1, 100)");
        REQUIRE(g.tick(before).code == 0);
        CHECK(g.run({"-d", pool.dsn(g.db), "--pooler", "session", "tick", "--now", due},
                    {{"PGTEND_KILL_AT", "after plan"}})
                  .code == 128 + SIGKILL);
        g.expire_lease("j");
        CHECK(g.tick(later).code == 0);
        CHECK(g.runs("j") == "running/1");
        g.db.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                  "current_database() AND pid <> pg_backend_pid()");
        eventually("it is gone", [&] { return g.count(others_here) == 0; });
        CHECK(g.tick(later).code == 1); // it tells of the lost run
        CHECK(g.runs("j") == "lost/1 succeeded/2");
    }
}

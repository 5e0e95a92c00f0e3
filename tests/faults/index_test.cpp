// SPDX-License-Identifier: Apache-2.0
// Indexes built beside writers, killed on the way, raced, locked out.
#include <atomic>
#include <csignal>
#include <doctest/doctest.h>
#include <thread>

#include "base/error.hpp"
#include "faults/index_scene.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::before;
using test::building;
using test::closed_gate;
using test::due;
using test::eventually;
using test::has;
using test::indexes;
using test::later;
using test::tree;
using test::valid;

namespace {

void end_backend(test::ground const &g, std::string const &pid)
{
    g.db.psql("SELECT pg_terminate_backend(" + pid + ")");
    eventually("its backend is gone", [&] {
        return g.count("SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid) == 0;
    });
}

// A client under a sanitizer holds its locks longer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr char longest_wait_of_writers[] = "1s";
constexpr std::chrono::seconds longest_look{15};
#else
constexpr char longest_wait_of_writers[] = "50ms";
constexpr std::chrono::seconds longest_look{3};
#endif

// Short transactions, one after another, until told to stop. One that waits for a lock longer than
// it may is refused.
class writer {
  public:
    writer(test::database const &db, std::string statement,
           std::string const &longest_wait = longest_wait_of_writers)
        : session_{db.connect()}, work_{[this, statement = std::move(statement), longest_wait] {
              session_.run("SET lock_timeout = '" + longest_wait + "'");
              while (!stop_) {
                  try {
                      session_.run(statement);
                      ++written_;
                  } catch (error const &) {
                      ++refused_;
                  }
              }
          }}
    {
    }
    // How many were refused.
    long long finish()
    {
        stop_ = true;
        work_.join();
        return refused_;
    }
    long long written() const { return written_; }

  private:
    pg::session session_;
    std::atomic<bool> stop_ = false;
    std::atomic<long long> written_ = 0, refused_ = 0;
    std::thread work_; // last: it uses the others
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("an index is built beside writers, none of whom waits for a lock for 50 ms: a "
              "table and a partitioned one")
    {
        test::ground g{"", indexes("p", "p_id", "(id)") +
                               "  - { table: public.busy, name: busy_id, on: \"(id)\" }\n"};
        g.db.psql(tree);
        g.db.psql("CREATE TABLE busy AS SELECT g AS id FROM generate_series(1, 200000) g; INSERT "
                  "INTO p SELECT g, 1 + g % 3 FROM generate_series(1, 200000) g");
        writer one{g.db, "INSERT INTO busy VALUES (1)"};
        writer two{g.db, "INSERT INTO p VALUES (1, 1), (2, 2), (3, 3)"};
        eventually("they write", [&] { return one.written() > 10 && two.written() > 10; });
        auto const done = g.run({"index", "create"});
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.count(valid) == 4);
        CHECK(one.finish() == 0);
        CHECK(two.finish() == 0);
        CHECK(one.written() > 100);
    }

    TEST_CASE("F01: kill -9 in the middle of a partitioned build: the backend ends what it does, "
              "and the next call finishes")
    {
        test::ground g{"", indexes("p", "p_slow")};
        closed_gate door{g};
        g.db.psql(tree);
        test::process runner{g.arguments({"index", "create"})};
        eventually("it builds", [&] { return g.count(building) != 0; });
        runner.signal(SIGKILL);
        runner.wait();
        CHECK(g.count(building) != 0); // the backend goes on
        CHECK(g.db.value("SELECT indisvalid FROM pg_index WHERE indexrelid = "
                         "'p2_p_slow'::regclass") == "f");
        SUBCASE("it waits for that backend, and does not build again what it has built")
        {
            test::process next{g.arguments({"index", "create"})};
            eventually("it waits", [&] { return has(next.errors(), "CREATE INDEX CONCURRENTLY"); });
            auto const oid = g.db.value("SELECT 'p2_p_slow'::regclass::oid");
            door.open();
            auto const done = next.wait();
            CHECK_MESSAGE(done.code == 0, done.err);
            CHECK(has(done.out, "found done by somebody else meanwhile"));
            CHECK(g.db.value("SELECT 'p2_p_slow'::regclass::oid") == oid);
        }
        SUBCASE("that backend died, too: its leftover is built anew")
        {
            end_backend(g, g.db.value(building));
            door.open();
            auto const status = g.run({"index", "status"});
            CHECK(status.code == 3);
            CHECK(has(status.out, "public.p_slow"));
            auto const done = g.run({"index", "create"});
            CHECK_MESSAGE(done.code == 0, done.err);
            CHECK(has(done.out, "drop invalid index public.p2_p_slow"));
            CHECK_FALSE(has(done.out, "on public.p1")); // it was there
        }
        CHECK(g.count(valid) == 4);
        CHECK(g.run({"index", "create"}).out.starts_with("public.p: index public.p_slow is there"));
    }

    TEST_CASE("two at once: both succeed, and each index is built once")
    {
        test::ground g{"", indexes("p", "p_slow")};
        closed_gate door{g};
        g.db.psql(tree);
        test::process first{g.arguments({"index", "create"})};
        eventually("it builds", [&] { return g.count(building) != 0; });
        test::process second{g.arguments({"index", "create"})};
        eventually("the other one waits",
                   [&] { return has(second.errors(), "CREATE INDEX CONCURRENTLY"); });
        door.open();
        auto const one = first.wait(), two = second.wait();
        CHECK_MESSAGE(one.code == 0, one.err);
        CHECK_MESSAGE(two.code == 0, two.err);
        CHECK(g.count(valid) == 4);
        CHECK(g.count("SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = indrelid WHERE "
                      "c.relname ~ '^p[1-3]?$'") == 4);
    }

    TEST_CASE(
        "storage parameters that are written otherwise are the same: a table's index, and one of "
        "a partitioned table that is not finished")
    {
        test::ground g{"",
                       "indexes:\n"
                       "  - { table: public.lone, name: lone_a, method: gin, on: \"(a)\", with: "
                       "{ fastupdate: off, gin_pending_list_limit: 64 } }\n"
                       "  - { table: public.q, name: q_a, method: gin, on: \"(a)\", with: { "
                       "fastupdate: off } }\n"};
        g.db.psql(
            "CREATE TABLE lone (a int[]); CREATE INDEX lone_a ON lone USING gin (a) WITH "
            "(gin_pending_list_limit = 64, fastupdate = false);"
            "CREATE TABLE q (a int[], k int) PARTITION BY LIST (k); CREATE TABLE q1 PARTITION "
            "OF q FOR VALUES IN (1); CREATE INDEX q_a ON ONLY q USING gin (a) WITH "
            "(fastupdate = 'NO')");
        auto const done = g.run({"index", "create"});
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(has(done.out, "public.lone: index public.lone_a is there"));
        CHECK(g.run({"plan"}).code == 0);
    }

    TEST_CASE("an old transaction: not begun, told who holds it, once for all leaves, and nothing "
              "is left invalid that was to be built")
    {
        test::ground g{"", indexes("p", "p_id", "(id)")};
        g.db.psql(tree);
        auto holder = g.db.connect();
        holder.run("SET application_name = 'the-reporter'");
        holder.begin(pg::isolation::repeatable_read);
        holder.run("SELECT count(*) FROM pg_class");
        eventually("it is old", [&] {
            return g.count(
                       "SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                       "'the-reporter' AND xact_start < clock_timestamp() - interval '1.1 s'") == 1;
        });
        auto const begin = std::chrono::steady_clock::now();
        auto const done = g.run({"index", "create", "--lock-deadline", "1s"});
        CHECK(done.code == 1);
        CHECK(std::chrono::steady_clock::now() - begin < longest_look);
        CHECK(has(done.err, "the-reporter"));
        CHECK(has(done.err,
                  "(SELECT pg_terminate_backend(" + std::to_string(holder.backend_pid()) + "))"));
        CHECK(g.count("SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = indrelid WHERE "
                      "c.relname ~ '^p[1-3]$'") == 0);
        holder.rollback();
        CHECK(g.run({"index", "create"}).code == 0);
        CHECK(g.count(valid) == 4);
    }

    TEST_CASE("F08: a locked table: given up in time with its holder named, the other one is done")
    {
        test::ground g{"", indexes("p1", "p1_id", "(id)") +
                               "  - { table: public.p2, name: p2_id, on: \"(id)\" }\n"};
        g.db.psql(tree);
        auto holder = g.db.connect();
        holder.run("SET application_name = 'the-holder'");
        holder.begin();
        holder.run("LOCK TABLE p1 IN SHARE UPDATE EXCLUSIVE MODE");
        auto const done = g.run({"index", "create", "--lock-deadline", "500ms"});
        CHECK(done.code == 1);
        CHECK(has(done.err, "public.p1 is locked"));
        CHECK(has(done.err, "the-holder"));
        CHECK(g.db.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'p2_id'::regclass") ==
              "t");
    }

    TEST_CASE("F28: a role that owns one of two tables: that one is done, the other fails with the "
              "missing right")
    {
        test::ground g{"", indexes("p1", "p1_id", "(id)") +
                               "  - { table: public.other, name: other_id, on: \"(id)\" }\n"};
        auto const role = "index_maker_" + g.db.name();
        g.db.psql(tree);
        g.db.psql("CREATE ROLE " + role + "; GRANT CREATE ON SCHEMA public TO " + role +
                  "; CREATE TABLE other (id int); ALTER TABLE other OWNER TO " + role);
        auto const done = g.run({"index", "create", "--role", role});
        CHECK(done.code == 1);
        CHECK(has(done.err, "role " + role + " may not create indexes on public.p1"));
        CHECK(has(done.err, "SQLSTATE 42501"));
        CHECK(g.db.value("SELECT indisvalid FROM pg_index WHERE indexrelid = "
                         "'other_id'::regclass") == "t");
        auto const dropped = g.run({"index", "drop", "public.other_id", "--role", role});
        CHECK_MESSAGE(dropped.code == 0, dropped.err);
        CHECK(has(dropped.out, "is declared in the file"));
        g.db.psql("DROP OWNED BY " + role + "; DROP ROLE " + role);
    }

    TEST_CASE("F37: a job of the kind index, killed with its backend in the middle: the next run "
              "mends what it left, and what a REINDEX left")
    {
        test::ground g{"  - { name: j, schedule: \"0 * * * *\", index: {} }\n",
                       indexes("p2", "p2_slow") +
                           "  - { table: public.p1, name: p1_id, on: \"(id)\" }\n"};
        closed_gate door{g};
        g.db.psql(tree);
        g.db.psql(
            "CREATE INDEX p1_id_ccnew ON p1 (id); UPDATE pg_index SET indisvalid = false WHERE "
            "indexrelid = 'p1_id_ccnew'::regclass");
        REQUIRE(g.tick(before).code == 0);
        test::process runner{g.arguments({"tick", "--now", due})};
        eventually("it builds", [&] { return g.count(building) != 0; });
        runner.signal(SIGKILL);
        runner.wait();
        g.expire_lease("j");
        // Nobody takes the job over while that backend works.
        CHECK(g.tick(later).code == 0);
        CHECK(g.runs("j") == "running/1");
        end_backend(g, g.db.value(building));
        door.open();
        CHECK(g.tick(later).code == 1); // it tells of the lost run
        CHECK(g.runs("j") == "lost/1 succeeded/2");
        CHECK(g.count("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == 0);
        CHECK(g.count("SELECT count(*) FROM pg_class WHERE relname IN ('p2_slow', 'p1_id')") == 2);
        CHECK(g.count("SELECT count(*) FROM pg_class WHERE relname = 'p1_id_ccnew'") == 0);
    }

    TEST_CASE("an index on a partitioned table is dropped while readers come and go, or not at all")
    {
        test::ground g{};
        g.db.psql(tree);
        g.db.psql("CREATE INDEX p_id ON p (id)");
        auto reader = g.db.connect();
        reader.run("SET application_name = 'the-reader'");
        reader.begin();
        reader.run("SELECT count(*) FROM p1");
        auto const held = g.run({"index", "drop", "public.p_id", "--lock-deadline", "300ms"});
        CHECK(held.code == 1);
        CHECK(has(held.err, "the-reader"));
        CHECK(g.count(valid) == 4);
        reader.rollback();
        writer one{g.db, "INSERT INTO p VALUES (1, 1)", "200ms"};
        eventually("they write", [&] { return one.written() > 10; });
        auto const done = g.run({"index", "drop", "public.p_id"});
        CHECK(one.finish() == 0);
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.count(valid) == 0);
    }

    TEST_CASE("status: nothing to tell is exit 0, findings are 3 and have a remedy; a dry run and "
              "a plan change nothing")
    {
        test::ground g{"", indexes("p", "p_id", "(id)")};
        g.db.psql(tree);
        g.db.psql("TRUNCATE p"); // an empty index is not called unused
        auto const missing = g.run({"-o", "json", "index", "status"});
        CHECK(missing.code == 3);
        CHECK(has(missing.out, "\"schema\": \"pgtend/index-status/1\""));
        CHECK(has(missing.out, "\"kind\": \"missing\""));
        CHECK(has(missing.out, "\"remedy\": \"pgtend index create public.p\""));
        CHECK(g.run({"--dry-run", "index", "create"}).code == 0);
        CHECK(g.run({"plan"}).code == 3);
        CHECK(g.count("SELECT count(*) FROM pg_index WHERE indrelid = 'p'::regclass") == 0);
        CHECK(g.run({"apply", "--yes"}).code == 0);
        CHECK(g.count(valid) == 4);
        CHECK(g.run({"plan"}).code == 0);
        CHECK(g.run({"index", "status"}).code == 0);
        CHECK(g.run({"index", "status", "public.nope"}).code == 1);
    }
}

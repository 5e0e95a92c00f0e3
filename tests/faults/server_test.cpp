// SPDX-License-Identifier: Apache-2.0
// Servers that restart, stand by, are promoted, have no connection left, and whose backends stand
// still.
#include <chrono>
#include <csignal>
#include <doctest/doctest.h>
#include <optional>
#include <vector>

#include "base/text.hpp"
#include "support/database.hpp"
#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/own_server.hpp"
#include "support/proxy.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::eventually;
using test::has;
using test::later;

namespace {

// A configuration for this conninfo, and pgtend called with it.
struct caller {
    caller(std::string const &dsn, std::string const &jobs)
        : config{files.write("pgtend.yaml", "version: 1\ntargets:\n  db: { dsn: \"" + dsn +
                                                "\" }\ndefaults: { max_age: 1h }\njobs:\n" + jobs)}
    {
    }
    std::vector<std::string> arguments(std::vector<std::string> args) const
    {
        args.insert(args.begin(), {"-c", config, "--connect-timeout", "10s"});
        return args;
    }
    test::finished run(std::vector<std::string> args) const
    {
        return test::pgtend(arguments(std::move(args)));
    }
    test::finished tick(std::string const &now) const { return run({"tick", "--now", now}); }

    test::scratch files;
    std::string config;
};

std::string runs_of(std::string const &job)
{
    return "SELECT coalesce(string_agg(status || '/' || attempt, ' ' ORDER BY id), '') FROM "
           "pgtend.run WHERE job = '" +
           job + "'";
}

constexpr char inserting_job[] =
    "  - { name: j, schedule: \"0 * * * *\", sql: { text: \"insert into hit values (1)\" } }\n";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE(
        "F05: the server restarts while jobs work: each end is recorded, what may be repeated "
        "is, the rest is not")
    {
        for (auto const *mode : {"fast", "immediate"}) {
            CAPTURE(mode);
            test::own_server const server;
            caller const c{server.dsn(),
                           "  - { name: again, schedule: \"0 * * * *\", sql: { text: \"insert into "
                           "hit values (1); select pg_sleep(3)\", idempotent: true } }\n"
                           "  - { name: once, schedule: \"0 * * * *\", sql: { text: \"insert into "
                           "hit values (2); select pg_sleep(3)\" } }\n"};
            server.psql("CREATE TABLE hit (n int)");
            REQUIRE(c.run({"init", "--test-clock"}).code == 0);
            REQUIRE(c.tick(before).code == 0);
            test::process runner{c.arguments({"tick", "--now", due})};
            eventually("both work", [&] {
                return server.value("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
                                    "AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep(3)%'") ==
                       "2";
            });
            server.restart(mode);
            auto const done = runner.wait();
            CHECK_MESSAGE(done.code == 1, done.err);
            CHECK(server.value(runs_of("again")) == "interrupted/1");
            CHECK(server.value(runs_of("once")) == "interrupted/1");
            CHECK(server.value("SELECT count(*) FROM hit") == "0");
            auto const next = c.tick(later);
            CHECK_MESSAGE(next.code == 0, next.err);
            CHECK(server.value(runs_of("again")) == "interrupted/1 succeeded/2");
            CHECK(server.value(runs_of("once")) == "interrupted/1");
            CHECK(server.value("SELECT string_agg(n::text, ' ') FROM hit") == "1");
        }
    }

    TEST_CASE(
        "F05: the server crashes after a claim of a role that does not wait for the disk: the "
        "claim stays, and what reached beyond the server is not done again")
    {
        test::own_server const server;
        auto const beyond = server.directory() + "/hits";
        caller const c{server.dsn(),
                       "  - { name: once, schedule: \"0 * * * *\", sql: { text: \"copy (select 1) "
                       "to program 'cat >> " +
                           beyond + "'; select pg_sleep(30)\" } }\n"};
        REQUIRE(c.run({"init", "--test-clock"}).code == 0);
        std::vector<std::string> command;
        SUBCASE("the claim of a tick")
        {
            REQUIRE(c.tick(before).code == 0);
            command = {"tick", "--now", due};
        }
        SUBCASE("the claim by hand of a job that no tick has seen yet")
        {
            command = {"job", "run", "once"};
        }
        server.psql("ALTER DATABASE postgres SET synchronous_commit = off");
        // Nobody writes for others what their commits did not wait for.
        auto const writer = std::stoi(server.value("SELECT pid FROM pg_stat_activity WHERE "
                                                   "backend_type = 'walwriter'"));
        REQUIRE(::kill(writer, SIGSTOP) == 0);
        test::process runner{c.arguments(command)};
        auto const hits = [&] {
            return server.value("SELECT coalesce(length(pg_read_file('" + beyond +
                                "', 0, 100, true)), 0)");
        };
        eventually("it reached out", [&] { return hits() == "2"; });
        REQUIRE(::kill(writer, SIGKILL) == 0); // and so all others
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 1, done.err);
        CHECK(c.tick(later).code == 0);
        CHECK_MESSAGE(server.value(runs_of("once")) == "interrupted/1", done.err);
        CHECK(hits() == "2");
    }

    TEST_CASE("F05: a server that is down is waited for, and then nothing is missing")
    {
        test::own_server const server;
        caller const c{server.dsn(), inserting_job};
        server.psql("CREATE TABLE hit (n int)");
        REQUIRE(c.run({"init", "--test-clock"}).code == 0);
        REQUIRE(c.tick(before).code == 0);
        server.halt("fast");
        auto args = c.arguments({"tick", "--now", due});
        args[3] = "0s";
        CHECK(test::pgtend(args).code == 4);
        args[3] = "60s";
        test::process waiting{args};
        server.resume();
        CHECK(waiting.wait().code == 0);
        CHECK(server.value(runs_of("j")) == "succeeded/1");
    }

    TEST_CASE(
        "F09, F10: a standby is told and nothing is written; after its promotion no slot that "
        "was replicated runs again")
    {
        test::own_server const primary;
        caller const first{primary.dsn(), inserting_job};
        primary.psql(
            "CREATE TABLE hit (n int); CREATE MATERIALIZED VIEW hits AS SELECT count(*) AS "
            "n FROM hit");
        REQUIRE(first.run({"init", "--test-clock"}).code == 0);
        REQUIRE(first.tick(before).code == 0);
        CHECK(first.tick(due).code == 0);
        test::standby const copy{primary};
        caller const second{copy.dsn(), std::string{inserting_job} +
                                            "matviews:\n  - { name: public.hits, query: \"select "
                                            "count(*) as n from hit\" }\n"};
        for (auto const &command : {std::vector<std::string>{"tick", "--now", later},
                                    {"job", "run", "j"},
                                    {"job", "pause", "j"},
                                    {"init"},
                                    {"matview", "create"},
                                    {"cleanup", "public.hit", "--where", "true"}}) {
            auto const done = second.run(command);
            CHECK(done.code == 4);
            CHECK(has(done.err, "read-only standby"));
            CHECK(has(done.err, "HINT: "));
        }
        CHECK(second.run({"job", "history"}).code == 0);
        CHECK(has(second.run({"-o", "json", "job", "list"}).out, "\"last_status\": \"succeeded\""));

        // What cannot be found out without writing is said.
        auto const status = second.run({"matview", "status"});
        CHECK_MESSAGE(status.code == 0, status.err);
        CHECK(has(status.out, "not compared with the declared query: "));

        // Of two hosts the one that takes writes is found.
        auto const hosts = "host='" +
                           std::string{copy.dsn()}.substr(6, copy.dsn().find('\'', 6) - 6) + "," +
                           primary.dsn().substr(6, primary.dsn().find('\'', 6) - 6) + "'";
        auto const port = [](std::string const &dsn) {
            auto const at = dsn.find("port=") + 5;
            return dsn.substr(at, dsn.find(' ', at) - at);
        };
        caller const either{hosts + " port=" + port(copy.dsn()) + "," + port(primary.dsn()) +
                                " user=postgres dbname=postgres target_session_attrs=read-write",
                            inserting_job};
        auto const third = either.tick("2026-01-01T02:00:05Z");
        CHECK_MESSAGE(third.code == 0, third.err);
        CHECK(primary.value(runs_of("j")) == "succeeded/1 succeeded/1");

        copy.catch_up();
        primary.halt("immediate");
        copy.promote();
        CHECK(either.tick("2026-01-01T02:01:05Z").code == 0);
        CHECK(copy.value(runs_of("j")) == "succeeded/1 succeeded/1");
        auto const fourth = either.tick("2026-01-01T03:00:05Z");
        CHECK_MESSAGE(fourth.code == 0, fourth.err);
        CHECK(copy.value(runs_of("j")) == "succeeded/1 succeeded/1 succeeded/1");
        CHECK(copy.value("SELECT count(*) FROM hit") == "3");
    }

    TEST_CASE("F10: a standby is promoted while a job runs on the primary, which lives on: each "
              "server has its own end of it, and the new one waits for the lease")
    {
        test::own_server const primary;
        std::string const gated_job =
            "  - { name: j, schedule: \"0 * * * *\", sql: { text: \"insert into hit values (1); "
            "select wait()\", idempotent: true } }\n";
        caller const first{primary.dsn(), gated_job};
        primary.psql("CREATE TABLE hit (n int); CREATE TABLE gate AS SELECT true AS shut; CREATE "
                     "FUNCTION wait() RETURNS void LANGUAGE plpgsql AS 'BEGIN WHILE (SELECT shut "
                     "FROM gate) LOOP PERFORM pg_sleep(0.02); END LOOP; END'");
        REQUIRE(first.run({"init", "--test-clock"}).code == 0);
        REQUIRE(first.tick(before).code == 0);
        test::standby const copy{primary};
        caller const second{copy.dsn(), gated_job};
        std::string const hits = "SELECT count(*) FROM hit";

        test::process runner{first.arguments({"tick", "--now", due})};
        auto const at_the_gate = [&] { // and in which transaction
            return primary.value(
                "SELECT string_agg(a.pid || ' ' || a.xact_start, ', ') FROM pg_locks l JOIN "
                "pg_stat_activity a USING (pid) WHERE a.application_name = 'pgtend/tick/j' AND "
                "l.relation = 'gate'::regclass");
        };
        eventually("it works", [&] { return !at_the_gate().empty(); });
        auto const works = at_the_gate();
        copy.catch_up();
        copy.promote();

        // The lease came along, and its holder may be alive.
        auto const early = second.tick(later);
        CHECK_MESSAGE(early.code == 0, early.err);
        CHECK(copy.value(runs_of("j")) == "running/1");
        CHECK(copy.value(hits) == "0");
        copy.value("WITH open AS (UPDATE gate SET shut = false RETURNING 1) SELECT count(*) FROM "
                   "open");
        copy.value(
            "WITH over AS (UPDATE pgtend.lease SET lease_until = clock_timestamp() - interval "
            "'1 second' RETURNING 1) SELECT count(*) FROM over");
        auto const next = second.tick(later);
        CHECK_MESSAGE(next.code == 1, next.err); // it tells of the lost run
        CHECK(has(next.err, "stopped renewing the lease"));
        CHECK(copy.value(runs_of("j")) == "lost/1 succeeded/2");
        CHECK(copy.value(hits) == "1");

        // Nothing of this reaches the old primary and its runner.
        CHECK(at_the_gate() == works);
        CHECK(primary.value(runs_of("j")) == "running/1");
        primary.psql("UPDATE gate SET shut = false");
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(primary.value(runs_of("j")) == "succeeded/1");
        CHECK(primary.value(hits) == "1");
        CHECK(copy.value(runs_of("j")) == "lost/1 succeeded/2");
        CHECK(copy.value(hits) == "1");
        CHECK(second.tick(later).code == 0);
        CHECK(copy.value(runs_of("j")) == "lost/1 succeeded/2");
    }

    TEST_CASE("F22: a backend that stands still hears no cancel: timed_out in time all the same; "
              "the next slot waits for its end and then runs")
    {
        test::own_server const server; // all others would wait for such a backend
        caller const c{server.dsn(),
                       "  - { name: j, schedule: \"0 * * * *\", timeout: 6s, sql: { text: \"insert "
                       "into hit values (1); select nap()\", idempotent: true } }\n"};
        server.psql("CREATE TABLE hit (n int); CREATE TABLE bed (made bool NOT NULL); INSERT INTO "
                    "bed VALUES (true); CREATE FUNCTION nap() RETURNS void LANGUAGE plpgsql AS $$ "
                    "BEGIN IF (SELECT made FROM bed) THEN PERFORM pg_sleep(60); END IF; END $$");
        REQUIRE(c.run({"init", "--test-clock"}).code == 0);
        REQUIRE(c.tick(before).code == 0);
        test::process runner{c.arguments({"tick", "--now", due})};
        auto const sleeper = [&] {
            return server.value("SELECT coalesce(max(pid), 0) FROM pg_stat_activity WHERE "
                                "application_name = 'pgtend/tick/j' AND wait_event = 'PgSleep'");
        };
        int backend = 0;
        eventually("it works", [&] { return (backend = std::stoi(sleeper())) != 0; });
        REQUIRE(::kill(backend, SIGSTOP) == 0);
        eventually("it stands still", [&] { return test::stands_still(backend); });
        auto const done = runner.wait();
        // The limit, the grace of a cancel, and what a busy machine takes.
        auto const took = std::stod(server.value(
            "SELECT extract(epoch FROM finished - started) FROM pgtend.run WHERE job = 'j'"));
        CHECK(took >= 8);
        CHECK(took < 11);
        CHECK_MESSAGE(done.code == 1, done.err);
        CHECK(server.value(runs_of("j")) == "timed_out/1");
        // It is still there with its transaction, and so nobody begins beside it.
        server.psql("UPDATE bed SET made = false");
        CHECK(sleeper() == std::to_string(backend));
        CHECK(c.tick(test::next_hour).code == 0);
        CHECK(server.value(runs_of("j")) == "timed_out/1");
        CHECK(sleeper() == std::to_string(backend));

        REQUIRE(::kill(backend, SIGCONT) == 0);
        eventually("it is gone", [&] { return sleeper() == "0"; });
        CHECK(server.value("SELECT count(*) FROM hit") == "0");
        CHECK(c.tick("2026-01-01T02:01:10Z").code == 0);
        CHECK(server.value(runs_of("j")) == "timed_out/1 succeeded/1");
        CHECK(server.value("SELECT slot = '2026-01-01 02:00+00' FROM pgtend.run WHERE status = "
                           "'succeeded'") == "t");
        CHECK(server.value("SELECT count(*) FROM hit") == "1");
    }

    TEST_CASE(
        "F39: the server has no connection left, or just one: exit 4, nothing is begun, and the "
        "slot is run when there are some again")
    {
        test::own_server const server;
        server.psql(
            "CREATE ROLE worker LOGIN; CREATE TABLE hit (n int); GRANT ALL ON hit TO worker");
        server.psql("ALTER SYSTEM SET max_connections = 9");
        server.psql("ALTER SYSTEM SET superuser_reserved_connections = 3");
        server.restart("fast");
        caller const c{server.dsn() + " user=worker", inserting_job};
        REQUIRE(test::pgtend({"-d", server.dsn(), "init", "--test-clock"}).code == 0);
        server.psql(
            "GRANT ALL ON SCHEMA pgtend TO worker; GRANT ALL ON ALL TABLES IN SCHEMA pgtend TO "
            "worker");
        REQUIRE(c.tick(before).code == 0);
        auto const arguments = [&](std::string const &patience) {
            auto out = c.arguments({"tick", "--now", due});
            out[3] = patience;
            return out;
        };
        auto looking = test::open(server.dsn());
        auto const first_cell = [&](std::string const &query) {
            return looking.run(query).text(0, 0);
        };
        auto const sessions = [&] {
            return first_cell("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client "
                              "backend'");
        };
        eventually("nobody else is there", [&] { return sessions() == "1"; });
        std::vector<pg::session> others;
        auto const take = [&](std::string const &user) {
            eventually("one is free", [&] { // whoever is gone may not have given it back yet
                try {
                    others.push_back(test::open(server.dsn() + user));
                    return true;
                } catch (error const &) {
                    return false;
                }
            });
        };
        for (int i = 0; i < 5; ++i) {
            take(" user=worker");
        }
        for (int i = 0; i < 3; ++i) { // with these the ones that are kept for superusers
            take("");
        }
        REQUIRE(sessions() == "9");
        std::string const what_to_do = "HINT: Close connections, raise the limit of the role or "
                                       "database, or max_connections; a pooler needs fewer.";
        auto const full = test::pgtend(arguments("0s"));
        CHECK(full.code == 4);
        CHECK(has(full.err, "sorry, too many clients already (SQLSTATE 53300)"));
        CHECK(has(full.err, what_to_do));
        others.erase(others.begin() + 5,
                     others.end()); // three are free that only a superuser may have
        eventually("they are free", [&] { return sessions() == "6"; });
        auto const reserved = test::pgtend(arguments("0s"));
        CHECK(reserved.code == 4);
        CHECK(has(reserved.err, "remaining connection slots are reserved for "));
        CHECK(has(reserved.err, what_to_do));
        CHECK(first_cell(runs_of("j")) == "");

        others.pop_back(); // enough for the control session
        eventually("it is free", [&] { return sessions() == "5"; });
        auto const alone = test::pgtend(arguments("3s"));
        CHECK(alone.code == 4);
        CHECK(has(alone.err, "job j interrupted: cannot connect to "));
        CHECK(has(alone.err, "remaining connection slots are reserved for "));
        CHECK(has(alone.err, what_to_do));
        CHECK(first_cell("SELECT count(*) FROM hit") == "0");
        CHECK(first_cell(runs_of("j")) == "interrupted/1");
        CHECK(first_cell("SELECT count(*) FROM pgtend.lease WHERE holder IS NOT NULL") == "0");

        test::process waiting{arguments("60s")};
        eventually("the server has refused it", [&] { return has(waiting.errors(), "reserved"); });
        others.clear();
        auto const done = waiting.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(first_cell("SELECT count(*) FROM hit") == "1");
        // A run that had no session counts as no attempt, and may be repeated whatever it does.
        CHECK(first_cell(runs_of("j")) == "interrupted/1 succeeded/1");
        CHECK(c.tick(later).code == 0);
        CHECK(first_cell("SELECT count(*) FROM hit") == "1");
    }

    TEST_CASE("F43: a server that is too old is refused before anything is sent, a newer one than "
              "tested is warned of")
    {
        test::ground const g{inserting_job};
        test::proxy server;
        caller const c{server.dsn(g.db.name()), inserting_job};
        for (auto const &command : {std::vector<std::string>{"init"}, {"tick"}, {"job", "list"}}) {
            CAPTURE(command.front());
            server.claim_version(13);
            auto const before_it = server.messages();
            auto const refused = c.run(command);
            CHECK(refused.code == 4);
            CHECK(has(refused.err, "the server is PostgreSQL 13."));
            CHECK(has(refused.err, "HINT: pgtend works with PostgreSQL 14 and later"));
            CHECK(server.messages() - before_it <= 2); // its first message and its last
            eventually("the last one has come", [&] { return server.messages() - before_it == 2; });
        }
        server.claim_version(19);
        CHECK(has(c.run({"job", "list"}).err,
                  "warning: the server is PostgreSQL 19; this pgtend was tested up to 18"));
    }

    TEST_CASE("F43: a view whose function leaves out a schema: refreshed up to 16, from 17 on told "
              "what to do")
    {
        test::ground const g;
        g.db.psql("CREATE TABLE base (n int); INSERT INTO base VALUES (7); CREATE FUNCTION total() "
                  "RETURNS bigint LANGUAGE sql AS 'SELECT sum(n) FROM base'; CREATE MATERIALIZED "
                  "VIEW v AS SELECT total() AS n WITH NO DATA");
        auto const done = g.run({"matview", "refresh", "public.v"});
        if (g.count("SELECT current_setting('server_version_num')") < 170000) {
            CHECK_MESSAGE(done.code == 0, done.err);
            CHECK(g.db.value("SELECT n FROM v") == "7");
        } else {
            CHECK(done.code == 1);
            CHECK(has(done.err, "relation \"base\" does not exist"));
            CHECK(has(done.err, "HINT: From PostgreSQL 17 on this runs with the search_path "
                                "pg_catalog, pg_temp"));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
#include "pg/session.hpp"

#include <doctest/doctest.h>
#include <fmt/core.h>
#include <future>
#include <typeinfo>

#include "support/database.hpp"
#include "support/proxy.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using test::database;

namespace {

// The error of a call, to look at its parts.
template <class Error, class Call> Error failure_of(Call const &call)
{
    try {
        call();
    } catch (Error const &e) {
        CHECK(typeid(e) == typeid(Error));
        return e;
    }
    throw std::logic_error{"the call did not fail"};
}

void terminate(database const &db, int pid)
{
    db.psql(fmt::format("SELECT pg_terminate_backend({}, 5000)", pid));
}

// Until the query is true; fails after ten seconds.
void wait_until(database const &db, std::string const &condition)
{
    auto s = db.connect();
    auto const end = std::chrono::steady_clock::now() + 10s;
    while (!s.run("SELECT " + condition).flag(0, 0)) {
        REQUIRE(std::chrono::steady_clock::now() < end);
        std::this_thread::sleep_for(5ms);
    }
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("values: NULL, the empty string and text come back as they went")
    {
        database const db;
        auto s = db.connect();
        auto const r = s.run("SELECT $1::text AS a, $2::text AS b, $3::text AS c",
                             {param{}, param{""}, param{"ä'\"\\\n"}});
        CHECK(r.size() == 1);
        CHECK(r.names() == std::vector<std::string>{"a", "b", "c"});
        CHECK(r.at(0, 0) == param{});
        CHECK(r.at(0, 1) == param{""});
        CHECK(r.at(0, 2) == param{"ä'\"\\\n"});
        CHECK(s.run("SHOW client_encoding").text(0, 0) == "UTF8");
    }

    TEST_CASE("sizes: rows without columns, no rows, affected rows, the empty statement")
    {
        database const db;
        auto s = db.connect();
        CHECK(s.run("SELECT FROM generate_series(1, 3)").size() == 3);
        auto const none = s.run("SELECT 1 AS a WHERE false");
        CHECK(none.empty());
        CHECK(none.width() == 1);
        s.run("CREATE TABLE t AS SELECT generate_series(1, 5) AS a");
        CHECK(s.run("UPDATE t SET a = a + $1::int", {"1"}).affected() == 5);
        CHECK(s.run("DELETE FROM t WHERE a < 4 RETURNING a").affected() == 2);
        CHECK(s.run("").size() == 0);
        CHECK(s.run("SELECT 1 -- done;\n; /* really */ ").size() == 1);
        CHECK(s.run("SELECT $1::int -- done;\n; /* really */ ", {"1"}).size() == 1);
    }

    TEST_CASE("an error carries SQLSTATE, hint, detail and the statement, but no value")
    {
        database const db;
        auto s = db.connect();
        auto const e =
            failure_of<error>([&] { s.run("SELECT * FROM missing WHERE a = $1", {"secret"}); });
        CHECK(e.sqlstate() == "42P01");
        CHECK(e.message() == "relation \"missing\" does not exist");
        CHECK(e.statement() == "SELECT * FROM missing WHERE a = $1");
        CHECK(e.code() == exit_code::failed);

        s.run("CREATE TABLE t (id int PRIMARY KEY)");
        s.run("INSERT INTO t VALUES (1)");
        auto const twice = failure_of<error>([&] { s.run("INSERT INTO t VALUES (1)"); });
        CHECK(twice.sqlstate() == "23505");
        CHECK(twice.message() == "duplicate key value violates unique constraint "
                                 "\"t_pkey\"\nDETAIL: Key (id)=(1) already exists.");

        auto const raised = failure_of<error>([&] {
            s.run("DO $$ BEGIN RAISE EXCEPTION E'one\\ntwo' USING hint = 'Do it.', errcode = "
                  "'PT001'; END $$");
        });
        CHECK(raised.sqlstate() == "PT001");
        CHECK(raised.hint() == "Do it.");
        CHECK(raised.message() ==
              "one\ntwo\nCONTEXT: PL/pgSQL function inline_code_block line 1 at RAISE");
        CHECK(s.run("SELECT 1").text(0, 0) == "1");
    }

    TEST_CASE("SQLSTATEs that libpqxx 6 loses: 42501, 25P02, 40P01, 40001; and 53300 that it takes "
              "for a lost connection")
    {
        database const db;
        auto const role = db.name() + "_role";
        db.psql("CREATE TABLE t (id int, n int); INSERT INTO t VALUES (1, 0), (2, 0)");
        db.psql("CREATE ROLE " + role + " LOGIN");
        auto nobody = test::open(db.dsn(role));
        CHECK(failure_of<error>([&] { nobody.run("SELECT * FROM t"); }).sqlstate() == "42501");
        CHECK(failure_of<error>([&] {
                  nobody.run("SELECT * FROM t WHERE id = $1::int", {"1"});
              }).sqlstate() == "42501");

        auto a = db.connect();
        auto b = db.connect();
        a.begin();
        CHECK(failure_of<error>([&] { a.run("SELECT 1/0"); }).sqlstate() == "22012");
        CHECK(failure_of<error>([&] { a.run("SELECT 1"); }).sqlstate() == "25P02");
        CHECK(a.in_transaction());
        a.rollback();
        CHECK(!a.in_transaction());

        a.begin();
        b.begin();
        a.run("UPDATE t SET n = 1 WHERE id = 1");
        b.run("UPDATE t SET n = 1 WHERE id = 2");
        auto const update = [](pg::session &s, int id) -> std::string {
            try {
                s.run("UPDATE t SET n = 2 WHERE id = $1::int", {std::to_string(id)});
                return "";
            } catch (error const &e) {
                CHECK(typeid(e) == typeid(error));
                return e.sqlstate();
            }
        };
        auto other = std::async(std::launch::async, [&] { return update(b, 1); });
        auto const first = update(a, 2);
        CHECK(first + other.get() == "40P01");
        a.rollback();
        b.rollback();

        a.begin(pg::isolation::repeatable_read);
        a.run("SELECT * FROM t");
        b.run("UPDATE t SET n = n + 1");
        CHECK(update(a, 1) == "40001");
        a.rollback();

        auto const full = failure_of<error>(
            [&] { a.run("DO $$ BEGIN RAISE EXCEPTION 'full' USING errcode = '53300'; END $$"); });
        CHECK(full.sqlstate() == "53300");
        auto const link = failure_of<error>(
            [&] { a.run("DO $$ BEGIN RAISE EXCEPTION 'gone' USING errcode = '08006'; END $$"); });
        CHECK(link.sqlstate() == "08006");
        CHECK(!a.lost());
        CHECK(a.run("SELECT 1").size() == 1);
        a.run("DROP ROLE " + role);
    }

    TEST_CASE("a NUL byte is refused before anything is sent")
    {
        database const db;
        auto s = db.connect();
        auto const e = failure_of<error>([&] {
            s.run("SELECT $1::text, $2::text", {"fine", param{std::string{"a\0b", 3}}});
        });
        CHECK(e.message().starts_with("parameter $2 holds a NUL byte"));
        CHECK(e.sqlstate() == "22021");
        CHECK_THROWS_AS(s.run(std::string_view{"SELECT 1\0, 2", 12}), error);
        CHECK_THROWS_AS(s.batch(std::string_view{"SELECT 1\0, 2", 12}), error);
    }

    TEST_CASE("several statements: refused with parameters, one implicit transaction in a batch")
    {
        database const db;
        auto s = db.connect();
        CHECK(failure_of<error>([&] { s.run("SELECT $1::int; SELECT 2", {"1"}); }).sqlstate() ==
              "42601");
        auto const r =
            s.batch("BEGIN; SELECT 1 AS a UNION ALL SELECT 2; SET LOCAL lock_timeout = 1; COMMIT");
        CHECK(r.size() == 2);
        CHECK(r.names() == std::vector<std::string>{"a"});
        CHECK(
            s.batch("SELECT 1; SELECT 2 WHERE false; SELECT 3; SELECT 4 WHERE false").text(0, 0) ==
            "3");
        CHECK(s.batch("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)").affected() == 2);
        auto const e = failure_of<error>(
            [&] { s.batch("INSERT INTO t VALUES (3); SELECT 1/0; INSERT INTO t VALUES (4)"); });
        CHECK(e.sqlstate() == "22012");
        CHECK(s.run("SELECT count(*) FROM t").integer(0, 0) == 2);
        CHECK(failure_of<error>([&] { s.batch("BEGIN; SELECT 1/0; COMMIT"); }).sqlstate() ==
              "22012");
        CHECK(s.in_transaction());
        s.rollback();
        CHECK(s.run("SELECT 1").size() == 1);
    }

    TEST_CASE("rows as they come: in order, without being kept; an error in the middle, and one of "
              "who uses them")
    {
        database db;
        auto s = db.connect();
        std::vector<std::string> seen;
        auto const note = [&](std::vector<rows::cell> const &cells) {
            seen.push_back(std::string{cells.at(0).value_or("NULL")} + "/" +
                           std::string{cells.at(1).value_or("NULL")});
        };
        s.each_row("SELECT i, nullif($1::text, i::text) FROM generate_series(1, 3) i", {"2"}, note);
        CHECK(seen == std::vector<std::string>{"1/2", "2/NULL", "3/2"});
        seen.clear();
        s.each_row("SELECT 1, 2 WHERE false", {}, note);
        CHECK(seen.empty());
        CHECK(failure_of<error>([&] {
                  s.each_row("SELECT i, 1 / (3 - i) FROM generate_series(1, 5) i", {}, note);
              }).sqlstate() == "22012");
        CHECK(seen.size() == 2);
        CHECK(failure_of<error>([&] {
                  s.each_row("SELECT i, i FROM generate_series(1, 100000) i", {},
                             [&](auto const &) { throw error{"enough"}; });
              }).message() == "enough");
        CHECK(failure_of<error>([&] {
                  s.each_row("SELECT $1", {std::string{"\0", 1}}, note);
              }).sqlstate() == "22021");
        CHECK(failure_of<timed_out>([&] {
                  s.each_row("SELECT 1, pg_sleep(20)", {}, note, {.timeout = 100ms});
              }).sqlstate() == "57014");
        CHECK(failure_of<error>([&] {
                  s.each_row("COPY (SELECT 1) TO STDOUT", {}, note);
              }).sqlstate() == "0A000");
        CHECK(s.run("SELECT 7").integer(0, 0) == 7);
    }

    TEST_CASE("COPY from or to the client is an error that leaves the session usable")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t AS SELECT generate_series(1, 100000) AS a");
        for (auto const *sql : {"COPY t FROM STDIN", "COPY t TO STDOUT"}) {
            CAPTURE(sql);
            auto const e = failure_of<error>([&] { s.run(sql); });
            CHECK(e.sqlstate() == "0A000");
            CHECK(e.message() == "COPY from or to the client is not possible here");
            CHECK(failure_of<error>([&] { s.batch(sql); }).sqlstate() == "0A000");
            auto const more = std::string{"SELECT 1; "} + sql + "; COPY t TO STDOUT; SELECT 2";
            CHECK(failure_of<error>([&] { s.batch(more); }).sqlstate() == "0A000");
            s.rollback();
            CHECK(!s.in_transaction());
            CHECK(s.run("SELECT count(*) FROM t").integer(0, 0) == 100000);
        }
    }

    TEST_CASE(
        "transactions: one at a time, with the isolation asked for, and COMMIT tells the truth")
    {
        database const db;
        auto s = db.connect();
        CHECK(!s.in_transaction());
        CHECK(failure_of<error>([&] { s.commit(); }).sqlstate() == "25P01");
        s.rollback();
        s.begin(pg::isolation::serializable, true);
        CHECK(s.in_transaction());
        CHECK(failure_of<error>([&] { s.begin(); }).sqlstate() == "25001");
        CHECK(s.run("SHOW transaction_isolation").text(0, 0) == "serializable");
        CHECK(s.run("SHOW transaction_read_only").text(0, 0) == "on");
        s.commit();
        CHECK(!s.in_transaction());

        s.run("SET default_transaction_read_only = on");
        s.run("SET default_transaction_isolation = serializable");
        s.begin();
        CHECK(s.run("SHOW transaction_isolation").text(0, 0) == "read committed");
        s.run("CREATE TABLE t (a int)");
        s.commit();

        s.begin();
        s.run("INSERT INTO t VALUES (1)");
        CHECK_THROWS(s.run("SELECT 1/0"));
        auto const e = failure_of<error>([&] { s.commit(); });
        CHECK(e.sqlstate() == "40000");
        CHECK(!s.in_transaction());
        CHECK(s.run("SELECT count(*) FROM t").integer(0, 0) == 0);

        s.begin();
        s.run("COMMIT"); // a text that ends the transaction is noticed
        CHECK(!s.in_transaction());
        CHECK(failure_of<error>([&] { s.commit(); }).sqlstate() == "25P01");
    }

    TEST_CASE("a failure during COMMIT is an error with its SQLSTATE, not an unknown outcome")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE p (id int PRIMARY KEY)");
        s.run("CREATE TABLE c (id int REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
        s.begin();
        s.run("INSERT INTO c VALUES (1)");
        auto const e = failure_of<error>([&] { s.commit(); });
        CHECK(e.sqlstate() == "23503");
        CHECK(e.statement() == "COMMIT");
        CHECK(!s.in_transaction());
    }

    TEST_CASE("a session whose backend was terminated is lost for good and says why")
    {
        database const db;
        auto s = db.connect();
        s.run("SET lock_timeout = '7s'");
        terminate(db, s.backend_pid());
        for (int i = 0; i < 5; ++i) {
            auto const e = failure_of<connection_lost>([&] { s.run("SHOW lock_timeout"); });
            CHECK(e.sqlstate() == "57P01");
            CHECK(e.statement() == "SHOW lock_timeout");
            CHECK(s.lost());
        }
        CHECK_THROWS_AS(s.begin(), connection_lost);
        CHECK_THROWS_AS(s.batch("SELECT 1"), connection_lost);
        CHECK_THROWS_AS(s.commit(), connection_lost);
        s.rollback();
        CHECK(!s.in_transaction());
    }

    TEST_CASE("terminated in the middle of a statement, with and without parameters, in a batch")
    {
        database const db;
        for (int kind = 0; kind < 3; ++kind) {
            CAPTURE(kind);
            auto s = db.connect();
            auto const pid = s.backend_pid();
            auto killer = std::async(std::launch::async, [&] {
                wait_until(
                    db, fmt::format("wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = {}",
                                    pid));
                terminate(db, pid);
            });
            auto const e = failure_of<connection_lost>([&] {
                if (kind == 0) {
                    s.run("SELECT pg_sleep(60)");
                } else if (kind == 1) {
                    s.run("SELECT pg_sleep($1::int)", {"60"});
                } else {
                    s.batch("SELECT 1; SELECT pg_sleep(60)");
                }
            });
            killer.get();
            CHECK(e.sqlstate() == "57P01");
            CHECK(e.message().find("terminating connection due to administrator command") !=
                  std::string::npos);
        }
    }

    TEST_CASE("terminated before COMMIT was sent: connection lost, not an unknown outcome")
    {
        database const db;
        auto s = db.connect();
        s.begin();
        s.run("CREATE TABLE t (a int)");
        terminate(db, s.backend_pid());
        auto const e = failure_of<connection_lost>([&] { s.commit(); });
        CHECK(e.sqlstate() == "57P01");
        CHECK(s.lost());
    }

    TEST_CASE("the answer to COMMIT is lost: outcome unknown, with the transaction's id")
    {
        database const db;
        test::proxy network;
        auto s = test::open(network.dsn(db.name()));
        s.begin();
        s.run("CREATE TABLE t (a int)");
        auto const id = s.note_transaction_id();
        network.lose_answer_to({"COMMIT"});
        auto const e = failure_of<outcome_unknown>([&] { s.commit(); });
        CHECK(e.transaction_id() == id);
        CHECK(s.lost());
        CHECK(db.value("SELECT to_regclass('public.t') IS NOT NULL") == "t");
    }

    TEST_CASE("notices: severity, SQLSTATE, detail and hint; a storm is cut")
    {
        database const db;
        auto s = db.connect();
        CHECK(s.take_notices().empty());
        s.run("DROP TABLE IF EXISTS missing");
        s.run("DO $$ BEGIN RAISE WARNING 'w' USING detail = 'd', hint = 'h', errcode = '01ABC'; "
              "END $$");
        s.batch("SELECT 1; DO $$ BEGIN RAISE NOTICE 'in a batch'; END $$");
        auto const all = s.take_notices();
        REQUIRE(all.size() == 3);
        CHECK(all[0].severity == "NOTICE");
        CHECK(all[0].sqlstate == "00000");
        CHECK(all[0].message == "table \"missing\" does not exist, skipping");
        CHECK(all[1].severity == "WARNING");
        CHECK(all[1].sqlstate == "01ABC");
        CHECK(all[1].message == "w\nDETAIL: d\nHINT: h");
        CHECK(all[2].message == "in a batch");
        CHECK(s.take_notices().empty());

        s.run("DO $$ BEGIN FOR i IN 1..2500 LOOP RAISE NOTICE '%', i; END LOOP; END $$");
        auto const storm = s.take_notices();
        REQUIRE(storm.size() == 1000);
        CHECK(storm[0].message == "1");
        CHECK(storm[499].message == "500\n(1500 more notices were not kept)");
        CHECK(storm[999].message == "2500");
        s.run("DO $$ BEGIN RAISE NOTICE '%', repeat('ä', 100000); END $$");
        auto const big = s.take_notices();
        REQUIRE(big.size() == 1);
        CHECK(big[0].message.size() < 4200);
    }

    TEST_CASE("a moved session goes on, notices included; a destroyed one ends its backend")
    {
        database const db;
        int pid = 0;
        {
            auto first = db.connect();
            first.begin();
            auto second = std::move(first);
            CHECK(second.in_transaction());
            second.run("DROP TABLE IF EXISTS missing");
            CHECK(second.take_notices().size() == 1);
            pid = second.backend_pid();
            CHECK(second.server_version() >= 130000);
        }
        wait_until(db,
                   fmt::format("NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {})", pid));
    }
}

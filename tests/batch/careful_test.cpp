// SPDX-License-Identifier: Apache-2.0
// Conditions that read more than their row: which ones, and what the careful way is for.
#include <doctest/doctest.h>
#include <thread>

#include "batch/support.hpp"
#include "support/database.hpp"
#include "support/process.hpp"

using namespace pgtend;
using test::eventually;
using test::number;
using test::run_batches;
using test::value;

namespace {

// A driver is assigned to a booking by a row of another table, which locks the booking by its
// foreign key.
constexpr char bookings[] =
    "CREATE TABLE bookings (id int PRIMARY KEY, status text NOT NULL);"
    "INSERT INTO bookings SELECT i, 'pending' FROM generate_series(1, 100) i;"
    "CREATE TABLE assigned (booking_id int REFERENCES bookings (id), driver text); ANALYZE "
    "bookings";
constexpr char unassigned[] =
    "status = 'pending' and not exists (select from assigned a where a.booking_id = bookings.id)";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("what the careful way is for: an UPDATE does not see what others assign meanwhile, "
              "even when it waited")
    {
        for (bool const waits : {false, true}) {
            test::database db;
            db.psql(bookings);
            auto driver = db.connect();
            driver.begin();
            if (waits) {
                driver.run("SELECT 1 FROM bookings WHERE id = 7 FOR UPDATE");
            }
            driver.run("INSERT INTO assigned VALUES (7, 'x')");
            std::jthread expiry{[&] {
                auto s = db.connect();
                s.run(std::string{"UPDATE bookings SET status = 'cancelled' WHERE "} + unassigned);
            }};
            if (waits) {
                eventually("the UPDATE waits",
                           [&] { return number(db, test::somebody_waits) == 1; });
            } else {
                expiry.join(); // the lock of the foreign key does not stop it
            }
            driver.commit();
            if (waits) {
                expiry.join();
            }
            CHECK(db.value("SELECT status FROM bookings WHERE id = 7") ==
                  "cancelled"); // and assigned
        }
    }

    TEST_CASE("a booking that is being assigned is not cancelled")
    {
        for (bool const commits_meanwhile : {false, true}) {
            test::database db;
            db.psql(bookings);
            auto driver = db.connect();
            driver.begin();
            driver.run("INSERT INTO assigned VALUES (7, 'x')");
            auto s = db.connect();
            int changing = 0;
            auto const run =
                run_batches(s, "bookings", unassigned, {value("status", "cancelled")}, {},
                            [&](plan::work const &work, std::size_t) {
                                changing += work.read_only ? 0 : 1;
                                if (commits_meanwhile && work.pause_before.count() > 0 &&
                                    driver.in_transaction()) {
                                    driver.commit();
                                }
                            });
            CHECK(run.problem == "");
            CHECK(run.asked("SKIP LOCKED") > 0);
            CHECK(run.tally.rows == 99);
            CHECK(run.tally.left == (commits_meanwhile ? 0 : 1));
            CHECK(db.value("SELECT status FROM bookings WHERE id = 7") == "pending");
            driver.rollback();
        }
    }

    TEST_CASE("whatever reads other tables without a word of it takes the careful way")
    {
        struct hidden {
            char const *made, *where;
        };
        constexpr char reads[] = "select not exists (select from assigned a where a.booking_id = ";
        for (auto const &[made, where] :
             {hidden{
                  "CREATE FUNCTION free(b bookings) RETURNS bool STABLE LANGUAGE sql AS $$ @ b.id) "
                  "$$",
                  "status = 'pending' and bookings.free"},
              hidden{"CREATE FUNCTION f(int, int) RETURNS bool STABLE LANGUAGE sql AS $$ @ $1) $$; "
                     "CREATE OPERATOR ### (leftarg = int, rightarg = int, function = f)",
                     "status = 'pending' and id ### 1"},
              hidden{"CREATE FUNCTION lower(int) RETURNS bool STABLE LANGUAGE sql AS $$ @ $1) $$",
                     "status = 'pending' and lower(id)"},
              hidden{"CREATE FUNCTION \"if\"(int) RETURNS bool STABLE LANGUAGE sql AS $$ @ $1) $$",
                     "status = 'pending' and if(id)"},
              hidden{
                  "CREATE FUNCTION f(int) RETURNS bool STABLE LANGUAGE sql AS $$ @ $1) $$; CREATE "
                  "DOMAIN free AS int CHECK (f(value))",
                  "status = 'pending' and (status <> 'pending' or id::free = id)"},
              hidden{
                  "CREATE FUNCTION f(int) RETURNS bool STABLE LANGUAGE sql AS $$ @ $1) $$; CREATE "
                  "TYPE w AS (i int); CREATE FUNCTION w(w) RETURNS bool STABLE LANGUAGE sql AS $$ "
                  "SELECT f($1.i) $$; CREATE CAST (w AS bool) WITH FUNCTION w(w) AS ASSIGNMENT; "
                  "ALTER TABLE bookings ADD w w; UPDATE bookings SET w = row(id)::w",
                  "status = 'pending' and w::bool"}}) {
            INFO(where);
            test::database db;
            db.psql(bookings);
            std::string text = made;
            text.replace(text.find('@'), 1, reads);
            db.psql(text);
            auto driver = db.connect();
            driver.begin();
            driver.run("INSERT INTO assigned VALUES (7, 'x')");
            auto s = db.connect();
            auto const run = run_batches(s, "bookings", where, {value("status", "cancelled")});
            CHECK(run.asked("SKIP LOCKED") > 0);
            CHECK(run.problem == "");
            CHECK(run.tally.left >= 1);
            driver.commit();
            CHECK(db.value("SELECT status FROM bookings WHERE id = 7") == "pending");
        }
    }

    TEST_CASE("what only reads its row takes the quick way, also beside things that others wrote")
    {
        test::database db;
        db.psql("CREATE EXTENSION citext; CREATE TYPE mood AS ENUM ('sad', 'fine'); CREATE TABLE t "
                "(id int, name citext, m mood, taken bool, at timestamptz DEFAULT '2026-01-01');"
                "CREATE FUNCTION taken(t) RETURNS bool LANGUAGE sql AS $$ SELECT true $$;"
                "INSERT INTO t SELECT i, 'X', 'sad', true FROM generate_series(1, 10) i");
        auto s = db.connect();
        auto const run = run_batches(s, "t",
                                     "name = 'x' and t.taken and m = 'sad'::public.mood and at < "
                                     "now() and id in (1, 2, 3) and "
                                     "lower(name) <> 'y'");
        CHECK(run.problem == "");
        CHECK(run.tally.rows == 3);
        CHECK(run.asked("SKIP LOCKED") == 0);
    }

    TEST_CASE("policies that hold for a plain table may read others: the careful way")
    {
        test::database db;
        db.psql(bookings);
        db.psql(
            "DROP ROLE IF EXISTS pgtend_test_careful; CREATE ROLE pgtend_test_careful LOGIN; GRANT "
            "ALL ON bookings, assigned TO pgtend_test_careful; ALTER TABLE bookings ENABLE ROW "
            "LEVEL SECURITY; CREATE POLICY p ON bookings USING (not exists (select from assigned "
            "a where a.booking_id = id)) WITH CHECK (true)");
        auto driver = db.connect();
        driver.begin();
        driver.run("INSERT INTO assigned VALUES (7, 'x')");
        auto s = test::open(db.dsn("pgtend_test_careful"));
        auto const run =
            run_batches(s, "bookings", "status = 'pending'", {value("status", "cancelled")});
        CHECK(run.problem == "");
        CHECK(run.asked("SKIP LOCKED") > 0);
        CHECK(run.tally.rows == 99);
        driver.commit();
        CHECK(db.value("SELECT status FROM bookings WHERE id = 7") == "pending");
        db.psql("DROP OWNED BY pgtend_test_careful; DROP ROLE pgtend_test_careful");
    }

    TEST_CASE("while a batch has its rows, nobody can assign them: the driver waits, and then "
              "fails or sees it")
    {
        test::database db;
        db.psql(bookings);
        auto s = db.connect();
        auto work = test::plan_batches(s, "bookings", unassigned, {value("status", "cancelled")});
        auto &machine = test::task_of(work);
        plan::outcome last;
        for (auto next = machine.next(last); next; next = machine.next(last)) {
            if (next->read_only) {
                last = test::carry_out(s, *next);
                continue;
            }
            s.begin();
            s.run(next->statements.at(0).sql, next->statements.at(0).parameters);
            s.run(next->statements.at(1).sql,
                  next->statements.at(1).parameters); // locked, not yet changed
            auto driver = db.connect();
            driver.begin();
            driver.batch("SET LOCAL lock_timeout = '50ms'");
            CHECK_THROWS_AS(driver.run("INSERT INTO assigned VALUES (7, 'x')"), error);
            s.rollback();
            break;
        }
    }
}

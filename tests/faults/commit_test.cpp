// SPDX-License-Identifier: Apache-2.0
// Connections that are lost during COMMIT: what became of the transaction is asked, and the work
// goes on from there.
#include <doctest/doctest.h>
#include <string>

#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/proxy.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::later;
using test::next_hour;

namespace {

// COMMIT of a transaction that writes.
test::proxy::loss const of_work{
    .text = std::string{"COMMIT\0", 7}, .sessions = "pgtend/tick/*", .within = "READ WRITE"};

// `once` is not idempotent: nothing may begin it again as long as nobody knows how it ended.
constexpr char jobs[] =
    "  - { name: expire, schedule: \"0 * * * *\", max_age: 1h, expire: { table: public.bookings, "
    "where: \"status = 'open'\", batch_rows: 10, set: { status: expired, changes: { sql: changes + "
    "1 } } } }\n"
    "  - { name: once, schedule: \"0 * * * *\", max_age: 1h, sql: { text: \"insert into hit values "
    "(1)\" } }\n";

class commit_ground : public test::ground {
  public:
    commit_ground() : test::ground{jobs}
    {
        db.psql("CREATE TABLE bookings (id int PRIMARY KEY, status text NOT NULL, changes int NOT "
                "NULL DEFAULT 0, filling char(1000) DEFAULT ''); INSERT INTO bookings SELECT i, "
                "'open' FROM generate_series(1, 100) i; CREATE TABLE hit (n int)");
        REQUIRE(tick(before).code == 0);
    }

    test::finished tick_through(test::proxy const &line) const
    {
        return run({"-d", line.dsn(db.name()), "tick", "--now", due});
    }
    void check_done_once(test::finished const &done) const
    {
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(runs("expire") == "succeeded/1");
        CHECK(runs("once") == "succeeded/1");
        CHECK(rows() == "100 expired 1");
        CHECK(count("SELECT count(*) FROM hit") == 1);
    }
    std::string rows() const
    {
        return db.value("SELECT string_agg(line, ', ' ORDER BY line) FROM (SELECT format('%s %s "
                        "%s', count(*), status, changes) AS line FROM bookings GROUP BY status, "
                        "changes) s");
    }
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("no COMMIT of the work is answered: each was done, and nothing is done twice")
    {
        commit_ground g;
        test::proxy line;
        line.lose_answer_to(of_work);
        auto const done = g.tick_through(line);
        g.check_done_once(done);
        CHECK(line.connections() >= 8); // each batch and its question had one of their own
        CHECK(g.count("SELECT rows FROM pgtend.run WHERE job = 'expire'") == 100);
    }

    TEST_CASE("a COMMIT that does not arrive: the server rolled back, and the transaction is "
              "done again, also that of a job that is not idempotent")
    {
        for (std::string const job : {"expire", "once"}) {
            CAPTURE(job);
            commit_ground g;
            test::proxy line;
            auto lost = of_work;
            lost.sessions = "pgtend/tick/" + job;
            lost.times = 1;
            line.lose(lost);
            auto const done = g.tick_through(line);
            g.check_done_once(done);
            CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE output LIKE '%tried again%'") ==
                  1);
        }
    }

    TEST_CASE(
        "what the server warns of at COMMIT is told: of the work in its output, of the ledger "
        "in the log")
    {
        commit_ground g;
        // As when the wait for a standby's word is cancelled.
        g.db.psql(
            "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING "
            "'% may be lost', TG_TABLE_NAME; RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER "
            "warn AFTER INSERT ON hit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE "
            "FUNCTION warn(); CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON pgtend.run "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()");
        auto const done = g.tick(due);
        CHECK(done.code == 0);
        CHECK(test::has(done.err, "warning: writing to the ledger: run may be lost"));
        CHECK(
            g.count("SELECT count(*) FROM pgtend.run WHERE job = 'once' AND output LIKE '%hit may "
                    "be lost%'") == 1);
    }

    TEST_CASE("the connection is lost while the work only reads: said so, nothing is asked, and "
              "the next tick goes on")
    {
        commit_ground g;
        test::proxy line;
        line.lose_answer_to(
            {.text = of_work.text, .sessions = "pgtend/tick/expire", .within = "READ ONLY"});
        auto const done = g.tick_through(line);
        CHECK_MESSAGE(done.code == 1, done.err);
        CHECK(test::has(done.err, "a transaction that only read"));
        CHECK(!test::has(done.err, "not known"));
        CHECK(g.runs("expire") == "interrupted/1");
        CHECK(g.tick(later).code == 0);
        CHECK(g.runs("expire") == "interrupted/1 succeeded/1"); // nothing had been begun
        CHECK(g.rows() == "100 expired 1");
    }

    TEST_CASE("no COMMIT of the work is answered and nobody can be asked: the run says that "
              "its outcome is unknown, and a job that is not idempotent is not begun again")
    {
        commit_ground g;
        test::proxy line;
        line.lose_answer_to(of_work);
        line.lose({.text = "pg_xact_status", .sessions = "pgtend/tick/*"});
        auto const done = g.tick_through(line);
        CHECK_MESSAGE(done.code == 1, done.err);
        CHECK(g.runs("expire") == "failed/1");
        CHECK(g.runs("once") == "failed/1");
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE sqlstate = '40003' AND hint LIKE "
                      "'%pg_xact_status%'") == 2);
        CHECK(g.count("SELECT count(*) FROM bookings WHERE status = 'expired'") > 0);
        CHECK(g.count("SELECT count(*) FROM bookings WHERE status = 'open'") > 0);
        CHECK(g.tick(later).code == 0);
        CHECK(g.runs("once") == "failed/1");
        CHECK(g.count("SELECT count(*) FROM hit") == 1);
        CHECK(g.tick(next_hour).code == 0);
        CHECK(g.rows() == "100 expired 1");
        CHECK(g.count("SELECT count(*) FROM hit") == 2);
    }
}

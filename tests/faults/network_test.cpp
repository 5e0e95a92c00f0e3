// SPDX-License-Identifier: Apache-2.0
// Networks that lose, delay and forget what goes through them.
#include <chrono>
#include <doctest/doctest.h>

#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/proxy.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using test::eventually;
using way = test::proxy::way;
using test::before;
using test::due;
using test::later;

namespace {

// A dead peer is noticed within three seconds; without these words it takes thirty.
constexpr char impatient[] =
    " keepalives_idle=1 keepalives_interval=1 keepalives_count=2 tcp_user_timeout=2000";

// A table whose rows take 4 ms each to change, the second half only while the gate is open; another
// that takes long to vacuum, and their jobs.
constexpr char gated_tables[] = R"(
    CREATE TABLE bookings (id int PRIMARY KEY, status text NOT NULL, changes int NOT NULL DEFAULT 0);
    INSERT INTO bookings SELECT i, CASE WHEN i % 2 = 0 THEN 'open' ELSE 'paid' END FROM generate_series(1, 1000) i;
    CREATE TABLE gate (shut bool NOT NULL);
    INSERT INTO gate VALUES (false);
    CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_sleep(0.004);
        WHILE NEW.id > 500 AND (SELECT shut FROM gate) LOOP
            PERFORM set_config('application_name', 'pgtend/tick/at the gate', true), pg_sleep(0.02);
        END LOOP;
        RETURN NEW;
    END $$;
    CREATE TRIGGER slow BEFORE UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION slow();
    CREATE TABLE big WITH (autovacuum_enabled = off) AS SELECT g FROM generate_series(1, 300000) g;
)";
constexpr char expire_by_fifties[] =
    "  - { name: expire, schedule: \"0 * * * *\", max_age: 1h, expire: { table: public.bookings, "
    "where: \"status = 'open'\", batch_rows: 50, batch_time: 200ms, set: { status: expired, "
    "changes: { sql: changes + 1 } } } }\n";
constexpr char vacuum_job[] = "  - { name: vacuum, schedule: \"0 * * * *\", max_age: 1h, vacuum: { "
                              "tables: [public.big] } }\n";

class slow_ground : public test::ground {
  public:
    explicit slow_ground(std::string const &jobs) : test::ground{jobs}
    {
        db.psql(gated_tables);
        set("vacuum_cost_delay = '50ms'");
        set("vacuum_cost_limit = 20");
        REQUIRE(tick(before).code == 0);
    }

    // For every session from now on.
    void set(std::string const &setting) const
    {
        db.psql("ALTER DATABASE " + db.name() + " SET " + setting);
    }
    std::vector<std::string> through(test::proxy const &line) const
    {
        return arguments({"-d", line.dsn(db.name()) + impatient, "--connect-timeout", "1s", "tick",
                          "--now", due});
    }
    // While it is shut, the work begins and does not end.
    void shut_gate() const { db.psql("UPDATE gate SET shut = true"); }
    void open_gate() const { db.psql("UPDATE gate SET shut = false"); }
    // In the middle of a batch that is not the first.
    bool at_the_gate() const
    {
        return count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                     "application_name = 'pgtend/tick/at the gate'") == 1;
    }
    bool vacuums() const
    {
        return count("SELECT count(*) FROM pg_stat_progress_vacuum WHERE datname = "
                     "current_database()") == 1;
    }
    // No session of the work is left.
    void wait_for_end() const
    {
        eventually("the backends are gone", [&] {
            return count("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                         "current_database() AND application_name LIKE 'pgtend/tick%'") == 0;
        });
    }
    void check_each_once() const
    {
        CHECK(db.value("SELECT string_agg(line, ', ' ORDER BY line) FROM (SELECT format('%s %s "
                       "%s', count(*), status, changes) AS line FROM bookings GROUP BY status, "
                       "changes) s") == "500 expired 1, 500 paid 0");
    }
};

milliseconds since(std::chrono::steady_clock::time_point begun)
{
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE(
        "F14: the work sessions' other end is gone without a word: noticed in time, interrupted; "
        "who takes over waits for the backends that the server still believes in")
    {
        slow_ground g{std::string{expire_by_fifties} + vacuum_job};
        g.shut_gate();
        test::proxy line;
        test::process runner{g.through(line)};
        eventually("both work", [&] { return g.at_the_gate() && g.vacuums(); });
        line.unplug("pgtend/tick/*");
        auto const begun = std::chrono::steady_clock::now();
        auto const done = runner.wait();
        CHECK(since(begun) < 6s);
        CHECK_MESSAGE(done.code == 1, done.err);
        CHECK(g.runs("expire") == "interrupted/1");
        CHECK(g.runs("vacuum") == "interrupted/1");
        // The one stands in its transaction, the other goes on.
        CHECK(g.count("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE "
                      "l.relation = 'pgtend.fence'::regclass AND l.mode = 'RowShareLock' AND "
                      "a.application_name = 'pgtend/tick/at the gate'") == 1);
        CHECK(g.vacuums());
        CHECK(g.tick(later).code == 0);
        CHECK(g.runs("expire") == "interrupted/1");
        CHECK(g.runs("vacuum") == "interrupted/1");
        line.cut(); // now the server knows, but for the VACUUM, which does not look
        g.db.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_progress_vacuum WHERE datname = "
                  "current_database()");
        g.wait_for_end();
        g.open_gate();
        g.set("vacuum_cost_delay = 0");
        auto const next = g.tick(later);
        CHECK_MESSAGE(next.code == 0, next.err);
        CHECK(g.runs("expire") == "interrupted/1 succeeded/2");
        CHECK(g.runs("vacuum") == "interrupted/1 succeeded/2");
        g.check_each_once();
    }

    TEST_CASE("F14: the control session answers nothing, and TCP has not noticed: another one is "
              "opened after 10 s, before the lease is over")
    {
        slow_ground g{
            "  - { name: nap, schedule: \"0 * * * *\", sql: { text: \"select pg_sleep(11)\" } }\n"};
        test::proxy line;
        test::process runner{g.arguments({"-d", line.dsn(g.db.name()), "tick", "--now", due})};
        auto const begun = std::chrono::steady_clock::now();
        eventually("it works", [&] {
            return g.count("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                           "current_database() AND query = 'select pg_sleep(11)'") == 1;
        });
        line.unplug("pgtend/tick"); // the renewal after 10 s gets no answer
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.runs("nap") == "succeeded/1");
        CHECK(since(begun) > 19s);
        CHECK(since(begun) < 29s);
    }

    TEST_CASE("F14: a claim whose answer never comes is made again while its lease holds")
    {
        slow_ground g{
            "  - { name: quick, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"};
        test::proxy line;
        auto holder = g.db.connect();
        holder.begin();
        holder.run("LOCK TABLE pgtend.run IN SHARE MODE"); // keeps the claim from its answer
        test::process runner{g.arguments({"-d", line.dsn(g.db.name()), "tick", "--now", due})};
        eventually("it claims", [&] {
            return g.count("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                           "current_database() AND application_name = 'pgtend/tick' AND "
                           "wait_event_type = 'Lock'") == 1;
        });
        line.unplug("pgtend/tick");
        auto const begun = std::chrono::steady_clock::now();
        holder.commit();
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.runs("quick") == "lost/1 succeeded/2"); // nobody worked in the first
        CHECK(since(begun) < 25s);
    }

    TEST_CASE("F14: the control session's other end is gone: another one records the end")
    {
        slow_ground g{expire_by_fifties};
        g.shut_gate();
        test::proxy line;
        test::process runner{g.through(line)};
        eventually("it works", [&] { return g.at_the_gate(); });
        line.unplug("pgtend/tick");
        g.open_gate();
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.runs("expire") == "succeeded/1");
        g.check_each_once();
    }

    TEST_CASE("F14: nothing comes through any more: the runner ends in time, and another one finds "
              "the run lost")
    {
        slow_ground g{expire_by_fifties};
        g.shut_gate();
        test::proxy line;
        test::process runner{g.through(line)};
        eventually("it works", [&] { return g.at_the_gate(); });
        line.unplug_all();
        auto const begun = std::chrono::steady_clock::now();
        auto const done = runner.wait();
        CHECK(since(begun) < 15s);
        CHECK_MESSAGE(done.code == 4, done.err);
        CHECK(done.err.find("cannot connect") != std::string::npos);
        CHECK(g.runs("expire") == "running/1");
        line.cut();
        g.wait_for_end();
        g.open_gate();
        CHECK(g.tick(later).code == 0); // the lease is not over
        CHECK(g.runs("expire") == "running/1");
        g.expire_lease("expire");
        CHECK(g.tick(later).code == 1); // it tells of the lost run
        CHECK(g.runs("expire") == "lost/1 succeeded/2");
        g.check_each_once();
    }

    TEST_CASE("F14: cut in the middle of a batch: interrupted, and taken up again")
    {
        slow_ground g{expire_by_fifties};
        g.shut_gate();
        test::proxy line;
        test::process runner{g.through(line)};
        eventually("it works", [&] { return g.at_the_gate(); });
        line.cut();
        auto const done = runner.wait();
        CHECK_MESSAGE(done.code == 1, done.err);
        CHECK(g.runs("expire") == "interrupted/1");
        g.wait_for_end();
        g.open_gate();
        CHECK(g.tick(later).code == 0);
        CHECK(g.runs("expire") == "interrupted/1 succeeded/2");
        g.check_each_once();
    }

    TEST_CASE("F14: a middlebox swallows what one side says: the job's own time limit ends it")
    {
        std::string const job =
            "schedule: \"0 * * * *\", timeout: 2s, sql: { text: \"insert into "
            "hit values (1); select pg_sleep(1); insert into hit values (2)\" } }\n";
        slow_ground g{"  - { name: up, " + job + "  - { name: down, " + job};
        g.db.psql("CREATE TABLE hit (n int)");
        test::proxy line;
        auto const begun = std::chrono::steady_clock::now();
        test::process runner{g.through(line)};
        eventually("both work", [&] {
            return g.count("SELECT count(*) FROM pg_stat_activity WHERE datname = "
                           "current_database() AND wait_event = 'PgSleep'") == 2;
        });
        line.swallow(way::to_server, "pgtend/tick/up");
        line.swallow(way::to_client, "pgtend/tick/down");
        auto const done = runner.wait();
        CHECK(since(begun) < 6s); // the limit, the grace of a cancel, and what a busy machine takes
        CHECK_MESSAGE(done.code == 1, done.err);
        CHECK(g.runs("up") == "timed_out/1");
        CHECK(g.runs("down") == "timed_out/1");
        CHECK(g.count("SELECT count(*) FROM hit") == 0);
        CHECK(g.count("SELECT count(*) FROM pgtend.lease WHERE holder IS NOT NULL") == 0);
    }

    TEST_CASE("F14: a slow line: all is done, once")
    {
        slow_ground g{expire_by_fifties};
        test::proxy line;
        line.delay(5ms);
        auto const done = test::process{g.through(line)}.wait();
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(g.runs("expire") == "succeeded/1");
        g.check_each_once();
    }
}

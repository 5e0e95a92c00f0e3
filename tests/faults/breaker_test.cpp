// SPDX-License-Identifier: Apache-2.0
// What fails again and again, and clocks that are set: the built program on a real server, whose
// rows are moved in time.
#include <csignal>
#include <doctest/doctest.h>
#include <memory>

#include "base/duration.hpp"
#include "support/ground.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::has;

namespace {

// The n-th minute of a day, and some seconds.
std::string minute_of_day(int minute)
{
    return to_rfc3339(parse_rfc3339("2026-01-01T00:00:05Z") + std::chrono::minutes{minute});
}

constexpr char bad_and_good[] =
    "  - { name: bad, schedule: \"* * * * *\", sql: { text: \"select 1/0\" } }\n"
    "  - { name: good, schedule: \"*/10 * * * *\", sql: { text: \"select 1\" } }\n";

// As if what failed had failed so long ago. By the clock, so that it does not matter how long the
// ticks took.
void failed_ago(test::ground const &g, std::string const &span)
{
    g.db.psql("UPDATE pgtend.lease SET failed_at = clock_timestamp() - interval '" + span +
              "' WHERE failed_at IS NOT NULL");
}

std::string failures(test::ground const &g)
{
    return g.db.value("SELECT failures FROM pgtend.lease WHERE job = 'bad'");
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE(
        "F23: a job that fails a hundred times: breaker, pauses, others go on, history bounded")
    {
        test::ground g{bad_and_good};
        REQUIRE(g.tick(minute_of_day(0)).code == 0);
        int minute = 0;
        for (int i = 1; i <= 5; ++i) {
            auto const done = g.tick(minute_of_day(++minute));
            CHECK(done.code == 1);
            CHECK(has(done.err, "bad: failed 5 times in a row: its breaker is open, the next try "
                                "comes after 5 min") == (i == 5));
        }
        for (int i = 0; i < 15; ++i) { // the pause: no run, no row, no word
            auto const done = g.tick(minute_of_day(++minute));
            CHECK(done.code == 0);
            CHECK(!has(done.err, "bad"));
        }
        CHECK(g.runs("bad") == "failed/1 failed/1 failed/1 failed/1 failed/1");
        CHECK(g.runs("good") == "succeeded/1 succeeded/1");
        auto const list = g.run({"-o", "json", "job", "list"}).out;
        CHECK(has(list, "\"breaker\": \"open\""));
        CHECK(has(list, "\"failures\": 5"));
        CHECK(has(g.run({"job", "show", "bad"}).out,
                  "it failed 5 times in a row, and its breaker is open until"));
        // The pauses grow: 5, 10, 20, 40, 60 minutes, and 60 from then on.
        for (auto const *pause : {"5 min", "10 min", "20 min", "40 min", "60 min", "60 min"}) {
            failed_ago(g, std::string{pause} + " -20 s");
            CHECK(g.tick(minute_of_day(++minute)).code == 0);
            failed_ago(g, pause);
            CHECK(g.tick(minute_of_day(++minute)).code == 1);
            CHECK(g.tick(minute_of_day(++minute)).code == 0);
        }
        CHECK(failures(g) == "11");
        // From here on each pause is over as soon as it begins.
        g.db.psql(
            "CREATE FUNCTION public.hurry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "NEW.failed_at := NEW.failed_at - interval '1 hour'; RETURN NEW; END $$; "
            "CREATE TRIGGER hurry BEFORE UPDATE ON pgtend.lease FOR EACH ROW EXECUTE FUNCTION "
            "public.hurry()");
        failed_ago(g, "0 s");
        for (int i = 12; i <= 100; ++i) {
            REQUIRE(g.tick(minute_of_day(++minute)).code == 1);
        }
        CHECK(failures(g) == "100");
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE job = 'bad'") == 100);
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE job = 'good' AND status <> "
                      "'succeeded'") == 0);
        // Repaired: the next try closes it, and the one after comes at once.
        g.db.psql("CREATE FUNCTION public.nothing() RETURNS int LANGUAGE sql AS 'SELECT 1'");
        auto const repaired = g.files.write(
            "repaired.yaml", "version: 1\ntargets:\n  db: { dsn: \"" + g.db.dsn() +
                                 "\" }\njobs:\n  - { name: bad, schedule: \"* * * * *\", sql: { "
                                 "text: \"select public.nothing()\" } }\n");
        auto const closed =
            test::pgtend({"-c", repaired, "tick", "--now", minute_of_day(minute + 1)});
        CHECK(closed.code == 0);
        CHECK(has(closed.err, "bad: succeeded after 100 failures in a row: its breaker is closed"));
        CHECK(test::pgtend({"-c", repaired, "tick", "--now", minute_of_day(minute + 2)}).code == 0);
        CHECK(failures(g) == "0");
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE job = 'bad'") == 102);
    }

    TEST_CASE("job reset closes a breaker; so does a run by hand that succeeds, and one that fails "
              "changes nothing")
    {
        test::ground g{
            "  - { name: bad, schedule: \"* * * * *\", breaker: { failures: 1, pause: 2h, "
            "ceiling: 4h }, sql: { text: \"select 1 / n from d\" } }\n"};
        g.db.psql("CREATE TABLE d (n int); INSERT INTO d VALUES (0)");
        REQUIRE(g.tick(minute_of_day(0)).code == 0);
        CHECK(g.tick(minute_of_day(1)).code == 1);
        CHECK(g.tick(minute_of_day(2)).code == 0);
        CHECK(g.run({"job", "run", "bad"}).code == 1);
        CHECK(failures(g) == "1");
        auto const reset = g.run({"job", "reset", "bad"});
        CHECK(reset.code == 0);
        CHECK(has(reset.out, "bad"));
        CHECK(failures(g) == "0");
        CHECK(g.tick(minute_of_day(3)).code == 1);
        CHECK(g.tick(minute_of_day(4)).code == 0);
        g.db.psql("UPDATE d SET n = 1");
        auto const by_hand = g.run({"job", "run", "bad"});
        CHECK(by_hand.code == 0);
        CHECK(has(by_hand.out, "its breaker is closed"));
        CHECK(g.tick(minute_of_day(5)).code == 0);
        CHECK(g.runs("bad") == "failed/1 failed/1 failed/1 succeeded/1 succeeded/1");
        CHECK(g.run({"job", "reset"}).code == 2);
        CHECK(g.run({"job", "reset", "bad", "--all"}).code == 2);
        CHECK(g.run({"job", "reset", "bat"}).code == 2);
        CHECK(g.run({"job", "reset", "--all"}).code == 0);
    }

    TEST_CASE("job reset while the job's run goes on: its failure is the first one, for the ledger "
              "and for the tick that runs it")
    {
        test::ground g{
            "  - { name: bad, schedule: \"* * * * *\", breaker: { failures: 2, pause: 2h, "
            "ceiling: 4h }, sql: { text: \"select public.fail()\" } }\n"};
        g.db.psql("CREATE TABLE gate AS SELECT true AS open; CREATE FUNCTION fail() RETURNS void "
                  "LANGUAGE plpgsql AS $$ BEGIN WHILE NOT EXISTS (SELECT FROM public.gate) LOOP "
                  "PERFORM pg_sleep(0.02); END LOOP; PERFORM 1 / 0; END $$");
        REQUIRE(g.tick(minute_of_day(0)).code == 0);
        CHECK(g.tick(minute_of_day(1)).code == 1);
        CHECK(failures(g) == "1");
        g.db.psql("DELETE FROM gate");
        test::process second{g.arguments({"tick", "--now", minute_of_day(2)})};
        test::eventually("it runs", [&] { return g.runs("bad") == "failed/1 running/1"; });
        CHECK(g.run({"job", "reset", "bad"}).code == 0);
        g.db.psql("INSERT INTO gate VALUES (true)");
        auto const done = second.wait();
        CHECK(done.code == 1);
        CHECK(!has(done.err, "breaker"));
        CHECK(failures(g) == "1");
    }

    TEST_CASE(
        "F39: no sessions for work: one attempt per tick, after three per pause; job list says "
        "so; the first that is had lets all go on")
    {
        test::ground g{"  - { name: a, schedule: \"* * * * *\", sql: { text: \"select 1\" } }\n"
                       "  - { name: b, schedule: \"* * * * *\", sql: { text: \"select 1\" } }\n"};
        auto const role = g.db.name() + "_one";
        g.db.psql("CREATE ROLE " + role +
                  " LOGIN CONNECTION LIMIT 1; GRANT ALL ON SCHEMA pgtend TO " + role +
                  "; GRANT ALL ON ALL TABLES IN SCHEMA pgtend TO " + role);
        REQUIRE(g.tick(minute_of_day(0)).code == 0);
        auto const as_role = [&](std::vector<std::string> args) {
            args.insert(args.begin(),
                        {"-c", g.config, "-d", g.db.dsn(role), "--connect-timeout", "0s"});
            return test::pgtend(args);
        };
        auto const tick = [&](int minute) {
            return as_role({"tick", "--max-parallel", "1", "--now", minute_of_day(minute)});
        };
        auto const runs = [&] { return g.count("SELECT count(*) FROM pgtend.run"); };
        for (int i = 1; i <= 3; ++i) {
            CHECK(tick(i).code == 4);
            CHECK(runs() == i); // of two jobs
        }
        for (int i = 4; i <= 6; ++i) {
            auto const done = tick(i);
            CHECK(done.code == 4);
            CHECK(has(done.err, "could be had 3 times in a row: what is due waits"));
            CHECK(runs() == 3);
        }
        auto const list = as_role({"-o", "json", "job", "list"}).out;
        CHECK(has(list, "\"connect_breaker\": \"open\""));
        CHECK(has(list, "\"connect_failures\": 3"));
        CHECK(g.count("SELECT count(*) FROM pgtend.lease WHERE failures > 0") == 0);
        g.db.psql(
            "UPDATE pgtend.meta SET connect_failed_at = connect_failed_at - interval '1 min'");
        CHECK(as_role({"tick", "--now", minute_of_day(7)}).code ==
              4); // the try: one, of two jobs side by side
        CHECK(runs() == 4);
        CHECK(tick(8).code == 4);
        CHECK(runs() == 4);
        g.db.psql(
            "ALTER ROLE " + role +
            " CONNECTION LIMIT -1; "
            "UPDATE pgtend.meta SET connect_failed_at = connect_failed_at - interval '2 min'");
        auto const again = tick(9);
        CHECK(again.code == 0);
        CHECK(has(again.err, "sessions for the work of jobs can be had again"));
        CHECK(has(g.runs("a"), "succeeded/1"));
        CHECK(has(g.runs("b"), "succeeded/1"));
        CHECK(g.count("SELECT connect_failures FROM pgtend.meta") == 0);
        g.db.psql("DROP OWNED BY " + role + "; DROP ROLE " + role);
    }

    TEST_CASE(
        "F18: the clock leaps four hours ahead and is set right again: jobs go on, no slot runs "
        "twice")
    {
        test::ground g{"  - { name: j, schedule: \"*/5 * * * *\", sql: { text: \"select 1\" } }\n"};
        auto const slots = [&] {
            return g.db.value("SELECT string_agg(to_char(slot AT TIME ZONE 'UTC', 'HH24:MI'), ' ' "
                              "ORDER BY id) FROM pgtend.run");
        };
        REQUIRE(g.tick(minute_of_day(1)).code == 0);
        CHECK(g.tick(minute_of_day(5)).code == 0);
        CHECK(g.tick(minute_of_day(250)).code == 0); // of 48 slots the newest
        CHECK(slots() == "00:05 04:10");
        auto const back = g.tick(minute_of_day(10));
        CHECK(back.code == 0);
        CHECK(has(back.err, "the server's clock was set back, by 4 h"));
        CHECK(slots() == "00:05 04:10 00:10");
        for (int const minute : {10, 5, 15, 12, 250, 245}) {
            CHECK(g.tick(minute_of_day(minute)).code == 0);
        }
        // 0:15 came; 4:10 was run already; 4:05 was not.
        CHECK(slots() == "00:05 04:10 00:10 00:15 04:05");
        CHECK(!has(g.tick(minute_of_day(251)).err, "set back"));
        CHECK(g.tick(minute_of_day(255)).code == 0);
        CHECK(slots() == "00:05 04:10 00:10 00:15 04:05 04:15");
        CHECK(has(g.run({"job", "show", "j"}).out, "j"));
    }

    TEST_CASE(
        "F18: a job that was new while the clock was wrong starts from now; what a dead runner "
        "held until then is free after a lease's time")
    {
        test::ground g{"  - { name: j, schedule: \"*/5 * * * *\", overlap: queue, sql: { "
                       "idempotent: true, text: \"select 1\" } }\n"};
        REQUIRE(g.tick(minute_of_day(240)).code == 0);
        CHECK(g.tick(minute_of_day(6)).code == 0);
        CHECK(g.runs("j").empty());
        CHECK(g.tick(minute_of_day(10)).code == 0);
        CHECK(g.runs("j") == "succeeded/1");
        g.db.psql("UPDATE pgtend.lease SET holder = 'dead', token = token + 1, lease_until = "
                  "clock_timestamp() + interval '4 hours 30 s'");
        CHECK(g.tick(minute_of_day(15)).code == 0); // it may live, and gets the time to show it
        CHECK(g.runs("j") == "succeeded/1");
        CHECK(g.count("SELECT count(*) FROM pgtend.lease WHERE lease_until > clock_timestamp() + "
                      "interval '31 s'") == 0);
        g.expire_lease("j");
        CHECK(g.tick(minute_of_day(20)).code == 0);
        CHECK(g.runs("j") == "succeeded/1 succeeded/1");
    }

    TEST_CASE(
        "F18: a tick that looked after the clock was set back, and claims what another one ran "
        "meanwhile, gets nothing")
    {
        test::ground g{"  - { name: j, schedule: \"*/5 * * * *\", sql: { text: \"select 1\" } }\n"};
        REQUIRE(g.tick(minute_of_day(1)).code == 0);
        REQUIRE(g.tick(minute_of_day(250)).code == 0);
        test::process late{g.arguments({"tick", "--now", minute_of_day(10)}),
                           {{"PGTEND_STOP_AT", "before claim"}}};
        test::eventually("it stands still", [&] { return late.stands_still(); });
        CHECK(g.tick(minute_of_day(10)).code == 0);
        late.signal(SIGCONT);
        CHECK(late.wait().code == 0);
        CHECK(g.runs("j") == "succeeded/1 succeeded/1");
    }

    TEST_CASE("F18: ten ticks at once after the clock was set back: one run")
    {
        test::ground g{"  - { name: j, schedule: \"*/5 * * * *\", sql: { text: \"select 1\" } }\n"};
        REQUIRE(g.tick(minute_of_day(1)).code == 0);
        REQUIRE(g.tick(minute_of_day(250)).code == 0);
        std::vector<std::unique_ptr<test::process>> all;
        for (int i = 0; i < 10; ++i) {
            all.push_back(
                std::make_unique<test::process>(g.arguments({"tick", "--now", minute_of_day(10)})));
        }
        for (auto &each : all) {
            CHECK(each->wait().code == 0);
        }
        CHECK(g.runs("j") == "succeeded/1 succeeded/1");
    }
}

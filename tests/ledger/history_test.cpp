// SPDX-License-Identifier: Apache-2.0
// What is kept of runs, for how long, and what may stand in it.
#include <algorithm>
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "ledger/support.hpp"
#include "sql/queries.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using ledger::run_status;
using ledger::slot_request;
using test::minute;
using test::runner;
using registration = ledger::ledger::registration;

namespace {

std::string const hostile_names[] = {
    "a'b",  "a\"b", "a;--",         "a\nb", "{a,b}", "a\\b",
    "NULL", "",     "naïve-日本-🐘", "$1",   "A B",   std::string(200, 'x'),
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("hostile names go in and come back")
    {
        test::ledger_database l{std::vector<std::string>{}};
        std::vector<std::string> names;
        std::vector<registration> registrations;
        std::vector<slot_request> wanted;
        for (auto const &name : hostile_names) {
            if (!name.empty()) {
                names.push_back(name);
                registrations.push_back({name, name, name, name, minute(0)});
                wanted.push_back({name, minute(1)});
            }
        }
        l.book.register_jobs(registrations);
        auto who = runner(1);
        who.holder = who.host = who.config_file = "it's \"me\", {NULL}\\\n\t🐘";
        who.config_hash = "other";
        l.book.heartbeat(who);
        auto const got = l.book.claim_slots(wanted, who);
        CHECK(got.size() == names.size());
        auto const seen = l.book.read(names, runner(2));
        for (std::size_t i = 0; i < names.size(); ++i) {
            CHECK(seen.jobs[i].job == names[i]);
            CHECK(seen.jobs[i].schedule == names[i]);
            CHECK(seen.jobs[i].time_zone == names[i]);
            CHECK(seen.jobs[i].holder == who.holder);
        }
        CHECK(seen.other_configurations ==
              std::vector<std::string>{who.host + " (" + who.config_file + ")"});
        for (auto const &one : got) {
            CHECK(std::find(names.begin(), names.end(), one.job) != names.end());
            l.book.finish(one, {.status = run_status::failed,
                                .error = one.job,
                                .sqlstate = "XX000",
                                .hint = one.job,
                                .output = one.job});
            auto const rows = l.book.history({.job = one.job});
            REQUIRE(rows.size() == 1);
            CHECK(rows[0].job == one.job);
            CHECK(rows[0].error == one.job);
            CHECK(rows[0].hint == one.job);
            CHECK(rows[0].output == one.job);
        }
        CHECK_THROWS_AS(
            l.book.register_jobs(std::vector<registration>{{"", "x", "UTC", "sql", {}}}), error);
        CHECK_THROWS_AS(l.book.register_jobs(std::vector<registration>{
                            {std::string(201, 'x'), "x", "UTC", "sql", {}}}),
                        error);
        CHECK_THROWS_AS(l.book.register_jobs(std::vector<registration>{
                            {std::string("a\0b", 3), "x", "UTC", "sql", {}}}),
                        error);
    }

    TEST_CASE("what a job says is stored capped and as valid text")
    {
        test::ledger_database l;
        auto held =
            l.book.claim_slots(std::vector<slot_request>{{"nightly", minute(1)}}, runner(1)).at(0);
        std::string output = "first line\n" + std::string(1'000'000, 'x') + "\nlast line";
        l.book.finish(held, {.status = run_status::failed,
                             .rows = 7,
                             .error = std::string("bad \xff byte\nand \0 nul", 20),
                             .sqlstate = "22021",
                             .hint = "do",
                             .output = output});
        auto row = l.book.history({}).at(0);
        CHECK(row.output.size() < 40'000);
        CHECK(row.output.starts_with("first line\n"));
        CHECK(row.output.ends_with("last line"));
        CHECK(row.error == "bad \\xFF byte\nand \\x00 nul");
        CHECK(row.sqlstate == "22021");
        CHECK(row.rows == 7);
        held =
            l.book.claim_slots(std::vector<slot_request>{{"nightly", minute(2)}}, runner(1)).at(0);
        l.book.finish(held, {.output = std::string(100'000, '\xfe')});
        CHECK(l.book.history({}).at(0).output.size() < 40'000);
    }

    TEST_CASE("a database in another encoding: what it cannot hold is escaped, the run is finished")
    {
        auto const name = fmt::format("pgtend_test_latin_{}",
                                      std::chrono::steady_clock::now().time_since_epoch().count());
        auto server = test::open(test::server_dsn());
        server.run(fmt::format(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
            name));
        {
            auto s = test::open(fmt::format("{} dbname={}", test::server_dsn(), name));
            test::init(s);
            ledger::ledger book{s};
            auto const held = book.claim_manual("nightly", runner(1));
            book.finish(held, {.status = run_status::failed, .error = "é 🐘"});
            CHECK(book.history({}).at(0).error == "\\xC3\\xA9 \\xF0\\x9F\\x90\\x98");
            book.finish(book.claim_manual("nightly", runner(1)),
                        {.status = run_status::failed, .error = "é"});
            CHECK(book.history({}).at(0).error == "é");
        }
        server.run(fmt::format("DROP DATABASE {} WITH (FORCE)", name));
    }

    TEST_CASE("history: newest first, by job, status and time, never more than asked for")
    {
        test::ledger_database l{{"a", "b"}};
        for (int n = 0; n < 5; ++n) {
            auto const got = l.book.claim_slots(
                std::vector<slot_request>{{"a", minute(n)}, {"b", minute(n)}}, runner(1));
            for (auto const &one : got) {
                l.book.finish(
                    one, {.status = one.job == "a" ? run_status::succeeded : run_status::failed,
                          .rows = n});
            }
        }
        auto const running =
            l.book.claim_slots(std::vector<slot_request>{{"a", minute(9)}}, runner(1)).at(0);
        auto const all = l.book.history({});
        REQUIRE(all.size() == 11);
        CHECK(all[0].run == running.run);
        CHECK(all[0].status == run_status::running);
        CHECK_FALSE(all[0].finished.has_value());
        CHECK(all[0].holder == runner(1).holder);
        for (std::size_t i = 1; i < all.size(); ++i) {
            CHECK(all[i - 1].run > all[i].run);
        }
        auto const b = l.book.history({.job = "b"});
        REQUIRE(b.size() == 5);
        CHECK(b[0].slot == minute(4));
        CHECK(b[0].rows == 4);
        CHECK(b[0].status == run_status::failed);
        CHECK(*b[0].finished >= b[0].started);
        CHECK(l.book.history({.status = run_status::failed}).size() == 5);
        CHECK(l.book.history({.job = "a", .status = run_status::failed}).empty());
        CHECK(l.book.history({.limit = 3}).size() == 3);
        l.control.run("UPDATE pgtend.run SET started = started - interval '2 days' WHERE slot < "
                      "$1::timestamptz",
                      {to_rfc3339(minute(4))});
        CHECK(l.book.history({.since = l.book.read({}).server_time - 24h}).size() == 3);
    }

    TEST_CASE("the last run of each job, skipped ones aside, and the last that succeeded; the "
              "names as they are")
    {
        test::ledger_database l{{"a", "it's, {b}", "never"}};
        for (auto const *job : {"a", "it's, {b}"}) {
            for (int n = 0; n < 3; ++n) {
                auto const held =
                    l.book.claim_slots(std::vector<slot_request>{{job, minute(n)}}, runner(1))
                        .at(0);
                l.book.finish(held, {.status = n == 1 ? run_status::succeeded : run_status::failed,
                                     .rows = n});
            }
            l.book.record_skipped(std::vector<ledger::ledger::skip>{{job, minute(9), "too late"}});
        }
        std::vector<std::string> const names{"never", "it's, {b}", "a"};
        auto const last = l.book.last_runs(names);
        REQUIRE(last.size() == 2);
        for (auto const &row : last) {
            CHECK(row.job != "never");
            CHECK(row.slot == minute(2));
            CHECK(row.rows == 2);
            CHECK(row.status == run_status::failed);
        }
        auto const successes = l.book.last_successes(names);
        REQUIRE(successes.size() == 2);
        for (auto const &row : successes) {
            CHECK(row.slot == minute(1));
            CHECK(row.status == run_status::succeeded);
        }

        // One that goes on, and what becomes of it.
        auto const held =
            l.book.claim_slots(std::vector<slot_request>{{"a", minute(10)}}, runner(1)).at(0);
        auto const newest = [&] {
            auto const found = l.book.last_runs(std::vector<std::string>{"a"}).at(0);
            return std::pair{found.run, found.status};
        };
        CHECK(newest() == std::pair{held.run, run_status::running});
        l.control.run("UPDATE pgtend.lease SET lease_until = now() - interval '1 s' WHERE holder "
                      "IS NOT NULL");
        REQUIRE(l.book.mark_lost().size() == 1);
        CHECK(newest() == std::pair{held.run, run_status::lost});
        auto const by_hand = l.book.claim_manual("a", runner(2));
        CHECK(newest() == std::pair{by_hand.run, run_status::running});
        l.book.finish(by_hand, {.status = run_status::succeeded});
        CHECK(newest() == std::pair{by_hand.run, run_status::succeeded});
    }

    TEST_CASE("few rows among many are found by an index, however uneven the history is")
    {
        test::ledger_database l;
        // One job has nearly all, one a single old run, and one none; failures are old and few.
        l.control.run("INSERT INTO pgtend.run (job, slot, status, finished) SELECT CASE n WHEN 7 "
                      "THEN 'rare' ELSE 'busy' END, now(), CASE WHEN n < 20 THEN 'failed' ELSE "
                      "'succeeded' END, now() FROM generate_series(1, 20000) n");
        l.control.run("VACUUM (ANALYZE) pgtend.run");
        l.control.run("SET plan_cache_mode = force_custom_plan");
        auto const plan = [&](std::string_view sql, std::string const &arguments) {
            l.control.run(fmt::format("PREPARE asked AS {}", sql));
            auto const lines = l.control.run("EXPLAIN EXECUTE asked" + arguments);
            l.control.run("DEALLOCATE asked");
            std::string out;
            for (std::size_t i = 0; i < lines.size(); ++i) {
                out += lines.text(i, 0) + "\n";
            }
            return out;
        };
        auto const uses = [&](std::string_view index, std::string_view sql,
                              std::string const &arguments) {
            auto const shown = plan(sql, arguments);
            INFO(shown);
            CHECK(shown.find(index) != std::string::npos);
            CHECK(shown.find("Seq Scan on run") == std::string::npos);
            CHECK(shown.find("Backward using run_pkey") == std::string::npos);
        };
        for (std::string const status : {"failed", "skipped", "lost", "interrupted", "timed_out"}) {
            uses("run_status_id_idx", sql::ledger_history,
                 "(NULL, '" + status + "', NULL, '50', NULL, NULL)");
        }
        uses("run_job_id_idx", sql::ledger_history, "('never', NULL, NULL, '50', NULL, NULL)");
        uses("run_started_idx", sql::ledger_history,
             "(NULL, NULL, now() + interval '1 s', '50', NULL, NULL)");
        uses("run_pkey", sql::ledger_last_runs, "('{busy,rare,never}')");
        uses("run_running_idx", sql::ledger_last_runs, "('{busy,rare,never}')");
        uses("run_job_id_idx", sql::ledger_last_successes, "('{busy,rare,never}')");
        uses("run_job_slot_idx", sql::ledger_newest_runs, "('{busy,rare,never}', '{now,now,now}')");
        CHECK(plan(sql::ledger_purge, "('1000', '{busy,rare,never}')")
                  .find("Backward using run_job_id_idx") != std::string::npos);
    }

    TEST_CASE("purge: 30 days or 1,000 runs a job, in batches, never a running one")
    {
        test::ledger_database l{{"busy", "busier", "old", "stuck"}};
        std::vector<std::string> const jobs{"busy", "stuck", "unknown"};
        l.control.run("INSERT INTO pgtend.run (job, slot, status, finished) SELECT job, now(), "
                      "'succeeded', now() FROM generate_series(1, 1500), unnest('{busy, "
                      "busier}'::text[]) job");
        l.control.run("INSERT INTO pgtend.run (job, slot, status, started, finished) SELECT 'old', "
                      "now(), 'failed', now() - n * interval "
                      "'1 day', now() FROM generate_series(1, 44) n");
        l.control.run("INSERT INTO pgtend.run (job, status, started) SELECT 'stuck', 'running', "
                      "now() - interval '60 days'");
        l.control.run("INSERT INTO pgtend.run (job, status, started, finished) SELECT 'no lease', "
                      "'lost', now() - interval '60 days', now()");
        l.book.heartbeat(runner(1));
        l.control.run("INSERT INTO pgtend.runner SELECT 'pod-' || n, 'f', 'h', 'x', now() - "
                      "interval '25 hours' FROM generate_series(1, 9) n");
        auto const newest = l.value("SELECT max(id) FROM pgtend.run WHERE job = 'busy'");

        CHECK(l.book.purge(100, jobs) == 100);
        long long gone = 100, batch = 0;
        while ((batch = l.book.purge(100, jobs)) > 0) {
            CHECK(batch <= 100);
            gone += batch;
        }
        CHECK(gone == 500 + 13 + 1); // old: 30 days before the newest that is a day old
        CHECK(l.value("SELECT count(*) FROM pgtend.run WHERE job = 'busy'") == "1000");
        CHECK(l.value("SELECT max(id) FROM pgtend.run WHERE job = 'busy'") == newest);
        CHECK(l.value("SELECT count(*) FROM pgtend.run WHERE job = 'busier'") ==
              "1500"); // not named
        CHECK(l.value("SELECT count(*) FROM pgtend.run WHERE job = 'old'") == "31");
        CHECK(l.value("SELECT count(*) FROM pgtend.run WHERE job = 'stuck'") == "1");
        CHECK(l.value("SELECT count(*) FROM pgtend.runner") == "1");
    }

    TEST_CASE("F18: purge believes a clock that leapt ahead after a day")
    {
        test::ledger_database l;
        l.control.run("INSERT INTO pgtend.run (job, status, started, finished) SELECT 'nightly', "
                      "'succeeded', now() - n * interval '1 day', now() FROM generate_series(31, "
                      "40) n UNION ALL SELECT 'nightly', 'succeeded', now(), now()");
        CHECK(l.book.purge(100, {}) == 0);
        l.control.run("INSERT INTO pgtend.run (job, status, started, finished) VALUES ('nightly', "
                      "'succeeded', now() - interval '25 hours', now())");
        CHECK(l.book.purge(100, {}) == 9);
        CHECK(l.value("SELECT count(*) FROM pgtend.run") == "3");
    }

    TEST_CASE("a backlog of any kind drains, a batch at a time")
    {
        test::ledger_database l{{"busy", "rare"}};
        l.control.run("INSERT INTO pgtend.run (job, slot, status, started, finished) SELECT "
                      "CASE WHEN n % 2 = 0 THEN 'busy' ELSE 'removed' END, now(), 'succeeded', "
                      "now() - CASE WHEN n % 2 = 0 THEN interval '1 day' ELSE interval '40 days' "
                      "END, now() FROM generate_series(1, 20000) n");
        l.control.run("ANALYZE pgtend.run");
        std::vector<std::string> const jobs{"busy", "rare"};
        // 9,000 beyond the newest 1,000, and 10,000 that are too old.
        for (int batch = 0; batch < 19; ++batch) {
            CHECK(l.book.purge(1'000, jobs) == 1'000);
        }
        CHECK(l.book.purge(1'000, jobs) == 0);
        CHECK(l.value("SELECT string_agg(DISTINCT job || ' ' || n, ', ') FROM (SELECT job, "
                      "count(*) AS n FROM pgtend.run GROUP BY job) r") == "busy 1000");
    }

    TEST_CASE("two purges at once do not wait for each other and take nothing twice")
    {
        test::ledger_database l;
        l.control.run("INSERT INTO pgtend.run (job, slot, status, finished) SELECT 'nightly', "
                      "now(), 'succeeded', now() FROM "
                      "generate_series(1, 3000)");
        auto const gone = test::at_once(l.db, 4, [](int, pg::session &s) {
            ledger::ledger book{s};
            s.run("SET lock_timeout = '2s'");
            std::vector<std::string> const jobs{"nightly"};
            long long all = 0;
            for (int i = 0; i < 40; ++i) {
                all += book.purge(100, jobs);
            }
            return all;
        });
        CHECK(gone[0] + gone[1] + gone[2] + gone[3] == 2000);
        CHECK(l.value("SELECT count(*) FROM pgtend.run") == "1000");
    }
}

// SPDX-License-Identifier: Apache-2.0
// The overview, the history, and what may stand in them.
#include <algorithm>
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "ledger/support.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using ledger::run_status;
using ledger::slot_request;
using test::minute;
using test::runner;
using registration = ledger::ledger::registration;

namespace {

// The quickest: what others do on this machine at the same time is no matter here.
double quickest_ms(int times, auto const &call)
{
    std::vector<double> took;
    for (int i = 0; i < times; ++i) {
        auto const before = std::chrono::steady_clock::now();
        call();
        took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count());
    }
    return *std::min_element(took.begin(), took.end());
}

std::string const hostile_names[] = {
    "a'b", "a\"b", "a;--", "a\nb", "{a,b}", "a\\b", "NULL", "", "naïve-日本-🐘", "$1", "A B", std::string(200, 'x'),
};

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("statuses: names and back")
    {
        for (auto const status : {run_status::running, run_status::succeeded, run_status::failed, run_status::skipped, run_status::lost,
                                  run_status::interrupted, run_status::timed_out}) {
            CHECK(ledger::parse_run_status(ledger::name(status)) == status);
        }
        CHECK(ledger::name(run_status::timed_out) == "timed_out");
        auto const refused = test::failure_of<usage_error>([] { ledger::parse_run_status("done"); });
        CHECK(refused.hint() == "One of running, succeeded, failed, skipped, lost, interrupted, timed_out.");
    }
}

TEST_SUITE("db")
{
    TEST_CASE("the overview: jobs in the order asked for, those without a row too, and the server's time")
    {
        test::ledger_database l{{"b", "a"}};
        auto const claims = l.book.claim_slots(std::vector<slot_request>{{"a", minute(3)}}, runner(1));
        std::vector<std::string> const names{"zz", "a", "b", "a"};
        auto const seen = l.book.read(names);
        REQUIRE(seen.jobs.size() == 4);
        CHECK(seen.jobs[0].job == "zz");
        CHECK_FALSE(seen.jobs[0].known);
        CHECK_FALSE(seen.jobs[0].last_slot.has_value());
        CHECK_FALSE(seen.jobs[0].evaluated_at.has_value());
        CHECK(seen.jobs[1].known);
        CHECK(seen.jobs[1].holder == runner(1).holder);
        CHECK(seen.jobs[1].open_slot == minute(3));
        CHECK(seen.jobs[1].open_status == run_status::running);
        CHECK(seen.jobs[1].last_slot == minute(3));
        CHECK(*seen.jobs[1].lease_until - seen.server_time > 25s);
        CHECK(*seen.jobs[1].lease_until - seen.server_time < 31s);
        CHECK(seen.jobs[2].job == "b");
        CHECK(seen.jobs[2].schedule == "0 2 * * *");
        CHECK(seen.jobs[2].time_zone == "UTC");
        CHECK(seen.jobs[3].job == "a");
        CHECK(seen.schema_version == 1);
        CHECK_FALSE(seen.test_clock);
        CHECK_FALSE(seen.all_paused);
        CHECK(seen.dead_leases == 0);
        auto const skew = std::chrono::system_clock::now() - seen.server_time;
        CHECK(std::chrono::abs(skew) < 10s);
        CHECK(l.book.read({}).jobs.empty());
    }

    TEST_CASE("a new job starts from the server's now; an instant is kept to the microsecond")
    {
        test::ledger_database l{std::vector<std::string>{}};
        l.book.register_jobs(std::vector<registration>{{"new", "* * * * *", "UTC", "sql", {}}});
        std::vector<std::string> const names{"new"};
        auto const seen = l.book.read(names);
        REQUIRE(seen.jobs[0].last_slot.has_value());
        CHECK(*seen.jobs[0].last_slot <= seen.server_time);
        CHECK(seen.server_time - *seen.jobs[0].last_slot < 10s);
        for (auto const at : {"2026-03-29T01:00:00.000001Z", "1999-12-31T23:59:59.999999Z", "2100-02-28T12:00:00.123457Z"}) {
            std::vector<registration> const one{{at, "* * * * *", "UTC", "sql", parse_rfc3339(at)}};
            l.book.register_jobs(one);
            CHECK(l.state(at).last_slot == parse_rfc3339(at));
        }
    }

    TEST_CASE("a changed schedule counts from the last evaluation, an unchanged one from the watermark")
    {
        test::ledger_database l{std::vector<std::string>{}};
        auto const me = runner(1);
        auto const state = [&] {
            std::vector<std::string> const names{"nightly"};
            return l.book.read(names, me).jobs.at(0);
        };
        l.book.register_jobs(std::vector<registration>{{"nightly", "0 2 * * *", "UTC", "sql", minute(0)}});
        CHECK(state().last_slot == minute(0));
        auto const held = l.book.claim_slots(std::vector<slot_request>{{"nightly", minute(120)}}, me).at(0);
        l.book.finish(held, {});
        l.book.heartbeat(me, minute(500));
        CHECK(state().last_slot == minute(120));    // a slot that waits since then (overlap: queue) is still due
        CHECK(state().evaluated_at == minute(500)); // of a changed schedule only what comes after is
        // Registered again as it is: nothing changes.
        l.book.register_jobs(std::vector<registration>{{"nightly", "0 2 * * *", "UTC", "sql", minute(700)}});
        CHECK(state().last_slot == minute(120));
        // Changed: the slots before the last evaluation are not due afterwards either.
        l.book.register_jobs(std::vector<registration>{{"nightly", "*/5 * * * *", "UTC", "sql", state().evaluated_at}});
        CHECK(state().schedule == "*/5 * * * *");
        CHECK(state().last_slot == minute(500));
        // Another runner notes the same change later: it does not move.
        l.book.register_jobs(std::vector<registration>{{"nightly", "*/5 * * * *", "UTC", "sql", minute(900)}});
        CHECK(state().last_slot == minute(500));
        // Slots between are claimed by whoever saw them.
        CHECK(l.book.claim_slots(std::vector<slot_request>{{"nightly", minute(505)}}, me).size() == 1);
        CHECK(state().last_slot == minute(505));
        // The zone counts as well, the kind does not.
        l.book.register_jobs(std::vector<registration>{{"nightly", "*/5 * * * *", "UTC", "cleanup", minute(950)}});
        CHECK(state().last_slot == minute(505));
        l.book.register_jobs(std::vector<registration>{{"nightly", "*/5 * * * *", "Africa/Kinshasa", "cleanup", minute(950)}});
        CHECK(state().last_slot == minute(950));
    }

    TEST_CASE("the last evaluation is this file's own, so that two hosts with different files starve no job")
    {
        test::ledger_database l;
        auto a = runner(1), b = runner(2), stranger = runner(3);
        b.config_hash = "hash-2";
        stranger.config_hash = "hash-3";
        auto const evaluated = [&](ledger::runner_identity const &who) {
            std::vector<std::string> const names{"nightly"};
            auto const seen = l.book.read(names, who);
            CHECK(seen.evaluated_at == seen.jobs.at(0).evaluated_at);
            return seen.evaluated_at;
        };
        l.book.heartbeat(a, minute(10));
        l.book.heartbeat(b, minute(20));
        CHECK(evaluated(a) == minute(10));
        CHECK(evaluated(b) == minute(20));
        CHECK(evaluated(stranger) == minute(20)); // a host without a past goes by whoever came last
        auto same_content = stranger;
        same_content.config_hash = a.config_hash;
        CHECK(evaluated(same_content) == minute(10)); // but by the same content first
        a.config_hash = "hash-1b"; // edited
        CHECK(evaluated(a) == minute(10));
        l.book.heartbeat(a); // seen, nothing evaluated
        CHECK(evaluated(a) == minute(10));
        l.book.heartbeat(a, minute(5)); // does not go back
        CHECK(evaluated(a) == minute(10));
    }

    TEST_CASE("a heartbeat does not wait for the disk, and leaves the session as it was")
    {
        test::ledger_database l;
        auto const setting = [&] { return l.value("SELECT current_setting('synchronous_commit')"); };
        l.control.begin();
        l.book.heartbeat(runner(1));
        CHECK(setting() == "off");
        l.control.commit();
        CHECK(setting() == "on");
        CHECK(l.value("SELECT count(*) FROM pgtend.runner") == "1");
    }

    TEST_CASE("runners with another configuration are named, until they are no longer seen")
    {
        test::ledger_database l;
        auto const me = runner(1);
        auto other = runner(2), same = runner(3), gone = runner(4);
        other.config_hash = gone.config_hash = "hash-2";
        other.host = "host \"b\", {x}";
        for (auto const &who : {me, other, same, gone}) {
            l.book.heartbeat(who);
        }
        l.control.run("UPDATE pgtend.runner SET heartbeat = heartbeat - interval '11 minutes' WHERE host = 'host-4'");
        CHECK(l.book.read({}, me).other_configurations == std::vector<std::string>{"host \"b\", {x} (jobs.yaml)"});
        CHECK(l.book.read({}).other_configurations.empty());
        auto edited = me; // its own row of a moment ago is no other runner
        edited.config_hash = "hash-9";
        l.book.heartbeat(other);
        CHECK(l.book.read({}, edited).other_configurations.size() == 2);
    }

    TEST_CASE("pauses are kept with their reason, also of a job that has no row yet")
    {
        test::ledger_database l;
        l.book.pause("future", true, "not before Monday");
        CHECK(l.state("future").paused);
        CHECK(l.state("future").paused_because == "not before Monday");
        CHECK_FALSE(l.state("future").known);
        l.add({"future"}); // registered now, and still paused
        CHECK(l.state("future").paused);
        CHECK(l.state("future").known);
        CHECK(l.state("future").last_slot == parse_rfc3339("2026-01-01T00:00:00Z"));
        l.book.pause("future", false, "ignored");
        CHECK_FALSE(l.state("future").paused);
        CHECK(l.state("future").paused_because.empty());
        l.book.pause("unknown", false, "");
        CHECK(l.value("SELECT count(*) FROM pgtend.lease WHERE job = 'unknown'") == "0");
        l.book.pause("", true, "moving house");
        CHECK(l.book.read({}).all_paused);
        CHECK(l.book.read({}).all_paused_because == "moving house");
        CHECK_FALSE(l.state("nightly").paused);
        l.book.pause("", false, "");
        CHECK_FALSE(l.book.read({}).all_paused);
    }

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
        CHECK(seen.other_configurations == std::vector<std::string>{who.host + " (" + who.config_file + ")"});
        for (auto const &one : got) {
            CHECK(std::find(names.begin(), names.end(), one.job) != names.end());
            l.book.finish(one, {.status = run_status::failed, .error = one.job, .sqlstate = "XX000", .hint = one.job, .output = one.job});
            auto const rows = l.book.history({.job = one.job});
            REQUIRE(rows.size() == 1);
            CHECK(rows[0].job == one.job);
            CHECK(rows[0].error == one.job);
            CHECK(rows[0].hint == one.job);
            CHECK(rows[0].output == one.job);
        }
        CHECK_THROWS_AS(l.book.register_jobs(std::vector<registration>{{"", "x", "UTC", "sql", {}}}), error);
        CHECK_THROWS_AS(l.book.register_jobs(std::vector<registration>{{std::string(201, 'x'), "x", "UTC", "sql", {}}}), error);
        CHECK_THROWS_AS(l.book.register_jobs(std::vector<registration>{{std::string("a\0b", 3), "x", "UTC", "sql", {}}}), error);
    }

    TEST_CASE("what a job says is stored capped and as valid text")
    {
        test::ledger_database l;
        auto held = l.book.claim_slots(std::vector<slot_request>{{"nightly", minute(1)}}, runner(1)).at(0);
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
        held = l.book.claim_slots(std::vector<slot_request>{{"nightly", minute(2)}}, runner(1)).at(0);
        l.book.finish(held, {.output = std::string(100'000, '\xfe')});
        CHECK(l.book.history({}).at(0).output.size() < 40'000);
    }

    TEST_CASE("a database in another encoding: what it cannot hold is escaped, the run is finished")
    {
        auto const name = fmt::format("pgtend_test_latin_{}", std::chrono::steady_clock::now().time_since_epoch().count());
        auto server = test::open(test::server_dsn());
        server.run(fmt::format("CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'", name));
        {
            auto s = test::open(fmt::format("{} dbname={}", test::server_dsn(), name));
            test::init(s);
            ledger::ledger book{s};
            auto const held = book.claim_manual("nightly", runner(1));
            book.finish(held, {.status = run_status::failed, .error = "é 🐘"});
            CHECK(book.history({}).at(0).error == "\\xC3\\xA9 \\xF0\\x9F\\x90\\x98");
            book.finish(book.claim_manual("nightly", runner(1)), {.status = run_status::failed, .error = "é"});
            CHECK(book.history({}).at(0).error == "é");
        }
        server.run(fmt::format("DROP DATABASE {} WITH (FORCE)", name));
    }

    TEST_CASE("history: newest first, by job, status and time, never more than asked for")
    {
        test::ledger_database l{{"a", "b"}};
        for (int n = 0; n < 5; ++n) {
            auto const got = l.book.claim_slots(std::vector<slot_request>{{"a", minute(n)}, {"b", minute(n)}}, runner(1));
            for (auto const &one : got) {
                l.book.finish(one, {.status = one.job == "a" ? run_status::succeeded : run_status::failed, .rows = n});
            }
        }
        auto const running = l.book.claim_slots(std::vector<slot_request>{{"a", minute(9)}}, runner(1)).at(0);
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
        l.control.run("UPDATE pgtend.run SET started = started - interval '2 days' WHERE slot < $1::timestamptz", {to_rfc3339(minute(4))});
        CHECK(l.book.history({.since = l.book.read({}).server_time - 24h}).size() == 3);
    }

    TEST_CASE("purge: 30 days or 1,000 runs a job, in batches, never a running one")
    {
        test::ledger_database l{{"busy", "old", "stuck"}};
        l.control.run("INSERT INTO pgtend.run (job, slot, status, finished) SELECT 'busy', now(), 'succeeded', now() FROM "
                      "generate_series(1, 1500)");
        l.control.run("INSERT INTO pgtend.run (job, slot, status, started, finished) SELECT 'old', now(), 'failed', now() - n * interval "
                      "'1 day', now() FROM generate_series(25, 44) n");
        l.control.run("INSERT INTO pgtend.run (job, status, started) SELECT 'stuck', 'running', now() - interval '60 days'");
        l.control.run("INSERT INTO pgtend.run (job, status, started, finished) SELECT 'no lease', 'lost', now() - interval '60 days', now()");
        l.book.heartbeat(runner(1));
        l.control.run("INSERT INTO pgtend.runner SELECT 'pod-' || n, 'f', 'h', 'x', now() - interval '25 hours' FROM generate_series(1, 9) n");
        auto const newest = l.value("SELECT max(id) FROM pgtend.run WHERE job = 'busy'");

        CHECK(l.book.purge(100) == 100);
        long long gone = 100, batch = 0;
        while ((batch = l.book.purge(100)) > 0) {
            CHECK(batch <= 100);
            gone += batch;
        }
        CHECK(gone == 500 + 15 + 1); // old: of day 30 on
        CHECK(l.value("SELECT count(*) FROM pgtend.run WHERE job = 'busy'") == "1000");
        CHECK(l.value("SELECT max(id) FROM pgtend.run WHERE job = 'busy'") == newest);
        CHECK(l.value("SELECT count(*) FROM pgtend.run WHERE job = 'old'") == "5");
        CHECK(l.value("SELECT count(*) FROM pgtend.run WHERE job = 'stuck'") == "1");
        CHECK(l.value("SELECT count(*) FROM pgtend.runner") == "1");
    }

    TEST_CASE("two purges at once do not wait for each other and take nothing twice")
    {
        test::ledger_database l;
        l.control.run("INSERT INTO pgtend.run (job, slot, status, finished) SELECT 'nightly', now(), 'succeeded', now() FROM "
                      "generate_series(1, 3000)");
        auto const gone = test::at_once(l.db, 4, [](int, pg::session &s) {
            ledger::ledger book{s};
            s.run("SET lock_timeout = '2s'");
            long long all = 0;
            for (int i = 0; i < 40; ++i) {
                all += book.purge(100);
            }
            return all;
        });
        CHECK(gone[0] + gone[1] + gone[2] + gone[3] == 2000);
        CHECK(l.value("SELECT count(*) FROM pgtend.run") == "1000");
    }

    TEST_CASE("a thousand jobs are read in a few milliseconds")
    {
        std::vector<std::string> jobs;
        for (int n = 0; n < 1000; ++n) {
            jobs.push_back(fmt::format("job-number-{}", n));
        }
        test::ledger_database l{jobs};
        std::vector<slot_request> wanted;
        for (auto const &job : jobs) {
            wanted.push_back({job, minute(1)});
        }
        for (auto const &one : l.book.claim_slots(wanted, runner(1))) {
            l.book.finish(one, {.status = run_status::interrupted, .keep_open = true});
        }
        l.book.heartbeat(runner(1));
        auto const none = quickest_ms(21, [&] { l.book.read({}, runner(1)); });
        auto const all = quickest_ms(21, [&] { l.book.read(jobs, runner(1)); });
        auto const beat = quickest_ms(21, [&] { l.book.heartbeat(runner(1), minute(1)); });
        MESSAGE("read: no job " << none << " ms, 1,000 jobs " << all << " ms; heartbeat " << beat << " ms");
        CHECK(all - none < 25 * test::slower);
        CHECK(beat < 25 * test::slower);
    }
}

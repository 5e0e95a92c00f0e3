// SPDX-License-Identifier: Apache-2.0
// The overview: what is due is decided from it.
#include <algorithm>
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "ledger/call.hpp"
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
        took.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before)
                .count());
    }
    return *std::min_element(took.begin(), took.end());
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("statuses: names and back")
    {
        for (auto const status :
             {run_status::running, run_status::succeeded, run_status::failed, run_status::skipped,
              run_status::lost, run_status::interrupted, run_status::timed_out}) {
            CHECK(ledger::parse_run_status(ledger::name(status)) == status);
        }
        CHECK(ledger::name(run_status::timed_out) == "timed_out");
        auto const refused =
            test::failure_of<usage_error>([] { ledger::parse_run_status("done"); });
        CHECK(refused.hint() ==
              "One of running, succeeded, failed, skipped, lost, interrupted, timed_out.");
    }
}

TEST_SUITE("db")
{
    TEST_CASE(
        "the overview: jobs in the order asked for, those without a row too, and the server's time")
    {
        test::ledger_database l{{"b", "a"}};
        auto const claims =
            l.book.claim_slots(std::vector<slot_request>{{"a", minute(3)}}, runner(1));
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
        CHECK(seen.schema_version == ledger::current_version());
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
        for (auto const at : {"2026-03-29T01:00:00.000001Z", "1999-12-31T23:59:59.999999Z",
                              "2100-02-28T12:00:00.123457Z"}) {
            std::vector<registration> const one{{at, "* * * * *", "UTC", "sql", parse_rfc3339(at)}};
            l.book.register_jobs(one);
            CHECK(l.state(at).last_slot == parse_rfc3339(at));
        }
    }

    TEST_CASE(
        "a changed schedule counts from the last evaluation, an unchanged one from the watermark")
    {
        test::ledger_database l{std::vector<std::string>{}};
        auto const me = runner(1);
        auto const state = [&] {
            std::vector<std::string> const names{"nightly"};
            return l.book.read(names, me).jobs.at(0);
        };
        l.book.register_jobs(
            std::vector<registration>{{"nightly", "0 2 * * *", "UTC", "sql", minute(0)}});
        CHECK(state().last_slot == minute(0));
        auto const held =
            l.book.claim_slots(std::vector<slot_request>{{"nightly", minute(120)}}, me).at(0);
        l.book.finish(held, {});
        l.book.heartbeat(me, minute(500));
        CHECK(state().last_slot ==
              minute(120)); // a slot that waits since then (overlap: queue) is still due
        CHECK(state().evaluated_at ==
              minute(500)); // of a changed schedule only what comes after is
        // Registered again as it is: nothing changes.
        l.book.register_jobs(
            std::vector<registration>{{"nightly", "0 2 * * *", "UTC", "sql", minute(700)}});
        CHECK(state().last_slot == minute(120));
        // Changed: the slots before the last evaluation are not due afterwards either.
        l.book.register_jobs(std::vector<registration>{
            {"nightly", "*/5 * * * *", "UTC", "sql", state().evaluated_at}});
        CHECK(state().schedule == "*/5 * * * *");
        CHECK(state().last_slot == minute(500));
        // Another runner notes the same change later: it does not move.
        l.book.register_jobs(
            std::vector<registration>{{"nightly", "*/5 * * * *", "UTC", "sql", minute(900)}});
        CHECK(state().last_slot == minute(500));
        // Slots between are claimed by whoever saw them.
        CHECK(l.book.claim_slots(std::vector<slot_request>{{"nightly", minute(505)}}, me).size() ==
              1);
        CHECK(state().last_slot == minute(505));
        // The zone counts as well, the kind does not.
        l.book.register_jobs(
            std::vector<registration>{{"nightly", "*/5 * * * *", "UTC", "cleanup", minute(950)}});
        CHECK(state().last_slot == minute(505));
        l.book.register_jobs(std::vector<registration>{
            {"nightly", "*/5 * * * *", "Africa/Kinshasa", "cleanup", minute(950)}});
        CHECK(state().last_slot == minute(950));
    }

    TEST_CASE("the last evaluation is this file's own, so that two hosts with different files "
              "starve no job")
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
        a.config_hash = "hash-1b";                    // edited
        CHECK(evaluated(a) == minute(10));
        l.book.heartbeat(a); // seen, nothing evaluated
        CHECK(evaluated(a) == minute(10));
        l.book.heartbeat(a, minute(5)); // does not go back
        CHECK(evaluated(a) == minute(10));
    }

    TEST_CASE("a heartbeat does not wait for the disk, and leaves the session as it was")
    {
        test::ledger_database l;
        auto const setting = [&] {
            return l.value("SELECT current_setting('synchronous_commit')");
        };
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
        l.control.run("UPDATE pgtend.runner SET heartbeat = heartbeat - interval '11 minutes' "
                      "WHERE host = 'host-4'");
        CHECK(l.book.read({}, me).other_configurations ==
              std::vector<std::string>{"host \"b\", {x} (jobs.yaml)"});
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
        MESSAGE("read: no job " << none << " ms, 1,000 jobs " << all << " ms; heartbeat " << beat
                                << " ms");
        CHECK(all - none < 25 * test::slower);
        CHECK(beat < 25 * test::slower);
    }
}

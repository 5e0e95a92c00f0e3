// SPDX-License-Identifier: Apache-2.0
// The runner's decisions without a server: a scripted ledger, a clock of its own.
#include <set>

#include "stage.hpp"

using namespace pgtend;
using jobs::dispatcher;
using ledger::run_status;
using test::at;
using test::stage;
namespace question = jobs::question;
namespace step = jobs::step;

namespace {

constexpr char due[] = "2026-01-01T01:00:05Z", midnight[] = "2026-01-01T00:00:00Z";

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("nothing due: one question, a heartbeat, done")
    {
        stage s{{"a", "b"}};
        s.asked<question::read>();
        s.answer(s.seen("2026-01-01T00:30:00Z", midnight));
        CHECK(s.asked<question::heartbeat>().evaluated == at("2026-01-01T00:30:00Z"));
        s.answer();
        s.stepped<step::done>();
        CHECK(s.machine.report().code() == exit_code::ok);
    }

    TEST_CASE("no more jobs at a time than allowed, each end recorded, a last look before the end")
    {
        stage s{{"a", "b", "c"}, {.max_parallel = 2}};
        s.asked<question::read>();
        s.answer(s.seen(due, midnight));
        auto const first = s.asked<question::claim_slots>();
        CHECK(first.wanted.size() == 2);
        s.answer(s.granted(first));
        CHECK(s.stepped<step::start>().held.job == "a");
        CHECK(s.stepped<step::start>().held.job == "b");
        auto const wait = s.stepped<step::wait>();
        CHECK(wait.until == s.present.steady + ledger::ledger::renew_every);
        s.machine.ended(1, stage::ending(run_status::failed));
        auto const end = s.asked<question::finish>();
        CHECK(end.held.job == "a");
        CHECK(end.how.status == run_status::failed);
        s.answer(ledger::streak{});
        auto const second = s.asked<question::claim_slots>();
        CHECK(second.wanted.size() == 1);
        s.answer({std::vector<ledger::claim>{}}); // another runner was faster
        s.stepped<step::wait>();
        s.machine.ended(2, stage::ending(run_status::succeeded));
        s.asked<question::finish>();
        s.answer(ledger::streak{});
        s.asked<question::read>();
        s.answer(s.seen(due, "2026-01-01T01:00:00Z"));
        s.asked<question::heartbeat>();
        s.answer();
        // Of those that gained rows.
        CHECK(s.asked<question::purge>().jobs == std::vector<std::string>{"a", "b"});
        s.answer();
        s.stepped<step::done>();
        CHECK(s.machine.news().runs.size() == 2);
        CHECK(s.machine.news().runs.front().lateness == seconds{5});
        CHECK(s.machine.report().code() == exit_code::failed);
    }

    TEST_CASE("the history of many jobs is looked through in parts; after a signal in one")
    {
        for (bool const stop : {false, true}) {
            CAPTURE(stop);
            std::vector<std::string> names;
            for (int i = 0; i < 250; ++i) {
                names.push_back("job-" + std::to_string(1'000 + i));
            }
            stage s{names};
            for (auto &job : s.all.jobs) {
                job.policy.missed = model::missed::none;
            }
            s.asked<question::read>();
            s.answer(s.seen("2026-01-01T01:30:00Z", midnight)); // too late for all of them
            CHECK(s.asked<question::record_skipped>().slots.size() == names.size());
            s.answer();
            s.present.stop = stop;
            if (stop) {
                s.asked<question::heartbeat>();
                s.answer();
                CHECK(s.asked<question::purge>().jobs.size() == 100);
                s.answer();
                s.stepped<step::done>();
                continue;
            }
            std::set<std::string> purged;
            auto const purge = [&](std::size_t count) {
                auto const asked = s.asked<question::purge>();
                CHECK(asked.jobs.size() == count);
                CHECK(asked.limit > static_cast<long long>(count)); // more go than came
                purged.insert(asked.jobs.begin(), asked.jobs.end());
                s.answer();
            };
            purge(100);
            purge(100);
            s.asked<question::heartbeat>();
            s.answer();
            purge(50);
            s.stepped<step::done>();
            CHECK(purged.size() == names.size());
        }
    }

    TEST_CASE("a lease that cannot be renewed ends the work in time, whatever the question does")
    {
        stage s{{"a"}};
        s.asked<question::read>();
        s.answer(s.seen(due, midnight));
        auto const claimed = s.present.steady;
        auto const wanted = s.asked<question::claim_slots>();
        s.pass(seconds{3}); // the answer took its time
        s.answer(s.granted(wanted));
        s.stepped<step::start>();
        s.pass(seconds{7});
        s.asked<question::renew>(); // no answer comes
        auto const wait = s.stepped<step::wait>();
        CHECK(wait.until == claimed + ledger::ledger::ttl - ledger::ledger::margin);
        s.present.steady = *wait.until;
        CHECK(s.stepped<step::cancel>().run == 1);
        CHECK_FALSE(s.stepped<step::wait>().until);
        s.machine.ended(1, stage::ending(run_status::interrupted));
        CHECK(s.machine.news().runs.front().status == run_status::lost);
        CHECK_FALSE(s.stepped<step::wait>().until); // for the question
        s.fail(connection_lost{"gone", "08006", ""});
        s.asked<question::read>();
    }

    TEST_CASE("a renewal counts from when it was asked; one that is refused ends the run")
    {
        stage s{{"a", "b"}};
        s.asked<question::read>();
        s.answer(s.seen(due, midnight));
        auto const wanted = s.asked<question::claim_slots>();
        s.answer(s.granted(wanted));
        s.stepped<step::start>();
        s.stepped<step::start>();
        s.pass(seconds{10});
        auto const asked = s.present.steady;
        CHECK(s.asked<question::renew>().held.size() == 2);
        s.machine.ended(1, stage::ending(run_status::succeeded)); // meanwhile
        s.pass(seconds{2});
        s.answer({std::vector<bool>{false, true}});
        s.asked<question::finish>();
        s.answer(ledger::streak{});
        s.present.steady = asked + seconds{24};
        s.asked<question::renew>();
        s.answer({std::vector<bool>{false}});
        CHECK(s.stepped<step::cancel>().run == 2);
    }

    TEST_CASE("a stop begins nothing new, waits for what runs, then cancels it; an abort at once")
    {
        for (bool const abort : {false, true}) {
            CAPTURE(abort);
            stage s{{"a", "b"}, {.max_parallel = 1, .stop_timeout = seconds{20}}};
            s.asked<question::read>();
            s.answer(s.seen(due, midnight));
            auto const wanted = s.asked<question::claim_slots>();
            s.answer(s.granted(wanted));
            s.stepped<step::start>();
            s.present.stop = true;
            s.present.abort = abort;
            if (!abort) {
                CHECK(s.stepped<step::wait>().until ==
                      s.present.steady + ledger::ledger::renew_every);
                s.pass(seconds{10});
                s.asked<question::renew>();
                s.answer({std::vector<bool>{true}});
                s.pass(seconds{10}); // in all twenty: the patience is over
            }
            CHECK(s.stepped<step::cancel>().run == 1);
            if (!abort) {
                s.asked<question::renew>();
                s.answer({std::vector<bool>{true}});
            }
            s.stepped<step::wait>();
            s.machine.ended(1, stage::ending(run_status::interrupted));
            CHECK(s.asked<question::finish>().how.status == run_status::interrupted);
            s.answer(ledger::streak{});
            // The other slot was left: nothing is said about until when slots were looked at.
            CHECK_FALSE(s.asked<question::heartbeat>().evaluated);
            s.answer();
            s.asked<question::purge>();
            s.answer();
            s.stepped<step::done>();
            CHECK(s.machine.report().code() == exit_code::interrupted);
        }
    }

    TEST_CASE("a ledger that is gone: what runs goes on to its end, then the failure is told")
    {
        stage s{{"a", "b"}, {.max_parallel = 2}};
        s.asked<question::read>();
        s.answer(s.seen(due, midnight));
        auto const wanted = s.asked<question::claim_slots>();
        s.answer(s.granted(wanted));
        s.stepped<step::start>();
        s.stepped<step::start>();
        s.machine.ended(1, stage::ending(run_status::succeeded));
        s.asked<question::finish>();
        s.fail(connect_error{"no route"});
        CHECK(s.machine.news().runs.front().status == run_status::failed); // not recorded
        s.pass(seconds{10});
        s.asked<question::renew>();
        s.fail(connect_error{"no route"});
        s.pass(seconds{5});
        s.asked<question::read>();
        s.fail(connect_error{"no route"});
        CHECK(s.machine.working() == 1);
        s.stepped<step::wait>();
        s.machine.ended(2, stage::ending(run_status::succeeded));
        s.asked<question::finish>(); // perhaps it is back
        s.answer(ledger::streak{});
        s.stepped<step::done>();
        CHECK(s.machine.failure());
    }

    TEST_CASE("a decision that waited for a place is made again before the claim")
    {
        stage s{{"a", "b"}, {.max_parallel = 1}};
        s.asked<question::read>();
        s.answer(s.seen(due, midnight));
        s.answer(s.granted(s.asked<question::claim_slots>()));
        s.stepped<step::start>();
        s.pass(seconds{5});
        s.machine.ended(1, stage::ending(run_status::succeeded));
        s.asked<question::finish>();
        s.answer(ledger::streak{});
        s.asked<question::read>();
        s.answer(s.seen(due, "2026-01-01T01:00:00Z")); // another runner had it meanwhile
        s.asked<question::heartbeat>();
    }

    TEST_CASE("runs of dead runners are told as lost, and count as failures")
    {
        stage s{{"a"}};
        s.asked<question::read>();
        auto seen = s.seen("2026-01-01T00:30:00Z", midnight);
        seen.dead_leases = 1;
        s.answer(seen);
        s.asked<question::mark_lost>();
        s.answer({std::vector<ledger::lost_run>{{.job = "a",
                                                 .slot = at(midnight),
                                                 .attempt = 1,
                                                 .run = 4,
                                                 .holder = "h/1/ab",
                                                 .failures = 5}}});
        CHECK(s.machine.news().warnings.size() == 1); // its breaker is open
        s.asked<question::heartbeat>();
        s.answer();
        s.stepped<step::done>();
        REQUIRE(s.machine.news().runs.size() == 1);
        CHECK(s.machine.news().runs[0].status == run_status::lost);
        CHECK(s.machine.report().code() == exit_code::failed);
    }

    TEST_CASE("by hand: one claim, one run; a claim that is held is the failure")
    {
        stage s{{"a"}, {.by_hand = "a"}};
        s.asked<question::read>(); // a copy that was not adopted is refused there
        s.answer(s.seen(due, midnight));
        CHECK(s.asked<question::claim_manual>().job == "a");
        s.answer({std::vector<ledger::claim>{{.job = "a", .slot = {}, .token = 7, .run = 9}}});
        CHECK(s.stepped<step::start>().held.run == 9);
        s.machine.ended(9, stage::ending(run_status::succeeded));
        s.asked<question::finish>();
        s.answer(ledger::streak{});
        s.stepped<step::done>();
        CHECK(s.machine.news().runs.size() == 1);

        stage held{{"a"}, {.by_hand = "a"}};
        held.asked<question::read>();
        held.answer(held.seen(due, midnight));
        held.asked<question::claim_manual>();
        held.fail(error{"held", {}, {}, {}, exit_code::held});
        held.stepped<step::done>();
        CHECK_THROWS_AS(std::rethrow_exception(held.machine.failure()), error);
    }

    TEST_CASE("--now is refused on a ledger that is not for tests, before anything is written")
    {
        stage s{{"a"}, {.now = at("2030-01-01T00:00:00Z")}};
        s.asked<question::read>();
        s.answer(s.seen(due, midnight));
        s.stepped<step::done>();
        CHECK_THROWS_AS(std::rethrow_exception(s.machine.failure()), usage_error);
    }

    TEST_CASE("no session for the work: nothing more is claimed, what is left is not lost")
    {
        stage s{{"a", "b", "c"}, {.max_parallel = 1}};
        s.asked<question::read>();
        s.answer(s.seen(due, midnight));
        s.answer(s.granted(s.asked<question::claim_slots>()));
        s.stepped<step::start>();
        s.machine.ended(1, stage::refused());
        CHECK(s.asked<question::finish>().how.blameless);
        s.answer(ledger::streak{});
        auto const note = s.asked<question::note_sessions>();
        CHECK(!note.had);
        CHECK(note.failures == 0);
        s.answer();
        CHECK(s.asked<question::heartbeat>().evaluated == std::nullopt); // b and c are still due
        s.answer();
        s.asked<question::purge>();
        s.answer();
        s.stepped<step::done>();
        CHECK(s.machine.report().code() == exit_code::cannot_connect);
    }

    TEST_CASE("too few sessions for the work: as many jobs at a time as get one")
    {
        stage s{{"a", "b", "c", "d", "e"}, {.max_parallel = 2}};
        s.asked<question::read>();
        s.answer(s.seen(due, midnight));
        s.answer(s.granted(s.asked<question::claim_slots>()));
        s.stepped<step::start>();
        s.stepped<step::start>();
        s.machine.connected(1);
        s.machine.ended(2, stage::refused());
        s.asked<question::finish>();
        s.answer(ledger::streak{});
        s.stepped<step::wait>();
        s.machine.ended(1, stage::ending(run_status::succeeded));
        s.asked<question::finish>();
        s.answer(ledger::streak{});
        auto const third = s.asked<question::claim_slots>();
        CHECK(third.wanted.size() == 1); // c, and nobody notes a failure
        s.answer(s.granted(third));
        s.stepped<step::start>();
        for (int i = 0; i < 5; ++i) { // c works on and on
            s.pass(seconds{10});
            s.asked<question::renew>();
            s.answer({std::vector<bool>{true}});
            s.stepped<step::wait>();
        }
        s.pass(seconds{10}); // a minute after the lack was seen two are tried again
        s.asked<question::renew>();
        s.answer({std::vector<bool>{true}});
        s.asked<question::read>();
        s.answer(s.seen(due, midnight));
        CHECK(s.asked<question::claim_slots>().wanted.size() == 1);
    }

    TEST_CASE("what the target's breaker held back while a job worked is claimed once it is closed")
    {
        stage s{{"a", "b"}};
        auto const with = [&](int failures, bool b_due) {
            auto seen = s.seen(due, midnight);
            seen.connect_failures = failures;
            seen.connect_failed_at = at("2026-01-01T00:59:00Z");
            seen.jobs[0].last_slot = at("2026-01-01T01:00:00Z");
            if (!b_due) {
                seen.jobs[1].last_slot = seen.jobs[0].last_slot;
            }
            return seen;
        };
        s.asked<question::read>();
        auto seen = with(0, false);
        seen.jobs[0].last_slot = at(midnight);
        s.answer(std::move(seen));
        s.answer(s.granted(s.asked<question::claim_slots>()));
        s.stepped<step::start>();
        s.stepped<step::wait>();
        auto const look = [&](int failures) {
            s.pass(seconds{16});
            s.asked<question::renew>();
            s.answer({std::vector<bool>{true}});
            s.asked<question::read>();
            s.answer(with(failures, true));
        };
        look(5); // of other runners: this one's job has no session yet
        s.stepped<step::wait>();
        CHECK(s.machine.news().warnings.size() == 1);
        look(0);
        CHECK(s.asked<question::claim_slots>().wanted.at(0).job == "b");
        CHECK(s.machine.news().warnings.size() == 1);
    }

    TEST_CASE("the target's breaker: open, nothing is claimed or passed over; half open, one try")
    {
        auto const lacking = [](stage &s, int failures, char const *when) {
            auto seen = s.seen(due, midnight);
            seen.connect_failures = failures;
            seen.connect_failed_at = at(when);
            return seen;
        };
        stage open{{"a", "b"}};
        open.asked<question::read>();
        open.answer(lacking(open, 5, "2026-01-01T00:57:00Z")); // 4 minutes
        CHECK(open.asked<question::heartbeat>().evaluated == std::nullopt);
        open.answer();
        open.stepped<step::done>();
        CHECK(open.machine.report().code() == exit_code::cannot_connect);
        CHECK(open.machine.news().warnings ==
              std::vector<std::string>{
                  "no session for the work of jobs could be had 5 times in a row: what is due "
                  "waits, and is tried again from 2026-01-01T01:01:00Z on"});

        stage half{{"a", "b"}};
        half.asked<question::read>();
        half.answer(lacking(half, 5, "2026-01-01T00:56:00Z"));
        auto const first = half.asked<question::claim_slots>();
        CHECK(first.wanted.size() == 1);
        half.answer(half.granted(first));
        half.stepped<step::start>();
        half.stepped<step::wait>();
        half.machine.connected(1);
        auto const note = half.asked<question::note_sessions>();
        CHECK(note.had);
        CHECK(note.failures == 5);
        half.answer();
        CHECK(half.asked<question::claim_slots>().wanted.size() == 1); // the other, at once
        CHECK(half.machine.news().notes.size() == 1);
    }

    TEST_CASE("a breaker that opens is told as a warning, one that closes as good news, once each")
    {
        stage s{{"a"}};
        s.asked<question::read>();
        auto seen = s.seen(due, midnight);
        seen.jobs[0].failures = 4;
        s.answer(seen);
        auto const first = s.asked<question::claim_slots>();
        CHECK(first.wanted[0].failures == 4);
        s.answer(s.granted(first));
        s.stepped<step::start>();
        s.machine.ended(1, stage::ending(run_status::failed));
        CHECK_FALSE(s.asked<question::finish>().how.blameless);
        s.answer(ledger::streak{.before = 4, .now = 5});
        CHECK(s.machine.news().warnings ==
              std::vector<std::string>{"a: failed 5 times in a row: its breaker is open, the next "
                                       "try comes after 5 min"});
        s.asked<question::read>();
        seen.jobs[0].failures = 5;
        seen.jobs[0].failed_at = at("2026-01-01T00:00:00Z");
        s.pass(seconds{1});
        seen.server_time = at("2026-01-01T02:00:05Z");
        s.answer(seen);
        s.answer(s.granted(s.asked<question::claim_slots>()));
        s.stepped<step::start>();
        s.machine.ended(2, stage::ending(run_status::succeeded));
        s.asked<question::finish>();
        s.answer(ledger::streak{.before = 5, .now = 0});
        CHECK(s.machine.news().warnings.size() == 1);
        CHECK(s.machine.news().notes ==
              std::vector<std::string>{
                  "a: succeeded after 5 failures in a row: its breaker is closed"});
    }

    TEST_CASE("a job that was reset while its run went on: its breaker is not told of")
    {
        for (auto const status : {run_status::failed, run_status::succeeded}) {
            CAPTURE(ledger::name(status));
            stage s{{"a"}};
            s.asked<question::read>();
            auto seen = s.seen(due, midnight);
            seen.jobs[0].failures = 9;
            s.answer(seen);
            s.answer(s.granted(s.asked<question::claim_slots>()));
            s.stepped<step::start>();
            s.machine.ended(1, stage::ending(status));
            s.asked<question::finish>();
            s.answer(ledger::streak{.before = 0, .now = status == run_status::failed ? 1 : 0});
            CHECK(s.machine.news().warnings.empty());
            CHECK(s.machine.news().notes.empty());
        }
    }

    TEST_CASE("what says nothing against a job: it was told to stop, never began, or ran by hand")
    {
        auto const blameless = [](run_status status, bool begun, bool stopped, bool by_hand) {
            jobs::dispatcher_options options;
            options.by_hand = by_hand ? "a" : "";
            stage s{{"a"}, options};
            s.asked<question::read>();
            s.answer(s.seen(due, midnight));
            if (by_hand) {
                s.asked<question::claim_manual>();
                s.answer({std::vector<ledger::claim>{{.job = "a", .slot = {}, .run = 1}}});
            } else {
                s.answer(s.granted(s.asked<question::claim_slots>()));
            }
            s.stepped<step::start>();
            s.present.stop = stopped;
            auto report = stage::ending(status);
            report.begun = begun;
            s.machine.ended(1, report);
            return s.asked<question::finish>().how.blameless;
        };
        CHECK_FALSE(blameless(run_status::failed, true, false, false));
        CHECK_FALSE(blameless(run_status::timed_out, true, true, false));
        CHECK_FALSE(blameless(run_status::interrupted, true, false, false)); // terminated, crashed
        CHECK(blameless(run_status::interrupted, true, true, false));
        CHECK(blameless(run_status::interrupted, false, false, false));
        CHECK(blameless(run_status::failed, true, false, true));
    }

    TEST_CASE("a window that ends work which got on says nothing against the job; a timeout does, "
              "and so does a window in which nothing was done")
    {
        auto const blameless = [](bool window, long long rows) {
            stage s{{"a"}};
            if (window) {
                s.all.jobs[0].policy.window = std::chrono::minutes{5};
            }
            s.asked<question::read>();
            s.answer(s.seen(due, midnight));
            s.answer(s.granted(s.asked<question::claim_slots>()));
            s.stepped<step::start>();
            auto report = stage::ending(run_status::timed_out);
            report.begun = true;
            report.tally.rows = rows;
            s.machine.ended(1, report);
            return s.asked<question::finish>().how.blameless;
        };
        CHECK(blameless(true, 1000));
        CHECK_FALSE(blameless(true, 0));
        CHECK_FALSE(blameless(false, 1000));
    }

    TEST_CASE("F18: a clock that was set back costs one question more, and is told once a tick")
    {
        stage s{{"a", "b"}};
        s.asked<question::read>();
        auto seen = s.seen(due, "2026-01-01T05:00:00Z");
        seen.jobs[1].last_slot = at(midnight);
        s.answer(seen);
        auto const back = s.asked<question::newest_runs>();
        REQUIRE(back.asked.size() == 1);
        CHECK(back.asked[0].job == "a");
        CHECK(back.asked[0].upto == at(due));
        s.answer({std::vector<ledger::newest_run>{{"a", at(midnight), 9}}});
        s.asked<question::register_jobs>(); // its schedule counts from the future, too
        s.answer();
        auto const claims = s.asked<question::claim_slots>();
        REQUIRE(claims.wanted.size() == 1);
        CHECK(claims.wanted[0].job == "b");
        REQUIRE(s.machine.news().warnings.size() == 1);
        CHECK(s.machine.news().warnings[0].starts_with("the server's clock was set back, by "));
    }
}

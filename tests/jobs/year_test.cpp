// SPDX-License-Identifier: Apache-2.0
// A runner that works for a year in one tick: it keeps nothing of what it has done.
#include <algorithm>
#include <malloc.h>

#include "stage.hpp"

using namespace pgtend;
using ledger::run_status;
namespace question = jobs::question;
namespace step = jobs::step;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

// Two jobs: "long" works all the time, "minutely" each minute, and fails six times in a row each
// day. The server's clock is four times as fast as the runner's, which looks each 15 seconds.
struct year : test::stage {
    year() : stage{{"long", "minutely"}}
    {
        auto &job = all.jobs[1];
        job.schedule_text = "* * * * *";
        job.schedule = cron::expression::parse(job.schedule_text);
        job.policy.breaker.on = false;
        for (auto const &each : all.jobs) {
            ledger::job_state state;
            state.job = each.name;
            state.known = true;
            state.last_slot = state.evaluated_at = state.counts_from = now - std::chrono::hours{1};
            state.schedule = each.schedule_text;
            state.time_zone = each.time_zone;
            jobs_.push_back(std::move(state));
        }
    }

    instant now = test::at("2026-01-01T00:00:00Z");
    long long begun = 0, failed = 0, skipped = 0, warnings = 0, purged = 0, in_the_ledger = 0;

    void until(instant end)
    {
        while (now < end) {
            auto what = next();
            std::visit([&](auto &each) { follow(each); }, what);
            auto const news = std::exchange(machine.news(), {});
            failed += static_cast<long long>(
                std::count_if(news.runs.begin(), news.runs.end(),
                              [](auto const &run) { return run.status == run_status::failed; }));
            skipped += static_cast<long long>(news.skipped.size());
            warnings += static_cast<long long>(news.warnings.size());
        }
    }

  private:
    void follow(step::start const &what)
    {
        if (what.held.job != "minutely") {
            return;
        }
        bool const fails = begun++ % 1'440 < 6;
        auto report = ending(fails ? run_status::failed : run_status::succeeded);
        report.messages = {"a line of output"};
        if (fails) {
            report.problem = error{"relation \"public.gone\" does not exist", "a hint", "42P01"};
        }
        machine.ended(what.held.run, std::move(report));
    }
    void follow(step::wait const &what)
    {
        now += std::chrono::duration_cast<microseconds>(4 * (*what.until - present.steady));
        present.steady = *what.until;
    }
    void follow(step::cancel const &) { FAIL("nothing is cancelled"); }
    void follow(step::done const &) { FAIL("the job that works all the time ended"); }
    void follow(question::any const &what)
    {
        std::visit([&](auto const &each) { answer(reply(each)); }, what);
    }

    jobs::answer reply(question::read const &)
    {
        ledger::overview out;
        out.server_time = now;
        out.other_configurations = {"host-b (other.yaml)"};
        out.jobs = jobs_;
        return out;
    }
    jobs::answer reply(question::record_skipped const &what)
    {
        for (auto const &skip : what.slots) {
            state_of(skip.job).last_slot = skip.slot;
            ++in_the_ledger;
        }
        return {};
    }
    jobs::answer reply(question::claim_slots const &what)
    {
        for (auto const &each : what.wanted) {
            auto &state = state_of(each.job);
            state.last_slot = state.open_slot = each.slot;
            state.open_status = run_status::running;
            state.holder = "host-a/1/abc";
            state.lease_until = instant::max();
            ++in_the_ledger;
        }
        return granted(what);
    }
    jobs::answer reply(question::finish const &what)
    {
        auto &state = state_of(what.held.job);
        state.open_slot.reset();
        state.open_status.reset();
        state.holder.clear();
        state.lease_until.reset();
        auto const before = state.failures;
        state.failures = what.how.status == run_status::failed ? before + 1 : 0;
        return ledger::streak{before, state.failures};
    }
    jobs::answer reply(question::renew const &what)
    {
        return std::vector<bool>(what.held.size(), true);
    }
    jobs::answer reply(question::purge const &)
    {
        ++purged;
        in_the_ledger = 0;
        return {};
    }
    template <class Question> jobs::answer reply(Question const &)
    {
        FAIL("not to be asked");
        return {};
    }

    ledger::job_state &state_of(std::string const &job) { return jobs_[job == "long" ? 0 : 1]; }

    std::vector<ledger::job_state> jobs_ = {};
};

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a tick of a year, with a run each minute, does not grow")
    {
        year all;
        auto const begin = all.now;
        all.until(begin + std::chrono::hours{24 * 30});
        auto const after_a_month = mallinfo2().uordblks;
        auto const days = sanitized ? 40 : 365;
        all.until(begin + std::chrono::hours{24 * days});
        auto const after_a_year = mallinfo2().uordblks;
        auto const growth =
            static_cast<long long>(after_a_year) - static_cast<long long>(after_a_month);
        MESSAGE(all.begun << " runs, " << all.skipped << " skipped, " << all.purged
                          << " purges, the heap grew by " << growth << " bytes");
        CHECK(all.begun >= days * 1'440 - 2);
        CHECK(all.failed >= 6 * days - 6);
        CHECK(all.skipped >= 24 * days - 2); // slots of the job that works all the time
        CHECK(all.warnings == 1);            // of the other file, told once
        CHECK(all.in_the_ledger < 200);      // since the last purge
        if (!sanitized) {
            CHECK(growth < 100'000);
        }
        CHECK(all.machine.report().code() == exit_code::failed);
    }
}

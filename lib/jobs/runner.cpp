// SPDX-License-Identifier: Apache-2.0
#include "jobs/runner.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <set>

#include "base/log.hpp"
#include "jobs/crew.hpp"
#include "jobs/due.hpp"

namespace pgtend::jobs {
namespace {

using ledger::run_status;

// While work goes on, the ledger is looked at again this often for what fell due meanwhile.
constexpr seconds look_again{15};
// Rows of history that go with one tick that worked.
constexpr long long purged_a_tick = 1'000;

engine::fence fence_for(ledger::claim const &held)
{
    auto const fence = ledger::fence_of(held);
    return {.opening = {{.sql = fence.sql, .parameters = fence.parameters}}};
}

void warn(tick_report &out, std::string text)
{
    if (std::find(out.warnings.begin(), out.warnings.end(), text) == out.warnings.end()) {
        out.warnings.push_back(std::move(text));
    }
}

} // namespace

exit_code tick_report::code() const
{
    auto const any = [&](auto const &holds) {
        return std::any_of(runs.begin(), runs.end(), holds);
    };
    if (any([](auto const &run) {
            return run.status == run_status::failed || run.status == run_status::timed_out ||
                   run.status == run_status::lost;
        })) {
        return exit_code::failed;
    }
    if (interrupted) {
        return exit_code::interrupted;
    }
    return any([](auto const &run) { return run.status == run_status::interrupted; })
               ? exit_code::failed
               : exit_code::ok;
}

struct runner::impl {
    impl(model::configuration const &all_, pg::connect_options connect_, pg::session first,
         std::function<pg::session()> reopen, clock &time_, random_source random_,
         runner_options options_)
        : all{all_}, connect{std::move(connect_)}, time{time_}, random{std::move(random_)},
          options{std::move(options_)}, book{std::move(first), std::move(reopen)},
          workers{
              book,
              time,
              {.stop = options.stop, .abort = options.abort, .stop_timeout = options.stop_timeout}}
    {
    }

    model::configuration const &all;
    pg::connect_options connect;
    clock &time;
    random_source random;
    runner_options options;
    control book;
    crew workers;
    std::map<std::string, zone> zones = {};
    // Slots claimed by this tick: what it left open waits for the next one.
    std::set<std::pair<std::string, instant>> tried = {};

    struct survey {
        std::deque<ledger::slot_request> due;
        instant now;
        clock::monotonic taken;
    };

    zone const &zone_of(std::string const &name);
    survey look(tick_report &out);
    void start(ledger::claim const &claim, clock::monotonic claimed_at, instant now);
    void claim_some(survey &found);
    void collect(tick_report &out);
    tick_report tick();
    run_report by_hand(model::job const &job);
};

zone const &runner::impl::zone_of(std::string const &name)
{
    auto const found = zones.find(name);
    return found != zones.end() ? found->second
                                : zones.emplace(name, zone::load(name)).first->second;
}

// Reads the ledger and decides for every job; registers what is new and records what is passed
// over.
runner::impl::survey runner::impl::look(tick_report &out)
{
    std::vector<std::string> names;
    for (auto const &job : all.jobs) {
        names.push_back(job.name);
    }
    auto const seen = book.ask([&](auto &ledger) { return ledger.read(names, options.who); });
    if (options.now && !seen.test_clock) {
        throw usage_error{"--now is refused: this ledger is not for tests",
                          "a future value would move the watermarks; make a ledger with pgtend "
                          "init --test-clock"};
    }
    survey found{.due = {}, .now = options.now.value_or(seen.server_time), .taken = time.steady()};
    for (auto const &other : seen.other_configurations) {
        warn(out, "another runner uses a different file: " + other);
    }
    std::vector<ledger::ledger::registration> changed;
    std::vector<ledger::ledger::skip> skipped;
    for (std::size_t i = 0; i < all.jobs.size(); ++i) {
        auto const &job = all.jobs[i];
        auto choice = decide(job, seen.jobs[i], seen.all_paused, zone_of(job.time_zone),
                             {found.now, seen.server_time});
        if (choice.counts_from) {
            changed.push_back({job.name, job.schedule_text, job.time_zone,
                               std::string{model::kind(job.action)}, choice.counts_from});
            if (!seen.jobs[i].known) {
                out.registered.push_back(job.name);
            }
        }
        std::move(choice.skipped.begin(), choice.skipped.end(), std::back_inserter(skipped));
        if (choice.claim && tried.insert({job.name, *choice.claim}).second) {
            found.due.push_back({job.name, choice.claim});
        }
    }
    std::stable_sort(found.due.begin(), found.due.end(),
                     [](auto const &a, auto const &b) { return a.slot < b.slot; });
    if (seen.dead_leases > 0) {
        book.ask([&](auto &ledger) { return ledger.mark_lost(); });
    }
    if (!changed.empty()) {
        book.ask([&](auto &ledger) { ledger.register_jobs(changed); });
    }
    if (!skipped.empty()) {
        book.ask([&](auto &ledger) { ledger.record_skipped(skipped); });
        std::move(skipped.begin(), skipped.end(), std::back_inserter(out.skipped));
    }
    return found;
}

void runner::impl::start(ledger::claim const &claim, clock::monotonic claimed_at, instant now)
{
    auto const &job = all.find_job(claim.job);
    log::debug("{}: run {} begins, attempt {}", job.name, claim.run, claim.attempt);
    workers.start(
        claim, claimed_at, [this, &job, now](ledger::claim const &held, std::stop_token stop) {
            auto report =
                run_job(job, all,
                        {.connect = connect,
                         .command = options.command,
                         .time = time,
                         .random = random,
                         .fence = fence_for(held),
                         .drain = options.stop,
                         .stop = std::move(stop),
                         .watcher = options.watcher,
                         .transaction_pooler = options.transaction_pooler,
                         .note_backend = [&](int pid) {
                             book.ask([&](auto &ledger) { ledger.note_backend(held, pid); });
                         }});
            report.slot = held.slot;
            report.attempt = held.attempt;
            report.run = held.run;
            if (held.slot) {
                report.lateness = std::max(microseconds{0}, now - *held.slot);
            }
            return report;
        });
}

// As many of the due slots as there is room for.
void runner::impl::claim_some(survey &found)
{
    auto const most = static_cast<std::size_t>(options.max_parallel);
    auto const room = most - std::min(workers.size(), most);
    std::vector<ledger::slot_request> wanted;
    while (!found.due.empty() && wanted.size() < room) {
        wanted.push_back(std::move(found.due.front()));
        found.due.pop_front();
    }
    if (wanted.empty()) {
        return;
    }
    auto const before = time.steady();
    for (auto const &claim :
         book.ask([&](auto &ledger) { return ledger.claim_slots(wanted, options.who); })) {
        start(claim, before, found.now);
    }
}

void runner::impl::collect(tick_report &out)
{
    for (auto &report : workers.tend()) {
        if (options.finished) {
            options.finished(report);
        }
        out.runs.push_back(std::move(report));
    }
}

tick_report runner::impl::tick()
{
    tick_report out;
    auto found = look(out);
    bool worked = false;
    for (;;) {
        bool const stopping = options.stop.stop_requested();
        if (!stopping) {
            bool const again = workers.size() == 0 || time.steady() - found.taken >= look_again;
            if (found.due.empty() && worked && again) {
                found = look(out);
            }
            claim_some(found);
        }
        if (workers.size() == 0 && (found.due.empty() || stopping)) {
            break;
        }
        worked = true;
        collect(out);
    }
    out.interrupted = options.stop.stop_requested();
    book.ask([&](auto &ledger) {
        ledger.heartbeat(options.who, found.now);
        if (worked) {
            ledger.purge(purged_a_tick);
        }
    });
    return out;
}

run_report runner::impl::by_hand(model::job const &job)
{
    auto const before = time.steady();
    auto const claim =
        book.ask([&](auto &ledger) { return ledger.claim_manual(job.name, options.who); });
    start(claim, before, time.now());
    tick_report out;
    while (out.runs.empty()) {
        collect(out);
    }
    return std::move(out.runs.front());
}

runner::runner(model::configuration const &all, pg::connect_options connect, pg::session control,
               std::function<pg::session()> reopen, clock &time, random_source random,
               runner_options options)
    : impl_{std::make_unique<impl>(all, std::move(connect), std::move(control), std::move(reopen),
                                   time, std::move(random), std::move(options))}
{
}

runner::~runner() = default;

tick_report runner::tick()
{
    return impl_->tick();
}

run_report runner::run_by_hand(model::job const &job)
{
    return impl_->by_hand(job);
}

std::string holder_name(std::string const &host, int pid, random_source const &random)
{
    auto const tag = static_cast<unsigned long long>(random() * 16'777'216.0);
    return fmt::format("{}/{}/{:06x}", host.substr(0, 150), pid, tag);
}

} // namespace pgtend::jobs

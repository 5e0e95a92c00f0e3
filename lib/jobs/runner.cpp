// SPDX-License-Identifier: Apache-2.0
#include "jobs/runner.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/duration.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "jobs/due.hpp"

namespace pgtend::jobs {
namespace {

using ledger::run_status;
using monotonic = clock::monotonic;

constexpr std::size_t longest_output = 8'000; // bytes kept of a run's messages in the ledger

engine::fence fence_for(ledger::claim const &held)
{
    auto const fence = ledger::fence_of(held);
    return {.opening = {{.sql = fence.sql, .parameters = fence.parameters}}};
}

ledger::finished_run to_record(run_report const &report)
{
    ledger::finished_run out;
    out.status = report.status;
    out.rows = report.tally.rows;
    if (report.problem) {
        out.error = report.problem->message();
        out.sqlstate = report.problem->sqlstate();
        out.hint = report.problem->hint();
    }
    out.output = head_and_tail(join(report.messages, "\n"), longest_output);
    out.keep_open = report.reopen;
    return out;
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
    for (auto const &run : runs) {
        if (run.status != run_status::succeeded && run.status != run_status::skipped &&
            run.status != run_status::interrupted) {
            return exit_code::failed;
        }
    }
    if (interrupted) {
        return exit_code::interrupted;
    }
    bool const broken = std::any_of(runs.begin(), runs.end(),
                                    [](auto const &run) { return run.status == run_status::interrupted; });
    return broken ? exit_code::failed : exit_code::ok;
}

// A job at work: its claim, its thread, and the switches that end it.
struct active {
    ledger::claim held;
    model::job const *job = nullptr;
    monotonic sure_until; // of the lease, by this host's monotonic clock
    std::stop_source stop;
    bool lease_lost = false;
    std::optional<run_report> report = {}; // set when the thread is done
    std::thread thread;
};

struct runner::impl {
    model::configuration const &all;
    pg::connect_options connect;
    pg::session control;
    std::function<pg::session()> reopen;
    clock &time;
    random_source random;
    runner_options options;

    // Of the control session: taken around every call to the ledger. Recursive use is a defect.
    std::mutex control_mutex;
    // Of `running` and `wake`.
    std::mutex state_mutex;
    std::vector<std::unique_ptr<active>> running;
    std::stop_source wake;
    std::map<std::string, zone> zones;
    std::set<std::pair<std::string, instant>> tried; // by this tick

    zone const &zone_of(std::string const &name)
    {
        auto const found = zones.find(name);
        return found != zones.end() ? found->second : zones.emplace(name, zone::load(name)).first->second;
    }

    // Calls the ledger; a lost control session is replaced once.
    template <class Call> auto with_ledger(Call const &call)
    {
        std::lock_guard const lock{control_mutex};
        try {
            ledger::ledger book{control};
            return call(book);
        } catch (connection_lost const &e) {
            log::warning("lost the control session ({}), connecting again", printable(e.what()));
        }
        control = reopen();
        ledger::ledger book{control};
        return call(book);
    }

    void rouse()
    {
        std::lock_guard const lock{state_mutex};
        wake.request_stop();
    }

    void pause(microseconds span)
    {
        std::stop_token token;
        {
            std::lock_guard const lock{state_mutex};
            token = wake.get_token();
        }
        time.sleep(span, token);
        std::lock_guard const lock{state_mutex};
        if (wake.stop_requested()) {
            wake = {};
        }
    }

    void start(ledger::claim const &claim, model::job const &job, monotonic claimed_at, instant now)
    {
        auto entry = std::make_unique<active>();
        auto &slot = *entry;
        slot.held = claim;
        slot.job = &job;
        slot.sure_until = claimed_at + ledger::ledger::ttl - ledger::ledger::margin;
        {
            std::lock_guard const lock{state_mutex};
            running.push_back(std::move(entry));
        }
        log::debug("{}: run {} begins, attempt {}", job.name, claim.run, claim.attempt);
        slot.thread = std::thread{[this, &slot, now] {
            auto report = run_job(*slot.job, all,
                                  {.connect = connect,
                                   .command = options.command,
                                   .time = time,
                                   .random = random,
                                   .fence = fence_for(slot.held),
                                   .drain = options.stop,
                                   .stop = slot.stop.get_token(),
                                   .watcher = options.watcher,
                                   .transaction_pooler = options.transaction_pooler,
                                   .note_backend =
                                       [this, &slot](int pid) {
                                           with_ledger([&](auto &book) { book.note_backend(slot.held, pid); });
                                       }});
            report.slot = slot.held.slot;
            report.attempt = slot.held.attempt;
            report.run = slot.held.run;
            if (slot.held.slot) {
                report.lateness = std::max(microseconds{0}, now - *slot.held.slot);
            }
            {
                std::lock_guard const lock{state_mutex};
                slot.report = std::move(report);
            }
            rouse();
        }};
    }

    // Renews all leases in one statement when it is time; ends what lost its lease.
    void renew(monotonic &next_renewal)
    {
        auto const before = time.steady();
        std::vector<ledger::claim> held;
        std::vector<active *> of;
        {
            std::lock_guard const lock{state_mutex};
            for (auto const &entry : running) {
                held.push_back(entry->held);
                of.push_back(entry.get());
            }
        }
        if (!held.empty() && before >= next_renewal) {
            next_renewal = before + ledger::ledger::renew_every;
            try {
                auto const ours = with_ledger([&](auto &book) { return book.renew(held); });
                for (std::size_t i = 0; i < of.size(); ++i) {
                    if (ours[i]) {
                        of[i]->sure_until = before + ledger::ledger::ttl - ledger::ledger::margin;
                    } else {
                        of[i]->sure_until = before;
                    }
                }
            } catch (error const &e) {
                log::warning("cannot renew the leases: {}", printable(e.what()));
            }
        }
        for (auto *entry : of) {
            if (time.steady() >= entry->sure_until && !entry->lease_lost) {
                entry->lease_lost = true;
                entry->stop.request_stop();
                log::warning("{}: the lease is no longer sure, the run stops", entry->held.job);
            }
        }
    }

    // Joins what is done and records it.
    void collect(tick_report &out)
    {
        for (;;) {
            std::unique_ptr<active> done;
            {
                std::lock_guard const lock{state_mutex};
                auto const found = std::find_if(running.begin(), running.end(), [](auto const &e) { return e->report.has_value(); });
                if (found == running.end()) {
                    return;
                }
                done = std::move(*found);
                running.erase(found);
            }
            done->thread.join();
            auto &report = *done->report;
            record(*done, report);
            if (options.finished) {
                options.finished(report);
            }
            out.runs.push_back(std::move(report));
        }
    }

    void record(active const &entry, run_report &report)
    {
        if (entry.lease_lost && report.status != run_status::succeeded) {
            report.status = run_status::lost;
        }
        if (report.status == run_status::lost) {
            return; // the run row is now what the one who took over makes of it
        }
        try {
            with_ledger([&](auto &book) { book.finish(entry.held, to_record(report)); });
        } catch (lease_lost const &e) {
            report.status = run_status::lost;
            report.problem = e;
        } catch (error const &e) {
            report.status = run_status::failed;
            report.problem = error{"the run's end could not be recorded: " + e.message(), e.hint(), e.sqlstate()};
        }
    }

    // When the running work has to be ended because of a signal.
    void obey_signals(std::optional<monotonic> &stop_seen)
    {
        if (options.stop.stop_requested() && !stop_seen) {
            stop_seen = time.steady();
        }
        bool const over = stop_seen && time.steady() - *stop_seen >= options.stop_timeout;
        if (over || options.abort.stop_requested()) {
            std::lock_guard const lock{state_mutex};
            for (auto const &entry : running) {
                entry->stop.request_stop();
            }
        }
    }

    std::size_t active_count()
    {
        std::lock_guard const lock{state_mutex};
        return running.size();
    }

    struct survey {
        std::deque<ledger::slot_request> due;
        instant now;
    };

    // Reads the ledger and decides for every job; registers and records what is passed over.
    survey look(tick_report &out)
    {
        std::vector<std::string> names;
        for (auto const &job : all.jobs) {
            names.push_back(job.name);
        }
        auto const seen = with_ledger([&](auto &book) { return book.read(names); });
        if (options.now && !seen.test_clock) {
            throw usage_error{"--now is refused: this ledger is not for tests",
                              "a future value would move the watermarks; make a ledger with pgtend init --test-clock"};
        }
        survey found{.due = {}, .now = options.now.value_or(seen.server_time)};
        for (auto const &other : seen.other_configurations) {
            warn(out, "another runner uses a different file: " + other);
        }
        std::vector<ledger::ledger::registration> changed;
        std::vector<ledger::ledger::skip> skipped;
        std::vector<std::string> abandoned;
        for (std::size_t i = 0; i < all.jobs.size(); ++i) {
            auto const &job = all.jobs[i];
            auto const &in = zone_of(job.time_zone);
            auto choice = decide(job, seen.jobs[i], seen.all_paused, in, {found.now, seen.server_time});
            if (choice.evaluated_at) {
                changed.push_back({job.name, job.schedule_text, job.time_zone, std::string{model::kind(job.action)},
                                   choice.evaluated_at});
                if (!seen.jobs[i].known) {
                    out.registered.push_back(job.name);
                }
            }
            std::move(choice.skipped.begin(), choice.skipped.end(), std::back_inserter(skipped));
            if (choice.abandon) {
                abandoned.push_back(job.name);
                warn(out, job.name + ": " + choice.reason);
            }
            // A slot that this tick has tried already waits for the next one.
            if (choice.claim && tried.insert({job.name, *choice.claim}).second) {
                found.due.push_back({job.name, choice.claim});
            }
        }
        std::stable_sort(found.due.begin(), found.due.end(), [](auto const &a, auto const &b) { return a.slot < b.slot; });
        if (!changed.empty()) {
            with_ledger([&](auto &book) { book.register_jobs(changed); });
        }
        if (!abandoned.empty()) {
            with_ledger([&](auto &book) { book.abandon(abandoned); });
        }
        if (!skipped.empty()) {
            with_ledger([&](auto &book) { book.record_skipped(skipped); });
            std::move(skipped.begin(), skipped.end(), std::back_inserter(out.skipped));
        }
        return found;
    }

    model::job const &job_named(std::string const &name) const { return all.find_job(name); }

    void claim_some(survey &found)
    {
        auto const busy = active_count();
        auto const room = static_cast<std::size_t>(options.max_parallel) - std::min<std::size_t>(busy, static_cast<std::size_t>(options.max_parallel));
        std::vector<ledger::slot_request> wanted;
        while (!found.due.empty() && wanted.size() < room) {
            wanted.push_back(std::move(found.due.front()));
            found.due.pop_front();
        }
        if (wanted.empty()) {
            return;
        }
        auto const before = time.steady();
        for (auto const &claim : with_ledger([&](auto &book) { return book.claim_slots(wanted, options.who); })) {
            start(claim, job_named(claim.job), before, found.now);
        }
    }

    tick_report tick();
    run_report by_hand(model::job const &job);
};

// While work goes on, the ledger is looked at again this often for what fell due meanwhile.
constexpr seconds look_again{15};

tick_report runner::impl::tick()
{
    tick_report out;
    std::stop_callback const on_stop{options.stop, [this] { rouse(); }};
    std::stop_callback const on_abort{options.abort, [this] { rouse(); }};
    auto found = look(out);
    auto looked = time.steady();
    auto next_renewal = time.steady() + ledger::ledger::renew_every;
    std::optional<monotonic> stop_seen;
    bool worked = false;
    for (;;) {
        bool const stopping = options.stop.stop_requested();
        if (!stopping) {
            if (found.due.empty() && worked && (active_count() == 0 || time.steady() - looked >= look_again)) {
                found = look(out);
                looked = time.steady();
            }
            claim_some(found);
        }
        auto const busy = active_count();
        worked = worked || busy > 0;
        if (busy == 0 && (found.due.empty() || stopping)) {
            break;
        }
        if (busy > 0) {
            pause(seconds{1});
        }
        renew(next_renewal);
        obey_signals(stop_seen);
        collect(out);
    }
    out.interrupted = options.stop.stop_requested();
    with_ledger([&](auto &book) {
        book.heartbeat(options.who);
        if (worked) {
            book.purge(1'000);
        }
    });
    return out;
}

run_report runner::impl::by_hand(model::job const &job)
{
    std::stop_callback const on_stop{options.stop, [this] { rouse(); }};
    std::stop_callback const on_abort{options.abort, [this] { rouse(); }};
    auto const before = time.steady();
    auto const claim = with_ledger([&](auto &book) { return book.claim_manual(job.name, options.who); });
    start(claim, job, before, time.now());
    tick_report out;
    auto next_renewal = time.steady() + ledger::ledger::renew_every;
    std::optional<monotonic> stop_seen;
    while (out.runs.empty()) {
        pause(seconds{1});
        renew(next_renewal);
        obey_signals(stop_seen);
        collect(out);
    }
    return std::move(out.runs.front());
}

runner::runner(model::configuration const &all, pg::connect_options connect, pg::session control,
               std::function<pg::session()> reopen, clock &time, random_source random, runner_options options)
    : impl_{new impl{.all = all,
                     .connect = std::move(connect),
                     .control = std::move(control),
                     .reopen = std::move(reopen),
                     .time = time,
                     .random = std::move(random),
                     .options = std::move(options),
                     .control_mutex = {},
                     .state_mutex = {},
                     .running = {},
                     .wake = {},
                     .zones = {},
                     .tried = {}}}
{
}

// Threads still at work (the control session was lost for good) are ended and waited for.
runner::~runner()
{
    for (auto const &entry : impl_->running) {
        entry->stop.request_stop();
    }
    for (auto const &entry : impl_->running) {
        if (entry->thread.joinable()) {
            entry->thread.join();
        }
    }
}

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

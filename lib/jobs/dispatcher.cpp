// SPDX-License-Identifier: Apache-2.0
#include "jobs/dispatcher.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"
#include "jobs/due.hpp"

namespace pgtend::jobs {
namespace {

using ledger::run_status;

// A decision that is older is made again before a slot is claimed: the job may have been run, left
// undone, paused or edited since, and the slot have become too old.
constexpr seconds stale{1};
// While work goes on, the ledger is looked at again this often for what fell due meanwhile.
constexpr seconds look_again{15};
// Rows of history that go with one tick that worked.
constexpr long long purged_a_tick = 1'000;
constexpr std::size_t longest_output = 8'000; // bytes kept of a run's messages in the ledger

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
    out.begun = report.begun;
    out.left_backend = report.left_backend;
    return out;
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
    auto const ended_early = [](auto const &run) { return run.status == run_status::interrupted; };
    auto const unreachable = [](auto const &run) {
        return run.problem && run.problem->code() == exit_code::cannot_connect;
    };
    if (!any(ended_early)) {
        return exit_code::ok;
    }
    return any([&](auto const &run) { return ended_early(run) && !unreachable(run); })
               ? exit_code::failed
               : exit_code::cannot_connect;
}

dispatcher::dispatcher(model::configuration const &all, dispatcher_options options)
    : all_{all}, options_{std::move(options)}
{
    if (!options_.by_hand.empty()) {
        all_.find_job(options_.by_hand);
    }
}

zone const &dispatcher::zone_of(std::string const &name)
{
    auto const found = zones_.find(name);
    return found != zones_.end() ? found->second
                                 : zones_.emplace(name, zone::load(name)).first->second;
}

void dispatcher::warn(std::string text)
{
    auto &all = report_.warnings;
    if (std::find(all.begin(), all.end(), text) == all.end()) {
        all.push_back(std::move(text));
    }
}

step::any dispatcher::next(present const &at)
{
    obey(at);
    if (!to_cancel_.empty()) {
        auto const run = to_cancel_.front();
        to_cancel_.pop_front();
        return step::cancel{run};
    }
    if (!to_start_.empty()) {
        auto claim = std::move(to_start_.front());
        to_start_.pop_front();
        if (members_.empty()) {
            next_renewal_ = claimed_at_ + ledger::ledger::renew_every;
        }
        worked_ = true;
        members_.push_back(
            {.held = claim,
             .found = now_,
             .sure_until = claimed_at_ + ledger::ledger::ttl - ledger::ledger::margin});
        return step::start{std::move(claim)};
    }
    if (!open_) {
        open_ = ask(at);
        if (open_) {
            asked_at_ = at.steady;
            return *open_;
        }
        if (members_.empty()) {
            report_.interrupted = at.stop;
            return step::done{};
        }
    }
    auto const until = wake_at(at);
    return step::wait{until == clock::monotonic::max() ? std::nullopt : std::optional{until}};
}

// Leases that are no longer sure, and signals, end running work.
void dispatcher::obey(present const &at)
{
    if (at.stop && !stop_seen_) {
        stop_seen_ = at.steady;
    }
    bool const out_of_patience =
        at.abort || (stop_seen_ && at.steady - *stop_seen_ >= options_.stop_timeout);
    for (auto &m : members_) {
        if (at.steady >= m.sure_until && !m.lease_over) {
            m.lease_over = true;
            log::warning("{}: the lease is no longer sure, the run stops", m.held.job);
        }
        if ((m.lease_over || out_of_patience) && !m.cancelled) {
            m.cancelled = true;
            to_cancel_.push_back(m.held.run);
        }
    }
}

std::optional<question::any> dispatcher::ask(present const &at)
{
    if (!members_.empty() && at.steady >= next_renewal_) {
        question::renew out;
        for (auto const &m : members_) {
            out.held.push_back(m.held);
        }
        next_renewal_ = at.steady + ledger::ledger::renew_every;
        return out;
    }
    if (!ended_.empty()) {
        return question::finish{ended_.front().held, to_record(ended_.front().report)};
    }
    if (!follow_.empty()) {
        auto out = std::move(follow_.front());
        follow_.pop_front();
        return out;
    }
    bool const halted = at.stop || failure_;
    if (halted) {
        return members_.empty() ? close() : std::nullopt;
    }
    if (look_is_due(at)) {
        return question::read{};
    }
    if (!options_.by_hand.empty()) {
        return std::exchange(claimed_by_hand_, true)
                   ? std::nullopt
                   : std::optional<question::any>{question::claim_manual{options_.by_hand}};
    }
    auto const most = static_cast<std::size_t>(options_.max_parallel);
    if (!due_.empty() && members_.size() < most && at.steady - surveyed_at_ > stale) {
        return question::read{};
    }
    question::claim_slots out;
    while (!due_.empty() && members_.size() + out.wanted.size() < most) {
        tried_.insert({due_.front().job, *due_.front().slot});
        out.wanted.push_back(std::move(due_.front()));
        due_.pop_front();
    }
    if (!out.wanted.empty()) {
        return out;
    }
    return members_.empty() ? close() : std::nullopt;
}

bool dispatcher::look_is_due(present const &at) const
{
    if (!surveyed_) {
        return true;
    }
    return options_.by_hand.empty() && due_.empty() &&
           (members_.empty() ? !fresh_ : at.steady - surveyed_at_ >= look_again);
}

std::optional<question::any> dispatcher::close()
{
    if (failure_ || !surveyed_ || !options_.by_hand.empty()) {
        return std::nullopt;
    }
    if (!std::exchange(beaten_, true)) {
        return question::heartbeat{due_.empty() ? std::optional{now_} : std::nullopt};
    }
    if (worked_ && !std::exchange(purged_, true)) {
        return question::purge{purged_a_tick};
    }
    return std::nullopt;
}

clock::monotonic dispatcher::wake_at(present const &at) const
{
    auto out = clock::monotonic::max();
    if (members_.empty()) {
        return out;
    }
    if (!open_) {
        out = next_renewal_;
        if (!at.stop && !failure_ && due_.empty() && options_.by_hand.empty()) {
            out = std::min(out, surveyed_at_ + look_again);
        }
    }
    for (auto const &m : members_) {
        if (!m.cancelled) {
            out = std::min(out, m.sure_until);
        }
    }
    if (stop_seen_) {
        auto const end = *stop_seen_ + options_.stop_timeout;
        if (end > at.steady) {
            out = std::min(out, end);
        }
    }
    return out;
}

void dispatcher::answered(answer what, present const &at)
{
    auto const asked = std::exchange(open_, std::nullopt);
    if (!asked) {
        return;
    }
    if (std::holds_alternative<question::read>(*asked)) {
        surveyed(std::get<ledger::overview>(what), at);
    } else if (std::holds_alternative<question::mark_lost>(*asked)) {
        tell_lost(std::get<std::vector<ledger::lost_run>>(what));
    } else if (std::holds_alternative<question::claim_slots>(*asked) ||
               std::holds_alternative<question::claim_manual>(*asked)) {
        claimed(std::get<std::vector<ledger::claim>>(what));
    } else if (auto const *renewal = std::get_if<question::renew>(&*asked)) {
        renewed(*renewal, std::get<std::vector<bool>>(what));
    } else if (std::holds_alternative<question::finish>(*asked)) {
        finished();
    }
}

void dispatcher::surveyed(ledger::overview const &seen, present const &at)
{
    surveyed_ = fresh_ = true;
    surveyed_at_ = at.steady;
    if (options_.now && !seen.test_clock) {
        failure_ = std::make_exception_ptr(
            usage_error{"--now is refused: this ledger is not for tests",
                        "a future value would move the watermarks; make a ledger with pgtend "
                        "init --test-clock"});
        return;
    }
    now_ = options_.now.value_or(seen.server_time);
    if (options_.by_hand.empty()) {
        decide_all(seen);
    }
}

// What is new has to be registered, and what is passed over recorded.
void dispatcher::decide_all(ledger::overview const &seen)
{
    due_.clear();
    for (auto const &other : seen.other_configurations) {
        warn("another runner uses a different file: " + other);
    }
    question::register_jobs changed;
    question::record_skipped skipped;
    for (std::size_t i = 0; i < all_.jobs.size(); ++i) {
        auto const &job = all_.jobs[i];
        auto choice = decide(job, seen.jobs.at(i), seen.all_paused, zone_of(job.time_zone),
                             {now_, seen.server_time});
        if (choice.counts_from) {
            changed.jobs.push_back({job.name, job.schedule_text, job.time_zone,
                                    std::string{model::kind(job.action)}, choice.counts_from});
            if (!seen.jobs[i].known) {
                report_.registered.push_back(job.name);
            }
        }
        std::move(choice.skipped.begin(), choice.skipped.end(), std::back_inserter(skipped.slots));
        if (choice.claim && !tried_.contains({job.name, *choice.claim})) {
            due_.push_back({job.name, choice.claim, choice.again});
        }
    }
    std::stable_sort(due_.begin(), due_.end(),
                     [](auto const &a, auto const &b) { return a.slot < b.slot; });
    if (seen.dead_leases > 0) {
        follow_.emplace_back(question::mark_lost{});
    }
    if (!changed.jobs.empty()) {
        follow_.emplace_back(std::move(changed));
    }
    if (!skipped.slots.empty()) {
        report_.skipped.insert(report_.skipped.end(), skipped.slots.begin(), skipped.slots.end());
        follow_.emplace_back(std::move(skipped));
    }
}

// A run that was lost is told once, by the runner that finds it.
void dispatcher::tell_lost(std::vector<ledger::lost_run> const &runs)
{
    for (auto const &lost : runs) {
        run_report report;
        report.job = lost.job;
        for (auto const &job : all_.jobs) {
            if (job.name == lost.job) {
                report.kind = model::kind(job.action);
            }
        }
        report.slot = lost.slot;
        report.attempt = lost.attempt;
        report.run = lost.run;
        report.status = run_status::lost;
        report.problem =
            error{"its runner " + printable(lost.holder) + " stopped renewing the lease",
                  "look there: it was killed, its host died, or it lost the network"};
        report_.runs.push_back(std::move(report));
    }
}

void dispatcher::claimed(std::vector<ledger::claim> const &claims)
{
    claimed_at_ = asked_at_; // the lease counts from a moment after that
    to_start_.insert(to_start_.end(), claims.begin(), claims.end());
}

void dispatcher::renewed(question::renew const &asked, std::vector<bool> const &ours)
{
    // Jobs may have ended since; none was added, because claims and renewals are asked in turn.
    for (std::size_t i = 0; i < asked.held.size(); ++i) {
        for (auto &m : members_) {
            if (m.held.run == asked.held[i].run) {
                m.sure_until = ours.at(i) ? asked_at_ + ledger::ledger::ttl - ledger::ledger::margin
                                          : asked_at_;
            }
        }
    }
}

void dispatcher::ended(long long run, run_report report)
{
    auto const found = std::find_if(members_.begin(), members_.end(),
                                    [&](member const &m) { return m.held.run == run; });
    if (found == members_.end()) {
        return;
    }
    report.job = found->held.job;
    report.slot = found->held.slot;
    report.attempt = found->held.attempt;
    report.run = run;
    if (report.slot) {
        auto const due = due_at(all_.find_job(report.job), *report.slot);
        report.lateness = std::max(microseconds{0}, found->found - due);
    }
    if (found->lease_over && report.status != run_status::succeeded) {
        report.status = run_status::lost;
    }
    auto held = std::move(found->held);
    members_.erase(found);
    fresh_ = false;
    if (report.status == run_status::lost) {
        report_.runs.push_back(
            std::move(report)); // its row is what the one who takes over makes it
    } else {
        ended_.push_back({std::move(held), std::move(report)});
    }
}

void dispatcher::finished()
{
    report_.runs.push_back(std::move(ended_.front().report));
    ended_.pop_front();
}

void dispatcher::failed(std::exception_ptr why)
{
    auto const asked = std::exchange(open_, std::nullopt);
    if (!asked) {
        return;
    }
    bool const recording = std::holds_alternative<question::finish>(*asked);
    try {
        std::rethrow_exception(why);
    } catch (lease_lost const &e) {
        if (recording) {
            auto &report = ended_.front().report;
            report.status = run_status::lost;
            report.problem = e;
            finished();
            return;
        }
    } catch (error const &e) {
        if (recording) {
            auto &report = ended_.front().report;
            report.status = run_status::failed;
            report.problem = error{"the run's end could not be recorded: " + e.message(), e.hint(),
                                   e.sqlstate()};
            finished();
            return;
        }
        if (std::holds_alternative<question::renew>(*asked)) {
            log::warning("cannot renew the leases: {}", printable(e.what()));
            return;
        }
    } catch (...) { // NOLINT(bugprone-empty-catch): kept below
    }
    failure_ = std::move(why);
    follow_.clear();
    due_.clear();
}

} // namespace pgtend::jobs

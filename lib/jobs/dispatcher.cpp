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
// Of so many rows that the history gained, the jobs are looked through together, and so many old
// rows go with it at most: more than came, so that a backlog drains.
constexpr std::size_t gained_a_purge = 100;
constexpr long long purged_at_once = 1'000;
constexpr std::size_t longest_output = 8'000; // bytes kept of a run's messages in the ledger

ledger::finished_run to_record(run_report const &report, bool blameless)
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
    out.blameless = blameless;
    return out;
}

} // namespace

dispatcher::dispatcher(model::configuration const &all, dispatcher_options options)
    : all_{all}, options_{std::move(options)}
{
    if (!options_.by_hand.empty()) {
        all_.find_job(options_.by_hand);
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
    steady_ = at.steady;
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
        return question::finish{ended_.front().held,
                                to_record(ended_.front().report, blameless(ended_.front().report))};
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
    if (grown_.size() >= gained_a_purge) {
        return purge();
    }
    if (seen_) {
        return question::newest_runs{to_look_back(all_, *seen_, now_)};
    }
    if (look_is_due(at)) {
        return question::read{};
    }
    if (!options_.by_hand.empty()) {
        return std::exchange(claimed_by_hand_, true)
                   ? std::nullopt
                   : std::optional<question::any>{question::claim_manual{options_.by_hand}};
    }
    auto const most = lanes(at);
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
    return options_.by_hand.empty() && due_.empty() && !without_sessions_ &&
           (members_.empty() ? !fresh_ : at.steady - surveyed_at_ >= look_again);
}

std::optional<question::any> dispatcher::close()
{
    if (failure_ || !surveyed_ || !options_.by_hand.empty()) {
        return std::nullopt;
    }
    if (!std::exchange(beaten_, true)) {
        return question::heartbeat{due_.empty() && !left_ ? std::optional{now_} : std::nullopt};
    }
    return grown_.empty() ? std::nullopt : std::optional<question::any>{purge()};
}

// After a signal nobody waits for more than one.
question::purge dispatcher::purge()
{
    auto const end =
        grown_.begin() + static_cast<std::ptrdiff_t>(std::min(grown_.size(), gained_a_purge));
    std::set<std::string> const names{grown_.begin(), end};
    grown_.erase(grown_.begin(), stop_seen_ ? grown_.end() : end);
    return {purged_at_once, {names.begin(), names.end()}};
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

} // namespace pgtend::jobs

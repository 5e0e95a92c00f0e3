// SPDX-License-Identifier: Apache-2.0
// What a dispatcher makes of failures: the breakers of jobs, and that of the target, which lacks
// sessions for their work.
#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/duration.hpp"
#include "jobs/breaker.hpp"
#include "jobs/dispatcher.hpp"

namespace pgtend::jobs {

using ledger::run_status;

namespace {

// Where sessions are scarce, fewer jobs run side by side for so long.
constexpr seconds crowded{60};

} // namespace

// While no session for work can be had nothing is claimed, and nothing passed over: what was missed
// then is told once, afterwards.
bool dispatcher::may_claim(ledger::overview const &seen)
{
    auto const target = breaker_of(seen);
    probing_ = target.state == breaker_state::half_open && !had_session_;
    return target.state != breaker_state::open && !without_sessions_;
}

// How many jobs may work side by side.
std::size_t dispatcher::lanes(present const &at) const
{
    if (probing_) {
        return 1; // one try decides
    }
    return at.steady < crowded_until_ ? most_crowded_
                                      : static_cast<std::size_t>(options_.max_parallel);
}

// A run that was told to stop, or that never came to its work, says nothing about the job. By hand
// one tries again and again what has to be repaired. A window ends work that would go on for days.
bool dispatcher::blameless(run_report const &report) const
{
    bool const got_on = report.status == run_status::timed_out && report.tally.rows > 0 &&
                        all_.find_job(report.job).policy.window;
    return !options_.by_hand.empty() || got_on ||
           (report.status == run_status::interrupted && (!report.begun || stop_seen_));
}

// As the ledger counts: others may have reset the job since it was looked at.
void dispatcher::tell_breaker(question::finish const &end, ledger::streak const &failures)
{
    auto const &job = end.held.job;
    if (end.how.status != run_status::succeeded) {
        if (end.how.status != run_status::skipped && !end.how.blameless) {
            warn_if_open(job, failures.now);
        }
    } else if (breaker_pause(all_.find_job(job).policy.breaker, failures.before)) {
        news_.notes.push_back(fmt::format("{}: succeeded after {}: its breaker is closed", job,
                                          failures_in_a_row(failures.before)));
    }
}

void dispatcher::warn_if_open(std::string const &job, int failures)
{
    auto const of = std::find_if(all_.jobs.begin(), all_.jobs.end(),
                                 [&](model::job const &each) { return each.name == job; });
    if (of == all_.jobs.end()) {
        return; // of another file
    }
    if (auto const pause = breaker_pause(of->policy.breaker, failures)) {
        news_.warnings.push_back(
            fmt::format("{}: {}: its breaker is open, the next try comes after {}", job,
                        failed_in_a_row(failures), humanize(*pause)));
    }
}

void dispatcher::connected(long long run)
{
    bool const ours = std::any_of(members_.begin(), members_.end(),
                                  [&](member const &m) { return m.held.run == run; });
    if (!ours || std::exchange(had_session_, true)) {
        return;
    }
    probing_ = false;
    if (auto const before = std::exchange(connect_failures_, 0); before > 0) {
        follow_.emplace_back(question::note_sessions{true, before});
        news_.notes.push_back(fmt::format(
            "sessions for the work of jobs can be had again, after {}", failures_in_a_row(before)));
    }
}

// While others work there are sessions, but not enough of them. When nobody does, no more jobs are
// claimed: each would only try the same.
void dispatcher::no_session()
{
    auto const at_work = members_.size() + to_start_.size();
    if (at_work > 0) {
        most_crowded_ = at_work;
        crowded_until_ = steady_ + crowded;
        return;
    }
    left_ = left_ || !due_.empty();
    due_.clear();
    without_sessions_ = true;
    if (!had_session_ && options_.by_hand.empty()) {
        follow_.emplace_back(question::note_sessions{false, connect_failures_});
    }
}

} // namespace pgtend::jobs

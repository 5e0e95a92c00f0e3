// SPDX-License-Identifier: Apache-2.0
// What a dispatcher is told: answers, failures, the ends of runs, and what they mean for the
// report.
#include <algorithm>
#include <fmt/core.h>
#include <utility>

#include "base/duration.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "jobs/breaker.hpp"
#include "jobs/dispatcher.hpp"
#include "jobs/due.hpp"

namespace pgtend::jobs {

using ledger::run_status;

bool tick_news::empty() const noexcept
{
    return runs.empty() && skipped.empty() && registered.empty() && warnings.empty() &&
           notes.empty();
}

void tick_report::count(run_report const &run)
{
    if (run.status == run_status::interrupted) {
        bool const no_session = run.problem && run.problem->code() == exit_code::cannot_connect;
        (no_session ? unreached : broken) = true;
    } else if (run.status == run_status::failed || run.status == run_status::timed_out ||
               run.status == run_status::lost) {
        failed = true;
    }
}

exit_code tick_report::code() const
{
    if (failed) {
        return exit_code::failed;
    }
    if (interrupted) {
        return exit_code::interrupted;
    }
    if (broken) {
        return exit_code::failed;
    }
    return unreached || no_sessions ? exit_code::cannot_connect : exit_code::ok;
}

zone const &dispatcher::zone_of(std::string const &name)
{
    auto const found = zones_.find(name);
    return found != zones_.end() ? found->second
                                 : zones_.emplace(name, zone::load(name)).first->second;
}

void dispatcher::tell(run_report report)
{
    report_.count(report);
    news_.runs.push_back(std::move(report));
}

// What is seen again by each survey is told when it comes up.
void dispatcher::warn_of(ledger::overview const &seen, bool left)
{
    std::set<std::string> now;
    for (auto const &other : seen.other_configurations) {
        now.insert("another runner uses a different file than " + all_.file + ": " + other);
    }
    if (left) {
        now.insert(fmt::format("no session for the work of jobs could be had {} times in a row: "
                               "what is due waits, and is tried again from {} on",
                               seen.connect_failures, to_rfc3339(*breaker_of(seen).until)));
    }
    std::set_difference(now.begin(), now.end(), standing_.begin(), standing_.end(),
                        std::back_inserter(news_.warnings));
    standing_ = std::move(now);
}

void dispatcher::answered(answer what, present const &at)
{
    auto const asked = std::exchange(open_, std::nullopt);
    if (!asked) {
        return;
    }
    if (std::holds_alternative<question::read>(*asked)) {
        surveyed(std::get<ledger::overview>(std::move(what)), at);
    } else if (std::holds_alternative<question::mark_lost>(*asked)) {
        tell_lost(std::get<std::vector<ledger::lost_run>>(what));
    } else if (std::holds_alternative<question::claim_slots>(*asked) ||
               std::holds_alternative<question::claim_manual>(*asked)) {
        claimed(std::get<std::vector<ledger::claim>>(what));
    } else if (auto const *renewal = std::get_if<question::renew>(&*asked)) {
        renewed(*renewal, std::get<std::vector<bool>>(what));
    } else if (auto const *end = std::get_if<question::finish>(&*asked)) {
        tell_breaker(*end, std::get<ledger::streak>(what));
        finished();
    } else if (std::holds_alternative<question::newest_runs>(*asked)) {
        look_back(*seen_, std::get<std::vector<ledger::newest_run>>(what));
        decide_all(*std::exchange(seen_, std::nullopt));
    }
}

void dispatcher::surveyed(ledger::overview seen, present const &at)
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
    connect_failures_ = seen.connect_failures;
    if (!options_.by_hand.empty()) {
        return;
    }
    microseconds furthest{0};
    for (std::size_t i = 0; i < all_.jobs.size(); ++i) {
        furthest = std::max(furthest,
                            ahead(all_.jobs[i], seen.jobs.at(i), now_).value_or(microseconds{0}));
    }
    if (furthest.count() == 0) {
        decide_all(seen);
        return;
    }
    seen_ = std::move(seen);
    if (!std::exchange(told_set_back_, true)) {
        news_.warnings.push_back("the server's clock was set back, by " + humanize(furthest) +
                                 " at least: only slots that were not run before become due");
    }
}

// What is new has to be registered, and what is passed over recorded.
void dispatcher::decide_all(ledger::overview const &seen)
{
    due_.clear();
    left_ = false;
    bool const claims = may_claim(seen);
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
                news_.registered.push_back(job.name);
            }
        }
        forget_tried(seen.jobs[i]);
        bool const fresh = choice.claim && !tried_.contains({job.name, *choice.claim});
        if (!claims) {
            left_ = left_ || fresh || !choice.skipped.empty();
            continue;
        }
        std::move(choice.skipped.begin(), choice.skipped.end(), std::back_inserter(skipped.slots));
        if (fresh) {
            due_.push_back({job.name, choice.claim, choice.again,
                            choice.again ? std::nullopt : choice.token, choice.failures});
        }
    }
    if (left_ && !without_sessions_) {
        report_.no_sessions = true;
    }
    warn_of(seen, left_ && !without_sessions_);
    std::stable_sort(due_.begin(), due_.end(),
                     [](auto const &a, auto const &b) { return a.slot < b.slot; });
    if (seen.dead_leases > 0) {
        follow_.emplace_back(question::mark_lost{});
    }
    if (!changed.jobs.empty()) {
        follow_.emplace_back(std::move(changed));
    }
    if (!skipped.slots.empty()) {
        news_.skipped.insert(news_.skipped.end(), skipped.slots.begin(), skipped.slots.end());
        for (auto const &skip : skipped.slots) {
            grown_.push_back(skip.job);
        }
        follow_.emplace_back(std::move(skipped));
    }
}

// Up to the watermark only the open slot can be claimed again.
void dispatcher::forget_tried(ledger::job_state const &state)
{
    auto const first = tried_.lower_bound({state.job, instant::min()});
    for (auto at = first; at != tried_.end() && at->first == state.job;) {
        bool const past = state.last_slot && at->second <= *state.last_slot;
        at = past && at->second != state.open_slot ? tried_.erase(at) : std::next(at);
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
        warn_if_open(report.job, lost.failures);
        tell(std::move(report));
    }
}

void dispatcher::claimed(std::vector<ledger::claim> const &claims)
{
    claimed_at_ = asked_at_; // the lease counts from a moment after that
    to_start_.insert(to_start_.end(), claims.begin(), claims.end());
    for (auto const &claim : claims) {
        grown_.push_back(claim.job);
    }
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
    if (report.status == run_status::interrupted && !report.begun && report.problem &&
        report.problem->code() == exit_code::cannot_connect) {
        no_session();
    }
    if (report.status == run_status::lost) {
        tell(std::move(report)); // its row is what the one who takes over makes it
    } else {
        ended_.push_back({std::move(held), std::move(report)});
    }
}

void dispatcher::finished()
{
    tell(std::move(ended_.front().report));
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
    seen_.reset();
    follow_.clear();
    due_.clear();
}

} // namespace pgtend::jobs

// SPDX-License-Identifier: Apache-2.0
#include "referee.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/duration.hpp"
#include "jobs/due.hpp"

namespace pgtend::simulation {
namespace {

std::string named(ledger::claim const &held)
{
    return fmt::format("{} slot {} run {} token {}", held.job,
                       held.slot ? to_rfc3339(*held.slot) : "by hand", held.run, held.token);
}

} // namespace

void referee::watch(ledger_model const &after)
{
    latest_ = std::max(latest_, after.now);
    for (auto const &[job, l] : after.leases) {
        auto &mine = jobs[job];
        if (l.last_slot < mine.watermark) {
            throw violation{"(e) the watermark of " + job + " went back"};
        }
        if (l.token < mine.token) {
            throw violation{"(e) the token of " + job + " went back"};
        }
        mine.watermark = l.last_slot;
        mine.token = l.token;
    }
}

void referee::clock_set(instant now)
{
    set_at_ = now;
    for (auto &[name, mine] : jobs) {
        if (mine.failed_at) { // a failure later than now was so by the clock before
            mine.failed_at = std::min(*mine.failed_at, now);
        }
    }
}

// So a job that only fails runs so often in a day as pauses fit into it. Where the clock was set
// back nobody knows how long one lasted; nor did a runner that decided just before it was set
// right.
void referee::check_pause(ledger::claim const &got, job_account const &mine, instant now)
{
    auto const of = breakers.find(got.job);
    if (of == breakers.end() || !of->second.on || mine.failures < of->second.failures ||
        now < latest_ || (set_at_ && now - *set_at_ < std::chrono::minutes{10})) {
        return;
    }
    auto pause = of->second.pause;
    for (int n = of->second.failures; n < mine.failures && pause < of->second.ceiling; ++n) {
        pause += pause;
    }
    pause = std::min(pause, of->second.ceiling);
    ++tries;
    if (now - *mine.failed_at < pause) {
        throw violation{fmt::format("(g) tried {} after it failed {} times in a row, and its pause "
                                    "lasts {}: {}",
                                    humanize(now - *mine.failed_at), mine.failures, humanize(pause),
                                    named(got))};
    }
}

void referee::claimed(std::vector<ledger::claim> const &got, instant now)
{
    for (auto const &each : got) {
        auto &mine = jobs[each.job];
        mine.owner = each.run;
        if (!each.slot) {
            continue;
        }
        check_pause(each, mine, now);
        auto &slot = mine.slots[*each.slot];
        if (slot.closed) {
            throw violation{"(b) claimed again although a run of it had ended: " + named(each)};
        }
        if (each.attempt != ++slot.claims) {
            throw violation{fmt::format("(b) claimed as attempt {} although it is the {}th: {}",
                                        each.attempt, slot.claims, named(each))};
        }
        // A claim whose answer is lost is asked for once more, by the last attempt too.
        if (each.attempt > jobs::most_attempts * 2) {
            throw violation{"(e) more attempts than there may be: " + named(each)};
        }
    }
}

void referee::began(ledger::claim const &held, bool idempotent)
{
    if (!held.slot) {
        return;
    }
    auto &slot = jobs[held.job].slots[*held.slot];
    auto const run = held.run == 0 ? -1 : held.run;
    if (slot.worked_by != 0 && slot.worked_by != run && !idempotent) {
        throw violation{fmt::format("(b) repeated, without saying idempotent, after run {}: {}",
                                    slot.worked_by, named(held))};
    }
    slot.worked_by = run;
}

bool referee::done(ledger::claim const &held, int batch) const
{
    auto const job = jobs.find(held.job);
    if (job == jobs.end() || !held.slot) {
        return false;
    }
    auto const slot = job->second.slots.find(*held.slot);
    return slot != job->second.slots.end() && (slot->second.done >> batch & 1U) != 0;
}

void referee::committed(ledger::claim const &held, int batch, long long token)
{
    auto &mine = jobs[held.job];
    if (held.token != token) {
        throw violation{
            fmt::format("(a) commits although the token is {}: {}", token, named(held))};
    }
    if (held.run != mine.owner) {
        throw violation{
            fmt::format("(a) commits although run {} took over: {}", mine.owner, named(held))};
    }
    if (done(held, batch)) {
        throw violation{fmt::format("(b) batch {} is done twice: {}", batch, named(held))};
    }
    if (held.slot) {
        mine.slots[*held.slot].done |= std::uint64_t{1} << batch;
    }
}

void referee::finished(ledger::claim const &held, ledger::finished_run const &how, instant now)
{
    auto &mine = jobs[held.job];
    if (how.status == ledger::run_status::succeeded) {
        mine.failures = 0;
    } else if (how.begun || how.status != ledger::run_status::interrupted) {
        ++mine.failures;
        mine.failed_at = now;
        auto const of = breakers.find(held.job);
        openings += of != breakers.end() && of->second.on && mine.failures == of->second.failures;
    }
    if (held.run != mine.owner) {
        throw violation{
            fmt::format("(a) is ended although run {} took over: {}", mine.owner, named(held))};
    }
    if (held.slot) {
        auto &slot = mine.slots[*held.slot];
        slot.closed = !how.keep_open;
        if (!how.begun && how.keep_open) {
            if (slot.worked_by == held.run) {
                throw violation{"(b) is said not to have begun: " + named(held)};
            }
            --slot.claims; // no attempt
        }
        slot.succeeded = how.status == ledger::run_status::succeeded;
    }
}

void referee::outside_begins(ledger::claim const &held, int pid)
{
    auto &mine = jobs[held.job];
    for (auto const &[other, run] : mine.outside) {
        if (run != held.run) {
            throw violation{fmt::format("(a) works outside transactions while the backend of run "
                                        "{} still does: {}",
                                        run, named(held))};
        }
    }
    mine.outside[pid] = held.run;
}

void referee::outside_ends(std::string const &job, int pid)
{
    jobs[job].outside.erase(pid);
}

} // namespace pgtend::simulation

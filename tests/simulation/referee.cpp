// SPDX-License-Identifier: Apache-2.0
#include "referee.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/duration.hpp"
#include "jobs/due.hpp"

namespace pgtend::simulation {
namespace {

constexpr std::chrono::minutes tick_interval{1};
constexpr seconds slack{10}; // a timer is up to two seconds late, and questions take their time

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

void referee::claimed(std::vector<ledger::claim> const &got, std::string const &holder,
                      long question, instant now)
{
    for (auto const &each : got) {
        auto &mine = jobs[each.job];
        bool const unheard =
            mine.holder == holder && mine.question == question && mine.slot == each.slot;
        mine.owner = each.run;
        mine.holder = holder;
        mine.question = question;
        mine.slot = each.slot;
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
        // A claim whose answer is lost is asked for once more, and nobody looks in between.
        if (each.attempt > jobs::most_attempts + (unheard ? 1 : 0)) {
            throw violation{"(e) more attempts than there may be: " + named(each)};
        }
    }
}

// Who lives renews in time. Of whom does not, the next tick has to take the job, or to set it free,
// unless a transaction or a backend of his still works.
void referee::expect_takeover(ledger_model const &kept, instant ready, instant now)
{
    for (auto const &[job, l] : kept.leases) {
        if (l.holder.empty()) {
            continue;
        }
        auto &mine = jobs[job];
        if (l.lease_until != mine.until) {
            mine.until = l.lease_until;
            mine.sign_of_life = now;
        }
        auto const over = mine.sign_of_life + ledger::ledger::ttl;
        if (now <= over) {
            continue;
        }
        if (l.for_update || !l.key_shares.empty() || kept.lives(l.workers)) {
            mine.barred = now;
        }
        auto const since = std::max({over, mine.barred, ready});
        if (now - since > tick_interval + slack) {
            throw violation{fmt::format("(h) {} is held by {}, whose lease has been over for {}, "
                                        "and nobody takes over",
                                        job, l.holder, humanize(now - since))};
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

// SPDX-License-Identifier: Apache-2.0
#include "digest.hpp"

namespace pgtend::jobs {

// Leaves out what only reports, and times that nobody will look at any more.
struct inspector {
    static void add(simulation::digest &out, dispatcher const &of)
    {
        auto const time = [&](clock::monotonic at) { out.add(at.time_since_epoch().count()); };
        out.add(of.open_.has_value());
        if (of.open_) {
            time(of.asked_at_);
        }
        out.add(static_cast<bool>(of.failure_));
        for (auto const &each : of.follow_) {
            out.add(each);
        }
        out.add(of.due_.size());
        for (auto const &each : of.due_) {
            out.add(each.job);
            out.add(each.slot);
            out.add(each.again);
            out.add(each.failures.value_or(-1));
        }
        out.add(of.tried_.size());
        out.add(of.to_start_.size());
        for (auto const &each : of.to_start_) {
            out.add(each);
            time(of.claimed_at_);
        }
        out.add(of.members_.size());
        for (auto const &each : of.members_) {
            out.add(each.held);
            out.add(each.lease_over);
            out.add(each.cancelled);
            time(each.sure_until);
            time(of.next_renewal_);
            time(of.surveyed_at_);
        }
        out.add(of.to_cancel_.size());
        for (auto const &each : of.ended_) {
            out.add(each.held);
            out.add(std::optional{each.report.status});
            out.add(each.report.reopen);
            out.add(each.report.begun);
            out.add(each.report.left_backend);
        }
        for (bool const each : {of.surveyed_, of.fresh_, of.beaten_}) {
            out.add(each);
        }
        out.add(of.grown_.size());
        for (auto const &job : of.grown_) {
            out.add(job);
        }
    }
};

} // namespace pgtend::jobs

namespace pgtend::simulation {

namespace question = jobs::question;

namespace {

// The finalizer of SplitMix64.
std::uint64_t scramble(std::uint64_t x)
{
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111eb;
    return x ^ (x >> 31U);
}

} // namespace

void digest::mix(std::uint64_t value)
{
    low_ = scramble(low_ ^ value) + 0x9e3779b97f4a7c15;
    high_ = scramble(high_ + value * 0xd6e8feb86659fd93) ^ low_;
}

void digest::add(std::string_view text)
{
    mix(text.size());
    mix(std::hash<std::string_view>{}(text));
}

void digest::add(ledger::claim const &held)
{
    add(held.job);
    add(held.slot);
    add(held.token);
    add(held.run);
    add(held.attempt);
}

void digest::add(ledger::overview const &seen)
{
    add(std::optional{seen.server_time});
    add(seen.all_paused);
    add(seen.dead_leases);
    for (auto const &s : seen.jobs) {
        add(s.known);
        add(s.last_slot);
        add(s.open_slot);
        add(s.schedule);
        add(s.holder);
        add(s.lease_until);
        add(s.open_attempts);
        add(s.open_begun);
        add(s.failures);
        add(s.failed_at);
    }
}

void digest::add(question::any const &asked)
{
    add(asked.index());
    if (auto const *end = std::get_if<question::finish>(&asked)) {
        add(end->held);
        add(std::optional{end->how.status});
        add(end->how.keep_open);
        add(end->how.begun);
        add(end->how.left_backend);
        add(end->how.blameless);
    } else if (auto const *renewal = std::get_if<question::renew>(&asked)) {
        for (auto const &each : renewal->held) {
            add(each);
        }
    } else if (auto const *claims = std::get_if<question::claim_slots>(&asked)) {
        for (auto const &each : claims->wanted) {
            add(each.job);
            add(each.slot);
            add(each.again);
            add(each.failures.value_or(-1));
        }
    } else if (auto const *skips = std::get_if<question::record_skipped>(&asked)) {
        for (auto const &each : skips->slots) {
            add(each.job);
            add(std::optional{each.slot});
        }
    }
}

void digest::add(outcome const &came)
{
    if (came.failure) {
        try {
            std::rethrow_exception(came.failure);
        } catch (std::exception const &e) {
            add(e.what());
        }
    }
    add(came.what.index());
    if (auto const *seen = std::get_if<ledger::overview>(&came.what)) {
        add(*seen);
    } else if (auto const *got = std::get_if<std::vector<ledger::claim>>(&came.what)) {
        for (auto const &each : *got) {
            add(each);
        }
    } else if (auto const *ours = std::get_if<std::vector<bool>>(&came.what)) {
        for (bool const each : *ours) {
            add(each);
        }
    }
}

void digest::add(message const &sent)
{
    add(static_cast<int>(sent.what));
    add(sent.held);
    add(sent.batch);
}

void digest::add(jobs::dispatcher const &machine)
{
    jobs::inspector::add(*this, machine);
}

void digest::add(server const &on)
{
    auto const &kept = on.book;
    add(std::optional{kept.now});
    for (auto const &[job, l] : kept.leases) {
        add(job);
        add(l.token);
        add(l.holder);
        add(l.lease_until);
        add(l.open_begun);
        for (auto const &each : l.workers) {
            add(each.pid);
        }
        add(l.last_slot);
        add(l.open_slot);
        add(l.open_attempts);
        add(l.open_status);
        add(l.failures);
        add(l.failed_at);
        add(l.for_update);
        for (auto const session : l.key_shares) {
            add(session);
        }
    }
    for (auto const &[id, r] : kept.runs) {
        add(id);
        add(r.slot);
        add(std::optional{r.status});
        add(r.token.value_or(-1));
    }
    for (auto const &[id, s] : on.sessions) {
        add(id);
        add(s.changed.size());
        add(s.outside.has_value());
        if (s.transaction) {
            add(*s.transaction);
        }
    }
    for (auto const &[job, account] : on.judge.jobs) {
        add(account.owner);
        for (auto const &[slot, each] : account.slots) {
            add(each.claims);
            add(each.closed);
            add(each.succeeded);
            add(each.worked_by);
            add(each.done);
        }
        for (auto const &[pid, run] : account.outside) {
            add(pid);
            add(run);
        }
    }
}

} // namespace pgtend::simulation

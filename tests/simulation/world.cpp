// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/duration.hpp"
#include "clockwork.hpp"
#include "jobs/due.hpp"

namespace pgtend::simulation {

using std::chrono::minutes;

bool world::hit(long long odds, char const *name)
{
    if (odds == 0 || now() >= plan_.quiet || !random().one_in(odds)) {
        return false;
    }
    ++out_.faults[name];
    return true;
}

void world::after(microseconds delay, action what)
{
    events_.push_back({now() + delay, ++order_, std::move(what)});
    std::push_heap(events_.begin(), events_.end());
}

process *world::find(int number)
{
    auto const found = processes_.find(number);
    return found == processes_.end() ? nullptr : found->second.get();
}

clock::monotonic world::steady(process const &p) const
{
    return clock::monotonic{now().time_since_epoch() + plan_.hosts[p.on].steady_base};
}

void world::tell(int number, microseconds delay, std::function<void(process &)> what)
{
    after(delay, [this, number, what = std::move(what)]() mutable {
        auto *p = find(number);
        if (p == nullptr) {
            return;
        }
        auto &stalled = stalled_[p->on];
        if (stalled <= now() && hit(plan_.stall, "stalled host")) {
            stalled = now() + seconds{random().pick(1, 90)};
        }
        if (stalled > now()) { // then all comes at once, in any order
            hinder(p->on, stalled + seconds{3});
            tell(number, stalled - now() + milliseconds{random().pick(0, 3'000)}, std::move(what));
            return;
        }
        if (hit(plan_.crash, "killed runner")) {
            kill(number);
            return;
        }
        what(*p);
    });
}

// Nothing is forgotten: after quiet minutes with a runner nothing waits, and nobody is left as
// working.
void world::check_end()
{
    auto const &kept = on_.book;
    for (auto const &[id, r] : kept.runs) {
        if (r.status != ledger::run_status::running) {
            continue;
        }
        auto const &l = kept.leases.at(r.job);
        if (l.holder != r.holder || l.token != r.token || !l.lease_until ||
            *l.lease_until < server_now() - minutes{3}) {
            throw violation{fmt::format("(d) run {} of {} is left as running", id, r.job)};
        }
    }
    // Where a host begins no second tick, long work may fill all lanes of the first.
    bool const waiting = std::all_of(plan_.hosts.begin(), plan_.hosts.end(),
                                     [](host const &h) { return h.oneshot; });
    std::vector<std::string> names;
    for (auto const &job : plan_.files.back().jobs) {
        names.push_back(job.name);
    }
    auto seen = kept.read(names);
    auto const before = server_now() - minutes{3};
    jobs::look_back(seen, kept.newest_runs(jobs::to_look_back(plan_.files.back(), seen, before)));
    for (std::size_t i = 0; i < names.size() && !waiting; ++i) {
        auto const &l = kept.leases.at(names[i]);
        auto const right = expected(plan_.files.back().jobs[i], *plan_.traits[i].slots.back(),
                                    seen.jobs[i], before);
        bool const busy =
            !l.holder.empty() || !l.key_shares.empty() ||
            std::any_of(l.workers.begin(), l.workers.end(),
                        [&](backend const &b) { return kept.backends.contains(b.pid); }) ||
            (l.finished_at && server_now() - *l.finished_at < minutes{3});
        if ((right.claim || right.skip) && !busy) {
            throw violation{fmt::format("(d) {} of {} is forgotten",
                                        to_rfc3339(right.claim ? *right.claim : *right.skip),
                                        names[i])};
        }
    }
}

chronicle world::run()
{
    time_ = on_.book.now = plan_.begin;
    for (auto const &job : plan_.files[0].jobs) {
        on_.judge.breakers[job.name] = job.policy.breaker;
    }
    for (auto const &each : plan_.steps) {
        after(each.at - now(), [this, each] { set_clock(each); });
    }
    stalled_.resize(plan_.hosts.size());
    running_.resize(plan_.hosts.size());
    hindered_.assign(plan_.hosts.size(), plan_.begin);
    for (std::size_t n = 0; n < plan_.hosts.size(); ++n) {
        start_host(n);
    }
    for (auto const &each : plan_.outages) {
        after(each.begin - now(), [this, each] { break_down(each); });
    }
    if (plan_.edited()) {
        ++out_.faults["schedule edited"];
    }
    try {
        while (!events_.empty() && events_.front().at <= plan_.end) {
            std::pop_heap(events_.begin(), events_.end());
            auto next = std::move(events_.back());
            events_.pop_back();
            time_ = next.at;
            on_.book.now = time_ + off_;
            on_.judge.expect_takeover(on_.book,
                                      *std::min_element(hindered_.begin(), hindered_.end()), time_);
            next.what();
        }
        check_end();
    } catch (violation const &e) {
        out_.violation = to_rfc3339(now()) + ": " + e.what();
    }
    out_.deeds["tried after a pause"] += on_.judge.tries;
    out_.deeds["breaker opened"] += on_.judge.openings;
    out_.hours = std::chrono::duration<double, std::ratio<3600>>(now() - plan_.begin).count();
    return std::move(out_);
}

void chronicle::add(chronicle const &other)
{
    hours += other.hours;
    ticks += other.ticks;
    questions += other.questions;
    runs += other.runs;
    transactions += other.transactions;
    for (auto const &[name, count] : other.faults) {
        faults[name] += count;
    }
    for (auto const &[name, count] : other.deeds) {
        deeds[name] += count;
    }
}

std::string chronicle::text() const
{
    auto out = fmt::format(
        "{:.0f} hours, {} ticks, {} questions, {} runs, {} transactions; faults:", hours, ticks,
        questions, runs, transactions);
    auto const list = [&](std::map<std::string, long> const &all) {
        for (auto const &[name, count] : all) {
            out += fmt::format(" {} {},", name, count);
        }
        out.pop_back();
    };
    list(faults);
    out += "; then:";
    list(deeds);
    return out;
}

chronicle simulate(std::uint64_t seed, bug planted)
{
    auto out = world{seed, planted}.run();
    if (!out.violation.empty()) {
        out.violation = fmt::format("PGTEND_SEED={} {}", seed, out.violation);
    }
    return out;
}

} // namespace pgtend::simulation

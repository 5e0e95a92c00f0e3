// SPDX-License-Identifier: Apache-2.0
// The questions of simulated runners, on their way to the ledger and back.
#include "clockwork.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/duration.hpp"
#include "jobs/due.hpp"
#include "questions.hpp"

namespace pgtend::simulation {

namespace question = jobs::question;
using std::chrono::minutes;

void world::ask(process &p)
{
    auto const number = ++p.sent;
    ++out_.questions;
    letter const sent{p.number,
                      number,
                      p.questions,
                      *p.asked,
                      p.who,
                      generation_,
                      hit(plan_.late_answer, "answer lost"),
                      now()};
    bool const lost = hit(plan_.control_loss, "control session lost");
    if (!up() || lost) {
        tell(p.number, latency(), [this, number](process &later) {
            if (later.asking && later.sent == number) {
                lose_control(later);
            }
        });
    }
    if (up()) {
        auto const delay = lost ? milliseconds{random().pick(0, 60'000)} : latency();
        after(delay, [this, sent] { arrive(sent); });
    }
}

void world::arrive(letter const &what)
{
    if (what.generation != generation_) {
        return;
    }
    auto const *p = find(what.process);
    bool const heard = p != nullptr && p->sent == what.number;
    if (hangs()) {
        if (heard && now() - what.sent < patience) {
            tell(what.process, what.sent + patience - now(),
                 [this, number = what.number](process &later) {
                     if (later.asking && later.sent == number) {
                         lose_control(later);
                     }
                 });
        }
        after(hangs_until_ - now() + milliseconds{random().pick(0, 500)},
              [this, what] { arrive(what); });
        return;
    }
    if (!heard) {
        if (random().one_in(2)) {
            return; // the server saw first that its client is gone
        }
        ++out_.faults["carried out late"];
    }
    if (waits(on_, what.asked)) {
        after(milliseconds{5}, [this, what] { arrive(what); });
        return;
    }
    if (std::holds_alternative<question::claim_slots>(what.asked)) {
        auto locked = lock_rows(on_, what.asked, what.who);
        // Sometimes the disk is slow.
        auto const flush = random().one_in(10) ? milliseconds{random().pick(0, 5'000)}
                                               : milliseconds{random().pick(0, 5)};
        after(flush, [this, what, locked = std::move(locked)] { write(what, locked); });
        return;
    }
    std::vector<std::string> names;
    for (auto const &job : plan_.files[0].jobs) {
        names.push_back(job.name);
    }
    std::map<std::string, std::optional<instant>> before;
    bool const skips = std::holds_alternative<question::record_skipped>(what.asked);
    if (skips) {
        for (auto const &[job, l] : on_.book.leases) {
            before[job] = l.last_slot;
        }
    }
    auto came = simulation::carry_out(on_, what.asked, names, what.who);
    for (auto const &[job, from] : before) {
        moved(index(job), from, on_.book.leases.at(job).last_slot);
        out_.deeds["slot passed over"] += from < on_.book.leases.at(job).last_slot;
    }
    if (auto const *lost = std::get_if<std::vector<ledger::lost_run>>(&came.what)) {
        out_.deeds["run marked as lost"] += static_cast<long>(lost->size());
    }
    answer(what, std::move(came));
}

void world::write(letter const &what, std::vector<ledger::slot_request> const &locked)
{
    if (what.generation != generation_) {
        return; // rolled back
    }
    if (!on_.book.may_take(locked)) {
        after(milliseconds{5}, [this, what, locked] { write(what, locked); });
        return;
    }
    for (auto const &each : locked) {
        auto const &l = on_.book.leases.at(each.job);
        if (!plan_.traits[index(each.job)].slots[0]->has(*each.slot) && !plan_.edited()) {
            throw violation{"(c) no slot: " + to_rfc3339(*each.slot) + " of " + each.job};
        }
        moved(index(each.job), l.last_slot, std::max(l.last_slot, each.slot));
        bool const late = server_now() - *each.slot > jobs::punctual;
        out_.deeds["slot before the watermark"] += each.slot < l.last_slot && !each.again;
        out_.deeds["missed slot made up for"] += late && !each.again;
        out_.deeds["slot tried again"] += each.again;
        auto const last = on_.book.runs.find(on_.judge.jobs[each.job].owner);
        out_.deeds["slot of a lost runner taken over"] +=
            each.again && last != on_.book.runs.end() && last->second.slot == each.slot &&
            last->second.status == ledger::run_status::lost &&
            last->second.holder != what.who.holder;
    }
    out_.runs += static_cast<long>(locked.size());
    answer(what, write_rows(on_, locked, what.who, what.question));
}

void world::answer(letter const &what, outcome came)
{
    tell(
        what.process, latency(),
        [this, number = what.number, lost = what.loses_answer, came = std::move(came)](process &p) {
            if (!p.asking || p.sent != number) {
                return;
            }
            if (lost) {
                lose_control(p);
            } else {
                hear(p, came);
            }
        });
}

// Once more on another session, as lib/jobs/control.hpp does.
void world::lose_control(process &p)
{
    ++p.sent;
    hinder(p.on, now());
    if (p.again) {
        hear(p, {{}, std::make_exception_ptr(connection_lost{"gone", "08006", ""})});
        return;
    }
    p.again = true;
    auto const free = std::max(down_until_, hangs_until_);
    auto const wait = std::max(free - now(), instant::duration{0});
    tell(p.number, std::min<microseconds>(wait, longest_connecting) + milliseconds{20},
         [this, number = p.sent](process &later) {
             if (!later.asking || later.sent != number) {
                 return;
             }
             if (up() && !hangs()) {
                 ask(later);
             } else {
                 hear(later, {{}, std::make_exception_ptr(connect_error{"no route"})});
             }
         });
}

void world::hear(process &p, outcome came)
{
    auto const asked = std::exchange(p.asked, std::nullopt);
    p.asking = false;
    if (came.failure) {
        p.machine.failed(came.failure);
    } else {
        if (auto const *seen = std::get_if<ledger::overview>(&came.what)) {
            p.seen = *seen;
            look(p, *seen);
        } else if (auto const *runs = std::get_if<std::vector<ledger::newest_run>>(&came.what)) {
            jobs::look_back(*p.seen, *runs);
            look(p, *p.seen);
        }
        p.machine.answered(std::move(came.what), {.steady = steady(p)});
    }
    push(p);
}

void world::look(process &p, ledger::overview const &seen)
{
    p.expected.clear();
    if (no_sessions(seen)) {
        p.expected.resize(plan_.traits.size());
        return;
    }
    for (std::size_t i = 0; i < plan_.traits.size(); ++i) {
        p.expected.push_back(expected(plan_.files[p.version].jobs[i],
                                      *plan_.traits[i].slots[p.version], seen.jobs[i],
                                      seen.server_time));
    }
}

// Asked for is what a second opinion says, and nothing else.
void world::check_wishes(process &p, question::any const &asked)
{
    auto const differs = [&](char const *what, std::string const &job, instant slot,
                             std::optional<instant> right) {
        throw violation{fmt::format("(c) {} {} of {}, and right were {}", what, to_rfc3339(slot),
                                    job, right ? to_rfc3339(*right) : "nothing")};
    };
    if (auto const *claims = std::get_if<question::claim_slots>(&asked)) {
        for (auto const &each : claims->wanted) {
            auto const &right = p.expected.at(index(each.job));
            p.tried.insert({each.job, *each.slot});
            if (each.again) {
                p.taken_up.insert(each.job);
            } else {
                p.taken_up.erase(each.job);
            }
            if (right.claim != each.slot) {
                differs("asks for", each.job, *each.slot, right.claim);
            }
        }
    } else if (auto const *skips = std::get_if<question::record_skipped>(&asked)) {
        for (auto const &each : skips->slots) {
            auto const &right = p.expected.at(index(each.job));
            if (right.skip != each.slot) {
                differs("passes over", each.job, each.slot, right.skip);
            }
        }
    }
}

bool world::mixed() const
{
    if (!plan_.edited()) {
        return false;
    }
    auto const &edited = plan_.hosts[0].edited;
    return now() > edited - minutes{10} && now() < edited + std::chrono::hours{26};
}

// The watermark moves: with `missed: all` nothing may be passed that was young enough to run.
void world::moved(std::size_t job, std::optional<instant> from, std::optional<instant> to)
{
    auto const &of = plan_.files[0].jobs[job];
    auto const &l = on_.book.leases.at(of.name);
    if (from == to || !to || !l.counts_from || plan_.edited() ||
        of.policy.missed != model::missed::all) {
        return;
    }
    auto const &slots = *plan_.traits[job].slots[0];
    auto const base = std::max(from.value_or(*l.counts_from), *l.counts_from);
    for (auto at = slots.first(base); at && *at < *to; at = slots.first(*at)) {
        auto const age = server_now() - *at;
        if (age <= limit_of(of, slots, *slots.newest(server_now())) && !set_lately()) {
            throw violation{fmt::format("(c) {} of {} is passed over, {} old", to_rfc3339(*at),
                                        of.name, humanize(age))};
        }
    }
}

} // namespace pgtend::simulation

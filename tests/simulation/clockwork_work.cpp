// SPDX-License-Identifier: Apache-2.0
// The work of simulated runs: statements that take their time, and backends that outlive clients.
#include "clockwork.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/duration.hpp"

namespace pgtend::simulation {

using std::chrono::minutes;

void world::begin_work(process &p, ledger::claim const &held)
{
    auto const job = index(held.job);
    auto const &of = plan_.files[p.version].jobs[job];
    auto const &traits = plan_.traits[job];
    ++p.starts;
    auto const &slots = *traits.slots[p.version];
    auto limit = p.taken_up.contains(held.job) ? limit_of_open(of, slots, *held.slot)
                                               : limit_of(of, slots, *held.slot);
    // Between a look and the beginning the host may stand still twice, and the server hang once.
    limit += minutes{6};
    bool const hurries = on_.book.planted() != bug::finish_by_run; // there takeovers wait
    auto const late = server_now() - *held.slot;
    if (late > limit && !mixed() && !set_lately() && hurries) {
        throw violation{fmt::format("(c) {} of {} begins {} late, over its limit of {}",
                                    to_rfc3339(*held.slot), held.job, humanize(late),
                                    humanize(limit))};
    }
    p.hands.emplace(held.run, hand{work{held, traits.work}, job});
    if (of.policy.timeout.count() > 0) {
        tell(p.number, of.policy.timeout,
             [this, run = held.run](process &later) { cut(later, run, reply::timed_out); });
    }
    send(p, held.run);
}

void world::connect(process &p, long long run)
{
    auto const free = std::max(down_until_, hangs_until_);
    auto const wait = std::max<microseconds>(free - now(), microseconds{0});
    auto const sent = p.hands.at(run).sent;
    tell(p.number, std::min<microseconds>(wait, longest_connecting) + latency(),
         [this, run, sent](process &later) {
             auto const at = later.hands.find(run);
             if (at == later.hands.end() || at->second.sent != sent) {
                 return;
             }
             bool const starves = now() >= plan_.starved && now() < plan_.fed;
             out_.faults["no session for work"] += starves;
             bool const can = up() && !hangs() && !starves;
             at->second.session = can ? on_.connect(later.number) : 0;
             if (can) {
                 later.machine.connected(run);
             } else {
                 later.without_session = true;
             }
             replied(later, run, {can ? reply::ok : reply::no_connection});
         });
}

void world::send(process &p, long long run)
{
    auto &mine = p.hands.at(run);
    auto const what = mine.client.wants();
    auto const sent = ++mine.sent;
    if (what.what == statement::connect) {
        return connect(p, run);
    }
    bool const works = what.what == statement::change || what.what == statement::outside;
    auto const batch = plan_.traits[mine.job].batch;
    auto const span =
        works ? microseconds{random().pick(batch.count() / 2, batch.count() * 2)} : microseconds{0};
    auto const delay = latency();
    auto const id = what.what == statement::resolve ? 0 : mine.session;
    if (id != 0) {
        busy_[id] = now() + delay + span;
    }
    after(delay, [=, this, number = p.number, generation = generation_] {
        carry_out(number, run, sent, id, what, span, generation);
    });
    if (hit(plan_.work_loss,
            what.what == statement::commit ? "COMMIT unknown" : "work session lost")) {
        reply_to(p.number, run, sent, microseconds{random().pick(0, (delay + span).count() * 2)},
                 {reply::lost});
    }
}

// First the beginning of what takes time outside transactions; what happens within one is atomic at
// its end.
void world::carry_out(int number, long long run, int sent, int id, message const &what,
                      microseconds span, int generation)
{
    if (generation != generation_ || (id != 0 && !on_.sessions.contains(id))) {
        return;
    }
    auto const again = [&](microseconds delay, microseconds rest) {
        after(delay, [=, this] { carry_out(number, run, sent, id, what, rest, generation); });
    };
    if (hangs()) {
        return again(hangs_until_ - now() + milliseconds{random().pick(0, 500)}, span);
    }
    if (on_.waits(what)) {
        return again(milliseconds{5}, span);
    }
    auto const heard = [&] {
        auto const *p = find(number);
        auto const at = p == nullptr ? decltype(p->hands.end()){} : p->hands.find(run);
        return p != nullptr && at != p->hands.end() && at->second.sent == sent;
    };
    auto const &traits = plan_.traits[index(what.held.job)];
    bool const broken = now() >= traits.broken && now() < traits.repaired;
    if (what.what == statement::outside) {
        on_.carry_out(id, what);
        after(span, [=, this] {
            if (generation != generation_ || !on_.sessions.contains(id)) {
                return;
            }
            on_.end_outside(id);
            reply_to(number, run, sent, latency(), {broken ? reply::failed : reply::ok});
        });
        return;
    }
    if (span.count() > 0) {
        return again(span, microseconds{0});
    }
    if (what.what == statement::commit) {
        ++out_.transactions;
    }
    if (!heard() && what.what == statement::change && random().one_in(50)) {
        return; // the connection check ended it
    }
    auto const came = on_.carry_out(id, what);
    out_.deeds["turned away by the fence"] += came.what == reply::no_row;
    bool const fails = broken || (now() < plan_.quiet && random().one_in(400));
    if (what.what == statement::change && fails) {
        on_.roll_back(id);
        return reply_to(number, run, sent, latency(), {reply::failed});
    }
    reply_to(number, run, sent, came.what == reply::in_progress ? seconds{1} : latency(), came);
}

void world::reply_to(int number, long long run, int sent, microseconds delay, server::answer what)
{
    tell(number, delay, [this, run, sent, what](process &p) {
        auto const at = p.hands.find(run);
        if (at != p.hands.end() && at->second.sent == sent) {
            replied(p, run, what);
        }
    });
}

void world::replied(process &p, long long run, server::answer what)
{
    auto &mine = p.hands.at(run);
    ++mine.sent;
    if (what.what == reply::lost) {
        leave(mine.session, seconds{0});
        mine.session = 0;
    }
    mine.client.replied(what.what, what.transaction);
    if (mine.limit_over && !mine.client.over()) {
        mine.client.replied(reply::timed_out);
    }
    if (!mine.client.over()) {
        return send(p, run);
    }
    auto report = mine.client.report();
    if (mine.session != 0) {
        if (on_.sessions.contains(mine.session)) {
            on_.end_outside(mine.session); // the server has answered
        }
        leave(mine.session, milliseconds{1});
    }
    p.hands.erase(run);
    p.machine.ended(run, std::move(report));
    push(p);
}

// Ends what the run has on the server, on request or by its time limit.
void world::cut(process &p, long long run, reply why)
{
    auto const at = p.hands.find(run);
    if (at == p.hands.end()) {
        return;
    }
    auto &mine = at->second;
    if (why == reply::timed_out) {
        mine.limit_over = true;
    } else {
        mine.client.stop();
    }
    if (!mine.client.cancellable()) {
        return; // what comes after it is not sent
    }
    bool const deaf = hangs() && mine.session != 0;
    tell(p.number, deaf ? microseconds{seconds{2}} : latency(),
         [this, run, sent = mine.sent, why, deaf](process &later) {
             auto const found = later.hands.find(run);
             if (found == later.hands.end() || found->second.sent != sent) {
                 return;
             }
             auto const id = found->second.session;
             if (!deaf && on_.sessions.contains(id)) {
                 on_.end_outside(id);
                 on_.roll_back(id);
             }
             replied(later, run, {deaf ? reply::lost : why});
         });
}

// A backend whose client is gone: it lives to the end of its statement, and then for a while.
void world::leave(int session, microseconds least)
{
    if (session == 0) {
        return;
    }
    bool const hangs_on = random().one_in(4) && least.count() == 0;
    auto const rest = std::max(busy_[session] - now(), instant::duration{0});
    auto const delay = rest + least + milliseconds{hangs_on ? random().pick(0, 30'000) : 2};
    after(delay, [this, session] {
        if (!on_.sessions.contains(session)) {
            return;
        }
        if (hangs()) {
            return leave(session, hangs_until_ - now());
        }
        busy_.erase(session);
        on_.disconnect(session);
    });
}

} // namespace pgtend::simulation

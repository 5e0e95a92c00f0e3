// SPDX-License-Identifier: Apache-2.0
#include "search_world.hpp"

namespace pgtend::simulation::searched {

namespace question = jobs::question;
namespace step = jobs::step;

namespace {

constexpr int most_steps = 40; // between two waits of a dispatcher

} // namespace

model::configuration const &jobs_of(nature const &work)
{
    static auto const make = [](bool idempotent) {
        model::configuration out;
        model::action what = model::cleanup_action{};
        if (!idempotent) {
            what = model::sql_action{};
        }
        out.jobs.push_back({.name = job_name,
                            .schedule_text = "0 * * * *",
                            .schedule = cron::expression::parse("0 * * * *"),
                            .policy = {},
                            .action = std::move(what)});
        return out;
    };
    static model::configuration const repeated = make(true), once = make(false);
    return work.idempotent ? repeated : once;
}

clock::monotonic steady(world const &w)
{
    return clock::monotonic{w.on.book.now.time_since_epoch()};
}

void push_machine(world &w, runner &r, nature const &work_of)
{
    jobs::dispatcher::present const at{.steady = steady(w)};
    r.wake.reset();
    for (int steps = 0;; ++steps) {
        if (steps > most_steps) {
            throw violation{"(f) the dispatcher comes to no end"};
        }
        auto next = r.machine.next(at);
        if (auto *asked = std::get_if<question::any>(&next)) {
            if (r.control) {
                throw violation{"(f) two questions at once"};
            }
            r.control.emplace(call{std::move(*asked)});
            if (!r.hand) {
                return; // the driver asks by itself
            }
        } else if (auto *start = std::get_if<step::start>(&next)) {
            if (r.hand) {
                throw violation{"(f) one job is started twice"};
            }
            r.hand.emplace(labour{work{start->held, work_of}});
            r.hand->session = w.on.connect(r.number);
            r.hand->client.replied(reply::ok);
        } else if (std::holds_alternative<step::cancel>(next)) {
            if (r.hand) {
                r.hand->client.stop();
            }
        } else if (auto *wait = std::get_if<step::wait>(&next)) {
            r.wake = wait->until;
            if (r.wake && *r.wake <= at.steady) {
                throw violation{"(f) the dispatcher waits for a time that is over"};
            }
            return;
        } else {
            r.active = false;
            return;
        }
    }
}

void hear(world &w, runner &r, outcome came, nature const &work_of)
{
    r.control.reset();
    if (came.failure) {
        r.machine.failed(came.failure);
    } else {
        r.machine.answered(std::move(came.what), {.steady = steady(w)});
    }
    push_machine(w, r, work_of);
}

void hear(world &w, runner &r, server::answer came, nature const &work_of)
{
    auto &hand = *r.hand;
    hand.came.reset();
    hand.client.replied(came.what, came.transaction);
    if (hand.client.wants().what == statement::connect) {
        hand.session = w.on.connect(r.number);
        hand.client.replied(reply::ok);
    }
    if (!hand.client.over()) {
        return;
    }
    if (hand.session != 0) {
        w.on.disconnect(hand.session);
    }
    auto report = hand.client.report();
    auto const run = hand.client.held().run;
    r.hand.reset();
    r.machine.ended(run, std::move(report));
    push_machine(w, r, work_of);
}

digest key_of(world const &w)
{
    digest out;
    out.add(w.on);
    out.add(w.faults);
    out.add(w.advances);
    auto const add_call = [&](call const &c) {
        out.add(c.asked);
        out.add(c.again);
        out.add(c.locked.has_value());
        for (auto const &each : c.locked.value_or(std::vector<ledger::slot_request>{})) {
            out.add(each.job);
        }
        out.add(c.came.has_value());
        if (c.came) {
            out.add(*c.came);
        }
    };
    for (auto const &each : w.runners) {
        auto const &r = *each;
        out.add(r.machine);
        out.add(r.active);
        out.add(r.control.has_value());
        if (r.control) {
            add_call(*r.control);
        }
        out.add(r.hand.has_value());
        if (r.hand) {
            out.add(r.hand->client.wants());
            out.add(r.hand->client.stopped());
            out.add(r.hand->session);
            out.add(r.hand->running);
            out.add(r.hand->came ? static_cast<long long>(r.hand->came->what) : -1);
            auto const commit = w.on.transactions.find(r.hand->client.wants().transaction);
            out.add(commit != w.on.transactions.end());
        }
        out.add(r.wake ? r.wake->time_since_epoch().count() : -1);
    }
    for (auto const &each : w.orphans) {
        out.add(each.session);
        out.add(each.sent.has_value());
        if (each.sent) {
            out.add(*each.sent);
        }
        out.add(each.control.has_value());
        if (each.control) {
            add_call(*each.control);
        }
        out.add(each.who.holder);
    }
    return out;
}

} // namespace pgtend::simulation::searched

// SPDX-License-Identifier: Apache-2.0
#include "search.hpp"

#include <unordered_set>

#include "base/duration.hpp"
#include "search_world.hpp"

namespace pgtend::simulation::searched {
namespace {

namespace question = jobs::question;

class searcher {
  public:
    explicit searcher(search_options const &options) : options_{options} {}

    search_result run();

  private:
    // A successor: a copy in which `change` was done.
    template <class Change> void branch(world const &from, std::string what, Change const &change)
    {
        if (!result_.violation.empty()) {
            return;
        }
        auto next = from;
        next.past = std::make_shared<trail>(trail{from.past, std::move(what)});
        try {
            change(next);
        } catch (violation const &e) {
            result_.violation = e.what();
            for (auto at = next.past; at; at = at->before) {
                result_.story.insert(result_.story.begin(), at->what);
            }
            return;
        }
        if (seen_.insert(key_of(next)).second) {
            open_.push_back(std::move(next));
        }
    }
    // The same, in which one runner changes too.
    template <class Change>
    void branch(world const &from, std::size_t who, std::string const &what, Change const &change)
    {
        branch(from, fmt::format("{}: {}", who == 0 ? "A" : "B", what), [&](world &next) {
            auto mine = std::make_shared<runner>(*from.runners[who]);
            change(next, *mine);
            next.runners[who] = std::move(mine);
        });
    }

    void expand_runner(world const &w, std::size_t who);
    void expand(world const &w);
    void expand_control(world const &w, std::size_t who);
    void expand_work(world const &w, std::size_t who);
    void expand_wake(world const &w, std::size_t who);
    void expand_faults(world const &w, std::size_t who);
    void expand_orphan(world const &w, std::size_t which);
    void end(world w);

    search_options options_;
    search_result result_ = {};
    std::vector<world> open_ = {};
    std::unordered_set<digest, digest::hash> seen_ = {};
};

std::string name_of(question::any const &asked)
{
    constexpr std::array<char const *, 12> all{
        "read",  "mark_lost", "register_jobs", "skip",  "claim_slots", "claim_manual",
        "renew", "finish",    "heartbeat",     "purge", "newest_runs", "note_sessions"};
    return all.at(asked.index());
}

std::string name_of(message const &what)
{
    constexpr std::array<char const *, 9> all{"connect", "note",  "open",    "change", "commit",
                                              "resolve", "guard", "outside", "over"};
    return fmt::format("{} {}", all.at(static_cast<std::size_t>(what.what)), what.batch);
}

void searcher::expand_control(world const &w, std::size_t who)
{
    auto const &c = *w.runners[who]->control;
    auto const name = name_of(c.asked);
    if (c.came) {
        branch(w, who, name + " answered",
               [&](world &next, runner &r) { hear(next, r, *c.came, options_.work); });
    } else if (c.locked && !w.on.book.may_take(*c.locked)) {
        return; // it waits
    } else if (c.locked) {
        branch(w, who, name + " writes", [&](world &next, runner &r) {
            r.control->came = write_rows(next.on, *c.locked, r.who);
        });
    } else if (std::holds_alternative<question::claim_slots>(c.asked)) {
        branch(w, who, name + " locks", [&](world &next, runner &r) {
            r.control->locked = lock_rows(next.on, c.asked, r.who);
        });
    } else if (!waits(w.on, c.asked)) {
        branch(w, who, name + " is carried out", [&](world &next, runner &r) {
            r.control->came = carry_out(next.on, c.asked, names, r.who);
        });
    }
}

void searcher::expand_work(world const &w, std::size_t who)
{
    auto const &hand = *w.runners[who]->hand;
    auto const sent = hand.client.wants();
    auto const name = name_of(sent);
    if (hand.came) {
        branch(w, who, name + " answered",
               [&](world &next, runner &r) { hear(next, r, *hand.came, options_.work); });
        return;
    }
    if (hand.running) {
        branch(w, who, name + " ends", [&](world &next, runner &r) {
            next.on.end_outside(hand.session);
            r.hand->running = false;
            r.hand->came.emplace();
        });
    } else if (!w.on.waits(sent)) {
        branch(w, who, name + " is carried out", [&](world &next, runner &r) {
            auto const came = next.on.carry_out(hand.session, sent);
            if (sent.what == statement::outside) {
                r.hand->running = true;
            } else {
                r.hand->came = came;
            }
        });
    }
    if (hand.client.stopped() && hand.client.cancellable()) {
        branch(w, who, name + " is cancelled", [&](world &next, runner &r) {
            if (hand.session != 0) { // 0: it asks what became of a COMMIT
                next.on.end_outside(hand.session);
                next.on.roll_back(hand.session);
            }
            r.hand->running = false;
            r.hand->came = server::answer{reply::cancelled};
        });
    }
}

void searcher::expand_wake(world const &w, std::size_t who)
{
    branch(w, who, "wakes",
           [&](world &next, runner &mine) { push_machine(next, mine, options_.work); });
}

void searcher::expand_faults(world const &w, std::size_t who)
{
    auto const &r = *w.runners[who];
    auto const leave_work = [](world &next, runner &mine) {
        auto const &hand = *mine.hand;
        if (hand.session == 0) {
            return; // it only asked what became of a COMMIT
        }
        orphan left{.session = hand.session};
        if (!hand.came && !hand.running) {
            left.sent = hand.client.wants();
        }
        next.orphans.push_back(std::move(left));
        mine.hand->session = 0;
        mine.hand->running = false;
    };
    auto const leave_control = [](world &next, runner &mine) {
        if (!mine.control->came) {
            next.orphans.push_back({.control = mine.control, .who = mine.who});
        }
    };
    branch(w, who, "is killed", [&](world &next, runner &mine) {
        --next.faults;
        if (mine.control) {
            leave_control(next, mine);
        }
        if (mine.hand) {
            leave_work(next, mine);
        }
        mine.control.reset();
        mine.hand.reset();
        mine.wake.reset();
        mine.active = false;
    });
    if (r.control && !r.control->again) {
        branch(w, who, "loses its control session, and asks again", [&](world &next, runner &mine) {
            --next.faults;
            leave_control(next, mine);
            mine.control.emplace(call{mine.control->asked, true});
        });
        branch(w, who, "loses its control session for good", [&](world &next, runner &mine) {
            --next.faults;
            leave_control(next, mine);
            outcome const gone{{}, std::make_exception_ptr(connect_error{"no route"})};
            hear(next, mine, gone, options_.work);
        });
    }
    if (r.hand && r.hand->session != 0) {
        branch(w, who, "loses its work session", [&](world &next, runner &mine) {
            --next.faults;
            bool const resolving = mine.hand->client.wants().what == statement::resolve;
            leave_work(next, mine);
            if (resolving) {
                mine.hand->session = next.on.connect(mine.number);
                mine.hand->came.reset();
                return;
            }
            hear(next, mine, server::answer{reply::lost}, options_.work);
        });
    }
}

void searcher::expand_orphan(world const &w, std::size_t which)
{
    auto const &left = w.orphans[which];
    auto const drop = [&](world &next) {
        next.orphans.erase(next.orphans.begin() + static_cast<std::ptrdiff_t>(which));
    };
    if (left.control) {
        auto const &c = *left.control;
        auto const name = "late: " + name_of(c.asked);
        if (c.locked && !w.on.book.may_take(*c.locked)) {
            return;
        }
        if (c.locked) {
            branch(w, name + " writes", [&](world &next) {
                write_rows(next.on, *c.locked, left.who);
                drop(next);
            });
        } else {
            branch(w, name + " is lost", drop);
            if (std::holds_alternative<question::claim_slots>(c.asked)) {
                branch(w, name + " locks", [&](world &next) {
                    next.orphans[which].control->locked = lock_rows(next.on, c.asked, left.who);
                });
            } else if (!waits(w.on, c.asked)) {
                branch(w, name + " is carried out", [&](world &next) {
                    carry_out(next.on, c.asked, names, left.who);
                    drop(next);
                });
            }
        }
        return;
    }
    if (left.sent && !w.on.waits(*left.sent)) {
        branch(w, "late: " + name_of(*left.sent) + " is carried out", [&](world &next) {
            next.on.carry_out(left.session, *left.sent);
            next.orphans[which].sent.reset();
        });
    }
    branch(w, "a left backend ends", [&](world &next) {
        next.on.disconnect(left.session);
        drop(next);
    });
}

// All that the runner may do next is to hear answers.
bool only_hears(runner const &r)
{
    bool const something = r.control || r.hand;
    return r.active && something && (!r.control || r.control->came) && (!r.hand || r.hand->came);
}

void searcher::expand_runner(world const &w, std::size_t who)
{
    auto const &r = *w.runners[who];
    if (r.control) {
        expand_control(w, who);
    }
    if (r.hand) {
        expand_work(w, who);
    }
    if (r.wake && steady(w) >= *r.wake) {
        expand_wake(w, who);
    }
    if (w.faults > 0) {
        expand_faults(w, who);
    }
}

void searcher::expand(world const &w)
{
    // What a runner hears concerns nobody else, so that when time stands still its order among
    // others' steps makes no difference: one is enough.
    if (w.advances == 0) {
        for (std::size_t who = 0; who < w.runners.size(); ++who) {
            if (only_hears(*w.runners[who])) {
                expand_runner(w, who);
                return;
            }
        }
    }
    bool active = false;
    for (std::size_t who = 0; who < w.runners.size(); ++who) {
        if (w.runners[who]->active) {
            active = true;
            expand_runner(w, who);
        }
    }
    for (std::size_t i = 0; i < w.orphans.size(); ++i) {
        expand_orphan(w, i);
    }
    if (w.advances > 0 && active) {
        for (int const span : {11, 31}) {
            branch(w, fmt::format("{} s pass", span), [&](world &next) {
                next.on.book.now += seconds{span};
                --next.advances;
            });
        }
    }
    if (!active && w.orphans.empty()) {
        branch(w, "a third runner looks after eleven minutes", [&](world &next) { end(next); });
    }
}

// Nothing is forgotten, and nobody is left as working.
void searcher::end(world w)
{
    ++result_.endings;
    w.on.book.now += std::chrono::minutes{11};
    for (int ticks = 0; ticks < 2; ++ticks) {
        runner third{jobs_of(options_.work), 3 + ticks};
        push_machine(w, third, options_.work);
        for (int steps = 0; third.active; ++steps) {
            if (steps > 100) {
                throw violation{"(f) a tick without faults comes to no end"};
            }
            if (third.control) {
                hear(w, third, carry_out(w.on, third.control->asked, names, third.who),
                     options_.work);
            } else if (third.hand) {
                auto const sent = third.hand->client.wants();
                auto const came = w.on.carry_out(third.hand->session, sent);
                if (sent.what == statement::outside) {
                    w.on.end_outside(third.hand->session);
                }
                hear(w, third, came, options_.work);
            }
        }
    }
    for (auto const &[id, r] : w.on.book.runs) {
        if (r.status == ledger::run_status::running) {
            throw violation{fmt::format("(d) run {} is left as running", id)};
        }
    }
    auto const &l = w.on.book.leases.at(job_name);
    if (!l.holder.empty()) {
        throw violation{"(d) the lease is left to " + l.holder};
    }
    auto const &slots = w.on.judge.jobs[job_name].slots;
    if (slots.size() != 1) {
        throw violation{"(c) one slot was due, not one was claimed"};
    }
    auto const &slot = slots.begin()->second;
    bool const tired = slot.claims >= 5;
    if (options_.work.idempotent && !tired && !slot.closed) {
        throw violation{"(d) the slot is forgotten"};
    }
    if (slot.succeeded && !options_.work.outside &&
        slot.done != (std::uint64_t{1} << options_.work.batches) - 1) {
        throw violation{"(b) succeeded although batches are missing"};
    }
}

search_result searcher::run()
{
    world first{.on = server{options_.planted}};
    first.faults = options_.faults;
    first.advances = options_.advances;
    auto &book = first.on.book;
    book.now = parse_rfc3339("2026-01-01T01:00:05Z");
    book.register_jobs(std::vector<ledger::ledger::registration>{
        {job_name, "0 * * * *", "UTC",
         std::string{model::kind(jobs_of(options_.work).jobs[0].action)},
         parse_rfc3339("2026-01-01T00:30:00Z")}});
    for (std::size_t i = 0; i < first.runners.size(); ++i) {
        auto r = std::make_shared<runner>(jobs_of(options_.work), static_cast<int>(i) + 1);
        push_machine(first, *r, options_.work);
        first.runners[i] = std::move(r);
    }
    open_.push_back(std::move(first));
    while (!open_.empty() && result_.violation.empty()) {
        auto const w = std::move(open_.back());
        open_.pop_back();
        ++result_.states;
        expand(w);
    }
    return std::move(result_);
}

} // namespace
} // namespace pgtend::simulation::searched

namespace pgtend::simulation {

search_result search(search_options const &options)
{
    return searched::searcher{options}.run();
}

} // namespace pgtend::simulation

// SPDX-License-Identifier: Apache-2.0
// Hosts that start runners, runners that take their steps, and what befalls them.
#include "clockwork.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "base/duration.hpp"

namespace pgtend::simulation {

namespace question = jobs::question;
namespace step = jobs::step;
using std::chrono::minutes;

void world::start_host(std::size_t n)
{
    auto const &h = plan_.hosts[n];
    if (h.skew.count() != 0) {
        ++out_.faults["skewed host"];
    }
    // The next full minute of its own clock.
    auto const shown = (now() + h.skew).time_since_epoch() % minutes{1};
    after(minutes{1} - shown, [this, n] { tick(n); });
    if (h.down < plan_.end) {
        after(h.down - now(), [this, n] {
            ++out_.faults["host down"];
            hinder(n, plan_.hosts[n].up);
            std::vector<int> mine;
            for (auto const &[number, p] : processes_) {
                if (p->on == n) {
                    mine.push_back(number);
                }
            }
            for (auto const number : mine) {
                kill(number);
            }
        });
    }
}

void world::tick(std::size_t n)
{
    after(minutes{1}, [this, n] { tick(n); });
    auto const &h = plan_.hosts[n];
    bool const down = now() >= h.down && now() < h.up;
    bool const missing = hit(50, "tick missing");
    if (!down && !missing && !(h.oneshot && running_[n] > 0)) {
        after(milliseconds{random().pick(0, 2'000)}, [this, n] { begin_tick(n); });
    } else {
        hinder(n, now());
    }
}

void world::hinder(std::size_t n, instant until)
{
    hindered_[n] = std::max(hindered_[n], until);
}

void world::hinder_all(instant until)
{
    for (std::size_t n = 0; n < hindered_.size(); ++n) {
        hinder(n, until);
    }
}

void world::begin_tick(std::size_t n)
{
    auto const &h = plan_.hosts[n];
    if (!up() || (now() >= h.down && now() < h.up)) {
        hinder(n, now());
        return; // cannot connect; there is no runner yet
    }
    auto const number = next_process_++;
    std::size_t const version = plan_.edited() && now() >= h.edited ? 1 : 0;
    auto &p = processes_[number];
    p = std::make_unique<process>(number, n, version, plan_.files[version],
                                  static_cast<int>(1 + random().next() % 3));
    p->began = now();
    ++running_[n];
    ++out_.ticks;
    push(*p);
}

void world::kill(int number)
{
    auto &p = *processes_.at(number);
    for (auto &[run, each] : p.hands) {
        leave(each.session, seconds{0});
    }
    hinder(p.on, now());
    --running_[p.on];
    processes_.erase(number);
}

// The machine takes its steps until it waits.
void world::push(process &p)
{
    jobs::dispatcher::present const at{.steady = steady(p)};
    auto const most = 30 + static_cast<int>(plan_.traits.size() + p.hands.size()) * 4;
    for (int steps = 0;; ++steps) {
        if (steps > most) {
            throw violation{"(f) the dispatcher comes to no end"};
        }
        auto next = p.machine.next(at);
        if (auto *asked = std::get_if<question::any>(&next)) {
            if (p.asking) {
                throw violation{"(f) two questions at once"};
            }
            p.asking = true;
            p.again = false;
            p.asked = std::move(*asked);
            check_wishes(p, *p.asked);
            ++p.questions;
            auto const spent = (now() - p.began) / seconds{1};
            if (p.questions > 60 + spent / 3 + p.starts * 8) {
                throw violation{"(f) a tick asks too much"};
            }
            ask(p);
            if (p.hands.empty()) {
                return; // the driver asks by itself
            }
        } else if (auto *start = std::get_if<step::start>(&next)) {
            begin_work(p, start->held);
        } else if (auto *cancel = std::get_if<step::cancel>(&next)) {
            ++out_.deeds["run stopped by its runner"];
            cut(p, cancel->run, reply::cancelled);
        } else if (auto *wait = std::get_if<step::wait>(&next)) {
            auto const mine = ++p.wake;
            if (wait->until && *wait->until <= at.steady) {
                throw violation{"(f) a tick waits for a time that is over"};
            }
            if (wait->until) {
                auto const span = std::chrono::ceil<microseconds>(*wait->until - at.steady);
                tell(p.number, std::max(span, microseconds{0}), [this, mine](process &later) {
                    if (later.wake == mine) {
                        push(later);
                    }
                });
            } else if (!p.asking) {
                throw violation{"(f) a tick waits for nothing"};
            }
            return;
        } else {
            return over(p);
        }
    }
}

void world::over(process &p)
{
    if (p.asking || !p.hands.empty()) {
        throw violation{"(f) a tick ends with something open"};
    }
    if (!p.machine.failure() && !p.without_session) {
        for (std::size_t i = 0; i < p.expected.size(); ++i) {
            auto const &job = plan_.files[p.version].jobs[i].name;
            if (auto const &claim = p.expected[i].claim;
                claim && !p.tried.contains({job, *claim})) {
                throw violation{fmt::format("(c) {} of {} was due, and not asked for",
                                            to_rfc3339(*claim), job)};
            }
        }
    }
    --running_[p.on];
    processes_.erase(p.number);
}

void world::break_down(outage const &what)
{
    hinder_all(what.end + seconds{1});
    if (what.hangs) {
        ++out_.faults["hanging server"];
        hangs_until_ = what.end;
        return;
    }
    ++out_.faults["server down"];
    down_until_ = what.end;
    ++generation_;
    for (auto &[job, l] : on_.book.leases) {
        l.for_update = false; // what was not committed
    }
    while (!on_.sessions.empty()) {
        on_.disconnect(on_.sessions.begin()->first);
    }
    for (auto &[number, p] : processes_) {
        tell(number, latency(), [this, sent = p->sent](process &later) {
            if (later.asking && later.sent == sent) {
                lose_control(later);
            }
        });
        for (auto const &[run, each] : p->hands) {
            reply_to(number, run, each.sent, latency(), {reply::lost});
        }
    }
}

void world::set_clock(clock_step const &to)
{
    ++out_.faults[to.off < off_ ? "clock set back" : "clock set forward"];
    off_ = to.off;
    set_at_ = now();
    on_.book.now = now() + off_;
    on_.judge.clock_set(on_.book.now);
    hinder_all(now() + minutes{3}); // a lease that lasts too long is cut by the first tick
}

} // namespace pgtend::simulation

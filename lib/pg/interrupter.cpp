// SPDX-License-Identifier: Apache-2.0
#include "pg/interrupter.hpp"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <thread>

#include "base/error.hpp"
#include "pg/wire.hpp"

namespace pgtend::pg {

using state = interrupter::client::state;
using monotonic = clock::monotonic;

namespace {

constexpr microseconds for_ever =
    std::chrono::hours{24 * 365 * 10}; // added to a time, it must not overflow

struct stop_request {
    state *of;
    void operator()() const noexcept;
};

monotonic now()
{
    return system_clock{}.steady();
}

} // namespace

// Guarded by the mutex of the watch, but `handle` (never changes) and `on_stop` (of the session's
// thread).
struct interrupter::client::state : std::enable_shared_from_this<state> {
    explicit state(wire::connection conn) : handle{conn} {}

    wire::canceller handle;
    bool armed = false;
    bool listed = false;  // in the watch's order, at `due`
    bool sending = false; // a cancel is on its way
    bool shut = false;
    reason why = reason::none;
    monotonic
        due{}; // when the watch has to cancel; after that, when it has to shut the socket down
    microseconds grace{0};
    std::condition_variable sent;
    std::optional<std::stop_callback<stop_request>> on_stop;
};

namespace {

// One per process, never destroyed: its thread and a sender that hangs may outlive main().
struct watch {
    struct sooner {
        bool operator()(state const *a, state const *b) const
        {
            return a->due != b->due ? a->due < b->due : a < b;
        }
    };

    std::mutex mutex;
    std::condition_variable wake;
    bool running = false;
    monotonic sleeps_until = monotonic::max();
    std::set<state *, sooner> order;

    static watch &instance()
    {
        static auto *const one = new watch;
        return *one;
    }

    // All below: the mutex is held.
    void ensure_running();
    void list(state &s, monotonic due);
    void unlist(state &s);
    void cancel(state &s, interrupter::reason why);
    void shut(state &s);
    void run(std::unique_lock<std::mutex> &lock);
};

// Threads of this file leave signals to the one that waits for them.
template <class Body> void start_detached(Body body)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        std::thread{std::move(body)}.detach();
    } catch (...) {
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
        throw;
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void watch::ensure_running()
{
    if (running) {
        return;
    }
    start_detached([this] {
        std::unique_lock lock{mutex};
        run(lock);
    });
    running = true;
}

void watch::list(state &s, monotonic due)
{
    unlist(s);
    s.due = due;
    order.insert(&s);
    s.listed = true;
    // A thread that wakes too early goes back to sleep, which costs less than waking it for every
    // statement.
    if (due < sleeps_until) {
        wake.notify_one();
    }
}

void watch::unlist(state &s)
{
    if (s.listed) {
        order.erase(&s);
        s.listed = false;
    }
}

void watch::cancel(state &s, interrupter::reason why)
{
    s.why = why;
    list(s, now() + s.grace);
    try {
        start_detached([this, held = s.shared_from_this()] {
            held->handle.send();
            std::lock_guard const lock{mutex};
            held->sending = false;
            held->sent.notify_all();
        });
        s.sending = true;
    } catch (std::system_error const &) { // no thread to be had: the end of the grace remains
    }
}

void watch::shut(state &s)
{
    unlist(s);
    s.shut = true;
    s.handle.shut_down();
}

void watch::run(std::unique_lock<std::mutex> &lock)
{
    for (;;) {
        auto const at = now();
        while (!order.empty() && (*order.begin())->due <= at) {
            auto &s = **order.begin();
            if (s.why == interrupter::reason::none) {
                cancel(s, interrupter::reason::timeout);
            } else {
                shut(s);
            }
        }
        sleeps_until = order.empty() ? monotonic::max() : (*order.begin())->due;
        if (order.empty()) {
            wake.wait(lock);
        } else {
            wake.wait_until(lock, sleeps_until);
        }
    }
}

void stop_request::operator()() const noexcept
{
    auto &w = watch::instance();
    std::lock_guard const lock{w.mutex};
    if (of->armed && of->why == interrupter::reason::none) {
        w.cancel(*of, interrupter::reason::stop);
    }
}

} // namespace

interrupter::client::client(void *connection) : connection_{connection} {}

interrupter::client::~client()
{
    finish();
}

void interrupter::client::start(microseconds timeout, std::stop_token stop, microseconds grace)
{
    if (timeout.count() <= 0 && !stop.stop_possible()) {
        return;
    }
    timeout = std::min(timeout, for_ever);
    grace = std::min(grace, for_ever);
    if (!state_) {
        state_ = std::make_shared<state>(connection_);
    }
    auto &w = watch::instance();
    {
        std::lock_guard const lock{w.mutex};
        try {
            w.ensure_running();
        } catch (std::system_error const &e) {
            throw error{std::string{"no thread can be started to watch over time limits: "} +
                            e.what(),
                        "Raise the limit of processes and threads (ulimit -u)."};
        }
        state_->armed = true;
        state_->why = reason::none;
        state_->grace = grace;
        if (timeout.count() > 0) {
            w.list(*state_, now() + timeout);
        }
    }
    armed_ = true;
    if (stop.stop_possible()) {
        state_->on_stop.emplace(std::move(stop),
                                stop_request{state_.get()}); // may run at once, and takes the mutex
    }
}

interrupter::verdict interrupter::client::finish() noexcept
{
    if (!armed_) {
        return {};
    }
    armed_ = false;
    state_->on_stop.reset(); // waits for a request that is just running
    auto &w = watch::instance();
    std::unique_lock lock{w.mutex};
    state_->armed = false;
    w.unlist(*state_);
    if (state_->why == reason::none) {
        return {};
    }
    if (!state_->shut &&
        !state_->sent.wait_until(lock, state_->due, [this] { return !state_->sending; })) {
        w.shut(*state_);
    }
    return {state_->why, state_->shut};
}

} // namespace pgtend::pg

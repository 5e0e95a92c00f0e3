// SPDX-License-Identifier: Apache-2.0
#include "engine/control.hpp"

#include <algorithm>

#include "base/duration.hpp"

namespace pgtend::engine {

run_control::run_control(environment const &around)
    : around_{around}, on_stop_{around.stop,
                                [this] {
                                    no_more_.request_stop();
                                    cancel_.request_stop();
                                }},
      on_drain_{around.drain, [this] { no_more_.request_stop(); }}
{
}

random_source run_control::random()
{
    return [this] {
        std::lock_guard const lock{random_mutex_};
        return around_.random();
    };
}

void run_control::end(ending why)
{
    {
        std::lock_guard const lock{state_mutex_};
        if (ending_) {
            return;
        }
        ending_ = std::move(why);
    }
    no_more_.request_stop();
    cancel_.request_stop();
}

std::optional<ending> run_control::ended() const
{
    std::lock_guard const lock{state_mutex_};
    return ending_;
}

ending run_control::interruption() const
{
    if (auto const already = ended()) {
        return *already;
    }
    return {cause::interrupted, interrupted{"stopped on request"}};
}

bool run_control::out_of_time() const
{
    return around_.deadline && around_.time.steady() >= *around_.deadline;
}

microseconds run_control::remaining() const
{
    if (!around_.deadline) {
        return microseconds{0};
    }
    auto const left = std::chrono::ceil<microseconds>(*around_.deadline - around_.time.steady());
    return std::max(left, microseconds{1});
}

void run_control::check() const
{
    if (no_more_.stop_requested()) {
        throw run_ended{interruption()};
    }
    if (out_of_time()) {
        throw run_ended{time_is_over()};
    }
}

ending run_control::time_is_over(std::string const &then, std::string const &statement) const
{
    auto const limit = around_.time_limit.count() > 0 ? " of " + humanize(around_.time_limit) : "";
    return {cause::timed_out,
            timed_out{"the run's time limit" + limit + " is over" + then,
                      "Give it more time by `timeout:` or `window:`.", statement}};
}

pg::limits run_control::limit(microseconds own, bool without_deadline) const
{
    auto timeout = without_deadline ? microseconds{0} : remaining();
    if (own.count() > 0 && (timeout.count() == 0 || own < timeout)) {
        timeout = own;
    }
    return {.timeout = timeout, .stop = cancel_.get_token()};
}

void run_control::pause(microseconds duration) const
{
    auto const left = remaining();
    around_.time.sleep(left.count() > 0 ? std::min(duration, left) : duration,
                       no_more_.get_token());
    check();
}

void run_control::give_up(std::vector<std::string> const &relations)
{
    std::lock_guard const lock{state_mutex_};
    given_up_.insert(relations.begin(), relations.end());
}

bool run_control::given_up(std::vector<plan::lock> const &wanted) const
{
    std::lock_guard const lock{state_mutex_};
    return std::any_of(wanted.begin(), wanted.end(),
                       [&](plan::lock const &l) { return given_up_.contains(l.relation); });
}

pg::session run_control::open()
{
    std::lock_guard const lock{opening_mutex_};
    return around_.open();
}

void run_control::started(plan::step const &of)
{
    if (around_.watcher != nullptr) {
        std::lock_guard const lock{watcher_mutex_};
        around_.watcher->started(of);
    }
}

void run_control::progressed(plan::step const &of, plan::tally const &so_far)
{
    if (around_.watcher != nullptr) {
        std::lock_guard const lock{watcher_mutex_};
        around_.watcher->progressed(of, so_far);
    }
}

void run_control::retrying(plan::step const &of, std::string const &why, microseconds pause)
{
    if (around_.watcher != nullptr) {
        std::lock_guard const lock{watcher_mutex_};
        around_.watcher->retrying(of, why, pause);
    }
}

void run_control::finished(step_result const &how)
{
    if (around_.watcher != nullptr) {
        std::lock_guard const lock{watcher_mutex_};
        around_.watcher->finished(how);
    }
}

} // namespace pgtend::engine

// SPDX-License-Identifier: Apache-2.0
#include "base/time_box.hpp"

namespace pgtend {

time_box::time_box(microseconds limit, std::stop_token outer)
    : passed_on_{std::move(outer), [this] { source_.request_stop(); }}
{
    if (limit.count() <= 0) {
        return;
    }
    waiting_ = std::jthread{[this, limit](std::stop_token const &ended) {
        std::unique_lock lock{guard_};
        changed_.wait_for(lock, ended, limit, [] { return false; });
        if (!ended.stop_requested()) {
            over_ = true;
            lock.unlock();
            source_.request_stop();
        }
    }};
}

bool time_box::over() const
{
    std::lock_guard const lock{guard_};
    return over_;
}

} // namespace pgtend

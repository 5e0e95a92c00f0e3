// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"

namespace pgtend {

instant system_clock::now() const
{
    return std::chrono::time_point_cast<microseconds>(std::chrono::system_clock::now());
}

clock::monotonic system_clock::steady() const
{
    return std::chrono::steady_clock::now();
}

bool system_clock::sleep(microseconds duration, std::stop_token stop)
{
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock{mutex};
    wake.wait_for(lock, stop, duration, [] { return false; });
    return !stop.stop_requested();
}

instant fake_clock::now() const
{
    std::lock_guard const lock{mutex_};
    return now_;
}

clock::monotonic fake_clock::steady() const
{
    std::lock_guard const lock{mutex_};
    return monotonic{elapsed_};
}

bool fake_clock::sleep(microseconds duration, std::stop_token stop)
{
    if (stop.stop_requested()) {
        return false;
    }
    advance(duration);
    return true;
}

void fake_clock::advance(microseconds duration)
{
    std::lock_guard const lock{mutex_};
    now_ += duration;
    elapsed_ += duration;
}

void fake_clock::set(instant to)
{
    std::lock_guard const lock{mutex_};
    now_ = to;
}

} // namespace pgtend

// SPDX-License-Identifier: Apache-2.0
#include "base/backoff.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <unistd.h>

namespace pgtend {

namespace {

// 64 bits of the kernel's: holders of leases are named by it, and std::random_device gives 32.
std::uint64_t seed()
{
    std::uint64_t out = 0;
    if (getentropy(&out, sizeof out) != 0) {
        out = std::random_device{}();
    }
    return out;
}

} // namespace

random_source system_random()
{
    return [] {
        thread_local std::mt19937_64 engine{seed()};
        return std::uniform_real_distribution<double>{0, 1}(engine);
    };
}

microseconds backoff::next()
{
    auto const low = static_cast<double>(initial_.count());
    auto const high = std::max(low, 3.0 * static_cast<double>(last_.count()));
    auto const pause = microseconds{static_cast<long long>(low + random_() * (high - low))};
    last_ = std::min(pause, ceiling_);
    return last_;
}

} // namespace pgtend

// SPDX-License-Identifier: Apache-2.0
#include "base/backoff.hpp"

#include <algorithm>
#include <random>

namespace pgtend {

random_source system_random()
{
    return [] {
        thread_local std::mt19937_64 engine{std::random_device{}()};
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

// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>

#include "base/clock.hpp"

namespace pgtend {

// A source of randomness in [0, 1): a parameter, so that tests are exact.
using random_source = std::function<double()>;
// Seeded by the operating system; may be called from several threads.
random_source system_random();

// Decorrelated jitter (Brooker, "Exponential Backoff And Jitter", 2015): each pause lies between
// `initial` and three times the pause before, never over `ceiling`.
class backoff {
  public:
    backoff(microseconds initial, microseconds ceiling, random_source random)
        : initial_{initial}, ceiling_{ceiling}, last_{initial}, random_{std::move(random)}
    {
    }
    microseconds next();
    void reset() { last_ = initial_; }

  private:
    microseconds initial_, ceiling_, last_;
    random_source random_;
};

} // namespace pgtend

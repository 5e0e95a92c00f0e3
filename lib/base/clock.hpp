// SPDX-License-Identifier: Apache-2.0
// Time as a parameter: nothing else in lib/ asks what time it is, or sleeps.
#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace pgtend {

// An instant with the server's resolution.
using instant = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
using microseconds = std::chrono::microseconds;
using milliseconds = std::chrono::milliseconds;
using seconds = std::chrono::seconds;

class clock {
  public:
    using monotonic = std::chrono::steady_clock::time_point;

    virtual ~clock() = default;
    virtual instant now() const = 0;      // wall clock of this host; may jump
    virtual monotonic steady() const = 0; // never goes back
    // Returns early, with false, when a stop was asked for.
    virtual bool sleep(microseconds duration, std::stop_token stop) = 0;
};

class system_clock final : public clock {
  public:
    instant now() const override;
    monotonic steady() const override;
    bool sleep(microseconds duration, std::stop_token stop) override;
};

// For tests: time passes only when told, or by sleeping.
class fake_clock final : public clock {
  public:
    explicit fake_clock(instant start) : now_{start} {}
    instant now() const override;
    monotonic steady() const override;
    bool sleep(microseconds duration, std::stop_token stop) override; // advances at once
    void advance(microseconds duration);
    void set(instant to); // the wall clock jumps, the monotonic one does not

  private:
    mutable std::mutex mutex_;
    instant now_;
    microseconds elapsed_{0};
};

} // namespace pgtend

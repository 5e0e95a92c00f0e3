// SPDX-License-Identifier: Apache-2.0
// A limit for work that asks a stop token whether to go on.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

#include "base/clock.hpp"

namespace pgtend {

// Its token asks to stop when `outer` does, and `limit` after it was made (0: never for the time).
// A thread of its own waits, by the steady clock of this host; it ends with the box.
class time_box {
  public:
    time_box(microseconds limit, std::stop_token outer);

    std::stop_token token() const { return source_.get_token(); }
    bool over() const; // asked to stop because of the time

  private:
    std::stop_source source_;
    std::stop_callback<std::function<void()>> passed_on_;
    mutable std::mutex guard_;
    std::condition_variable_any changed_;
    bool over_ = false;
    std::jthread waiting_;
};

} // namespace pgtend

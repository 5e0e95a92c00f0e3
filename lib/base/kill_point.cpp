// SPDX-License-Identifier: Apache-2.0
#include "base/kill_point.hpp"

#ifdef PGTEND_KILL_POINTS
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <unistd.h>

namespace pgtend {
namespace {

// A variable of the environment: which point, and how often it is still passed.
class wish {
  public:
    explicit wish(char const *variable)
    {
        auto const *value = std::getenv(variable);
        std::string_view const text = value == nullptr ? "" : value;
        auto const colon = text.find(':');
        point_ = text.substr(0, colon);
        left_ = colon == std::string_view::npos ? 1 : std::atoi(value + colon + 1);
    }
    bool came_true(std::string_view here) noexcept { return here == point_ && --left_ == 0; }

  private:
    std::string_view point_;
    std::atomic<int> left_;
};

} // namespace

void reach(kill_point here) noexcept
{
    static wish kill_at{"PGTEND_KILL_AT"};
    static wish stop_at{"PGTEND_STOP_AT"};
    auto const name = kill_points[here.index()];
    if (kill_at.came_true(name)) {
        std::raise(SIGKILL);
    }
    if (stop_at.came_true(name)) {
        ::kill(::getpid(), SIGSTOP);
    }
}

} // namespace pgtend
#endif

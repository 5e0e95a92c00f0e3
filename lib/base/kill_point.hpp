// SPDX-License-Identifier: Apache-2.0
// Places between two steps of a run where a test may end the program (kill -9) or stand it still
// (SIGSTOP), as a power cut or a paused virtual machine would. Only builds with PGTEND_KILL_POINTS
// have them: the presets dev, asan and tsan.
#pragma once
#include <array>
#include <cstddef>
#include <string_view>

namespace pgtend {

// All of them, in the order of a run. "before X": X was not sent yet; "after X": it was answered.
// note: of the backend that works outside transactions; plan: what is to be done is read and
// decided; begin: a work transaction's BEGIN and fence; outside: a statement outside transactions.
inline constexpr std::array<std::string_view, 18> kill_points{
    "before mark_lost", "after mark_lost", "before claim",   "after claim",   "before note",
    "after note",       "before plan",     "after plan",     "before begin",  "after begin",
    "before commit",    "after commit",    "before outside", "after outside", "before renew",
    "after renew",      "before finish",   "after finish",
};

// One of the list; another name does not compile.
class kill_point {
  public:
    consteval kill_point(char const *name) // NOLINT(google-explicit-constructor): reach("after x")
    {
        while (kill_points.at(index_) != name) {
            ++index_;
        }
    }
    constexpr std::size_t index() const noexcept { return index_; }

  private:
    std::size_t index_ = 0;
};

#ifdef PGTEND_KILL_POINTS
// Ends the process when PGTEND_KILL_AT names this point, stops it when PGTEND_STOP_AT does:
// "after commit", or "after commit:3" for the third time that it is reached.
void reach(kill_point here) noexcept;
#else
constexpr void reach(kill_point) noexcept {}
#endif

} // namespace pgtend

// SPDX-License-Identifier: Apache-2.0
// Where to look again, and when: for rows that others held, and for those that moved.
#pragma once
#include <deque>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "batch/statements.hpp"

namespace pgtend::batch {

// Works in rounds: what is added in one is given out in the next. There are two; when rows were
// held, after 100 ms and after a second, else at once.
class held_rows {
  public:
    struct place {
        std::size_t leaf;
        section where;
        bool held; // rows that match could not be changed; else some may have gone unseen
    };

    // The same place again is one.
    void add(place one);
    // The next to look through; nothing when there is none, or no further round. The first of a
    // round tells the pause before.
    std::optional<place> next(microseconds &pause);
    // A leaf that failed.
    void forget(std::size_t leaf);

    // 0 before the first one was given out.
    std::size_t round() const noexcept { return round_; }
    bool last_round() const noexcept;
    bool empty() const noexcept { return added_.empty() && given_.empty(); }
    // Some are held, and would be tried again.
    bool any_held() const noexcept;

  private:
    std::size_t round_ = 0;
    std::vector<place> added_ = {};
    std::deque<place> given_ = {};
};

} // namespace pgtend::batch

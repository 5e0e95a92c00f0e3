// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.hpp"

#include <iterator>

namespace pgtend::plan {

void plan::append(plan other)
{
    auto const moved = steps.size();
    for (auto &s : other.steps) {
        for (auto &index : s.after) {
            index += moved;
        }
    }
    steps.insert(steps.end(), std::make_move_iterator(other.steps.begin()),
                 std::make_move_iterator(other.steps.end()));
    notes.insert(notes.end(), std::make_move_iterator(other.notes.begin()),
                 std::make_move_iterator(other.notes.end()));
}

} // namespace pgtend::plan

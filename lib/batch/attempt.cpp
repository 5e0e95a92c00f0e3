// SPDX-License-Identifier: Apache-2.0
#include "batch/attempt.hpp"

#include <algorithm>
#include <utility>

namespace pgtend::batch {

attempt::attempt(leaf_statements const &sql, wish what)
    : rows_{what.rows.rows}, notes_writer_{what.notes_writer}, counts_{what.careful ||
                                                                       what.may_keep}
{
    first_ = add(prelude());
    if (what.along) {
        along_ = add(std::move(*what.along));
    }
    if (what.careful) {
        locked_ = add(sql.lock_free(what.rows, what.most));
        changed_ = add(sql.change_locked());
    } else {
        changed_ = add(sql.change_rows(what.rows, what.most));
    }
    // A row that a trigger rewrote and kept is missing in the number that was found; where none is
    // known it has to be counted here.
    last_ = add(counts_ ? sql.count_still(what.rows, what.may_keep && rows_ == 0) : sql.stamp());
}

int attempt::add(plan::statement one)
{
    statements_.push_back(std::move(one));
    return static_cast<int>(statements_.size()) - 1;
}

attempt::result attempt::read(plan::outcome const &last, bool deletes) const
{
    auto const at = [&](int index) -> rows const & {
        return last.results.at(static_cast<std::size_t>(index));
    };
    auto const &end = at(last_);
    result out;
    out.changed = deletes ? at(changed_).affected() : at(changed_).integer(0, "changed");
    auto const still = counts_ ? end.integer(0, "still") : 0;
    out.missing = std::max(still, rows_ - out.changed);
    if (careful()) {
        // What was locked, and not changed, is kept.
        auto const locked = at(locked_).integer(0, "locked");
        out.held = rows_ > 0 ? rows_ - locked : still - (locked - out.changed);
    }
    out.attached = end.flag(0, "attached");
    if (notes_writer_) {
        out.writer = end.text(0, "writer");
    }
    out.took = microseconds{end.integer(0, "stamp") - at(first_).integer(0, "stamp")};
    if (along_ >= 0) {
        out.answer = at(along_);
    }
    return out;
}

} // namespace pgtend::batch

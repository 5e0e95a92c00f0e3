// SPDX-License-Identifier: Apache-2.0
#include "batch/held_rows.hpp"

#include <array>
#include <iterator>
#include <utility>

namespace pgtend::batch {
namespace {

constexpr std::array<microseconds, 2> pauses{milliseconds{100}, seconds{1}};

} // namespace

bool held_rows::last_round() const noexcept
{
    return round_ == pauses.size();
}

void held_rows::add(std::size_t leaf, section where)
{
    where.rows = 0;
    if (!added_.empty() && added_.back().leaf == leaf) {
        auto &before = added_.back().where;
        if (before.what == where.what && before.from == where.from && before.to == where.to &&
            before.places == where.places) {
            return;
        }
        bool const keys = before.what == section::kind::keys && where.what == section::kind::keys;
        if (keys && before.to && before.to == where.from && !where.beyond) {
            before.to = where.to;
            return;
        }
    }
    added_.push_back({leaf, std::move(where)});
}

std::optional<held_rows::place> held_rows::next(microseconds &pause)
{
    if (given_.empty()) {
        if (added_.empty() || last_round()) {
            return std::nullopt;
        }
        given_.assign(std::make_move_iterator(added_.begin()),
                      std::make_move_iterator(added_.end()));
        added_.clear();
        pause = pauses.at(round_++);
    }
    auto out = std::move(given_.front());
    given_.pop_front();
    return out;
}

void held_rows::forget(std::size_t leaf)
{
    auto const there = [&](place const &each) { return each.leaf == leaf; };
    std::erase_if(added_, there);
    std::erase_if(given_, there);
}

} // namespace pgtend::batch

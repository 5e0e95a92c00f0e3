// SPDX-License-Identifier: Apache-2.0
#include "batch/held_rows.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace pgtend::batch {
namespace {

constexpr std::array<microseconds, 2> pauses{milliseconds{100}, seconds{1}};

// Of a search forward: a heap grows, all else is the same, then.
bool same_begin(section const &a, section const &b)
{
    return a.what == b.what && a.from == b.from && a.beyond == b.beyond && a.places == b.places &&
           a.first_block == b.first_block;
}

} // namespace

bool held_rows::last_round() const noexcept
{
    return round_ == pauses.size();
}

void held_rows::add(place one)
{
    one.where.rows = 0;
    if (!added_.empty()) {
        auto &before = added_.back();
        if (before.leaf == one.leaf && same_begin(before.where, one.where)) {
            before.held = before.held || one.held;
            before.where.end_block = std::max(before.where.end_block, one.where.end_block);
            return;
        }
    }
    added_.push_back(std::move(one));
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
        pause = any_held() ? pauses.at(round_) : microseconds{0};
        ++round_;
    }
    auto out = std::move(given_.front());
    given_.pop_front();
    return out;
}

bool held_rows::any_held() const noexcept
{
    auto const held = [](place const &each) { return each.held; };
    return std::any_of(added_.begin(), added_.end(), held) ||
           std::any_of(given_.begin(), given_.end(), held);
}

void held_rows::forget(std::size_t leaf)
{
    auto const there = [&](place const &each) { return each.leaf == leaf; };
    std::erase_if(added_, there);
    std::erase_if(given_, there);
}

} // namespace pgtend::batch

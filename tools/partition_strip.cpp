// SPDX-License-Identifier: Apache-2.0
#include "tools/partition_strip.hpp"

#include <utility>

#include "base/text.hpp"

namespace pgtend::tools {
namespace {

char cell_of(partition::period_state state)
{
    switch (state) {
    case partition::period_state::present:
        return '#';
    case partition::period_state::missing:
        return '.';
    case partition::period_state::planned:
        return '+';
    case partition::period_state::pending:
        return '~';
    case partition::period_state::partly:
        return '/';
    }
    return '?';
}

struct group {
    std::string name, cells;
    std::size_t periods = 0;
    bool is_now = false;
};

std::vector<group> groups_of(std::vector<partition::period> const &periods)
{
    std::vector<group> out;
    for (auto const &each : periods) {
        if (out.empty() || out.back().name != each.group) {
            out.push_back({each.group, {}, 0, false});
        }
        auto &last = out.back();
        last.cells += each.is_now ? "|" : "";
        last.cells += cell_of(each.state);
        ++last.periods;
        last.is_now = last.is_now || each.is_now;
    }
    return out;
}

// "(1,200 earlier)"; empty when there are none.
std::string left_out(std::vector<group> const &groups, std::size_t from, std::size_t to,
                     std::string const &when)
{
    long long periods = 0;
    for (auto i = from; i < to; ++i) {
        periods += static_cast<long long>(groups[i].periods);
    }
    return periods > 0 ? "(" + thousands(periods) + " " + when + ")" : "";
}

} // namespace

std::vector<std::string> strip_of(std::vector<partition::period> const &periods, std::size_t width,
                                  std::size_t most)
{
    auto const groups = groups_of(periods);
    if (groups.empty()) {
        return {};
    }
    auto first = groups.size() - 1; // the newest, when none is of now
    for (std::size_t i = 0; i < groups.size(); ++i) {
        first = groups[i].is_now ? i : first;
    }
    auto end = first + 1;
    auto shown = groups[first].periods;
    while (end < groups.size() && shown + groups[end].periods <= most * 2 / 3) {
        shown += groups[end++].periods;
    }
    while (first > 0 && shown + groups[first - 1].periods <= most) {
        shown += groups[--first].periods;
    }
    std::vector<std::string> words{left_out(groups, 0, first, "earlier")};
    for (auto i = first; i < end; ++i) {
        words.push_back(groups[i].name + " " + groups[i].cells);
    }
    words.push_back(left_out(groups, end, groups.size(), "later"));
    std::vector<std::string> out;
    for (auto const &word : words) {
        if (word.empty()) {
            continue;
        }
        if (out.empty() || out.back().size() + 2 + word.size() > width) {
            out.push_back(word);
        } else {
            out.back() += "  " + word;
        }
    }
    return out;
}

std::string legend_of(std::vector<std::string> const &strips)
{
    std::string out;
    for (auto const &[cell, meaning] : {std::pair{'#', "present"},
                                        {'.', "missing"},
                                        {'+', "planned"},
                                        {'~', "held by a detach that did not end"},
                                        {'/', "covered in part"},
                                        {'|', "before that of now"}}) {
        for (auto const &line : strips) {
            if (line.find(cell) != std::string::npos) {
                out += (out.empty() ? "" : "   ") + std::string{cell} + " " + meaning;
                break;
            }
        }
    }
    return out;
}

} // namespace pgtend::tools

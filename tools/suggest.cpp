// SPDX-License-Identifier: Apache-2.0
#include "tools/suggest.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "base/text.hpp"
#include "tools/commands.hpp"

namespace pgtend::tools {
namespace {

// What may be typed -> what is meant by it.
using spellings = std::map<std::string, std::string>;

std::string near(std::string const &typed, spellings const &known)
{
    std::vector<std::string_view> words;
    for (auto const &[word, meant] : known) {
        words.emplace_back(word);
    }
    auto const found = nearest(typed, words);
    return found ? known.at(*found) : std::string{};
}

std::string member_near(std::string const &group, std::string const &typed)
{
    spellings members;
    for (auto const &c : commands()) {
        if (c.name.starts_with(group + " ")) {
            members.emplace(c.name.substr(group.size() + 1), c.name);
        }
    }
    return near(typed, members);
}

// All commands whose second word is near: "create" -> "partition create".
std::string by_second_word(std::string const &typed)
{
    spellings seconds;
    for (auto const &c : commands()) {
        auto const blank = c.name.find(' ');
        if (blank != std::string_view::npos) {
            auto &meant = seconds[std::string{c.name.substr(blank + 1)}];
            meant += (meant.empty() ? "" : "' or '") + std::string{c.name};
        }
    }
    return near(typed, seconds);
}

std::string meant_by(std::string const &first, std::string const &second)
{
    spellings swapped, whole, top{{"help", "help"}};
    for (auto const &c : commands()) {
        std::string const name{c.name};
        auto const blank = name.find(' ');
        if (blank == std::string::npos) {
            top.emplace(name, name);
            continue;
        }
        auto const one = name.substr(0, blank), two = name.substr(blank + 1);
        swapped.emplace(two + " " + one, name);
        whole.emplace(name, name);
        top.emplace(one + "-" + two, name);
        top.emplace(one, one);
    }
    if (!second.empty()) {
        auto const both = first + " " + second;
        if (auto const other = swapped.find(both); other != swapped.end()) {
            return other->second;
        }
        if (auto meant = near(both, whole); !meant.empty()) {
            return meant;
        }
    }
    auto const meant = near(first, top);
    if (!meant.empty()) {
        auto const member = second.empty() ? "" : member_near(meant, second);
        return member.empty() ? meant : member;
    }
    if (!second.empty()) {
        if (auto turned = near(first + " " + second, swapped); !turned.empty()) {
            return turned;
        }
    }
    return by_second_word(first);
}

} // namespace

usage_error unknown_command(std::string const &first, std::string const &second)
{
    for (auto const &g : groups()) {
        if (g.name != first) {
            continue;
        }
        auto const top = [&](auto const &c) { return c.name == second; };
        auto meant = member_near(first, second);
        if (meant.empty()) {
            meant = std::any_of(commands().begin(), commands().end(), top) ? second
                                                                           : by_second_word(second);
        }
        return usage_error{"there is no command " + in_quotes(first + " " + second),
                           meant.empty() ? "see pgtend " + first + " --help"
                                         : "did you mean '" + meant + "'?"};
    }
    auto const meant = meant_by(first, second);
    // Behind a command of one word stand its arguments.
    bool const both = !second.empty() && meant.find(' ') != std::string::npos;
    return usage_error{"there is no command " + in_quotes(both ? first + " " + second : first),
                       meant.empty() ? "see pgtend --help" : "did you mean '" + meant + "'?"};
}

} // namespace pgtend::tools

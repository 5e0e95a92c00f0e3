// SPDX-License-Identifier: Apache-2.0
#include "model/partition_name.hpp"

#include <chrono>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::model {
namespace {

constexpr std::size_t longest_identifier = 63; // NAMEDATALEN - 1

struct iso_week {
    int year;
    int week;
};

// ISO 8601: weeks begin on Monday, and belong to the year that holds their Thursday.
iso_week week_of(partition_start const &from)
{
    using namespace std::chrono;
    auto const day = sys_days{std::chrono::year{from.year} / from.month / from.day};
    auto const thursday = day - (std::chrono::weekday{day} - Monday) + std::chrono::days{3};
    auto const year = year_month_day{thursday}.year();
    auto const number = (thursday - sys_days{year / January / 1}).count() / 7 + 1;
    return {static_cast<int>(year), static_cast<int>(number)};
}

// Calls literal(text) and placeholder(name) in the order of the pattern.
template <class Literal, class Placeholder>
void walk(std::string_view pattern, Literal literal, Placeholder placeholder)
{
    while (!pattern.empty()) {
        auto const brace = pattern.find_first_of("{}");
        literal(pattern.substr(0, brace));
        if (brace == std::string_view::npos) {
            return;
        }
        auto const end = pattern.find('}', brace);
        if (pattern[brace] == '}' || end == std::string_view::npos) {
            throw error{"the name pattern has a '" + std::string{pattern.substr(brace, 1)} +
                            "' without its counterpart",
                        "write {table}_{yyyy}_{mm}, for example"};
        }
        placeholder(pattern.substr(brace + 1, end - brace - 1));
        pattern.remove_prefix(end + 1);
    }
}

} // namespace

std::string_view default_pattern(step every)
{
    switch (every) {
    case step::hour:
        return "{table}_{yyyy}_{mm}_{dd}_{hh}";
    case step::day:
        return "{table}_{yyyy}_{mm}_{dd}";
    case step::week:
        return "{table}_{yyyy}_w{ww}";
    case step::month:
        return "{table}_{yyyy}_{mm}";
    case step::quarter:
        return "{table}_{yyyy}_q{q}";
    case step::year:
        return "{table}_{yyyy}";
    }
    return {};
}

void check_pattern(std::string_view pattern, step every)
{
    bool yyyy = false, mm = false, dd = false, hh = false, ww = false, q = false;
    walk(
        pattern, [](std::string_view) {},
        [&](std::string_view name) {
            if (name == "yyyy") {
                yyyy = true;
            } else if (name == "mm") {
                mm = true;
            } else if (name == "dd") {
                dd = true;
            } else if (name == "hh") {
                hh = true;
            } else if (name == "ww") {
                ww = true;
            } else if (name == "q") {
                q = true;
            } else if (name != "table") {
                throw error{"the name pattern has an unknown placeholder '{" + printable(name) +
                                "}'",
                            "there are {table}, {yyyy}, {q}, {mm}, {ww}, {dd} and {hh}"};
            }
        });
    bool apart = false;
    switch (every) {
    case step::hour:
        apart = yyyy && mm && dd && hh && !ww;
        break;
    case step::day:
        apart = yyyy && mm && dd && !ww;
        break;
    case step::week:
        apart = yyyy && (ww || (mm && dd));
        break;
    case step::month:
        apart = yyyy && mm && !ww;
        break;
    case step::quarter:
        apart = yyyy && (q || mm) && !ww;
        break;
    case step::year:
        apart = yyyy && !ww;
        break;
    }
    if (!apart) {
        throw error{"the name pattern does not tell one " + std::string{name(every)} +
                        " from another",
                    "write '" + std::string{default_pattern(every)} + "', for example" +
                        (ww && every != step::week ? "; {ww} is for weeks only" : "")};
    }
}

std::string partition_name(partition_policy const &policy, partition_start const &from)
{
    std::string_view const pattern =
        policy.name_pattern.empty() ? default_pattern(policy.every) : policy.name_pattern;
    bool const by_week = pattern.find("{ww}") != std::string_view::npos;
    auto const iso = by_week ? week_of(from) : iso_week{from.year, 0};
    std::string out;
    walk(
        pattern, [&](std::string_view text) { out += text; },
        [&](std::string_view name) {
            if (name == "table") {
                out += policy.table.name;
            } else if (name == "yyyy") {
                out += fmt::format("{:04}", iso.year);
            } else if (name == "q") {
                out += fmt::format("{}", (from.month + 2) / 3);
            } else if (name == "mm") {
                out += fmt::format("{:02}", from.month);
            } else if (name == "ww") {
                out += fmt::format("{:02}", iso.week);
            } else if (name == "dd") {
                out += fmt::format("{:02}", from.day);
            } else if (name == "hh") {
                out += fmt::format("{:02}", from.hour);
            }
        });
    if (out.empty() || out.size() > longest_identifier) {
        throw error{fmt::format("the partition name '{}' has {} bytes", printable(out), out.size()),
                    "PostgreSQL's names have at most 63 bytes and would be cut: shorten `name:`"};
    }
    return out;
}

} // namespace pgtend::model

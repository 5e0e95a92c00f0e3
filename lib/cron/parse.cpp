// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cron/field.hpp"

namespace pgtend::cron {

void refuse(std::string_view whole, std::string const &why, std::string hint)
{
    throw usage_error{"schedule " + in_quotes(whole) + ": " + why, std::move(hint)};
}

namespace {

constexpr std::size_t longest = 1000; // bytes; all sixty minutes written out are 169

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct macro {
    std::string_view name, text;
};
constexpr std::array<macro, 7> macros{{
    {"@hourly", "0 * * * *"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"},
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
}};

std::vector<std::string_view> words(std::string_view text)
{
    std::vector<std::string_view> out;
    for (std::size_t at = 0; (at = text.find_first_not_of(" \t", at)) != std::string_view::npos;) {
        auto const end = std::min(text.find_first_of(" \t", at), text.size());
        out.push_back(text.substr(at, end - at));
        at = end;
    }
    return out;
}

// Which field the word belongs to; empty when the number of words is no cron expression's.
std::string place(std::size_t word, std::size_t count)
{
    if (count != 5 && count != 6) {
        return "";
    }
    return std::string{facts(static_cast<unit>(word + (count == 5 ? 1 : 0))).name} + " field: ";
}

// One of d, h, m, s each at most once, in this order.
std::int64_t every(std::string_view whole, std::string_view text)
{
    std::string const hint =
        "Write days, hours, minutes and seconds in this order, such as '@every 1h30m': 1s to 366d.";
    constexpr std::string_view letters = "dhms";
    constexpr std::array<std::int64_t, 4> sizes{86400, 3600, 60, 1};
    constexpr std::int64_t most = 366 * 86400;
    std::int64_t total = 0;
    std::size_t next_unit = 0;
    for (std::size_t at = 0; at < text.size();) {
        std::int64_t value = 0;
        auto const start = at;
        for (; at < text.size() && is_digit(text[at]); ++at) {
            value = std::min(value * 10 + (text[at] - '0'), most + 1);
        }
        if (at == start) {
            refuse(whole,
                   "interval " + in_quotes(text) + " of @every: unexpected " +
                       in_quotes(text.substr(at)),
                   hint);
        }
        if (at == text.size()) {
            refuse(whole, "interval " + in_quotes(text) + " of @every: the unit is missing", hint);
        }
        auto const u = letters.find(text[at]);
        if (u == std::string_view::npos || u < next_unit) {
            refuse(whole,
                   "interval " + in_quotes(text) + " of @every: unexpected " +
                       in_quotes(text.substr(at)),
                   hint);
        }
        ++at;
        next_unit = u + 1;
        total = std::min(total + value * sizes[u], most + 1);
    }
    if (total < 1 || total > most) {
        refuse(whole, "interval " + in_quotes(text) + " of @every is not from 1s to 366d", hint);
    }
    return total;
}

fields five_or_six(std::string_view whole, std::vector<std::string_view> const &parts)
{
    fields out;
    out.six = parts.size() == 6;
    out[unit::second].items.emplace_back(); // second 0
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto const of = static_cast<unit>(i + (out.six ? 0 : 1));
        try {
            out[of] = read_field(whole, parts[i], of);
        } catch (usage_error const &problem) {
            if (!out.six) {
                throw;
            }
            // Some programs have the year or the second last.
            throw usage_error{problem.what(),
                              problem.hint() + " Six fields begin with the second."};
        }
    }
    if (parts[parts.size() - 3] == "?" && parts.back() == "?") {
        refuse(whole, "day-of-month and day-of-week field: '?' is in both",
               "Write '*' in one of them.");
    }
    bool const cadence = out[unit::minute].starred || out[unit::hour].starred;
    out.kind = cadence ? timing::cadence : timing::clock;
    return out;
}

fields at_macro(std::string_view whole, std::vector<std::string_view> const &parts)
{
    auto const name = lower(parts[0]);
    if (name == "@every" || name == "@after") {
        std::string const hint = "Write the interval without blanks, such as '@every 1h30m'.";
        if (name == "@after") {
            refuse(whole, "'@after' is not known",
                   "Write '@every 1h30m', which counts from fixed instants, not from the end of "
                   "the last run.");
        }
        if (parts.size() != 2) {
            refuse(whole,
                   parts.size() < 2 ? "@every: the interval is missing"
                                    : "@every: unexpected " + in_quotes(parts[2]),
                   hint);
        }
        fields out;
        out.kind = timing::every;
        out.interval = every(whole, parts[1]);
        return out;
    }
    if (name == "@reboot" || name == "@restart") {
        refuse(whole, in_quotes(parts[0]) + ": there is no start of a machine to wait for",
               "Run it from the service unit (ExecStartPre=, or a unit of its own).");
    }
    std::array<std::string_view, macros.size() + 1> known{"@every"};
    for (std::size_t i = 0; i < macros.size(); ++i) {
        if (macros[i].name == name) {
            if (parts.size() > 1) {
                refuse(whole, "unexpected " + in_quotes(parts[1]) + " after " + in_quotes(parts[0]),
                       "Remove it: '" + name + "' is a whole schedule.");
            }
            return five_or_six(whole, words(macros[i].text));
        }
        known[i + 1] = macros[i].name;
    }
    auto const guess = nearest(name, known);
    refuse(whole, "unknown name " + in_quotes(parts[0]),
           guess ? "Did you mean '" + *guess + "'?"
                 : "Known are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually "
                   "and @every.");
}

} // namespace

fields parse_fields(std::string_view text)
{
    if (text.size() > longest) {
        refuse(text,
               "it has " + thousands(static_cast<long long>(text.size())) +
                   " bytes, at most 1,000 are read",
               "Write steps and ranges instead of lists.");
    }
    auto const parts = words(text);
    for (std::size_t i = 0; i < parts.size(); ++i) {
        for (auto const c : parts[i]) {
            auto const byte = static_cast<unsigned char>(c);
            if (byte < 0x20 || byte >= 0x7F) {
                refuse(text,
                       place(i, parts.size()) +
                           "only ASCII letters, digits and signs can be used, not " +
                           in_quotes(parts[i]),
                       "Fields are separated by blanks; digits are 0 to 9.");
            }
        }
    }
    if (parts.empty()) {
        refuse(text, "it is empty",
               "Write five fields, such as '30 2 * * *' (every day at 02:30).");
    }
    if (parts[0][0] == '@') {
        return at_macro(text, parts);
    }
    if (parts[0].find('=') != std::string_view::npos) {
        refuse(text, "unexpected " + in_quotes(parts[0]),
               "Give the time zone by the key 'timezone:' (or --zone), not inside the expression.");
    }
    if (auto const noun = parts.size() == 2 ? lower(parts[1]) : "";
        noun == "second" || noun == "seconds") {
        std::int64_t value = 0;
        bool good = parts[0].size() <= 9;
        for (auto const c : parts[0].substr(0, 9)) {
            good = good && is_digit(c);
            value = value * 10 + (c - '0');
        }
        if (!good || value < 1 || value > 59) {
            refuse(text, "seconds field " + in_quotes(parts[0]) + " is not from 1 to 59",
                   "For longer intervals write '@every 90s'.");
        }
        fields out;
        out.kind = timing::seconds;
        out.interval = value;
        return out;
    }
    if (parts.size() == 7) {
        refuse(text, "it has 7 fields, 5 or 6 are read",
               "Remove the year, or write the job without a schedule and run it by hand.");
    }
    if (parts.size() != 5 && parts.size() != 6) {
        refuse(text,
               "it has " + std::to_string(parts.size()) +
                   (parts.size() == 1 ? " field" : " fields") + ", 5 are needed",
               "They are minute, hour, day of month, month and day of week; six fields begin with "
               "the second.");
    }
    return five_or_six(text, parts);
}

} // namespace pgtend::cron

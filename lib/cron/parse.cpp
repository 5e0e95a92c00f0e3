// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cron/field.hpp"

namespace pgtend::cron {
namespace {

constexpr std::size_t longest = 1000; // bytes; all sixty minutes written out are 169

constexpr std::array<std::string_view, 12> month_names{
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 7> weekday_names{
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};

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

std::string shown(std::string_view text)
{
    return "'" + printable(head_and_tail(text, 80)) + "'";
}

bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

[[noreturn]] void refuse(std::string_view whole, std::string const &why, std::string hint)
{
    throw usage_error{"schedule " + shown(whole) + ": " + why, std::move(hint)};
}

std::string example(unit of)
{
    switch (of) {
    case unit::second:
    case unit::minute:
        return "Write 0 to 59, '*', '*/15', '0-30' or a list as '0,30'.";
    case unit::hour:
        return "Write 0 to 23, '*', '*/6', '8-18' or a list as '0,12'.";
    case unit::day:
        return "Write 1 to 31, '*', 'L' (last day), 'LW' (last workday), '15W' or a list as "
               "'1,15'.";
    case unit::month:
        return "Write 1 to 12 or jan to dec, '*', 'apr-sep' or a list as '1,7'.";
    case unit::weekday:
        break;
    }
    return "Write sun to sat (or 0 to 7, 0 and 7 are Sunday), '*', 'mon-fri', 'fri#2' (second), "
           "'friL' (last) or a list.";
}

// Reads one field. `whole` is for messages only.
class field_reader {
  public:
    field_reader(std::string_view whole, std::string_view text, unit of)
        : whole_{whole}, text_{text}, of_{of}
    {
    }

    field read()
    {
        field out;
        out.starred = text_[0] == '*' || text_ == "?";
        for (;;) {
            out.items.push_back(element());
            if (at_ == text_.size()) {
                break;
            }
            if (text_[at_] != ',') {
                unexpected();
            }
            ++at_;
        }
        return out;
    }

  private:
    [[noreturn]] void fail(std::string const &why, std::string hint = {}) const
    {
        refuse(whole_, std::string{facts(of_).name} + " field " + shown(text_) + ": " + why,
               hint.empty() ? example(of_) : std::move(hint));
    }
    [[noreturn]] void unexpected() const
    {
        auto const rest = text_.substr(at_);
        if (rest.find_first_of("Hh") == 0 && of_ != unit::weekday) {
            fail("'H' (a hash) is not known here",
                 "Write a fixed time and the key 'spread: 10m': it moves each job by a stable hash "
                 "of its name.");
        }
        if (rest.starts_with('~')) {
            fail("'~' (a random time) is not known here",
                 "Write a fixed time and the key 'spread: 10m': it moves each job by a stable hash "
                 "of its name.");
        }
        if (rest.starts_with('?')) {
            fail("'?' stands alone, in one of the two day fields", "Write '*'.");
        }
        fail(rest.empty() ? "something is missing at its end" : "unexpected " + shown(rest));
    }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool accept(char lower_case)
    {
        if (peek() != lower_case && peek() != lower_case - 'a' + 'A') {
            return false;
        }
        ++at_;
        return true;
    }

    int number(int least, int most, std::string_view what)
    {
        auto const start = at_;
        long long value = 0;
        for (; digit(peek()); ++at_) {
            value = std::min(value * 10 + (peek() - '0'), 100'000LL);
        }
        if (at_ == start) {
            unexpected();
        }
        if (value < least || value > most) {
            std::string hint;
            if (what == "step" && value > most &&
                (of_ == unit::minute || of_ == unit::hour || of_ == unit::second)) {
                hint = "A step starts again in each hour or day. For longer intervals write "
                       "'@every 90m' or '@every 36h'.";
            }
            fail(std::string{what} + " " + shown(text_.substr(start, at_ - start)) +
                     " is not from " + std::to_string(least) + " to " + std::to_string(most),
                 std::move(hint));
        }
        return static_cast<int>(value);
    }

    // A number or a name; `named` tells which.
    int value()
    {
        if (!letter(peek())) {
            return number(facts(of_).least, facts(of_).most, "value");
        }
        if (of_ != unit::month && of_ != unit::weekday) {
            unexpected();
        }
        auto const start = at_;
        std::string word;
        while (letter(peek())) {
            word += text_[at_++];
        }
        word = lower(word);
        auto const find = [&](auto const &names, int first) -> int {
            // The last letter may be the 'l' of "last Friday"; "april" is the only name that ends
            // with it.
            for (bool const cut : {false, true}) {
                if (cut && (of_ != unit::weekday || word.back() != 'l')) {
                    break;
                }
                auto const name = std::string_view{word}.substr(0, word.size() - cut);
                for (std::size_t i = 0; i < names.size(); ++i) {
                    if (name == names[i] || (name.size() == 3 && name == names[i].substr(0, 3))) {
                        at_ -= cut;
                        return static_cast<int>(i) + first;
                    }
                }
            }
            std::vector<std::string_view> known{names.begin(), names.end()};
            for (auto const full : names) {
                known.push_back(full.substr(0, 3));
            }
            auto const guess = nearest(word, known);
            fail("unknown name " + shown(text_.substr(start, at_ - start)),
                 guess ? "Did you mean '" + guess->substr(0, 3) + "'?" : "");
        };
        return of_ == unit::month ? find(month_names, 1) : find(weekday_names, 0);
    }

    item element()
    {
        if (of_ == unit::day && (letter(peek()) || peek() == '$')) {
            return last_of_month();
        }
        if (of_ == unit::weekday && letter(peek()) && (peek() == 'l' || peek() == 'L')) {
            fail("'L' needs a day here", "Write 'friL' or '5L' for the last Friday of a month.");
        }
        item out;
        if (peek() == '?' && text_.size() == 1 && (of_ == unit::day || of_ == unit::weekday)) {
            ++at_;
            out.star = true;
        } else if (peek() == '*') {
            ++at_;
            out.star = true;
            if (peek() != '/' && peek() != ',' && at_ != text_.size()) {
                fail("'*' stands alone, or before a step as '*/5'");
            }
        }
        if (out.star) {
            out.first = facts(of_).least;
            out.last = facts(of_).most;
        } else {
            out.first = out.last = value();
            if (special(out)) {
                return out;
            }
            if (peek() == '-') {
                ++at_;
                out.last = value();
                range(out);
            } else if (peek() == '/') {
                out.open = true;
                out.last = of_ == unit::weekday ? std::max(out.first, 6) : facts(of_).most;
            }
        }
        if (peek() == '/' && text_ != "?") {
            ++at_;
            out.step = number(1, facts(of_).most, "step");
        }
        return out;
    }

    // L, L-n, LW, $
    item last_of_month()
    {
        item out;
        out.what = item::form::last_day;
        if (peek() == '$') {
            ++at_;
            return out;
        }
        if (!accept('l')) {
            unexpected();
        }
        if (accept('w')) {
            out.what = item::form::last_workday;
        } else if (peek() == '-') {
            ++at_;
            out.first = number(1, 30, "distance from the last day");
        }
        return out;
    }

    // nW, d#k, dL: what follows a single value.
    bool special(item &out)
    {
        if (of_ == unit::day && accept('w')) {
            out.what = item::form::near_workday;
        } else if (of_ == unit::weekday && accept('l')) {
            out.what = item::form::last_weekday;
        } else if (of_ == unit::weekday && peek() == '#') {
            ++at_;
            out.what = item::form::nth_weekday;
            out.step = number(1, 5, "count");
        }
        return out.what != item::form::range;
    }

    void range(item &out) const
    {
        // A range that ends with Sunday means its end as 7.
        if (of_ == unit::weekday && out.last == 0 && out.first > 0) {
            out.last = 7;
        }
        if (out.first <= out.last) {
            return;
        }
        auto const part = [](int first, int last) {
            return first == last ? std::to_string(first)
                                 : std::to_string(first) + "-" + std::to_string(last);
        };
        auto const least = facts(of_).least;
        auto const most = of_ == unit::weekday ? 6 : facts(of_).most;
        auto const head = out.first > most ? "" : part(out.first, most) + ",";
        fail("the range ends before it begins", "Write '" + head + part(least, out.last) + "'.");
    }

    std::string_view whole_, text_;
    unit of_;
    std::size_t at_ = 0;
};

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
        for (; at < text.size() && digit(text[at]); ++at) {
            value = std::min(value * 10 + (text[at] - '0'), most + 1);
        }
        if (at == start) {
            refuse(whole,
                   "interval " + shown(text) + " of @every: unexpected " + shown(text.substr(at)),
                   hint);
        }
        if (at == text.size()) {
            refuse(whole, "interval " + shown(text) + " of @every: the unit is missing", hint);
        }
        auto const u = letters.find(text[at]);
        if (u == std::string_view::npos || u < next_unit) {
            refuse(whole,
                   "interval " + shown(text) + " of @every: unexpected " + shown(text.substr(at)),
                   hint);
        }
        ++at;
        next_unit = u + 1;
        total = std::min(total + value * sizes[u], most + 1);
    }
    if (total < 1 || total > most) {
        refuse(whole, "interval " + shown(text) + " of @every is not from 1s to 366d", hint);
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
        out[of] = field_reader{whole, parts[i], of}.read();
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
                                    : "@every: unexpected " + shown(parts[2]),
                   hint);
        }
        fields out;
        out.kind = timing::every;
        out.interval = every(whole, parts[1]);
        return out;
    }
    if (name == "@reboot" || name == "@restart") {
        refuse(whole, shown(parts[0]) + ": there is no start of a machine to wait for",
               "Run it from the service unit (ExecStartPre=, or a unit of its own).");
    }
    std::array<std::string_view, macros.size() + 1> known{"@every"};
    for (std::size_t i = 0; i < macros.size(); ++i) {
        if (macros[i].name == name) {
            if (parts.size() > 1) {
                refuse(whole, "unexpected " + shown(parts[1]) + " after " + shown(parts[0]),
                       "Remove it: '" + name + "' is a whole schedule.");
            }
            return five_or_six(whole, words(macros[i].text));
        }
        known[i + 1] = macros[i].name;
    }
    auto const guess = nearest(name, known);
    refuse(whole, "unknown name " + shown(parts[0]),
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
                           shown(parts[i]),
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
        refuse(text, "unexpected " + shown(parts[0]),
               "Give the time zone by the key 'timezone:' (or --zone), not inside the expression.");
    }
    if (auto const noun = parts.size() == 2 ? lower(parts[1]) : "";
        noun == "second" || noun == "seconds") {
        std::int64_t value = 0;
        bool good = parts[0].size() <= 9;
        for (auto const c : parts[0].substr(0, 9)) {
            good = good && digit(c);
            value = value * 10 + (c - '0');
        }
        if (!good || value < 1 || value > 59) {
            refuse(text, "seconds field " + shown(parts[0]) + " is not from 1 to 59",
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

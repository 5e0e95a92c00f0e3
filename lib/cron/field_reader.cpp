// SPDX-License-Identifier: Apache-2.0
// Reads one field of a cron expression.
#include <algorithm>

#include "base/text.hpp"
#include "cron/field.hpp"

namespace pgtend::cron {
namespace {

constexpr std::array<std::string_view, 12> month_names{
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};
constexpr std::array<std::string_view, 7> weekday_names{
    "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};

bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
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
        refuse(whole_, std::string{facts(of_).name} + " field " + in_quotes(text_) + ": " + why,
               hint.empty() ? example(of_) : std::move(hint));
    }
    [[noreturn]] void unexpected() const
    {
        auto const rest = text_.substr(at_);
        bool const hash = rest.starts_with('H') || rest.starts_with('h');
        if (hash || rest.starts_with('~')) {
            fail(hash ? "'H' (a hash) is not known here" : "'~' (a random time) is not known here",
                 "Write a fixed time and the key 'spread: 10m': it moves each job by a stable hash "
                 "of its name.");
        }
        if (rest.starts_with('?')) {
            fail("'?' stands alone, in one of the two day fields", "Write '*'.");
        }
        fail(rest.empty() ? "something is missing at its end" : "unexpected " + in_quotes(rest));
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
            fail(std::string{what} + " " + in_quotes(text_.substr(start, at_ - start)) +
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
        bool const hash = peek() == 'H' && (at_ + 1 == text_.size() || !letter(text_[at_ + 1]));
        if ((of_ != unit::month && of_ != unit::weekday) || hash) {
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
            fail("unknown name " + in_quotes(text_.substr(start, at_ - start)),
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

} // namespace

field read_field(std::string_view whole, std::string_view text, unit of)
{
    return field_reader{whole, text, of}.read();
}

} // namespace pgtend::cron

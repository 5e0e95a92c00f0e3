// SPDX-License-Identifier: Apache-2.0
#include "config/scalar.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace pgtend::config {
namespace {

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool all(std::string_view text, bool (*test)(char))
{
    return !text.empty() && std::all_of(text.begin(), text.end(), test);
}

bool digits(std::string_view text)
{
    return all(text, is_digit);
}

bool digits_or_line(std::string_view text)
{
    return digits(text.substr(0, 1)) && all(text, [](char c) { return is_digit(c) || c == '_'; });
}

// 1:30, 12:30:00.5: [0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
bool sexagesimal(std::string_view text)
{
    auto const colon = text.find(':');
    if (colon == std::string_view::npos || !digits_or_line(text.substr(0, colon))) {
        return false;
    }
    auto rest = text.substr(colon);
    while (!rest.empty() && rest[0] == ':') {
        rest.remove_prefix(1);
        auto const end = std::min(rest.find_first_of(":."), rest.size());
        if (end > 2 || !digits(rest.substr(0, end)) || (end == 2 && rest[0] > '5')) {
            return false;
        }
        rest.remove_prefix(end);
    }
    return rest.empty() || std::all_of(rest.begin() + 1, rest.end(),
                                       [](char c) { return is_digit(c) || c == '_'; });
}

// 2025-01-15, 2025-1-5 10:00:00, 2025-01-15T...
bool date(std::string_view text)
{
    auto const first = text.find('-');
    auto const second = text.find('-', first == std::string_view::npos ? first : first + 1);
    if (first != 4 || second == std::string_view::npos || !digits(text.substr(0, 4))) {
        return false;
    }
    auto const month = text.substr(5, second - 5);
    auto day = text.substr(second + 1);
    auto const end = std::min(day.find_first_of(" \tTt"), day.size());
    auto const time = day.substr(end);
    day = day.substr(0, end);
    return month.size() <= 2 && day.size() <= 2 && digits(month) && digits(day) &&
           (time.empty() || time.find(':') != std::string_view::npos);
}

} // namespace

plain_kind classify(std::string_view plain)
{
    if (plain.empty()) {
        return plain_kind::text;
    }
    auto const first = plain[0];
    if (!is_digit(first) && first != '+' && first != '-' && first != '.') {
        static constexpr std::array<std::string_view, 8> words{"true", "false", "yes", "no",
                                                               "on",   "off",   "y",   "n"};
        if (plain.size() > 5) {
            return plain_kind::text;
        }
        if (plain == "true" || plain == "false") {
            return plain_kind::boolean;
        }
        auto const small = lower(plain);
        return std::find(words.begin(), words.end(), small) != words.end() ? plain_kind::yes_no
                                                                           : plain_kind::text;
    }
    bool const plus = first == '+';
    auto const number = plain.substr(plus || first == '-' ? 1 : 0);
    if (digits(number)) {
        return plus || (number.size() > 1 && number[0] == '0') ? plain_kind::odd_integer
                                                               : plain_kind::integer;
    }
    auto const base = lower(number.substr(0, 2));
    auto const rest = number.substr(std::min<std::size_t>(2, number.size()));
    if ((base == "0x" && all(rest,
                             [](char c) {
                                 return is_digit(c) || (c >= 'a' && c <= 'f') ||
                                        (c >= 'A' && c <= 'F') || c == '_';
                             })) ||
        ((base == "0o" || base == "0b") && digits_or_line(rest)) || digits_or_line(number)) {
        return plain_kind::odd_integer;
    }
    if (sexagesimal(number)) {
        return plain_kind::sexagesimal;
    }
    if (date(plain)) {
        return plain_kind::date;
    }
    auto const small = lower(number);
    if (small == ".inf" || small == ".nan") {
        return plain_kind::odd_decimal;
    }
    auto const e = small.find('e');
    auto const mantissa = std::string_view{small}.substr(0, e);
    auto const point = mantissa.find('.');
    auto const whole = mantissa.substr(0, point);
    auto const fraction =
        point == std::string_view::npos ? std::string_view{} : mantissa.substr(point + 1);
    auto const part = [](std::string_view text) { return text.empty() || digits_or_line(text); };
    if (!part(whole) || !part(fraction) || (whole.empty() && fraction.empty())) {
        return plain_kind::text;
    }
    if (e != std::string::npos) {
        auto exponent = std::string_view{small}.substr(e + 1);
        if (!exponent.empty() && (exponent[0] == '+' || exponent[0] == '-')) {
            exponent.remove_prefix(1);
        }
        return digits(exponent) ? plain_kind::odd_decimal : plain_kind::text;
    }
    bool const clean =
        !plus && digits(whole) && digits(fraction) && (whole.size() == 1 || whole[0] != '0');
    return clean ? plain_kind::decimal : plain_kind::odd_decimal;
}

std::string describe(plain_kind kind, std::string_view plain)
{
    auto const digit_after_zero = plain.find_first_not_of("+-");
    switch (kind) {
    case plain_kind::text:
        return "a text";
    case plain_kind::boolean:
        return "a boolean";
    case plain_kind::yes_no:
        return "a boolean to some YAML readers, a text to others";
    case plain_kind::integer:
    case plain_kind::decimal:
        return "a number";
    case plain_kind::odd_integer:
        if (digit_after_zero != std::string_view::npos && plain[digit_after_zero] == '0' &&
            digits(plain.substr(digit_after_zero))) {
            return "a number of base 8 to some YAML readers, of base 10 to others";
        }
        return "a number to some YAML readers, a text to others";
    case plain_kind::odd_decimal:
        return "a number to some YAML readers, a text to others";
    case plain_kind::sexagesimal:
        return "a number of base 60 to some YAML readers, a text to others";
    case plain_kind::date:
        return "a date to some YAML readers, a text to others";
    }
    return {};
}

} // namespace pgtend::config

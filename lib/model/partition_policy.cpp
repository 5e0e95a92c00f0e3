// SPDX-License-Identifier: Apache-2.0
#include "model/partition_policy.hpp"

#include <array>
#include <charconv>
#include <chrono>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::model {
namespace {

constexpr std::array<std::string_view, 6> steps{"hour", "day", "week", "month", "quarter", "year"};

// Digits only, the whole of the text.
bool read(std::string_view text, std::size_t digits, int &into)
{
    auto const *end = text.data() + text.size();
    return text.size() == digits && text[0] != '-' &&
           std::from_chars(text.data(), end, into) == std::from_chars_result{end, std::errc{}};
}

} // namespace

std::string_view name(step every)
{
    return steps.at(static_cast<std::size_t>(every));
}

step parse_step(std::string_view text)
{
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i] == text) {
            return static_cast<step>(i);
        }
    }
    auto const near = nearest(text, steps);
    throw usage_error{"'" + printable(text) + "' is no interval of partitions",
                      near ? "did you mean " + *near + "?"
                           : "write hour, day, week, month, quarter or year"};
}

date parse_date(std::string_view text)
{
    date out;
    auto const parts = split(text, '-');
    bool const shaped = (parts.size() == 2 || parts.size() == 3) && read(parts[0], 4, out.year) &&
                        read(parts[1], 2, out.month) &&
                        (parts.size() == 2 || read(parts[2], 2, out.day));
    std::chrono::year_month_day const day{std::chrono::year{out.year},
                                          std::chrono::month(static_cast<unsigned>(out.month)),
                                          std::chrono::day(static_cast<unsigned>(out.day))};
    if (!shaped || out.year < 1 || !day.ok()) {
        throw usage_error{"'" + printable(text) + "' is not a date", "write 2025-01 or 2025-01-15"};
    }
    return out;
}

} // namespace pgtend::model

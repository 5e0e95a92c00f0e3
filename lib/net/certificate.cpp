// SPDX-License-Identifier: Apache-2.0
#include "net/certificate.hpp"

#include <array>
#include <cstdio>
#include <string>

namespace pgtend::net {

std::optional<instant> certificate_time(std::string_view text)
{
    static constexpr std::array<std::string_view, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::string const line{text};
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    std::array<char, 4> word{};
    if (std::sscanf(line.c_str(), "%3s %2d %2d:%2d:%2d %4d GMT", word.data(), &day, &hour, &minute,
                    &second, &year) == 6) {
        for (std::size_t i = 0; i < months.size(); ++i) {
            month = months[i] == word.data() ? static_cast<int>(i) + 1 : month;
        }
    } else if (std::sscanf(line.c_str(), "%4d-%2d-%2d %2d:%2d:%2d GMT", &year, &month, &day, &hour,
                           &minute, &second) != 6) {
        return std::nullopt;
    }
    std::chrono::year_month_day const date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) {
        return std::nullopt;
    }
    return instant{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
           std::chrono::minutes{minute} + seconds{second};
}

} // namespace pgtend::net

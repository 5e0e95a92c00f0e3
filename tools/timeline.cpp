// SPDX-License-Identifier: Apache-2.0
#include "tools/timeline.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/duration.hpp"

namespace pgtend::tools {
namespace {

constexpr std::int64_t hour = 3600, day = 24 * hour;
constexpr std::array<std::int64_t, 14> lengths{300,      600,      900,      1800,      hour,
                                               2 * hour, 3 * hour, 6 * hour, 12 * hour, day,
                                               2 * day,  7 * day,  14 * day, 28 * day};

std::int64_t on_the_wall(instant at, zone const &in)
{
    return seconds_from_civil(in.to_civil(at).civil);
}

} // namespace

std::vector<instant> timeline_cells(instant from, instant until, zone const &in, std::size_t most)
{
    auto const first = on_the_wall(from, in);
    auto const last = on_the_wall(until - microseconds{1}, in);
    auto const count = [&](std::int64_t length) {
        auto const begin = first / std::min(length, day) * std::min(length, day);
        return static_cast<std::size_t>((last - begin) / length + 1);
    };
    auto const fits = [&](std::int64_t length) { return count(length) <= most; };
    auto const found = std::find_if(lengths.begin(), lengths.end(), fits);
    auto const length = found == lengths.end() ? lengths.back() : *found;
    auto const grain = std::min(length, day);
    std::vector<instant> out;
    for (auto wall = first / grain * grain; out.size() < 2 || out.back() < until; wall += length) {
        auto const meaning = in.from_civil(civil_from_seconds(wall));
        auto const at =
            meaning.kind == civil_instants::kind::skipped ? meaning.transition : meaning.earlier;
        if (out.empty() || at > out.back()) {
            out.push_back(at);
        }
    }
    return out;
}

std::string timeline_heading(std::vector<instant> const &cells, zone const &in)
{
    auto const count = cells.size() - 1;
    std::string out(count, ' ');
    bool const days = cells.back() - cells.front() > std::chrono::hours{49};
    std::size_t room_from = 0;
    for (std::size_t i = 0; i + 2 <= count; ++i) {
        auto const wall = in.to_civil(cells[i]).civil;
        bool const begins = wall.minute == 0 && (!days || wall.hour == 0);
        if (begins && i >= room_from) {
            out.replace(i, 2, fmt::format("{:02}", days ? wall.day : wall.hour));
            room_from = i + 3;
        }
    }
    return out;
}

std::string timeline_unit(std::vector<instant> const &cells)
{
    // The usual length: of three the middle one, as one may be longer or shorter.
    std::vector<microseconds> all;
    for (std::size_t i = 1; i < cells.size() && i <= 3; ++i) {
        all.emplace_back(cells[i] - cells[i - 1]);
    }
    std::sort(all.begin(), all.end());
    auto const usual = all[all.size() / 2];
    return usual < std::chrono::hours{23}
               ? humanize(usual)
               : fmt::format("{} d", (usual + std::chrono::hours{12}) / std::chrono::hours{24});
}

char timeline_count(long long number)
{
    return number == 0 ? '.' : number > 9 ? '+' : static_cast<char>('0' + number);
}

} // namespace pgtend::tools

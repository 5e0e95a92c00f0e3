// SPDX-License-Identifier: Apache-2.0
// Schedules of the second engine, and what it says is due.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "cron/oracle.hpp"

namespace pgtend::test {

inline oracle::field any()
{
    return {"*", true, {{"*", [](oracle::wall const &) { return true; }}}};
}

inline oracle::field every(int oracle::wall::*value, int step)
{
    auto const text = "*/" + std::to_string(step);
    return {text, true, {{text, [=](oracle::wall const &at) { return at.*value % step == 0; }}}};
}

inline oracle::field only(int oracle::wall::*value, std::vector<int> const &numbers)
{
    oracle::field out;
    for (int const n : numbers) {
        auto const text = std::to_string(n);
        out.text += (out.text.empty() ? "" : ",") + text;
        out.elements.push_back({text, [=](oracle::wall const &at) { return at.*value == n; }});
    }
    return out;
}

inline oracle::schedule daily_at(oracle::field minutes, oracle::field hours)
{
    oracle::schedule out;
    out.minute = std::move(minutes);
    out.hour = std::move(hours);
    out.day = out.month = out.weekday = any();
    return out;
}

inline std::int64_t epoch(instant at)
{
    return std::chrono::duration_cast<seconds>(at.time_since_epoch()).count();
}

} // namespace pgtend::test

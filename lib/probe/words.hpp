// SPDX-License-Identifier: Apache-2.0
// Small things that judges of several kinds share.
#pragma once
#include <chrono>
#include <optional>

#include "base/clock.hpp"
#include "probe/verdict.hpp"

namespace pgtend::probe {

inline double in_seconds(microseconds time)
{
    return std::chrono::duration<double>(time).count();
}

inline void add_certificate(verdict &out, std::optional<instant> const &end, instant now)
{
    if (end) {
        out.values.push_back({"certificate", in_seconds(*end - now)});
    } else {
        out.absent["certificate"] = "no certificate was seen";
    }
}

} // namespace pgtend::probe

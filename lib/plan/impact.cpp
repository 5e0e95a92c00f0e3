// SPDX-License-Identifier: Apache-2.0
#include "plan/impact.hpp"

#include <algorithm>

#include "plan/script.hpp"

namespace pgtend::plan {
namespace {

std::vector<lock> strongest_of(step const &what)
{
    std::vector<lock> out;
    for (auto const &each : statements_of(what)) {
        for (auto const &l : each.locks) {
            auto const known = std::find_if(out.begin(), out.end(), [&](auto const &seen) {
                return seen.relation == l.relation;
            });
            if (known == out.end()) {
                out.push_back(l);
            } else {
                known->mode = std::max(known->mode, l.mode);
            }
        }
    }
    std::stable_sort(out.begin(), out.end(),
                     [](auto const &a, auto const &b) { return a.mode > b.mode; });
    return out;
}

} // namespace

std::vector<statement> statements_of(step const &what)
{
    if (auto const *together = std::get_if<transaction>(&what.body)) {
        return together->statements;
    }
    if (auto const *alone = std::get_if<standalone>(&what.body)) {
        return {alone->body};
    }
    return std::get<std::unique_ptr<task>>(what.body)->describe().statements;
}

std::string locks_of(step const &what)
{
    return lock_summary({.sql = {}, .locks = strongest_of(what)});
}

std::string_view impact_of(step const &what)
{
    auto const locks = strongest_of(what);
    auto const mode = locks.empty() ? lock_mode::access_share : locks.front().mode;
    if (mode == lock_mode::access_exclusive) {
        return "reads and writes wait";
    }
    if (mode >= lock_mode::share) {
        return "reads go on, writes wait";
    }
    return mode == lock_mode::share_update_exclusive ? "reads and writes go on" : "nobody waits";
}

} // namespace pgtend::plan

// SPDX-License-Identifier: Apache-2.0
// A probe, run as `pgtend check` runs it, and what it said in few words.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "probe/run.hpp"
#include "support/lists.hpp"

namespace pgtend::test {

using list = std::vector<std::string>;

// `error message`, `warning of: message`, `unseen what`.
inline list words_of(probe::verdict const &v)
{
    list out;
    for (auto const &each : v.faults) {
        out.push_back((each.gravity == probe::gravity::error ? "error " : "warning ") +
                      (each.of.empty() ? "" : each.of + ": ") + each.message);
    }
    for (auto const &each : v.unseen) {
        out.push_back("unseen " + each);
    }
    return out;
}

inline probe::surroundings plain_surroundings(clock &time, std::stop_token stop = {})
{
    return {.expand = [](auto const &text, auto) { return text; },
            .secret_in = [](auto const &) { return std::string{}; },
            .server_connections = {},
            .time = time,
            .random = [] { return 0.5; },
            .stop = std::move(stop)};
}

inline probe::verdict look(model::probe_kind kind, microseconds timeout = seconds{10},
                           std::vector<model::metric_limit> limits = {}, std::stop_token stop = {})
{
    system_clock time;
    return probe::run(
        {.name = "it", .kind = std::move(kind), .timeout = timeout, .limits = std::move(limits)},
        plain_surroundings(time, std::move(stop)));
}

inline list say(model::probe_kind kind, microseconds timeout = seconds{10},
                std::vector<model::metric_limit> limits = {})
{
    return words_of(look(std::move(kind), timeout, std::move(limits)));
}

// The value of that metric; -1 when there is none.
inline double number(probe::verdict const &v, std::string const &metric, std::string const &of = "")
{
    for (auto const &each : v.values) {
        if (each.metric == metric && each.of == of) {
            return each.number;
        }
    }
    return -1;
}

// "error ..." whose message begins and ends so; the first of several is meant.
inline bool is_fault(list const &said, std::string const &begin, std::string const &part = "")
{
    return said.size() == 1 && said[0].starts_with(begin) &&
           said[0].find(part) != std::string::npos;
}

template <class Work> seconds time_of(Work const &work)
{
    auto const begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration_cast<seconds>(std::chrono::steady_clock::now() - begin);
}

} // namespace pgtend::test

// SPDX-License-Identifier: Apache-2.0
#include "probe/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace pgtend::probe {

void verdict::wrong(std::string message, std::string of)
{
    faults.push_back({.of = std::move(of), .message = std::move(message)});
}

void verdict::doubtful(std::string message, std::string of)
{
    faults.push_back(
        {.gravity = gravity::warning, .of = std::move(of), .message = std::move(message)});
}

std::optional<double> verdict::worst(model::metric const &m) const
{
    std::optional<double> out;
    for (auto const &each : values) {
        if (each.metric == m.name) {
            out = !out               ? each.number
                  : m.more_is_better ? std::min(*out, each.number)
                                     : std::max(*out, each.number);
        }
    }
    return out;
}

void apply_limits(model::probe const &of, verdict &v)
{
    bool const told = !v.faults.empty() || !v.unseen.empty(); // why there are no values
    for (auto const &m : model::metrics(of.kind)) {
        auto const declared = std::find_if(of.limits.begin(), of.limits.end(),
                                           [&](auto const &each) { return each.metric == m.name; });
        bool const own = declared != of.limits.end();
        auto const warning = own ? declared->warning : m.warning;
        auto const error = own ? declared->error : m.error;
        if (own && !v.worst(m) && (!told || v.absent.contains(std::string{m.name}))) {
            auto const why = v.absent.find(std::string{m.name});
            v.unseen.push_back(fmt::format("{} of {}{}", m.name, of.name,
                                           why == v.absent.end() ? "" : ": " + why->second));
        }
        auto const beyond = [&](double number, std::optional<double> const &limit) {
            return limit && (m.more_is_better ? number < *limit : number > *limit);
        };
        for (auto const &each : v.values) {
            bool const bad = each.metric == m.name && beyond(each.number, error);
            if (!bad && (each.metric != m.name || !beyond(each.number, warning))) {
                continue;
            }
            v.faults.push_back(
                {.gravity = bad ? gravity::error : gravity::warning,
                 .of = each.of,
                 .message = fmt::format("{} is {}, {} is {}", m.name,
                                        model::show_amount(each.number, m.unit),
                                        m.more_is_better ? "the least" : "the limit",
                                        model::show_amount(*(bad ? error : warning), m.unit)),
                 .number = each.number});
        }
    }
}

double percentile(std::vector<double> samples, double per_cent)
{
    std::sort(samples.begin(), samples.end());
    auto const rank = std::ceil(per_cent / 100 * static_cast<double>(samples.size()));
    auto const index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    return samples[std::min(index, samples.size() - 1)];
}

} // namespace pgtend::probe

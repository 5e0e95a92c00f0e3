// SPDX-License-Identifier: Apache-2.0
// What the numbers of probes have to reach.
#include <fmt/format.h>

#include "check/areas.hpp"
#include "check/evidence.hpp"

namespace pgtend::check {
namespace {

bool are_declared(sources const &from)
{
    return !from.objectives.empty();
}

std::vector<finding> look(evidence &with)
{
    using status = objective_result::status;
    if (!are_declared(with.given())) {
        throw unseen{"objectives: in the file"};
    }
    std::vector<finding> out;
    for (auto const &each : with.objectives()) {
        auto const &of = *each.of;
        if (each.is == status::missed) {
            out.push_back(
                {.object = of.name,
                 .message = fmt::format("{} of {} is {}, the objective is {}", of.metric, of.probe,
                                        model::show_amount(*each.actual, each.unit),
                                        model::show_target(of, each.unit)),
                 .value = each.actual,
                 .fix = {},
                 .at = of.at});
        } else if (each.is == status::unseen) {
            with.miss(fmt::format("{} of {} for {}: {}", of.metric, of.probe, of.name, each.why));
        }
    }
    return out;
}

} // namespace

std::span<rule const> objective_rules()
{
    static rule const all[] = {
        {.id = "objective.met",
         .severity = severity::error,
         .title = "every objective is met",
         .why = "the service is not what was agreed on",
         .fix = "see what the probe says that it is measured by",
         .look = look,
         .declared = are_declared},
    };
    return all;
}

} // namespace pgtend::check

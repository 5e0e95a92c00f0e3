// SPDX-License-Identifier: Apache-2.0
// Whether what the file declares is so.
#include <fmt/format.h>

#include "check/areas.hpp"
#include "check/evidence.hpp"

namespace pgtend::check {
namespace {

template <char const *Section> std::vector<finding> of_section(evidence &with)
{
    std::vector<finding> out;
    for (auto const &each : with.differences(Section)) {
        if (each.unknown) {
            with.miss(each.problem);
            continue;
        }
        bool const said = each.reason.empty() || each.reason == each.problem;
        auto const why = said ? "" : ": " + each.reason;
        auto const cannot = each.problem.empty() ? "" : "; cannot be done: " + each.problem;
        out.push_back({.object = each.object,
                       .message = each.step + why + cannot,
                       .value = {},
                       .fix = each.problem.empty()
                                  ? fmt::format("pgtend apply --only {} {}", Section, each.object)
                                  : "",
                       .detail = each.step,
                       .at = each.at});
    }
    return out;
}

constexpr char partitions[] = "partitions", indexes[] = "indexes", matviews[] = "matviews",
               autovacuum[] = "autovacuum";
constexpr std::string_view fix = "pgtend plan shows the difference, pgtend apply removes it";

} // namespace

std::span<rule const> declared_rules()
{
    static rule const all[] = {
        {.id = "declared.partitions",
         .severity = severity::error,
         .title = "the partitions that the file declares are there",
         .why = "rows without a partition are refused, or pile up in the default partition",
         .fix = fix,
         .look = of_section<partitions>},
        {.id = "declared.indexes",
         .severity = severity::error,
         .title = "the indexes that the file declares are there, valid and as declared",
         .why = "queries that count on them read whole tables",
         .fix = fix,
         .look = of_section<indexes>},
        {.id = "declared.matviews",
         .severity = severity::error,
         .title = "the materialized views that the file declares are there and as declared",
         .why = "jobs that refresh them fail, and those who read them get errors or wrong numbers",
         .fix = fix,
         .look = of_section<matviews>},
        {.id = "declared.autovacuum",
         .severity = severity::warning,
         .title = "storage parameters are as the file declares them",
         .why = "autovacuum comes later than planned, also to new partitions",
         .fix = fix,
         .look = of_section<autovacuum>},
    };
    return all;
}

} // namespace pgtend::check

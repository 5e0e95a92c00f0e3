// SPDX-License-Identifier: Apache-2.0
// What no program can see: somebody says that it was done, for a time.
#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "check/areas.hpp"
#include "check/evidence.hpp"

namespace pgtend::check {
namespace {

bool are_attested(sources const &from)
{
    return !from.attestations.empty();
}

// As RFC 3339 writes it.
std::string written(model::date const &d)
{
    return fmt::format("{:04}-{:02}-{:02}", d.year, d.month, d.day);
}

// Empty: nothing is wrong with it.
std::string fault_of(model::attestation const &a, instant now)
{
    auto const today = to_rfc3339(now).substr(0, 10);
    // Where it is written, the day may have begun before it does in UTC.
    auto const begun = to_rfc3339(now + std::chrono::hours{14}).substr(0, 10);
    std::vector<std::string> missing;
    for (auto const &[there, what] :
         {std::pair{!a.by.empty(), "by"}, std::pair{a.on.has_value(), "on"},
          std::pair{!a.evidence.empty(), "evidence"}, std::pair{a.until.has_value(), "until"}}) {
        if (!there) {
            missing.emplace_back(what);
        }
    }
    if (missing.size() == 4) {
        return "nobody has attested it";
    }
    if (!missing.empty()) {
        return "it does not say: " + join(missing, ", ");
    }
    if (written(*a.on) > begun) {
        return "it was done on " + written(*a.on) + ", which is not yet";
    }
    return written(*a.until) < today
               ? fmt::format("what {} attested ended on {}", printable(a.by), written(*a.until))
               : "";
}

std::vector<finding> look_for_attestations(evidence &with)
{
    if (!are_attested(with.given())) {
        throw unseen{"attestations: in the file"};
    }
    std::vector<finding> out;
    for (auto const &each : with.given().attestations) {
        if (auto const fault = fault_of(each, with.now()); !fault.empty()) {
            out.push_back(
                {.object = each.name, .message = fault, .value = {}, .fix = {}, .at = each.at});
        }
    }
    return out;
}

} // namespace

std::span<rule const> attestation_rules()
{
    static rule const all[] = {
        {.id = "attestation.current",
         .severity = severity::error,
         .title = "what only people can see was attested, with evidence, and is not over",
         .why = "what was done by hand once is not so any more, or was never done",
         .fix = "look again, then write by:, on:, evidence: and until: into the file",
         .look = look_for_attestations,
         .declared = are_attested},
    };
    return all;
}

} // namespace pgtend::check

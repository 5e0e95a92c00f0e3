// SPDX-License-Identifier: Apache-2.0
// Findings that somebody accepted, for a time and with a reason. Pure.
#pragma once
#include <string>
#include <vector>

#include "check/evaluate.hpp"
#include "model/check_policy.hpp"

namespace pgtend::check {

// Throws config_error, with the places in the file, for ids that do not exist, and for thresholds
// that their check does not have.
void validate(model::check_policy const &policy);

// Whether `text` is `pattern`, in which * stands for any text.
bool matches(std::string_view pattern, std::string_view text);

// The check that waivers themselves are: "waiver.current". Not of the catalogue.
rule const &waiver_rule();

struct waived {
    finding what;
    rule const *of = nullptr;
    model::waiver const *by = nullptr;
};

// Takes the waived findings out of the outcomes. A waiver whose last day is over (UTC) waives
// nothing; that is a finding of the check "waiver" itself, as is one that nothing matched, when its
// checks were among those that ran and saw their input.
struct waiving {
    std::vector<waived> accepted;
    std::vector<finding> faults; // object: the waiver's place in the file
};
waiving waive(std::vector<outcome> &outcomes, model::check_policy const &policy, instant now);

} // namespace pgtend::check

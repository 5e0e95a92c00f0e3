// SPDX-License-Identifier: Apache-2.0
// Which findings are new since some were remembered, and which are gone. Pure.
#pragma once
#include <string>
#include <vector>

#include "check/waive.hpp"
#include "model/known_finding.hpp"

namespace pgtend::check {

// Printable. Of a waiver's fault the message is the object: its place in the file moves.
model::finding_key key_of(rule const &of, finding const &what);

// What is found now and not waived, sorted; `faults`: those of the waivers.
model::baseline baseline_of(std::vector<outcome> const &outcomes, waiving const &waivers);

struct known {
    finding what;
    rule const *of = nullptr;
};
struct comparison {
    std::vector<known> unchanged;
    // Of checks that ran and saw all of their input, each as often as it is gone.
    std::vector<model::finding_key> gone;
};

// Takes what the baseline has out of the outcomes and the faults. Of several findings with one key
// as many are known as the baseline counts.
comparison take_known(std::vector<outcome> &outcomes, waiving &waivers,
                      model::baseline const &before);

// Marks what is not in `before` as `fresh` in place of taking out what is.
comparison mark_new(std::vector<outcome> &outcomes, waiving &waivers,
                    model::baseline const &before);

} // namespace pgtend::check

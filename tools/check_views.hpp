// SPDX-License-Identifier: Apache-2.0
// How check shows what it found.
#pragma once
#include <string>
#include <vector>

#include "check/evaluate.hpp"
#include "check/waive.hpp"
#include "tools/context.hpp"

namespace pgtend::tools {

struct check_result {
    std::string target;
    std::vector<check::outcome> outcomes;
    check::waiving waiving;

    std::size_t count(check::severity of) const; // findings that are not waived
    std::size_t count_skipped() const;
    check::severity worst() const; // of what is not waived; info when there is nothing
};

// The check that waivers themselves are.
check::rule const &waiver_rule();

void show(context &c, check_result const &result);
void list(context &c, std::vector<check::rule const *> const &rules);
void explain(context &c, check::rule const &of);

} // namespace pgtend::tools

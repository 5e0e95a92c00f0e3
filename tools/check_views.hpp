// SPDX-License-Identifier: Apache-2.0
// How check shows what it found.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "check/compare.hpp"
#include "check/evaluate.hpp"
#include "check/waive.hpp"
#include "tools/context.hpp"

namespace pgtend::tools {

struct check_result {
    std::string target;
    std::vector<check::outcome> outcomes;
    check::waiving waiving;
    std::vector<check::objective_result> objectives = {};
    std::vector<check::evidence::fetch> fetches = {};
    // What the findings were compared with: a baseline, which takes out those that it knows, or
    // what a job kept, which marks those that are new. Empty: nothing.
    std::string compared_with = {};
    bool against_baseline = false;
    std::vector<check::known> known = {}; // taken out
    std::size_t unchanged = 0;            // known ones, whether taken out or not
    std::vector<model::finding_key> gone = {};
    // Of a check that was not looked at then nothing is known to be new.
    std::set<std::string_view> not_compared = {};

    // Nothing: it was not compared.
    std::optional<bool> is_new(check::rule const &of, check::finding const &what) const;
    std::size_t count_new() const;
    std::size_t count(check::severity of) const; // findings that are not waived
    std::size_t count_skipped() const;
    check::severity worst() const; // of what is not waived; info when there is nothing
};

void show(context &c, check_result const &result);
report::tone tone_of(check::severity s);

} // namespace pgtend::tools

// SPDX-License-Identifier: Apache-2.0
// Which checks run, and how they are judged: what the file says, a profile of it, and a command
// line. Pure.
#pragma once
#include <string>
#include <vector>

#include "check/evaluate.hpp"
#include "model/check_policy.hpp"

namespace pgtend::check {

struct judgement {
    choice which;
    std::string fail_on; // error, warning or never
    bool strict = false; // a skipped check fails, too
    // The first of one id and key counts.
    std::vector<model::check_threshold> thresholds;
};

// `asked`: of the command line; its `only` replaces the profile's, its `skip` is one more.
// `profile` empty: none. What the profile says is stronger than the rest of the file. Throws
// usage_error, with the nearest name, for a profile that the file does not have.
judgement judge_by(model::check_policy const &policy, std::string const &profile,
                   choice const &asked);

} // namespace pgtend::check

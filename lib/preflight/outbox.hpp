// SPDX-License-Identifier: Apache-2.0
// Where what is found is collected.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/job.hpp"
#include "plan/statement.hpp"
#include "preflight/finding.hpp"

namespace pgtend::preflight {

// A privilege that was denied: the statement that gives it is asked for at the end.
struct denial {
    std::size_t finding; // its place among the findings
    model::job const *job;
    error why;
    plan::statement what;
};

class outbox {
  public:
    void add(finding one);
    void add(std::vector<finding> all);
    void miss(kind what, model::job const &job, source_position const &at, std::string needs);

    // What the server, or a planner, said of `what`. A lock that could not be had and a time that
    // was over are unknown. `otherwise` is the fix of an error that has no hint.
    struct failure {
        model::job const &job;
        source_position at;
        std::string object;
        std::string otherwise = {};
        plan::statement const *what = nullptr;
        bool sets = true; // else a value that does not fit is one of the condition
    };
    void fail(failure const &of, error const &why);
    // A step that pgtend refuses.
    void refuse(failure const &of, error const &why);

    std::vector<finding> findings;
    std::vector<unknown> unknowns;
    std::vector<denial> denials;
};

// Where the file has what the job does.
source_position place_of(model::job const &job);

} // namespace pgtend::preflight

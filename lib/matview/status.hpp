// SPDX-License-Identifier: Apache-2.0
// What one wants to know of materialized views before relying on them.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "catalog/snapshot/matviews.hpp"
#include "model/matview_policy.hpp"

namespace pgtend::matview {

// The newest run of a job that refreshed the view and succeeded. `started` is before the data were
// read: they are at most that old.
struct known_refresh {
    std::string job;
    instant started{};
};

struct status_request {
    catalog::matview_request asked;
    std::optional<model::matview_policy> policy = {}; // nothing: it is not declared
    std::optional<known_refresh> refreshed = {};
    // Set: why its last refresh is not known ("no job of the file refreshes it").
    std::string unknown = {};
};

enum class definition { not_declared, as_declared, differs, not_compared };
std::string_view name(definition value); // "as_declared"

struct view_status {
    qualified_name name;
    bool exists = false, declared = false;
    bool populated = false;
    std::optional<long long> rows = {}, bytes = {};
    std::optional<known_refresh> refreshed = {};
    std::optional<microseconds> age = {};
    std::string age_unknown = {}; // why, when it is
    std::optional<microseconds> max_staleness = {};
    bool stale = false;
    bool concurrently = false; // REFRESH ... CONCURRENTLY can be, by this role
    std::string why_not = {};
    std::string cure = {}; // the statement that would change it
    std::vector<qualified_name> dependents = {};
    matview::definition definition = matview::definition::not_declared;
    std::vector<std::string> findings = {}; // what is wrong with it, one line each
    std::vector<std::string> notes = {};    // what could not be found out, and what would change it
};

// In the order of the requests; `snapshot` is that of them, `now` the server's time.
//
// A finding is: a name that is no materialized view; of a declared one that it is missing, not
// populated (unless `with_data: false`), older than max_staleness, not as declared, without its
// unique index, or that the server refuses its query. That the age of its data is not known is no
// finding.
std::vector<view_status> judge(std::vector<status_request> const &all,
                               catalog::declared_matviews const &snapshot, instant now);

} // namespace pgtend::matview

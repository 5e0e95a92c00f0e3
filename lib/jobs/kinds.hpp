// SPDX-License-Identifier: Apache-2.0
// The table of job kinds: how each action becomes a plan.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/configuration.hpp"
#include "pg/session.hpp"
#include "plan/plan.hpp"

namespace pgtend::check {
struct sources;
}

namespace pgtend::jobs {

// What readiness checks look at that this module cannot see, added to the rest: whether the jobs of
// the file can work, and what stands around the database.
struct readiness_request;
using further_sources = std::function<void(check::sources &to, readiness_request const &ask)>;

// What a planner may look at. Reading the catalog takes ACCESS SHARE locks on catalogs only.
struct planning {
    pg::session &session;
    // The partition policies that `partition` chooses from.
    std::span<model::partition_policy const> partitions;
    // What their new partitions get.
    std::span<model::autovacuum_policy const> autovacuum;
    // The indexes that `index` chooses from.
    std::span<model::index_policy const> indexes = {};
    instant now{};
    std::string role = {}; // who will do the work; empty: the session's own
    // Under which SQL of the file is looked up by who carries the plan out; nothing: what role and
    // database say.
    std::optional<std::string> search_path = {};
    pg::limits limit = {};                      // of each statement that reads a catalog
    model::configuration const *file = nullptr; // all of it, for `check`
    std::string job = {};                       // what is planned for; empty: a command
    bool transaction_pooler = false;
    further_sources further = {}; // for `check`
};

struct kind {
    std::string_view name; // as in YAML
    // Reads what the planner needs and plans. Throws error.
    plan::plan (*make)(model::action const &what, planning const &with);
};

std::span<kind const> kinds();
// The row of an action.
kind const &kind_of(model::action const &what);
// Whether some of its statements cannot run in a transaction: the fence does not cover them, the
// recorded backend does.
bool works_outside_transactions(model::action const &what);
// Sessions that work side by side on it, at least 1.
int workers_of(model::action const &what);

} // namespace pgtend::jobs

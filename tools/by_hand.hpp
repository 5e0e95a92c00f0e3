// SPDX-License-Identifier: Apache-2.0
// What the commands that do work by hand share: options of the run, planning, execution, the
// result's document.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/configuration.hpp"
#include "tools/context.hpp"
#include "tools/options.hpp"

namespace pgtend::tools {

// Options of every command that changes something, under the names that the file uses.
struct run_options {
    model::run_policy policy;
    std::string time_zone; // empty: the file's, else UTC
    std::optional<std::string> search_path;
};
void declare(options &o, run_options &into);
// What --timezone says, else the file, else UTC. Throws error for an unknown zone.
std::string zone_of(context &c, run_options const &run);
// Of SQL that the file declares: what --search-path says, else defaults: of the file; nothing: what
// role and database say.
std::optional<std::string> search_path_of(context &c, run_options const &run);
// Batches of cleanup and expire.
void declare(options &o, model::batching &into);

// Tables of the command line; throws usage_error.
std::vector<qualified_name> names_of(std::vector<std::string> const &texts);

struct hand_work {
    model::action what;
    std::vector<model::partition_policy> partitions = {};
    std::vector<model::autovacuum_policy> autovacuum = {};
    std::vector<model::index_policy> indexes = {};
    std::string_view schema;         // "pgtend/cleanup/1"
    std::string_view plural;         // JSON member of the list of steps: "tables"
    std::optional<instant> now = {}; // planned as if it were then; nothing: the server's time
};

// Plans the action on the one destination, runs it (or prints it: --dry-run), prints the result.
// Returns ok, failed, or interrupted; a plan without steps is ok.
exit_code do_by_hand(context &c, hand_work const &work, run_options const &run);

// The same with a plan of the caller's: `make` gets the control session and the work's role.
struct hand_plan {
    std::function<plan::plan(context::control &, pg::limits const &)> make;
    int workers = 1;
    std::string_view schema;
    std::string_view plural;
};
exit_code do_by_hand(context &c, hand_plan const &work, run_options const &run);

// The result of a run as a document; the exit code it means.
report::document document_of(engine::result const &result, std::string_view schema,
                             std::string_view plural);
exit_code code_of(engine::result const &result);
// Every failure on stderr, with SQLSTATE and hint.
void tell_failures(io &outside, engine::result const &result);

} // namespace pgtend::tools

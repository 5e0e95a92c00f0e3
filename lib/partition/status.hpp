// SPDX-License-Identifier: Apache-2.0
// How a partitioned table is: how far its partitions reach, and what is wrong with them. Pure.
#pragma once
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "catalog/snapshot/creation.hpp"
#include "catalog/snapshot/partition_tree.hpp"
#include "catalog/snapshot/partitions.hpp"
#include "model/partition_policy.hpp"
#include "partition/drift.hpp"
#include "partition/due.hpp"

namespace pgtend::partition {

enum class period_state {
    present, // existing partitions cover it
    partly,  // they cover a part of it
    pending, // held by a partition whose detach did not end
    missing, // nothing covers it: a hole, or wanted and not there, or now
    planned, // in the future: the next `partition create` makes it
};
std::string_view name(period_state state);

struct period {
    std::string group, label; // "2026", "2026-12": groups are years, months of days, days of hours
    catalog::time_point from = 0;
    std::string from_text, to_text;
    period_state state = period_state::present;
    std::string partition; // that covers it, or would be made; may be empty
    bool is_now = false;
    bool wanted = false; // by the policy
};

// What is wrong. `kind` is part of the interface.
struct finding {
    std::string kind; // runway, hole, missing, overlap, default_rows, pending_detach, drift,
                      // name_taken, lock_table, unusable
    std::string message;
    std::string hint;
};

// Rows of the default partition.
struct default_state {
    qualified_name name;
    std::optional<long long> rows; // nothing: the server counted none, and never looked
    bool exact = false;
    std::vector<std::string> blocks = {}; // "2026-12: 12 rows", only when exact
};

struct table_status {
    qualified_name table;
    std::string definition; // "RANGE (created_at)"; empty when the table is of no use
    bool by_time = false;
    std::optional<model::step> every; // the policy's, or what the bounds show
    std::string time_zone;
    bool has_policy = false;
    std::size_t partitions = 0; // directly below, but for the default one
    std::size_t leaves = 0;     // that hold rows, with the default one

    // Of a table by time: until when, from now on, every row has a partition. No date and no days:
    // for ever.
    std::string covered_until;
    std::optional<double> runway_days;
    std::string wanted_until; // by the policy

    std::optional<default_state> default_part;
    std::size_t holes = 0;
    std::vector<qualified_name> pending;
    std::vector<period> periods;
    std::vector<difference> drift;
    long long locks = 0;      // of a statement over the whole of it: tables and indexes
    long long lock_table = 0; // that all sessions together can hold
    std::vector<finding> findings;
    std::vector<std::string> notes; // nothing to act upon
};

// What is known of one table. `names` are of upcoming().
struct table_facts {
    catalog::partitioned_table table;
    std::optional<model::partition_policy> policy;
    std::vector<catalog::tree_relation> tree; // with the table itself
    std::vector<std::string> taken_by;        // of each partition of upcoming()
    // Rows of the default partition, counted: all, and those in each partition of planned().
    std::optional<std::pair<long long, std::vector<long long>>> counted = {};
    std::string not_counted = {}; // why that was not possible
    long long lock_table = 0;
    std::span<model::autovacuum_policy const> autovacuum = {}; // all that the file has
};

// What the policy asks for and does not exist, and that and the twelve periods after it, whose
// names are looked at ahead. Nothing for a table without a policy, or of no use.
catalog::creation_request planned(table_facts const &of, instant now);
catalog::creation_request upcoming(table_facts const &of, instant now);

// `zone`: of the bounds of tables without a policy. At most 100,000 periods are told, the newest.
table_status status_of(table_facts const &of, std::string const &zone,
                       std::set<std::string> const &ignored, instant now);

} // namespace pgtend::partition

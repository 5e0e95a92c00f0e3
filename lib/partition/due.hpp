// SPDX-License-Identifier: Apache-2.0
// Which partitions are missing, by the catalog's bounds alone: names do not matter, and no row is
// read.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "catalog/snapshot/creation.hpp"
#include "catalog/snapshot/partitions.hpp"
#include "model/partition_policy.hpp"
#include "model/storage_parameter.hpp"

namespace pgtend::partition {

struct due_partition {
    catalog::new_partition what;
    std::string period; // "2026-12"
    std::string reason; // "premake 3"
};

// Something that cannot be made, and why.
struct refused_partition {
    std::string title; // "create partition public.orders_2026_12"
    error why;
};

struct noted_parameter {
    model::parameter_setting set;
    std::optional<std::string> original = {}; // what the policy would have given; nothing: none
};

struct due_table {
    model::partition_policy policy;
    qualified_name table;
    std::string oid;                        // empty when the table itself is of no use
    std::string key;                        // the column
    qualified_name default_partition;       // empty name: none
    std::vector<due_partition> partitions;  // oldest first
    std::vector<refused_partition> refused; // in the same order
    // Those of the policy's storage parameters that are declared for tables and not for new
    // partitions alone: the ledger is to know that pgtend set them.
    std::vector<noted_parameter> to_note = {};
};

struct demand {
    std::vector<due_table>
        tables; // only those with something due or refused, in the order of the policies
    std::vector<std::string> notes;
};

// `tables` are those of the policies, in the same order. Wanted are the periods from `from` (or
// that of now) to `premake` beyond that of now, as clocks of the policy's zone show it. A period
// that existing partitions cover, one or several, is not due; one that they cover partly is
// refused, and so is one that a pending detach holds. Other tables and periods are not touched by
// that. A policy that asks for more than 100,000 periods is refused.
demand find_due(std::vector<model::partition_policy> const &policies,
                std::vector<catalog::partitioned_table> const &tables, instant now);

// What catalog::load_creation_facts needs for it.
std::vector<catalog::creation_request> requests(demand const &due);

} // namespace pgtend::partition

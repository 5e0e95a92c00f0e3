// SPDX-License-Identifier: Apache-2.0
// Where the partitions that exist differ from what `partition create` would make today.
#pragma once
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/snapshot/partition_tree.hpp"
#include "model/partition_policy.hpp"
#include "model/storage_parameter.hpp"

namespace pgtend::partition {

// What is compared; these names are the interface.
std::span<std::string_view const> attributes();

struct difference {
    qualified_name partition;
    std::string attribute; // of attributes()
    std::string is;        // "off"
    std::string should;    // "on, as the parent has it"
    // A statement, or words when there is no single one; may be empty.
    std::string cure;
};

// Of everything below one table (`tree`, with the table itself), but for partitions whose detach
// did not end; in the order of names, of one partition in the order of attributes(). Owner,
// tablespace, access method and persistence are compared with the table; indexes, triggers and the
// index of the replica identity with the parent directly above; row level security and its policies
// with all tables above, of which one that has it protects what is below. Grants: without a
// policy, or of one that copies none, those beyond the parent's are told: they let in whom the
// parent refuses. With `grants: false` the parent's own are told as well, because access goes
// through the parent (but MAINTAIN, which does not go through it); with `grants: true` also those
// that are missing. Storage parameters are those of the policy, which the partitions in
// `without_parameters` (OIDs; the default partition) need not have; others may be set, and those
// that `autovacuum` declares for the partition itself or for a table above it are
// that policy's (vacuum::declarations). Foreign tables have neither indexes nor storage.
std::vector<difference> differences(std::vector<catalog::tree_relation> const &tree,
                                    std::optional<model::partition_policy> const &policy,
                                    std::set<std::string> const &without_parameters,
                                    std::set<std::string> const &ignored,
                                    std::span<model::autovacuum_policy const> autovacuum = {});

} // namespace pgtend::partition

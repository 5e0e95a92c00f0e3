// SPDX-License-Identifier: Apache-2.0
// The storage parameters that the file declares, beside those that the tables have. Pure.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/snapshot/vacuum.hpp"
#include "model/storage_parameter.hpp"

namespace pgtend::vacuum {

// The value of a storage parameter ("toast.autovacuum_enabled") of this very table; nothing: the
// server's setting holds.
std::optional<std::string> own_parameter(catalog::vacuum_table const &table, std::string_view name);

// Every table that the policies name, each once, in their order: what
// catalog::load_vacuum_tables() is to be asked for.
std::vector<qualified_name> declared_tables(std::span<model::autovacuum_policy const> policies);

enum class standing {
    in_force,
    differs,       // is not as declared
    changed_since, // somebody changed it after pgtend had set it, to neither what it had been
    no_toast,      // a parameter of a TOAST table, and the table has none
    too_new,       // for this server
};
std::string_view name(standing how); // "changed_since"

// One declared parameter of one table that holds rows.
struct declared_parameter {
    catalog::vacuum_table const *table;
    model::parameter_setting wanted;
    std::optional<std::string> present; // nothing: it has none
    standing how = standing::in_force;
    // What the ledger has of it, its own or as a partition that was made with it; nothing: pgtend
    // never set it.
    std::optional<model::saved_parameter> saved = {};
};

class declarations {
  public:
    // `snapshot` holds the tables of declared_tables(), and what is below them. All three must
    // live as long.
    declarations(std::span<model::autovacuum_policy const> policies,
                 catalog::vacuum_snapshot const &snapshot, model::parameter_ledger const &ledger);

    // Of a table, or for a new partition of a partitioned one: those that it or what is above it
    // declares, the nearest first to decide, ordered by name.
    std::vector<model::parameter_setting> of(std::string const &table_oid) const;
    // Of every table that holds rows, by names.
    std::vector<declared_parameter> all() const;
    // The partitioned tables that policies name.
    std::vector<catalog::vacuum_table const *> parents() const;

    // What the ledger has of this table itself, nullptr: nothing.
    model::saved_parameter const *saved(std::string const &table_oid, std::string_view name) const;
    // The same, or for a partition that has no row of its own, and the value that a partitioned
    // table above it gives to new ones, what it got from the start. With another value it had that
    // before pgtend.
    std::optional<model::saved_parameter> saved_of(catalog::vacuum_table const &table,
                                                   std::string_view name,
                                                   std::optional<std::string> const &present) const;
    catalog::vacuum_table const *table(std::string const &oid) const;
    bool below(catalog::vacuum_table const &table, std::string const &ancestor_oid) const;

  private:
    catalog::vacuum_snapshot const &snapshot_;
    std::unordered_map<std::string, catalog::vacuum_table const *> tables_;
    std::unordered_map<std::string, std::vector<model::parameter_setting>> declared_;
    std::unordered_map<std::string, model::saved_parameter const *> saved_;
};

} // namespace pgtend::vacuum

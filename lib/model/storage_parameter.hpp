// SPDX-License-Identifier: Apache-2.0
// The storage parameters of tables that steer vacuum: which there are, since when, and what values
// the server takes.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/name.hpp"
#include "base/position.hpp"

namespace pgtend::model {

struct storage_parameter {
    enum class type { boolean, integer, real, index_cleanup };

    std::string_view name; // as the server has it, without "toast."
    type kind = type::integer;
    double least = 0, most = 0; // of numbers, both inclusive
    bool of_table = true;
    bool of_toast = false; // exists as toast.NAME too
    // Another purpose than vacuum's: known to `partitions:` alone.
    bool other_purpose = false;
    int since = 140000; // server_version_num; 14 is the oldest server that is supported
};

// In the order of their names: reloptions.c of PostgreSQL 14 to 18 (a test holds each against the
// running server).
std::span<storage_parameter const> storage_parameters();

// "fillfactor", "toast.autovacuum_enabled"; nullptr: there is none of that name.
storage_parameter const *find_storage_parameter(std::string_view name);

// "vacuum_scale_factor", "toast.enabled": the parameter as the server has it, which may be written
// without its "autovacuum_". Only of vacuum's. Throws error with the nearest one as hint.
std::string full_parameter_name(std::string_view written);

// Throws error when there is none of that name, with the nearest one as hint.
void check_storage_parameter_name(std::string_view name);
// Throws error also when it does not take the value: true or false, a number of its range, for
// vacuum_index_cleanup also auto.
void check_storage_parameter(std::string_view name, std::string_view value);

// Whether the server would read the same in both, however they are written: 0.05 and 5e-2, on and
// true.
bool same_parameter_value(std::string_view name, std::string_view a, std::string_view b);

// What the server takes for false: off, false, no, 0, and what these begin with.
bool reads_as_false(std::string_view value);

struct parameter_setting {
    std::string name;  // as the server has it, with "toast." where it is of the TOAST table
    std::string value; // as it goes into ALTER TABLE ... SET: 0.05, true
    source_position at = {};
    bool operator==(parameter_setting const &other) const
    {
        return name == other.name && value == other.value;
    }
};

// autovacuum: - { tables: [...], vacuum_scale_factor: 0.05 }. Of a partitioned table it means
// every partition; a declaration for a partition itself goes before that of what is above it.
struct autovacuum_policy {
    std::vector<qualified_name> tables;
    std::vector<parameter_setting> parameters;
    source_position at = {};
};

// What a parameter of a table was before pgtend set it, as the ledger has it.
struct saved_parameter {
    std::string table_oid;
    std::string table_name; // then, as people write it
    qualified_name table;   // now; empty: it is gone
    std::string name;
    std::optional<std::string> original; // nothing: it was not set
    std::string value;                   // what pgtend set
    // Of a partitioned table, which can have none: partitions that were made since then have the
    // value from the start, and had nothing before.
    bool of_new_partitions = false;
};

struct parameter_ledger {
    bool present = true; // false: the database has no ledger, nothing can be saved
    std::vector<saved_parameter> saved;
    // Why it can neither be read nor written, such as a missing right; empty: it can.
    std::string problem, hint;

    bool usable() const { return present && problem.empty(); }
};

} // namespace pgtend::model

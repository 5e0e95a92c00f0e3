// SPDX-License-Identifier: Apache-2.0
// The statements that change storage parameters and keep the ledger's account of them. Internal to
// the module.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "catalog/snapshot/vacuum.hpp"
#include "plan/statement.hpp"

namespace pgtend::vacuum {

struct parameter_change {
    std::string name;
    std::optional<std::string> read;     // as the snapshot has it; nothing: not set
    std::optional<std::string> wanted;   // nothing: RESET
    std::optional<std::string> original; // what the ledger is to keep; nothing: it was not set
};

// One transaction: the table's lock first; then, while nobody else can change them, whether they
// are still as they were read (or as wanted already, by another run) and the originals into the
// ledger; then the change. Error 55000 when somebody changed them since.
std::vector<plan::statement> save_and_set(catalog::vacuum_table const &table,
                                          std::vector<parameter_change> const &changes);
// The same backwards: the ledger forgets them.
std::vector<plan::statement> set_and_forget(catalog::vacuum_table const &table,
                                            std::vector<parameter_change> const &changes);

// A row of the ledger without a change of the table.
struct ledger_row {
    std::string table_oid, table_name, name;
    std::optional<std::string> original;
    std::string value;
    bool of_new_partitions = false;
};
plan::statement note_rows(std::vector<ledger_row> const &rows);

struct ledger_key {
    std::string table_oid, name;
};
plan::statement forget_rows(std::vector<ledger_key> const &keys);

} // namespace pgtend::vacuum

// SPDX-License-Identifier: Apache-2.0
#include "ledger/parameters.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "ledger/call.hpp"
#include "sql/queries.hpp"

namespace pgtend::ledger {

model::parameter_ledger read_parameters(pg::session &s, pg::limits const &limit)
{
    model::parameter_ledger out;
    out.present = s.run(sql::ledger_state, {}, limit).flag(0, "present");
    if (!out.present) {
        return out;
    }
    // Whoever waits for it holds up what has nothing to do with it: plan and apply look at all.
    auto const read = [&] {
        try {
            return call_reading(
                s,
                fmt::format("SET LOCAL lock_timeout = '1s';\n{}", sql::ledger_storage_parameters),
                limit);
        } catch (error const &e) {
            if (e.sqlstate() != "55P03") {
                throw;
            }
            throw error{"the ledger cannot be read: another session holds or awaits an ACCESS "
                        "EXCLUSIVE lock on pgtend.storage_parameter",
                        "look who it is (pg_locks), and run this again when that is over",
                        e.sqlstate()};
        }
    };
    auto const found = std::move(read().back());
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.saved.push_back({.table_oid = found.text(i, "oid"),
                             .table_name = found.text(i, "table_name"),
                             .table = {found.text(i, "schema"), found.text(i, "name")},
                             .name = found.text(i, "parameter"),
                             .original = found.value(i, found.column("original")),
                             .value = found.text(i, "value"),
                             .of_new_partitions = found.flag(i, "of_new_partitions")});
    }
    return out;
}

} // namespace pgtend::ledger

// SPDX-License-Identifier: Apache-2.0
#include "ledger/parameters.hpp"

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
    auto const found = call(s, sql::ledger_storage_parameters, {}, limit);
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

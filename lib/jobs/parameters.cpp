// SPDX-License-Identifier: Apache-2.0
#include "jobs/parameters.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "catalog/load.hpp"
#include "ledger/parameters.hpp"
#include "vacuum/declared.hpp"
#include "vacuum/parameters.hpp"

namespace pgtend::jobs {
namespace {

// Without names the loader would take every table.
catalog::vacuum_snapshot load(std::vector<qualified_name> const &tables,
                              parameter_planning const &with)
{
    return tables.empty()
               ? catalog::vacuum_snapshot{}
               : catalog::load_vacuum_tables(with.session, tables, with.role, with.limit);
}

} // namespace

model::parameter_ledger known_parameters(pg::session &s, pg::limits const &limit)
{
    try {
        return ledger::read_parameters(s, limit);
    } catch (error const &e) {
        if (dynamic_cast<usage_error const *>(&e) == nullptr && e.sqlstate() != "55P03") {
            throw;
        }
        model::parameter_ledger out;
        out.problem = e.message();
        out.hint = e.hint();
        return out;
    }
}

plan::plan plan_declared_parameters(std::span<model::autovacuum_policy const> policies,
                                    parameter_planning const &with)
{
    if (vacuum::declared_tables(policies).empty()) {
        return {};
    }
    // The ledger first: what is changed between the two is then refused, and not taken for ours.
    auto const ledger = with.certain ? known_parameters(with.session, with.limit)
                                     : ledger::read_parameters(with.session, with.limit);
    using vacuum::changed_parameter;
    return vacuum::plan_parameters(policies, load(vacuum::declared_tables(policies), with), ledger,
                                   with.force     ? changed_parameter::is_set
                                   : with.certain ? changed_parameter::fails
                                                  : changed_parameter::is_told,
                                   with.only);
}

plan::plan plan_parameters_back(std::vector<qualified_name> const &tables,
                                parameter_planning const &with)
{
    auto const ledger = ledger::read_parameters(with.session, with.limit);
    auto all = tables;
    for (auto const &each : ledger.saved) {
        if (!each.table.name.empty() &&
            std::find(all.begin(), all.end(), each.table) == all.end()) {
            all.push_back(each.table);
        }
    }
    return vacuum::plan_parameters_back(load(all, with), ledger, tables.size(), with.force);
}

} // namespace pgtend::jobs

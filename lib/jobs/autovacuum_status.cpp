// SPDX-License-Identifier: Apache-2.0
#include "jobs/autovacuum_status.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include "base/error.hpp"
#include "catalog/load.hpp"
#include "jobs/parameters.hpp"
#include "vacuum/declared.hpp"

namespace pgtend::jobs {
namespace {

using catalog::vacuum_snapshot;

void add_tables(vacuum_snapshot const &found, instant now, autovacuum_status &out)
{
    bool const named = !found.asked.empty();
    for (auto const &each : found.tables) {
        if (each.kind != 'p' && (named || !each.system)) {
            out.tables.push_back({vacuum::outlook_of(each, found.settings, now),
                                  vacuum::table_settings(each, found.settings, named)});
        }
    }
    auto const order = [](autovacuum_status::table const &each) {
        auto const &o = each.outlook;
        return std::tuple{!(o.vacuum_due || o.analyze_due),
                          -std::max(o.needed.vacuum, o.needed.analyze)};
    };
    std::stable_sort(out.tables.begin(), out.tables.end(),
                     [&](auto const &a, auto const &b) { return order(a) < order(b); });
}

// What the file declares, then what pgtend has set and the file has no more; of `only`, when that
// is not empty.
void add_parameters(vacuum::declarations const &declared, vacuum_snapshot const &found,
                    model::parameter_ledger const &ledger,
                    std::unordered_set<std::string> const *only, autovacuum_status &out)
{
    std::unordered_set<std::string> told;
    for (auto &each : declared.all()) {
        if (only != nullptr && !only->contains(each.table->oid)) {
            continue;
        }
        told.insert(each.table->oid + '/' + each.wanted.name);
        bool const good =
            each.how == vacuum::standing::in_force || each.how == vacuum::standing::no_toast;
        out.parameters.push_back({each.table->name, each.wanted.name, each.wanted.value,
                                  each.present, std::string{name(each.how)}, good,
                                  each.saved ? each.saved->original : std::nullopt,
                                  each.saved.has_value()});
    }
    for (auto const &table : found.tables) {
        if (table.kind == 'p' || (only != nullptr && !only->contains(table.oid))) {
            continue;
        }
        for (auto const &each : ledger.saved) {
            if (each.table_oid == table.oid && !told.contains(table.oid + '/' + each.name)) {
                out.parameters.push_back({table.name, each.name, std::nullopt,
                                          vacuum::own_parameter(table, each.name), "not_declared",
                                          true, each.original, true});
            }
        }
    }
}

} // namespace

autovacuum_status read_autovacuum_status(pg::session &s, std::vector<qualified_name> const &tables,
                                         std::span<model::autovacuum_policy const> policies,
                                         instant now, pg::limits const &limit)
{
    autovacuum_status out;
    auto const found = catalog::load_vacuum_tables(s, tables, "", limit);
    for (auto const &each : found.asked) {
        if (!each.usable()) {
            throw error{each.problem, each.hint};
        }
    }
    out.server_version = found.settings.server_version;
    out.autovacuum = found.settings.autovacuum;
    out.track_counts = found.settings.track_counts;
    out.server = vacuum::server_settings(found.settings);
    add_tables(found, now, out);

    auto const ledger = known_parameters(s, limit);
    if (!ledger.problem.empty()) {
        out.unknown = "what pgtend has set is not known: " + ledger.problem + "; " + ledger.hint;
    }
    auto all = vacuum::declared_tables(policies);
    auto const of_file = all.size();
    for (auto const &each : ledger.saved) {
        if (!each.table.name.empty() &&
            std::find(all.begin(), all.end(), each.table) == all.end()) {
            all.push_back(each.table);
        }
    }
    if (all.empty()) {
        return out;
    }
    auto const declared = catalog::load_vacuum_tables(s, all, "", limit);
    for (std::size_t i = 0; i < of_file; ++i) {
        if (!declared.asked[i].usable()) {
            out.problems.push_back(declared.asked[i].problem);
        }
    }
    std::unordered_set<std::string> named;
    for (auto const &each : found.tables) {
        named.insert(each.oid);
    }
    add_parameters(vacuum::declarations{policies, declared, ledger}, declared, ledger,
                   tables.empty() ? nullptr : &named, out);
    return out;
}

} // namespace pgtend::jobs

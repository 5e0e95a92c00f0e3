// SPDX-License-Identifier: Apache-2.0
#include "index/drop.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "index/definition.hpp"
#include "plan/refusal.hpp"
#include "plan/rights.hpp"

namespace pgtend::index {
namespace {

using catalog::named_index;

// Throws error when it may not be dropped.
void check(named_index const &each)
{
    if (!each.found.usable()) {
        throw error{each.found.problem, each.found.hint, "42704"};
    }
    if (!each.index) {
        throw error{"index " + display(each.found.name) + " is gone", {}, "42704"};
    }
    auto const &index = *each.index;
    auto const shown = display(index.name), table = display(index.table);
    if (!each.may) {
        throw error{fmt::format("role {} may not drop index {}: {} belongs to {}",
                                display_identifier(each.role), shown, table,
                                display_identifier(each.owner)),
                    plan::owner_right({"TABLE", index.table, each.owner, each.owner_is_superuser},
                                      each.role),
                    "42501"};
    }
    if (!each.attached.name.empty()) {
        throw error{fmt::format("index {} is attached to {}, the index of a partitioned table, and "
                                "cannot be dropped alone",
                                shown, display(each.attached)),
                    fmt::format("drop {}, which drops all of them", display(each.attached)),
                    "2BP01"};
    }
    if (!index.constraint.empty()) {
        throw error{fmt::format("index {} backs the constraint {} of {}", shown,
                                display_identifier(index.constraint), table),
                    fmt::format("ALTER TABLE {} DROP CONSTRAINT {}, if that is what you want",
                                plan::quote(index.table), plan::quote_ident(index.constraint)),
                    "2BP01"};
    }
    if (index.replica_identity) {
        throw error{
            fmt::format("index {} is the replica identity of {}: without it, updates and "
                        "deletes of a published table fail",
                        shown, table),
            fmt::format("ALTER TABLE {} REPLICA IDENTITY ... first", plan::quote(index.table)),
            "2BP01"};
    }
    if (!index.referring.empty()) {
        throw error{fmt::format("the foreign key {} relies on index {} of {}",
                                display_identifier(index.referring), shown, table),
                    "drop that foreign key first, or give it a unique constraint to rely on",
                    "2BP01"};
    }
    if (index.partitioned && each.tables.size() > most_locked_tables) {
        throw error{fmt::format("dropping index {} would lock {} tables at once, readers too: the "
                                "index of a partitioned table cannot be dropped concurrently",
                                shown, thousands(static_cast<long long>(each.tables.size()))),
                    "raise max_locks_per_transaction, and DROP INDEX by hand when nobody works",
                    "0A000"};
    }
}

plan::step step_of(named_index const &each)
{
    auto const &index = *each.index;
    auto const table = display(index.table);
    plan::step out{.title = "drop index " + display(index.name),
                   .reason = "asked for",
                   .object = table,
                   .lane = table};
    if (!index.partitioned) {
        out.body = plan::standalone{drop_statement({.name = index.name,
                                                    .table = index.table,
                                                    .table_oid = index.table_oid,
                                                    .definition = index.definition,
                                                    .unique = index.unique},
                                                   index.oid)};
        return out;
    }
    plan::transaction together;
    together.statements.push_back(drop_whole_statement(index.name, index.oid, each.tables));
    out.reason += "; all at once, because it cannot be done concurrently";
    out.body = std::move(together);
    return out;
}

} // namespace

plan::plan plan_drop(std::vector<named_index> const &named,
                     std::set<qualified_name> const &declared)
{
    plan::plan out;
    std::set<std::string> seen;
    for (auto const &each : named) {
        auto const shown = display(each.found.usable() ? each.found.name : each.found.asked);
        if (each.found.usable() && !seen.insert(each.found.oid).second) {
            continue;
        }
        try {
            check(each);
        } catch (error const &why) {
            out.steps.push_back(plan::refused_step("drop index " + shown, shown, why));
            continue;
        }
        out.steps.push_back(step_of(each));
        if (each.index->clustered) {
            out.notes.push_back(display(each.index->table) + " was marked to be clustered by " +
                                shown + ": CLUSTER without an index then fails");
        }
        if (each.last_for_refresh) {
            out.notes.push_back(fmt::format("without {}, nobody can read {} while it is refreshed: "
                                            "no other index allows REFRESH ... CONCURRENTLY",
                                            shown, display(each.index->table)));
        }
        if (declared.contains(each.index->name)) {
            out.notes.push_back(shown + " is declared in the file: the next index create builds it "
                                        "again");
        }
    }
    return out;
}

} // namespace pgtend::index

// SPDX-License-Identifier: Apache-2.0
#include "index/create.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "index/planner.hpp"
#include "plan/refusal.hpp"
#include "plan/rights.hpp"

namespace pgtend::index {
namespace {

// One lane for all: a build waits for the transaction of every other one that goes on.
constexpr char lane[] = "indexes";

} // namespace

error missing_right(index_table const &table, std::string const &worker)
{
    auto const shown = display(table.name), role = display_identifier(worker);
    if (!table.may) {
        return error{fmt::format("role {} may not create indexes on {}: it belongs to {}", role,
                                 shown, display_identifier(table.owner)),
                     plan::owner_right({table.kind == 'm' ? "MATERIALIZED VIEW" : "TABLE",
                                        table.name, table.owner, table.owner_is_superuser},
                                       worker),
                     "42501"};
    }
    return error{fmt::format("role {} may not create indexes in schema {}", role,
                             display_identifier(table.name.schema)),
                 fmt::format("GRANT CREATE ON SCHEMA {} TO {}",
                             plan::quote_ident(table.name.schema), plan::quote_ident(worker)),
                 "42501"};
}

plan::plan planner::make()
{
    try {
        consider();
    } catch (plan::not_known const &why) {
        out_.steps[refuse(shown_, why)].unknown = true;
    } catch (error const &why) {
        refuse(shown_, why);
    }
    return std::move(out_);
}

void planner::consider()
{
    if (!wanted_.found.usable()) {
        throw error{wanted_.found.problem, wanted_.found.hint, "42P01"};
    }
    if (!around_.has(wanted_.found.oid)) {
        throw error{shown_ + " is gone", "it was dropped while this ran"};
    }
    auto const &table = around_.table(wanted_.found.oid);
    if (table.temporary) {
        throw error{shown_ + " is a temporary table of some session"};
    }
    if (!wanted_.problem.empty()) {
        auto const what =
            fmt::format("index {} of {}: {}", display(name_), shown_, wanted_.problem);
        if (wanted_.unasked) {
            throw plan::not_known{what, wanted_.hint, wanted_.sqlstate};
        }
        throw error{what, wanted_.hint, wanted_.sqlstate};
    }
    refuse_locked(table);
    auto const *const there = named(table, name_);
    check_name(there);
    if (others_.drops_leftovers) {
        drop_leftovers(table);
    }
    if (there != nullptr && there->valid && there->live && whole(table, *there)) {
        out_.notes.push_back(fmt::format("{}: index {} is there", shown_, display(name_)));
        return;
    }
    if (auto const *const other = serving(table); other != nullptr && there == nullptr) {
        out_.notes.push_back(fmt::format("{}: index {} is equal to {} and serves in its place",
                                         shown_, display(other->name), display(name_)));
        return;
    }
    check_right(table);
    if (table.kind == 'p') {
        plan_tree(table, there);
    } else if (there != nullptr && !there->parent.empty()) {
        // What is declared is this one: whether the whole is valid then, is asked where that is.
        add_alone("rebuild index " + display(name_),
                  "invalid; attached already, so that it cannot be dropped", table,
                  rebuild_statement(name_, there->oid, table.name), {});
    } else {
        build(table, name_, there, there == nullptr ? "missing" : interrupted(*there), {});
    }
}

void planner::refuse_locked(index_table const &table) const
{
    for (auto const *each : around_.indexes(table)) {
        if (!each->locked_by.empty()) {
            throw plan::not_known{
                fmt::format("index {} of {}: the indexes of {} could not be read, because an "
                            "ACCESS EXCLUSIVE lock on it is held or awaited: {}",
                            display(name_), shown_, display(table.name), each->locked_by),
                "run it again when that is over", "55P03"};
        }
    }
    for (auto const *child : around_.children(table)) {
        refuse_locked(*child);
    }
}

void planner::check_name(table_index const *there) const
{
    if (there == nullptr && !wanted_.taken_by.empty()) {
        throw error{fmt::format("index {} of {}: the name is taken ({})", display(name_), shown_,
                                wanted_.taken_by),
                    "declare another name:, or rename what has it", "42P07"};
    }
    if (there == nullptr || equal(*there)) {
        return;
    }
    auto hint = fmt::format(
        "declare what is there, or another name:, or rename it (ALTER INDEX {} RENAME TO ...)",
        plan::quote(name_));
    auto const mine = parts_of(wanted_.definition), its = parts_of(there->definition);
    if (there->unique == declared_.unique && same_but_storage(*there) &&
        mine.storage != its.storage) {
        hint = fmt::format(
            "ALTER INDEX {} {}, then REINDEX INDEX CONCURRENTLY {}", plan::quote(name_),
            mine.storage.empty() ? "RESET (...)" : "SET " + mine.storage, plan::quote(name_));
    }
    throw error{fmt::format("index {} of {} is there with another definition: {}, declared: {}",
                            display(name_), shown_, told(*there), told_declared()),
                std::move(hint), "42P07"};
}

std::string planner::told(std::string const &definition, bool unique, std::string const &tablespace)
{
    return (unique ? "UNIQUE " : "") + definition.substr(definition.starts_with("USING ") ? 6 : 0) +
           (tablespace.empty() ? "" : " TABLESPACE " + display_identifier(tablespace));
}

std::string planner::told(table_index const &index) const
{
    return told(index.definition, index.unique,
                declared_.tablespace.empty() ? std::string{} : index.tablespace);
}

std::string planner::told_declared() const
{
    return told(wanted_.definition, declared_.unique, declared_.tablespace);
}

bool planner::equal(table_index const &index) const
{
    auto const &its = index.definition;
    auto const same = [&](std::string const &mine) { return equal_definitions(mine, its); };
    return index.unique == declared_.unique &&
           (same(wanted_.definition) ||
            std::any_of(wanted_.also.begin(), wanted_.also.end(), same)) &&
           index.immediate && !index.exclusion &&
           (declared_.tablespace.empty() || index.tablespace == declared_.tablespace);
}

bool planner::same_but_storage(table_index const &index) const
{
    auto const its = without_storage(index.definition);
    auto const same = [&](std::string const &mine) { return without_storage(mine) == its; };
    return same(wanted_.definition) || std::any_of(wanted_.also.begin(), wanted_.also.end(), same);
}

bool planner::attachable(table_index const &index) const
{
    return index.unique == declared_.unique && index.immediate && !index.exclusion &&
           same_but_storage(index) && index.parent.empty() && index.constraint.empty();
}

table_index const *planner::named(index_table const &table, qualified_name const &name) const
{
    auto const &all = around_.indexes(table);
    auto const at =
        std::find_if(all.begin(), all.end(), [&](auto const *each) { return each->name == name; });
    return at == all.end() ? nullptr : *at;
}

table_index const *planner::serving(index_table const &table) const
{
    for (auto const *each : around_.indexes(table)) {
        if (each->valid && each->live && equal(*each)) {
            return each;
        }
    }
    return nullptr;
}

void planner::check_right(index_table const &table) const
{
    if (!table.may || !table.may_create) {
        throw missing_right(table, around_.all().role);
    }
}

std::string planner::interrupted(table_index const &index)
{
    return index.building || index.working
               ? "invalid: being built right now, or left by a build that was interrupted"
               : "invalid since its build was interrupted";
}

void planner::drop_leftovers(index_table const &table)
{
    if (table.may && others_.cleaned.insert(table.oid).second) {
        for (auto const *each : around_.indexes(table)) {
            if (each->valid || each->partitioned || !each->parent.empty() ||
                !each->constraint.empty() || !left_by_reindex(each->name.name)) {
                continue;
            }
            if (each->building) {
                out_.notes.push_back(display(each->name) +
                                     ": left alone, a REINDEX is at work on its table");
            } else {
                add_alone("drop invalid index " + display(each->name),
                          "left by a REINDEX CONCURRENTLY that was interrupted", table,
                          drop_invalid_statement(each->name, each->oid, table.name), {});
            }
        }
    }
    for (auto const *child : around_.children(table)) {
        drop_leftovers(*child);
    }
}

std::size_t planner::add(plan::step step)
{
    step.lane = lane;
    out_.steps.push_back(std::move(step));
    return out_.steps.size() - 1;
}

std::size_t planner::add_alone(std::string title, std::string reason, index_table const &on,
                               plan::statement body, std::vector<std::size_t> after)
{
    return add({std::move(title), std::move(reason), display(on.name),
                plan::standalone{std::move(body)}, std::move(after)});
}

std::size_t planner::add_transaction(std::string title, std::string reason, index_table const &on,
                                     plan::statement body, std::vector<std::size_t> after)
{
    plan::transaction together;
    together.statements.push_back(std::move(body));
    return add({std::move(title), std::move(reason), display(on.name), std::move(together),
                std::move(after)});
}

std::size_t planner::refuse(std::string const &object, error const &why)
{
    auto step = plan::refused_step("create index " + display(name_) + " on " + object, object, why);
    return add(std::move(step));
}

building planner::what(index_table const &table, qualified_name const &name) const
{
    return {.name = name,
            .table = table.name,
            .table_oid = table.oid,
            .definition = wanted_.definition,
            .unique = declared_.unique,
            .tablespace = declared_.tablespace,
            .also = wanted_.also};
}

std::size_t planner::build(index_table const &table, qualified_name const &name,
                           table_index const *leftover, std::string const &reason,
                           std::vector<std::size_t> after)
{
    if (leftover != nullptr) {
        after.push_back(
            add_alone("drop invalid index " + display(name),
                      reason + "; dropped and built anew, because a REINDEX would keep every write "
                               "paying for it meanwhile",
                      table, drop_invalid_statement(name, leftover->oid, table.name), after));
    }
    return add_alone("create index " + display(name) + " on " + display(table.name), reason, table,
                     create_statement(what(table, name)), std::move(after));
}

std::vector<catalog::index_request> requests(std::vector<model::index_policy> const &declared)
{
    std::vector<catalog::index_request> out;
    for (auto const &each : declared) {
        out.push_back({each.table, each.name, model::written_definition(each), each.unique,
                       plain_definition(each)});
    }
    return out;
}

creation plan_create(std::vector<model::index_policy> const &declared,
                     catalog::index_snapshot const &found)
{
    landscape const around{found};
    company others;
    creation out;
    for (std::size_t i = 0; i < declared.size(); ++i) {
        out.work.append(planner{declared[i], found.wanted.at(i), around, others}.make());
    }
    out.names = {others.names.begin(), others.names.end()};
    return out;
}

plan::plan plan_one(model::index_policy const &declared, std::size_t wanted,
                    catalog::index_snapshot const &found)
{
    landscape const around{found};
    company alone{.drops_leftovers = false};
    return planner{declared, found.wanted.at(wanted), around, alone}.make();
}

} // namespace pgtend::index

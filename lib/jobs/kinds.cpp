// SPDX-License-Identifier: Apache-2.0
#include "jobs/kinds.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "base/error.hpp"
#include "batch/plan.hpp"
#include "catalog/load.hpp"
#include "catalog/load_leaves.hpp"
#include "index/create.hpp"
#include "jobs/check.hpp"
#include "jobs/watch.hpp"
#include "matview/refresh.hpp"
#include "model/sql_scan.hpp"
#include "model/sql_text.hpp"
#include "partition/create.hpp"
#include "vacuum/declared.hpp"
#include "vacuum/run.hpp"

namespace pgtend::jobs {
namespace {

plan::plan refresh(model::action const &what, planning const &with)
{
    auto action = std::get<model::refresh_action>(what);
    if (action.matviews.empty()) {
        action.matviews = catalog::all_matviews(with.session, with.limit);
    }
    return matview::plan_refresh(
        action, catalog::load_matviews(with.session, action.matviews, with.role, with.limit));
}

plan::plan vacuum_or_analyze(model::action const &what, planning const &with)
{
    auto const &action = std::get<model::vacuum_action>(what);
    return vacuum::plan_run(
        action, catalog::load_vacuum_tables(with.session, action.tables, with.role, with.limit));
}

// The file's policies of these tables; all of them when none is named.
std::vector<model::partition_policy> chosen(std::vector<qualified_name> const &tables,
                                            planning const &with)
{
    std::vector<model::partition_policy> out;
    for (auto const &policy : with.partitions) {
        if (tables.empty() ||
            std::find(tables.begin(), tables.end(), policy.table) != tables.end()) {
            out.push_back(policy);
        }
    }
    for (auto const &table : tables) {
        if (std::none_of(out.begin(), out.end(),
                         [&](auto const &policy) { return policy.table == table; })) {
            throw usage_error{"there is no partition policy for " + display(table),
                              "declare it under partitions:, or give --key and --every"};
        }
    }
    return out;
}

// New partitions get what the file declares for their table, or for one above it.
void give_parameters(partition::demand &due, planning const &with)
{
    auto const tables = vacuum::declared_tables(with.autovacuum);
    if (tables.empty() || due.tables.empty()) {
        return;
    }
    auto const found = catalog::load_vacuum_tables(with.session, tables, with.role, with.limit);
    vacuum::declarations const declared{with.autovacuum, found, {}};
    for (auto &table : due.tables) {
        for (auto const &each : declared.of(table.oid)) {
            auto const *known = model::find_storage_parameter(each.name);
            if (known->since <= found.settings.server_version) {
                auto &given = table.policy.storage_parameters;
                partition::noted_parameter noted{each};
                auto const own = std::find_if(given.begin(), given.end(), [&](auto const &text) {
                    return text.starts_with(each.name + "=");
                });
                if (own != given.end()) {
                    noted.original = own->substr(each.name.size() + 1);
                    given.erase(own);
                    if (!model::same_parameter_value(each.name, *noted.original, each.value)) {
                        due.notes.push_back(fmt::format(
                            "{}: new partitions get {} = {}, which autovacuum: declares for a "
                            "table above it, and not the {} of storage_parameters:",
                            display(table.table), each.name, each.value, *noted.original));
                    }
                }
                given.push_back(each.name + "=" + each.value);
                table.to_note.push_back(std::move(noted));
            } else {
                due.notes.push_back(fmt::format(
                    "{}: new partitions are made without {}, which exists from PostgreSQL {} on",
                    display(table.table), each.name, known->since / 10000));
            }
        }
    }
}

plan::plan create_partitions(model::action const &what, planning const &with)
{
    auto const policies = chosen(std::get<model::partition_action>(what).tables, with);
    std::vector<qualified_name> names;
    for (auto const &policy : policies) {
        names.push_back(policy.table);
    }
    auto due = partition::find_due(
        policies, catalog::load_partitioned_tables(with.session, names, with.limit), with.now);
    give_parameters(due, with);
    auto const wanted = partition::requests(due);
    auto const facts =
        wanted.empty() ? std::vector<catalog::creation_facts>{}
                       : catalog::load_creation_facts(with.session, wanted, with.role, with.limit);
    return partition::plan_create(due, facts);
}

plan::plan create_indexes(model::action const &what, planning const &with)
{
    auto const &tables = std::get<model::index_action>(what).tables;
    std::vector<model::index_policy> declared;
    for (auto const &policy : with.indexes) {
        if (tables.empty() ||
            std::find(tables.begin(), tables.end(), policy.table) != tables.end()) {
            declared.push_back(policy);
        }
    }
    for (auto const &table : tables) {
        if (std::none_of(declared.begin(), declared.end(),
                         [&](auto const &policy) { return policy.table == table; })) {
            throw usage_error{"there is no index declared on " + display(table),
                              "declare it under indexes:, or give --name and --on"};
        }
    }
    auto found = catalog::load_indexes(with.session, index::requests(declared), with.role,
                                       with.search_path, with.limit);
    // No partition's index gets a name that another one is declared by.
    for (auto const &each : with.indexes) {
        found.taken.insert({each.table.schema, each.name});
    }
    for (std::size_t i = 0; i < declared.size(); ++i) {
        if (auto const &table = found.wanted.at(i).found; table.usable()) {
            found.taken.insert({table.name.schema, declared[i].name});
        }
    }
    for (;;) {
        auto out = index::plan_create(declared, found);
        if (!catalog::load_taken_names(with.session, out.names, found, with.limit)) {
            return std::move(out.work);
        }
    }
}

// What a function, a procedure or a DO block locks is not known: it waits so long at most, with
// others queued behind, and its transaction is tried again.
microseconds lock_timeout_of(std::string const &text)
{
    return model::may_call_anything(text) ? microseconds{seconds{1}} : microseconds{0};
}

plan::plan run_sql(model::action const &what, planning const &)
{
    auto const &action = std::get<model::sql_action>(what);
    plan::plan out;
    plan::transaction together;
    for (auto const &text : model::split_statements(action.text)) {
        bool const alone = model::forbids_transaction(text);
        plan::statement statement{.sql = text,
                                  .in_transaction = !alone,
                                  .lock_timeout = lock_timeout_of(text),
                                  .concurrently = model::waits_for_transactions(text),
                                  .short_waits = model::may_lock_tables(text),
                                  .may_skip = true,
                                  .only_counted = true};
        for (auto const &each : model::possible_relations(text)) {
            statement.may_lock.push_back(plan::quote(each));
        }
        if (action.one_transaction) {
            together.statements.push_back(std::move(statement));
            continue;
        }
        plan::step step{.title = "statement " + std::to_string(out.steps.size() + 1),
                        .reason = "in the order of the text",
                        .object = {},
                        .body = {},
                        .counts = 0};
        if (!out.steps.empty()) {
            step.after = {out.steps.size() - 1};
        }
        if (alone) {
            step.body = plan::standalone{std::move(statement)};
        } else {
            step.body = plan::transaction{{std::move(statement)}};
        }
        out.steps.push_back(std::move(step));
    }
    if (action.one_transaction) {
        auto const last = static_cast<int>(together.statements.size()) - 1;
        out.steps.push_back({.title = "sql",
                             .reason = "one transaction",
                             .object = {},
                             .body = std::move(together),
                             .counts = last});
    }
    return out;
}

plan::plan watch(model::action const &what, planning const &)
{
    return plan_watch(std::get<model::watch_action>(what));
}

std::vector<catalog::batch_target> targets_of(std::vector<model::selection> const &selections,
                                              planning const &with)
{
    std::vector<catalog::batch_request> wanted;
    for (auto const &selection : selections) {
        wanted.push_back({selection.table, selection.where});
    }
    return catalog::load_batch_targets(with.session, wanted, with.role, with.limit);
}

plan::plan clean_up(model::action const &what, planning const &with)
{
    auto const &action = std::get<model::cleanup_action>(what);
    return batch::plan_cleanup(action, targets_of(action.from, with));
}

plan::plan expire(model::action const &what, planning const &with)
{
    auto const &action = std::get<model::expire_action>(what);
    return batch::plan_expire(action, targets_of(action.in, with));
}

plan::plan check(model::action const &what, planning const &with)
{
    return plan_check(std::get<model::check_action>(what), with);
}

constexpr std::array<kind, 10> kind_table{{
    {"refresh", refresh},
    {"cleanup", clean_up},
    {"expire", expire},
    {"vacuum", vacuum_or_analyze},
    {"analyze", vacuum_or_analyze},
    {"partition", create_partitions},
    {"index", create_indexes},
    {"sql", run_sql},
    {"watch", watch},
    {"check", check},
}};

} // namespace

std::span<kind const> kinds()
{
    return kind_table;
}

kind const &kind_of(model::action const &what)
{
    auto const name = model::kind(what);
    return *std::find_if(kind_table.begin(), kind_table.end(),
                         [&](auto const &row) { return row.name == name; });
}

bool works_outside_transactions(model::action const &what)
{
    if (auto const *sql = std::get_if<model::sql_action>(&what)) {
        auto const statements =
            sql->one_transaction ? std::vector<std::string>{} : model::split_statements(sql->text);
        return std::any_of(statements.begin(), statements.end(),
                           [](auto const &text) { return model::forbids_transaction(text); });
    }
    return std::holds_alternative<model::vacuum_action>(what) ||
           std::holds_alternative<model::index_action>(what);
}

int workers_of(model::action const &what)
{
    if (auto const *vacuum = std::get_if<model::vacuum_action>(&what)) {
        return vacuum->workers;
    }
    if (auto const *refresh = std::get_if<model::refresh_action>(&what)) {
        return refresh->workers;
    }
    if (auto const *partition = std::get_if<model::partition_action>(&what)) {
        return partition->workers;
    }
    return 1;
}

} // namespace pgtend::jobs

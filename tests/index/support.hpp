// SPDX-License-Identifier: Apache-2.0
// Snapshots of tables and indexes, made up.
#pragma once
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "index/create.hpp"
#include "plan/refusal.hpp"
#include "support/lists.hpp"

namespace pgtend::test {

inline constexpr char btree_a[] = "USING btree (a)";

inline model::index_policy declare(std::string const &name, std::string const &table = "t")
{
    model::index_policy out;
    out.table = {"public", table};
    out.name = name;
    out.on = "(a)";
    return out;
}

// One table `t` with OID 1; declared are the indexes of `names`, each of which the server calls
// btree_a.
inline catalog::index_snapshot snapshot(list const &names, char kind = 'r')
{
    catalog::index_snapshot out;
    out.server_version = 150000;
    out.role = "worker";
    for (auto const &name : names) {
        catalog::wanted_index wanted;
        wanted.found = {{"public", "t"}, {"public", "t"}, "1", {}, {}};
        wanted.definition = btree_a;
        out.wanted.push_back(std::move(wanted));
        (void)name;
    }
    catalog::index_table table;
    table.oid = "1";
    table.name = {"public", "t"};
    table.kind = kind;
    out.tables.push_back(std::move(table));
    return out;
}

inline catalog::index_table &add_table(catalog::index_snapshot &to, std::string const &oid,
                                       std::string const &name, std::string const &parent,
                                       char kind = 'r')
{
    catalog::index_table table;
    table.oid = oid;
    table.name = {"public", name};
    table.kind = kind;
    table.parent = parent;
    to.tables.push_back(std::move(table));
    return to.tables.back();
}

inline catalog::table_index make_index(std::string const &oid, std::string const &name,
                                       std::string const &table_oid, std::string const &table = "t",
                                       std::string const &parent = "")
{
    catalog::table_index out;
    out.oid = oid;
    out.name = {"public", name};
    out.table = {"public", table};
    out.table_oid = table_oid;
    out.definition = btree_a;
    out.method = "btree";
    out.parent = parent;
    out.keys = {"1"};
    out.key_columns = {1};
    out.pages = 10;
    out.scans = 5;
    return out;
}

// The steps' titles with their reasons; a refused one's message and SQLSTATE.
inline list told(plan::plan const &plan)
{
    list out;
    for (auto const &step : plan.steps) {
        auto const *task = std::get_if<std::unique_ptr<plan::task>>(&step.body);
        auto const *why = task == nullptr ? nullptr : plan::refused(**task);
        out.push_back(why == nullptr ? step.title + ": " + step.reason
                                     : "refused: " + why->message() + " [" + why->sqlstate() + "]");
    }
    return out;
}

inline list sql_of(plan::plan const &plan)
{
    list out;
    for (auto const &step : plan.steps) {
        if (auto const *together = std::get_if<plan::transaction>(&step.body)) {
            for (auto const &each : together->statements) {
                out.push_back(each.sql);
            }
        } else if (auto const *alone = std::get_if<plan::standalone>(&step.body)) {
            out.push_back(alone->body.sql);
        }
    }
    return out;
}

} // namespace pgtend::test

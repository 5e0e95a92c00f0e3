// SPDX-License-Identifier: Apache-2.0
#include "catalog/load_leaves.hpp"

#include <charconv>
#include <map>

#include "base/error.hpp"
#include "base/name.hpp"
#include "catalog/lookup.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

void add_obstacles(rows const &found, std::size_t row, batch_target &out)
{
    using kind = batch_obstacle::kind;
    auto const add = [&](kind what, std::string_view column, bool of_deletes) {
        if (auto const name = found.at(row, found.column(column))) {
            out.obstacles.push_back({what,
                                     {found.text(row, "schema"), found.text(row, "name")},
                                     std::string{*name},
                                     of_deletes});
        }
    };
    if (found.flag(row, "above")) {
        add(kind::statement_trigger, "delete_trigger", true);
        add(kind::statement_trigger, "update_trigger", false);
    }
    if (found.text(row, "oid") == out.found.oid || found.text(row, "kind") == "r") {
        add(kind::rule, "delete_rule", true);
        add(kind::rule, "update_rule", false);
    }
}

void add_self_references(rows const &found, std::size_t row, batch_target &out)
{
    auto const parts = parse_array(found.text(row, "self_references"));
    auto &all = out.self_references;
    constexpr std::size_t each = 5;
    for (auto part = parts.begin(); parts.end() - part >= static_cast<std::ptrdiff_t>(each);
         part += each) {
        auto name = part[0].value_or("");
        if (all.empty() || all.back().constraint != name) {
            all.push_back({std::move(name), {}});
        }
        all.back().columns.push_back({.column = part[1].value_or(""),
                                      .referenced = part[2].value_or(""),
                                      .equals = {part[3].value_or(""), part[4].value_or("")}});
    }
}

void add_tables(rows const &found, batch_target &out)
{
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found.text(i, "root") != out.found.oid) {
            continue;
        }
        qualified_name name{found.text(i, "schema"), found.text(i, "name")};
        auto const kind = found.text(i, "kind");
        bool const detaching = found.flag(i, "detaching");
        if (!detaching) {
            add_obstacles(found, i, out);
        }
        add_self_references(found, i, out);
        if (kind == "p") {
            continue;
        }
        if (detaching) {
            out.detaching.push_back(std::move(name));
            continue;
        }
        leaf_table leaf{found.text(i, "oid"), std::move(name), kind == "f", {}};
        leaf.fires_on_delete = found.flag(i, "fires_on_delete");
        leaf.fires_on_update = found.flag(i, "fires_on_update");
        leaf.keeps_deleted = found.flag(i, "keeps_deleted");
        leaf.keeps_updated = found.flag(i, "keeps_updated");
        out.leaves.push_back(std::move(leaf));
    }
}

using indexes_by_leaf = std::map<std::string, std::vector<walk_index>>;

indexes_by_leaf indexes_of(rows const &found)
{
    indexes_by_leaf out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto &indexes = out[found.text(i, "leaf")];
        auto name = found.text(i, "index");
        if (indexes.empty() || indexes.back().name != name) {
            indexes.push_back({std::move(name), {}});
        }
        indexes.back().columns.push_back(
            {found.text(i, "column"), found.text(i, "type"), found.flag(i, "not_null")});
    }
    return out;
}

// EXPLAIN in text format, its first line: "Seq Scan on t  (cost=0.00..35.50 rows=850 width=4)".
std::optional<long long> estimate_in(rows const &plan)
{
    if (plan.empty()) {
        return std::nullopt;
    }
    auto const line = plan.text(0, 0);
    auto const at = line.find(" rows=");
    long long out = 0;
    if (at == std::string::npos ||
        std::from_chars(line.data() + at + 6, line.data() + line.size(), out).ec != std::errc{}) {
        return std::nullopt;
    }
    return out;
}

std::optional<long long> estimate(pg::session &s, batch_target const &target,
                                  std::string const &where, std::string const &role,
                                  pg::limits const &limit)
{
    auto const settings = "SET LOCAL search_path TO DEFAULT; SET LOCAL lock_timeout = '100ms'" +
                          (role.empty() ? std::string{} : "; SET LOCAL ROLE " + quote_ident(role));
    try {
        s.begin(pg::isolation::read_committed, true);
        s.batch(settings, limit);
        auto const plan =
            s.run("EXPLAIN SELECT 1 FROM " + quote(target.found.name) + " WHERE (" + where + "\n)",
                  {}, limit);
        s.rollback();
        return estimate_in(plan);
    } catch (error const &e) {
        s.rollback();
        if (ends_work(e)) {
            throw;
        }
        return std::nullopt;
    }
}

} // namespace

std::vector<batch_target> load_batch_targets(pg::session &s,
                                             std::vector<batch_request> const &requests,
                                             std::string const &role, pg::limits const &limit)
{
    check_role(s, role, limit);
    std::vector<qualified_name> names;
    for (auto const &each : requests) {
        names.push_back(each.table);
    }
    auto const looked_up = find(s, names, "rp", "table", limit);
    auto const leaves = s.run(sql::batch_leaves, {found_oids(looked_up)}, limit);
    std::vector<batch_target> out;
    std::vector<param> oids;
    for (auto const &each : looked_up) {
        batch_target target;
        target.found = each;
        add_tables(leaves, target);
        for (auto const &leaf : target.leaves) {
            oids.emplace_back(leaf.oid);
        }
        out.push_back(std::move(target));
    }
    auto const indexes = indexes_of(s.run(sql::batch_indexes, {array_literal(oids)}, limit));
    for (std::size_t i = 0; i < out.size(); ++i) {
        for (auto &leaf : out[i].leaves) {
            if (auto const found = indexes.find(leaf.oid); found != indexes.end()) {
                leaf.indexes = found->second;
            }
        }
        if (out[i].found.usable()) {
            out[i].estimated_rows = estimate(s, out[i], requests[i].where, role, limit);
        }
    }
    return out;
}

} // namespace pgtend::catalog

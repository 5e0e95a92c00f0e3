// SPDX-License-Identifier: Apache-2.0
#include "catalog/load_leaves.hpp"

#include <charconv>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "catalog/lookup.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

std::string quoted(std::string const &name)
{
    return '"' + replace_all(name, "\"", "\"\"") + '"';
}

std::vector<leaf_table> leaves_of(rows const &found, std::string const &oid, batch_target &out)
{
    std::vector<leaf_table> leaves;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found.text(i, "root") != oid) {
            continue;
        }
        qualified_name name{found.text(i, "schema"), found.text(i, "name")};
        if (found.flag(i, "detaching")) {
            out.detaching.push_back(std::move(name));
        } else {
            leaves.push_back({found.text(i, "oid"), std::move(name), found.flag(i, "foreign"), {}});
        }
    }
    return leaves;
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
                          (role.empty() ? std::string{} : "; SET LOCAL ROLE " + quoted(role));
    try {
        s.begin(pg::isolation::read_committed, true);
        s.batch(settings, limit);
        auto const plan = s.run("EXPLAIN SELECT 1 FROM " + quoted(target.found.name.schema) + "." +
                                    quoted(target.found.name.name) + " WHERE (" + where + "\n)",
                                {}, limit);
        s.rollback();
        return estimate_in(plan);
    } catch (connection_lost const &) {
        throw;
    } catch (interrupted const &) {
        s.rollback();
        throw;
    } catch (timed_out const &) {
        s.rollback();
        throw;
    } catch (error const &) {
        s.rollback();
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
        target.leaves = leaves_of(leaves, each.oid, target);
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

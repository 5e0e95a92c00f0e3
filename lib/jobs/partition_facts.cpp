// SPDX-License-Identifier: Apache-2.0
#include "jobs/partition_facts.hpp"

#include <algorithm>
#include <map>

#include "catalog/load.hpp"

namespace pgtend::jobs {
namespace {

bool same_table(qualified_name const &asked, qualified_name const &found)
{
    return asked == found || (asked.schema.empty() && asked.name == found.name);
}

} // namespace

std::vector<partition::table_facts>
read_partition_facts(pg::session &s, std::vector<qualified_name> names,
                     std::vector<model::partition_policy> const &policies, bool of_policies,
                     instant now, pg::limits const &limit)
{
    s.begin(pg::isolation::repeatable_read, true, limit);
    // Compiling these queries would take longer than running them.
    s.run("SELECT pg_catalog.set_config('jit', 'off', true)", {}, limit);
    if (names.empty() && !of_policies) {
        names = catalog::load_partition_roots(s, limit);
    }
    for (std::size_t i = 0; of_policies && i < policies.size(); ++i) {
        names.push_back(policies[i].table);
    }
    std::vector<partition::table_facts> out;
    std::vector<std::string> oids;
    for (auto &table : catalog::load_partitioned_tables(s, names, limit)) {
        auto &each = out.emplace_back();
        each.table = std::move(table);
        auto const &found = each.table.found;
        for (auto const &policy : policies) {
            if (found.usable() && same_table(policy.table, found.name)) {
                each.policy = policy;
            }
        }
        if (found.usable() && std::find(oids.begin(), oids.end(), found.oid) == oids.end()) {
            oids.push_back(found.oid);
        }
    }
    std::map<std::string, std::vector<catalog::tree_relation>> trees;
    for (auto &each : catalog::load_partition_tree(s, oids, limit)) {
        auto &tree = trees[each.root];
        tree.push_back(std::move(each));
    }
    std::vector<catalog::creation_request> asked;
    auto const lock_table = catalog::load_lock_table_size(s, limit);
    for (auto &each : out) {
        each.tree = trees[each.table.found.oid];
        each.lock_table = lock_table;
        asked.push_back(partition::upcoming(each, now));
    }
    auto taken = catalog::load_names_taken(s, asked, limit);
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i].taken_by = std::move(taken[i]);
    }
    s.commit(limit);
    return out;
}

} // namespace pgtend::jobs

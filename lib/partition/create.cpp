// SPDX-License-Identifier: Apache-2.0
#include "partition/create.hpp"

#include <fmt/format.h>
#include <set>
#include <unordered_map>

#include "base/text.hpp"
#include "model/storage_parameter.hpp"
#include "plan/refusal.hpp"
#include "plan/rights.hpp"

namespace pgtend::partition {
namespace {

constexpr long long large_default = 64LL << 20; // bytes; its scan takes about a tenth of a second

// Throws error when the role may not make partitions of the table, or nobody may.
void check_table(due_table const &table, catalog::creation_facts const &facts)
{
    auto const shown = display(table.table);
    auto const role = display_identifier(facts.role), owner = display_identifier(facts.owner);
    auto const schema = display_identifier(table.table.schema);
    if (facts.temporary) {
        throw error{shown + " is a temporary table of some session"};
    }
    if (!facts.may_act_as_owner) {
        throw error{fmt::format("role {} may not add partitions to {}: it belongs to {}", role,
                                shown, owner),
                    plan::owner_right({"TABLE", table.table, facts.owner, facts.owner_is_superuser},
                                      facts.role),
                    "42501"};
    }
    if (!facts.may_create_in_schema) {
        throw error{fmt::format("role {} may not create tables in schema {}", role, schema),
                    fmt::format("GRANT CREATE ON SCHEMA {} TO {}",
                                plan::quote_ident(table.table.schema),
                                plan::quote_ident(facts.role)),
                    "42501"};
    }
    if (!facts.is_owner && !facts.owner_may_create) {
        throw error{fmt::format("{}, the owner of {}, may not own new tables in schema {}", owner,
                                shown, schema),
                    fmt::format("GRANT CREATE ON SCHEMA {} TO {}",
                                plan::quote_ident(table.table.schema),
                                plan::quote_ident(facts.owner)),
                    "42501"};
    }
}

// Throws error for a storage parameter that the server is too old for.
void check_parameters(due_table const &table, catalog::creation_facts const &facts)
{
    for (auto const &each : table.policy.storage_parameters) {
        auto const name = trim(std::string_view{each}.substr(0, each.find('=')));
        auto const *known = model::find_storage_parameter(name);
        if (known != nullptr && facts.server_version < known->since) {
            throw error{
                fmt::format("{}: storage parameter {} exists from PostgreSQL {} on, and the "
                            "server is PostgreSQL {}",
                            display(table.table), name, known->since / 10000,
                            facts.server_version / 10000),
                "take it out of storage_parameters: of this table"};
        }
    }
}

void check_name(due_table const &table, due_partition const &wanted, std::string const &taken_by)
{
    if (!taken_by.empty()) {
        throw error{fmt::format("{} exists already ({})",
                                display({table.table.schema, wanted.what.name}), taken_by),
                    fmt::format("rename it, or choose another name: for the partitions; a table of "
                                "the same columns can be "
                                "attached by hand, FOR VALUES FROM ('{}') TO ('{}')",
                                wanted.what.from, wanted.what.to),
                    "42P07"};
    }
}

void check_default(due_table const &table, due_partition const &wanted,
                   std::optional<long long> rows)
{
    if (rows.value_or(0) == 0) {
        return;
    }
    auto const holder = plan::quote(table.default_partition);
    auto const key = plan::quote_ident(table.key);
    throw error{fmt::format("{} of {} in the default partition {} lie in the range of {}",
                            thousands(*rows) + (*rows == 1 ? " row" : " rows"),
                            display(table.table), display(table.default_partition),
                            display({table.table.schema, wanted.what.name})),
                fmt::format("move them into another table first (WHERE {} >= '{}' AND {} < '{}', "
                            "from {}), run again, then insert "
                            "them into {}",
                            key, wanted.what.from, key, wanted.what.to, holder,
                            plan::quote(table.table)),
                "23514"};
}

class planner {
  public:
    explicit planner(std::vector<catalog::creation_facts> const &facts)
    {
        for (auto const &each : facts) {
            facts_.emplace(each.table_oid, &each);
        }
    }

    void add(due_table const &table)
    {
        auto const shown = display(table.table);
        for (auto const &each : table.refused) {
            out_.steps.push_back(plan::refused_step(each.title, shown, each.why));
        }
        if (table.partitions.empty()) {
            return;
        }
        auto const at = facts_.find(table.oid);
        try {
            if (at == facts_.end()) {
                throw error{shown + " is gone", "it was dropped while this ran"};
            }
            check_table(table, *at->second);
            check_parameters(table, *at->second);
        } catch (error const &why) {
            out_.steps.push_back(plan::refused_step("create partitions of " + shown, shown, why));
            return;
        }
        for (std::size_t i = 0; i < table.partitions.size(); ++i) {
            add(table, i, *at->second);
        }
        note(table, *at->second);
    }

    plan::plan take() { return std::move(out_); }

  private:
    void add(due_table const &table, std::size_t i, catalog::creation_facts const &facts)
    {
        auto const &wanted = table.partitions[i];
        qualified_name const name{table.table.schema, wanted.what.name};
        auto const shown = display(table.table);
        auto const title = "create partition " + display(name);
        try {
            check_name(table, wanted, facts.taken_by.at(i));
            if (!names_.insert(name).second) {
                throw error{display(name) + " would be created twice by this plan",
                            "choose another name: for the partitions of " + shown};
            }
            check_default(table, wanted, facts.rows_in_default.at(i));
            plan::transaction body{create_statements(table, wanted.what, facts)};
            out_.steps.push_back({title, wanted.reason, shown, std::move(body), {}, shown});
        } catch (error const &why) {
            out_.steps.push_back(plan::refused_step(title, shown, why));
        }
    }

    void note(due_table const &table, catalog::creation_facts const &facts)
    {
        auto const shown = display(table.table);
        if (facts.row_security) {
            out_.notes.push_back(
                shown + ": new partitions have row level security on and no policies of their own; "
                        "access goes through the parent");
        }
        if (facts.replica_identity == 'i' && facts.replica_index.name.empty()) {
            out_.notes.push_back(
                shown + ": the index of its replica identity was dropped; new partitions have the "
                        "default identity");
        }
        if (!table.default_partition.name.empty() && facts.default_bytes >= large_default) {
            out_.notes.push_back(fmt::format("{}: each new partition has the default partition {} "
                                             "({} MB) read under ACCESS EXCLUSIVE; a CHECK on it "
                                             "that rules the range out avoids that",
                                             shown, display(table.default_partition),
                                             facts.default_bytes >> 20));
        }
    }

    std::unordered_map<std::string, catalog::creation_facts const *> facts_;
    std::set<qualified_name> names_;
    plan::plan out_;
};

} // namespace

plan::plan plan_create(demand const &due, std::vector<catalog::creation_facts> const &facts)
{
    planner work{facts};
    for (auto const &table : due.tables) {
        work.add(table);
    }
    auto out = work.take();
    out.notes.insert(out.notes.begin(), due.notes.begin(), due.notes.end());
    return out;
}

} // namespace pgtend::partition

// SPDX-License-Identifier: Apache-2.0
// Tables, declarations and a ledger of which plans of storage parameters are made.
#pragma once
#include <doctest/doctest.h>
#include <optional>
#include <string>
#include <vector>

#include "plan/refusal.hpp"
#include "support/lists.hpp"
#include "vacuum/parameters.hpp"

namespace pgtend::test {

inline catalog::vacuum_table table(std::string const &name, std::string const &oid,
                                   list options = {})
{
    catalog::vacuum_table out;
    out.oid = oid;
    out.name = {"public", name};
    out.options = std::move(options);
    out.owner = "app";
    return out;
}

// public.orders (1, partitioned) with the partitions a (2) and b (3), and public.plain (4).
struct world {
    catalog::vacuum_snapshot snapshot;
    model::parameter_ledger ledger;
    std::vector<model::autovacuum_policy> policies{{{{"public", "orders"}, {"public", "plain"}},
                                                    {{"autovacuum_vacuum_scale_factor", "0.05"}}}};

    world()
    {
        snapshot.settings.server_version = 150000;
        snapshot.role = "dba";
        snapshot.tables = {table("orders", "1"), table("b", "3"), table("a", "2"),
                           table("plain", "4")};
        snapshot.tables[0].kind = 'p';
        snapshot.tables[1].parent = snapshot.tables[2].parent = "1";
        ask({{{"public", "orders"}, "1"}, {{"public", "plain"}, "4"}});
    }

    void ask(std::vector<std::pair<qualified_name, std::string>> const &names)
    {
        snapshot.asked.clear();
        for (auto const &[name, oid] : names) {
            snapshot.asked.push_back({name, name, oid, {}, {}});
        }
    }

    catalog::vacuum_table &at(std::string const &name)
    {
        for (auto &each : snapshot.tables) {
            if (each.name.name == name) {
                return each;
            }
        }
        FAIL("no " << name);
        return snapshot.tables.front();
    }

    void save(std::string const &name, std::optional<std::string> original,
              std::string const &value, bool of_new_partitions = false)
    {
        ledger.saved.push_back({at(name).oid,
                                "public." + name,
                                {"public", name},
                                "autovacuum_vacuum_scale_factor",
                                std::move(original),
                                value,
                                of_new_partitions});
    }

    plan::plan make(bool force = false) const
    {
        return vacuum::plan_parameters(policies, snapshot, ledger,
                                       force ? vacuum::changed_parameter::is_set
                                             : vacuum::changed_parameter::is_told);
    }
    plan::plan back(std::size_t named = 0, bool force = false) const
    {
        return vacuum::plan_parameters_back(snapshot, ledger, named, force);
    }
};

inline constexpr char parameter[] = "autovacuum_vacuum_scale_factor";

inline std::string option(std::string const &value)
{
    return std::string{parameter} + "=" + value;
}

// Titles; of a step that is refused also why.
inline list titles(plan::plan const &of)
{
    list out;
    for (auto const &step : of.steps) {
        out.push_back(step.title);
        if (auto const *task = std::get_if<std::unique_ptr<plan::task>>(&step.body)) {
            auto const *why = plan::refused(**task);
            out.back() += ": " + (why == nullptr ? std::string{"?"} : why->message());
        }
    }
    return out;
}

inline list statements(plan::step const &step)
{
    list out;
    for (auto const &each : std::get<plan::transaction>(step.body).statements) {
        out.push_back(each.sql);
    }
    return out;
}

inline bool has(std::string const &text, std::string const &part)
{
    return text.find(part) != std::string::npos;
}

} // namespace pgtend::test

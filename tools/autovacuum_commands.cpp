// SPDX-License-Identifier: Apache-2.0
// autovacuum apply, autovacuum revert.
#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"
#include "jobs/parameters.hpp"
#include "tools/by_hand.hpp"
#include "tools/command_files.hpp"

namespace pgtend::tools {
namespace {

struct change_arguments {
    std::vector<std::string> tables, set;
    bool force = false;
    long long workers = 1;
    run_options run;
};

// --set vacuum_scale_factor=0.05, for these tables.
model::autovacuum_policy policy_of(change_arguments const &a)
{
    model::autovacuum_policy out;
    out.tables = names_of(a.tables);
    for (auto const &text : a.set) {
        auto const equals = text.find('=');
        if (equals == std::string::npos) {
            throw usage_error{"--set " + in_quotes(text) + " has no value",
                              "write --set vacuum_scale_factor=0.05"};
        }
        checked([&] {
            auto const name = model::full_parameter_name(trim(text.substr(0, equals)));
            std::string const value{trim(text.substr(equals + 1))};
            model::check_storage_parameter(name, value);
            out.parameters.push_back({name, value, {.file = "command line"}});
            return 0;
        });
    }
    return out;
}

// Throws usage_error unless the file declares something for each of these tables.
void check_declared(std::vector<model::autovacuum_policy> const &all,
                    std::vector<qualified_name> const &tables)
{
    std::vector<std::string> known;
    for (auto const &policy : all) {
        for (auto const &table : policy.tables) {
            known.push_back(display(table));
        }
    }
    for (auto const &table : tables) {
        auto const name = display(table);
        if (std::find(known.begin(), known.end(), name) == known.end()) {
            std::vector<std::string_view> const names{known.begin(), known.end()};
            auto const near = nearest(name, names);
            throw usage_error{"the file declares no storage parameters of " + name,
                              near ? "did you mean " + *near + "?"
                                   : "declare them under autovacuum:, or give --set"};
        }
    }
}

std::vector<model::autovacuum_policy> policies_of(context &c, change_arguments const &a)
{
    if (a.set.empty()) {
        auto out = c.configuration().autovacuum;
        check_declared(out, names_of(a.tables));
        if (out.empty()) {
            throw usage_error{"the file declares no storage parameters",
                              "declare them under autovacuum:, or name a table and give --set"};
        }
        return out;
    }
    if (a.tables.empty()) {
        throw usage_error{"autovacuum apply: no table given", "name the tables that --set is for"};
    }
    return {policy_of(a)};
}

} // namespace

action declare_autovacuum_apply(options &o)
{
    auto a = std::make_shared<change_arguments>();
    o.positionals("table", a->tables, "tables (default: all that the file declares)", false);
    o.texts("--set", a->set, "NAME=VALUE",
            "storage parameter of these tables; with it the file's are not used");
    o.flag("--force", a->force, "set also what somebody changed since pgtend had set it");
    o.number("--workers", a->workers, "N", "tables worked on side by side", 1, 16);
    declare(o, a->run);
    o.example("-c kwenda.yaml --dry-run autovacuum apply", "see what differs, and the statements");
    o.example("-c kwenda.yaml autovacuum apply",
              "set what the file declares, partition by partition");
    o.example("-d \"$DSN\" autovacuum apply public.orders --set vacuum_scale_factor=0.05 "
              "--set toast.vacuum_scale_factor=0.1",
              "without a file");
    return [a](context &c) {
        auto const policies = policies_of(c, *a);
        return do_by_hand(
            c,
            hand_plan{[&](context::control &control, pg::limits const &limit) {
                          return jobs::plan_declared_parameters(policies,
                                                                {.session = control.session,
                                                                 .role = a->run.policy.role,
                                                                 .limit = limit,
                                                                 .force = a->force,
                                                                 .only = names_of(a->tables)});
                      },
                      static_cast<int>(a->workers), "pgtend/autovacuum-apply/1", "tables"},
            a->run);
    };
}

action declare_autovacuum_revert(options &o)
{
    auto a = std::make_shared<change_arguments>();
    o.positionals("table", a->tables,
                  "tables, with their partitions (default: all that pgtend has set)", false);
    o.flag("--force", a->force, "put back also what somebody changed since");
    o.number("--workers", a->workers, "N", "tables worked on side by side", 1, 16);
    declare(o, a->run);
    o.example("autovacuum revert public.orders", "as if `autovacuum apply` had never been");
    o.example("--dry-run autovacuum revert", "see what would be put back, of all tables");
    return [a](context &c) {
        auto const tables = names_of(a->tables);
        return do_by_hand(
            c,
            hand_plan{[&](context::control &control, pg::limits const &limit) {
                          return jobs::plan_parameters_back(tables, {.session = control.session,
                                                                     .role = a->run.policy.role,
                                                                     .limit = limit,
                                                                     .force = a->force});
                      },
                      static_cast<int>(a->workers), "pgtend/autovacuum-revert/1", "tables"},
            a->run);
    };
}

} // namespace pgtend::tools

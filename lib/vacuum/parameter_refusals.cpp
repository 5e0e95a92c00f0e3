// SPDX-License-Identifier: Apache-2.0
#include "vacuum/parameter_refusals.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "plan/refusal.hpp"
#include "plan/rights.hpp"

namespace pgtend::vacuum {

void refuse_unusable(catalog::vacuum_snapshot const &all, std::span<catalog::lookup const> asked,
                     std::string const &verb, plan::plan &out)
{
    for (auto const &each : asked) {
        auto const shown = display(each.asked);
        auto const at = std::find_if(all.tables.begin(), all.tables.end(),
                                     [&](auto const &table) { return table.oid == each.oid; });
        auto const refuse = [&](error why) {
            out.steps.push_back(plan::refused_step(verb + shown, shown, std::move(why)));
        };
        if (!each.usable()) {
            refuse(error{each.problem, each.hint});
        } else if (at == all.tables.end()) {
            refuse(error{shown + " is temporary, or gone"});
        } else if (at->kind == 'm') {
            refuse(error{shown + " is a materialized view",
                         "set its parameters by hand: ALTER MATERIALIZED VIEW ... SET"});
        }
    }
}

std::optional<error> obstacle(catalog::vacuum_table const &table,
                              catalog::vacuum_snapshot const &all,
                              model::parameter_ledger const &ledger)
{
    if (!ledger.present) {
        return error{"this database has no ledger (schema pgtend), and what the parameters were "
                     "before could not be saved",
                     "Run `pgtend init` once to create it."};
    }
    if (!ledger.problem.empty()) {
        return error{ledger.problem, ledger.hint};
    }
    if (table.may_alter) {
        return std::nullopt;
    }
    return error{
        fmt::format("role {} may not change {}: it belongs to {}", display_identifier(all.role),
                    display(table.name), display_identifier(table.owner)),
        plan::owner_right({"TABLE", table.name, table.owner, table.owner_is_superuser}, all.role),
        "42501"};
}

std::string changed_since(catalog::vacuum_table const &table, model::saved_parameter const &saved,
                          std::optional<std::string> const &present)
{
    auto const is =
        fmt::format("{}: {} is {}, changed by somebody since pgtend ", display(table.name),
                    saved.name, printable(present.value_or("not set")));
    if (saved.original == saved.value) { // written down and not set
        return is + fmt::format("saw that it is {}: left alone", printable(saved.value));
    }
    return is + fmt::format("set it to {} (before: {}): left alone", printable(saved.value),
                            printable(saved.original.value_or("not set")));
}

} // namespace pgtend::vacuum

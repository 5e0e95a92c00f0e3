// SPDX-License-Identifier: Apache-2.0
#include "batch/plan.hpp"

#include <fmt/format.h>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "batch/machine.hpp"
#include "model/sql_text.hpp"
#include "plan/refusal.hpp"

namespace pgtend::batch {
namespace {

void check(std::string const &sql, std::string const &what)
{
    try {
        model::check_condition(sql);
    } catch (error const &e) {
        throw error{what + ": " + e.message(), e.hint(), "42601"};
    }
}

std::string first_line(std::string const &text)
{
    auto const line = std::string{trim(std::string_view{text}.substr(0, text.find('\n')))};
    return printable(head_and_tail(line, 100));
}

// Throws error when the table has what a change of its leaves, row by row, would go past.
void check_obstacles(catalog::batch_target const &target, bool deletes)
{
    for (auto const &each : target.obstacles) {
        if (each.of_deletes != deletes) {
            continue;
        }
        auto const *const command = deletes ? "DELETE" : "UPDATE";
        if (each.what == catalog::batch_obstacle::kind::rule) {
            throw error{fmt::format("{} has the rule {} ON {}, which rewrites the statements of a "
                                    "batch",
                                    display(each.table), display_identifier(each.name), command),
                        "Make it a trigger, or write the job as `sql`.", "0A000"};
        }
        throw error{fmt::format("{} has the trigger {} for each {} statement, which does not fire "
                                "when the tables below it are changed, one by one",
                                display(each.table), display_identifier(each.name), command),
                    "Make it a row trigger (FOR EACH ROW) of the tables that hold the rows, or "
                    "write the job as `sql`.",
                    "0A000"};
    }
}

plan::step make_step(model::selection const &rows, std::vector<model::assignment> const &set,
                     model::batching const &batches, catalog::batch_target const &target)
{
    auto const &found = target.found;
    auto const name = display(found.usable() ? found.name : rows.table);
    check(rows.where, "the condition for " + name);
    for (auto const &each : set) {
        if (each.is_sql && each.value) {
            check(*each.value, "the expression for column " + display_identifier(each.column));
        }
    }
    auto const title = (set.empty() ? "delete from " : "update ") + name;
    if (!found.usable()) {
        return plan::refused_step(title, name, error{found.problem, found.hint, "42P01"});
    }
    try {
        check_obstacles(target, set.empty());
    } catch (error const &why) {
        return plan::refused_step(title, name, why);
    }
    return {.title = title,
            .reason = "rows where " + first_line(rows.where),
            .object = name,
            .body = make_machine({.table = found.name, .where = rows.where, .set = set}, target,
                                 batches),
            .lane = name};
}

plan::plan make_plan(std::vector<model::selection> const &selections,
                     std::vector<model::assignment> const &set, model::batching const &batches,
                     std::vector<catalog::batch_target> const &targets)
{
    plan::plan out;
    for (std::size_t i = 0; i < selections.size(); ++i) {
        out.steps.push_back(make_step(selections[i], set, batches, targets.at(i)));
    }
    return out;
}

} // namespace

plan::plan plan_cleanup(model::cleanup_action const &action,
                        std::vector<catalog::batch_target> const &targets)
{
    return make_plan(action.from, {}, action.batches, targets);
}

plan::plan plan_expire(model::expire_action const &action,
                       std::vector<catalog::batch_target> const &targets)
{
    if (action.set.empty()) {
        throw error{"nothing is to be set", "Name a column and its new value."};
    }
    return make_plan(action.in, action.set, action.batches, targets);
}

} // namespace pgtend::batch

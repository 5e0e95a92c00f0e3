// SPDX-License-Identifier: Apache-2.0
#include "batch/describe.hpp"

#include <fmt/format.h>
#include <utility>

#include "base/text.hpp"
#include "batch/finders.hpp"

namespace pgtend::batch {
namespace {

// A bound of an example: which values there will be is not known.
constexpr char const *some_value = "?";

plan::statement with_comment(plan::statement out, std::string comment)
{
    for (auto &each : out.parameters) {
        if (each == some_value) {
            each.reset();
        }
    }
    out.comment = std::move(comment);
    return out;
}

} // namespace

plan::description describe(change const &what, catalog::batch_target const &target,
                           model::batching const &batches, bool careful)
{
    plan::description out;
    auto const name = display(what.table);
    out.title = fmt::format("{} {} in batches", what.deletes() ? "delete from" : "update", name);
    if (target.leaves.size() > 1) {
        out.title += fmt::format(", in each of {} partitions", target.leaves.size());
    }
    out.expected_rows = target.estimated_rows;
    out.until = "until no row matches any more; rows that others hold are tried again at the end, "
                "and then left";
    if (batches.max_rows) {
        out.until += fmt::format(", or {} rows are changed", thousands(*batches.max_rows));
    }
    if (target.leaves.empty()) {
        return out;
    }
    auto const &one = target.leaves.front();
    leaf_statements const sql{what, {.table = one, .root = target.found.oid}};
    auto const say = [&](plan::statement statement, std::string comment) {
        out.statements.push_back(with_comment(std::move(statement), std::move(comment)));
    };
    section rows;
    if (!one.indexes.empty()) {
        rows.what = section::kind::keys;
        rows.key = one.indexes.front().columns.front();
        rows.from = rows.to = some_value;
        say(sql.boundary(rows, batches.initial_rows),
            "many rows, and an index helps (this one, or the one that the planner takes): where "
            "does the next batch end");
    } else {
        rows.what = section::kind::blocks;
        rows.end_block = 1'024;
        say(sql.count_blocks(rows, 64), "no index helps: how many rows match in ranges of blocks");
    }
    section listed;
    listed.what = section::kind::listed;
    listed.places = "{}";
    auto const change_them = [&](section const &which) {
        if (careful) {
            say(sql.lock_free(which),
                "the condition may read other tables: rows that nobody holds are locked first");
            say(sql.change_locked(), "the condition again, in a new statement");
            say(sql.count_still(which), "were some held by others");
        } else {
            say(sql.change_rows(which),
                "one batch; one that meets a lock is repeated for the rows that nobody holds, "
                "which "
                "are locked first, as all are when the server tells that the condition may read "
                "other tables");
        }
    };
    change_them(rows);
    say(sql.list({}, {}, list_finder::window), "few rows: where are they");
    change_them(listed);
    return out;
}

} // namespace pgtend::batch

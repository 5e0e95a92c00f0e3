// SPDX-License-Identifier: Apache-2.0
// What is asked, in READ ONLY transactions, before something is changed.
#include <fmt/format.h>
#include <utility>

#include "batch/sql_text.hpp"
#include "batch/statements.hpp"

namespace pgtend::batch {

using plan::lock_mode;
using plan::quote;

plan::statement leaf_statements::explain() const
{
    auto out = change_where({}, {});
    out.sql = "EXPLAIN (FORMAT JSON) " + out.sql;
    out.lock_timeout = microseconds{0};
    return out;
}

plan::statement leaf_statements::size() const
{
    return statement(
        fmt::format("SELECT pg_catalog.pg_relation_size($1::pg_catalog.regclass){}"
                    "pg_catalog.current_setting('block_size')::bigint AS blocks, {} AS "
                    "since",
                    op("/"), next_transaction),
        {quote(leaf_.table.name)}, lock_mode::access_share);
}

plan::statement leaf_statements::boundary(section const &from, long long rows) const
{
    std::vector<param> parameters;
    auto open = from; // from its beginning on, without its end
    open.to.reset();
    if (!open.from) {
        open.what = section::kind::all;
    }
    auto const which = predicate(open, parameters);
    auto const greater = open.from ? "z.key" + op(">") + "$1::" + from.key.type : "true";
    auto const skipped = number(parameters, rows);
    // The columns of the outer level are made for one row only, not for each that is passed over.
    return statement(
        fmt::format(
            "SELECT z.key::pg_catalog.text AS key, {} AS beyond FROM (SELECT {} AS key FROM {} "
            "WHERE {}{} ORDER BY {} OFFSET {} LIMIT 1) AS z",
            greater, column(from.key.name), from_, in_parentheses(what_.where), which,
            column(from.key.name), skipped),
        std::move(parameters), lock_mode::access_share);
}

plan::statement leaf_statements::explain_boundary(catalog::walk_column const &key, long long rows,
                                                  bool nulls_first) const
{
    return statement(
        fmt::format(
            "EXPLAIN (FORMAT JSON) SELECT {} FROM {} WHERE {} ORDER BY {}{} OFFSET {} LIMIT 1",
            column(key.name), from_, in_parentheses(what_.where), column(key.name),
            nulls_first ? " NULLS FIRST" : "", rows),
        {}, lock_mode::access_share);
}

plan::statement leaf_statements::list(section const &rows, std::string const &after,
                                      long long most) const
{
    std::vector<param> parameters;
    auto which = predicate(rows, parameters);
    if (!after.empty()) {
        which += " AND " + column("ctid") + op(">") + next(parameters, after) + "::pg_catalog.tid";
    }
    which += unreferenced();
    auto const limit = number(parameters, most);
    return statement(
        fmt::format("SELECT pg_catalog.array_agg(z.place)::pg_catalog.text AS places, {5} AS since "
                    "FROM (SELECT {0} AS place FROM {1} "
                    "WHERE {2}{3} ORDER BY {0} LIMIT {4}) AS z",
                    column("ctid"), from_, in_parentheses(what_.where), which, limit,
                    next_transaction),
        std::move(parameters), lock_mode::access_share);
}

plan::statement leaf_statements::count_blocks(section const &blocks, long long step) const
{
    // OFFSET 0: otherwise each count is made twice, for the filter and for the result.
    std::vector<param> parameters;
    auto const first = number(parameters, blocks.first_block);
    auto const end = number(parameters, blocks.end_block);
    auto const each = number(parameters, step);
    auto const written = not_written(blocks, parameters);
    auto const series = unlike(what_.table.name, "pgtend_g");
    auto const place = [](std::string const &block) {
        return "pg_catalog.concat('(', " + block + ", ',0)')::pg_catalog.tid";
    };
    return statement(
        fmt::format(
            "SELECT z.block, z.matching FROM (SELECT {0}.pgtend_block AS block, (SELECT "
            "pg_catalog.count(*) FROM {1} WHERE {2} AND {3}{10}{4} AND {3}{11}{5}{6}) AS matching "
            "FROM pg_catalog.generate_series({7}, {8}{12}1, {9}) AS {0} (pgtend_block) OFFSET 0) "
            "AS "
            "z WHERE z.matching{13}0 ORDER BY z.block",
            series, from_, in_parentheses(what_.where), column("ctid"),
            place(series + ".pgtend_block"),
            place(fmt::format("LEAST({}.pgtend_block{}{}, {})", series, op("+"), each, end)),
            written, first, end, each, op(">="), op("<"), op("-"), op(">")),
        std::move(parameters), lock_mode::access_share);
}

plan::statement leaf_statements::count(section const &rows, long long most) const
{
    std::vector<param> parameters;
    auto const which = predicate(rows, parameters);
    auto const limit = number(parameters, most);
    return statement(fmt::format("SELECT pg_catalog.count(*) AS matching FROM (SELECT 1 FROM {} "
                                 "WHERE {}{} LIMIT {}) AS z",
                                 from_, in_parentheses(what_.where), which, limit),
                     std::move(parameters), lock_mode::access_share);
}

} // namespace pgtend::batch

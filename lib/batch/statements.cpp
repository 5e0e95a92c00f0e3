// SPDX-License-Identifier: Apache-2.0
#include "batch/statements.hpp"

#include <fmt/format.h>
#include <utility>

#include "batch/sql_text.hpp"

namespace pgtend::batch {
namespace {

using plan::lock_mode;
using plan::quote;
using plan::quote_ident;

// As a subquery, the array's length is not known to the planner, which otherwise may take a Seq
// Scan for each batch.
std::string at_places(std::string const &array)
{
    return "ctid" + op("=") + "ANY (ARRAY(SELECT pg_catalog.unnest(" + array +
           "::pg_catalog.tid[])))";
}

// The places of the rows that were locked, from one statement of a transaction to the next.
constexpr std::string_view locked_places = "pgtend.locked";

constexpr int most_ahead = 1'000'000; // transactions

constexpr std::string_view clock_in_microseconds =
    "(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) OPERATOR(pg_catalog.*) "
    "1000000::double precision)::bigint";
// When the statement began.
constexpr std::string_view start_in_microseconds =
    "(pg_catalog.date_part('epoch', pg_catalog.statement_timestamp()) OPERATOR(pg_catalog.*) "
    "1000000::double precision)::bigint";

} // namespace

leaf_statements::leaf_statements(change const &what, leaf_facts leaf)
    : what_{what}, leaf_{std::move(leaf)}, below_{leaf_.table.name != what.table},
      from_{"ONLY " + quote(leaf_.table.name)}, alias_{quote_ident(what.table.name)}
{
    if (below_) { // the condition may name the table: "where sessions.seen_at < ..."
        from_ += " AS " + alias_;
    }
}

std::string leaf_statements::column(std::string_view name) const
{
    return alias_ + "." + quote_ident(name);
}

plan::statement leaf_statements::statement(std::string sql, std::vector<param> parameters,
                                           lock_mode mode) const
{
    plan::statement out;
    out.sql = std::move(sql);
    out.parameters = std::move(parameters);
    out.locks = {{quote(leaf_.table.name), mode}};
    if (mode != lock_mode::access_share) {
        out.lock_timeout = longest_row_wait;
    }
    return out;
}

std::string leaf_statements::within(section const &rows, std::vector<param> &parameters) const
{
    using kind = section::kind;
    auto const where = " AND ";
    auto const key = [&] { return column(rows.key.name); };
    auto const value = [&](std::string const &text) {
        return next(parameters, text) + "::" + rows.key.type;
    };
    std::string out;
    switch (rows.what) {
    case kind::all:
        break;
    case kind::keys:
        if (!rows.from && !rows.to) {
            out += where + key() + " IS NOT NULL";
        }
        if (rows.from) {
            out += where + key() + op(rows.beyond ? ">" : ">=") + value(*rows.from);
        }
        if (rows.to) {
            out += where + key() + op("<") + value(*rows.to);
        }
        break;
    case kind::one_key:
        out += where + key() + op("=") + value(rows.from.value_or(""));
        break;
    case kind::null_keys:
        out += where + key() + " IS NULL";
        break;
    case kind::blocks: {
        auto const block = [&](long long n) {
            return next(parameters, fmt::format("({},0)", n)) + "::pg_catalog.tid";
        };
        out += where + column("ctid") + op(">=") + block(rows.first_block);
        out += where + column("ctid") + op("<") + block(rows.end_block);
        break;
    }
    case kind::listed:
        out += where + alias_ + "." + at_places(next(parameters, rows.places));
        break;
    }
    return out;
}

std::string leaf_statements::predicate(section const &rows, std::vector<param> &parameters) const
{
    auto out = within(rows, parameters);
    return out + not_written(rows, parameters);
}

// What the run itself wrote. A list of its transactions grows with each batch, and is paid for in
// each; so a section leaves out all that was written since it was looked for, by whomever: of the
// places of a list that is only what took a place that got free, and elsewhere the table is looked
// through once more. The xmin of a row frozen long ago stays as it was and may seem to be of any
// age, also far ahead: so the window is no wider than the walk is long, and what others may have
// begun beyond the transaction that age() counts from. CASE hides the comparison from the planner's
// estimate, which would have few rows left. ANY, not ALL: the server hashes a long list of ANY once
// for a statement (convert_saop_to_hashed_saop in optimizer/util/clauses.c, from 14 on; ALL from 15
// on), else each row is compared with all of it.
std::string leaf_statements::not_written(section const &rows, std::vector<param> &parameters) const
{
    bool const wrote = leaf_.writers != nullptr && !leaf_.writers->empty();
    if (!wrote && !rows.far) {
        return {};
    }
    if (!rows.since.empty() && (rows.what == section::kind::listed || rows.far || !leaf_.once)) {
        auto const since = next(parameters, rows.since) + "::pg_catalog.xid";
        auto const age = "pg_catalog.age(" + column("xmin") + ")";
        return fmt::format(" AND CASE WHEN {}{}{} AND {}{}pg_catalog.age({}) THEN false ELSE true "
                           "END",
                           age, op(">="), -most_ahead, age, op("<="), since);
    }
    if (!wrote) {
        return {};
    }
    auto const writers = next(parameters, "{" + leaf_.writers->substr(1) + "}");
    return fmt::format(" AND CASE WHEN {}{}ANY ({}::pg_catalog.xid[]) THEN false ELSE true END",
                       column("xmin"), op("="), writers);
}

// A row that refers to itself is no other one.
std::string leaf_statements::unreferenced() const
{
    std::string out;
    auto const other = unlike(what_.table.name, "pgtend_other");
    for (auto const &key : leaf_.unreferenced) {
        std::string same;
        for (auto const &each : key.columns) {
            same += fmt::format(" AND {} OPERATOR({}.{}) {}.{}", column(each.referenced),
                                quote_ident(each.equals.schema), each.equals.name, other,
                                quote_ident(each.column));
        }
        out += fmt::format(" AND NOT EXISTS (SELECT FROM {0} AS {1} WHERE NOT ({1}.tableoid{5}{2} "
                           "AND {1}.ctid{5}{3}){4})",
                           quote(what_.table), other, column("tableoid"), column("ctid"), same,
                           op("="));
    }
    return out;
}

std::string leaf_statements::ending(std::string_view clock, std::vector<param> &parameters) const
{
    auto out = fmt::format("{} AS stamp, {} AS attached", clock, attached(parameters));
    if (leaf_.writers != nullptr) {
        out += ", pg_catalog.pg_current_xact_id()::pg_catalog.xid::pg_catalog.text AS writer";
    }
    return out;
}

// True while the leaf has its name and is below the named table. As a subquery it is asked once for
// a statement, and by the statement's snapshot, which is taken when the leaf is locked: whoever
// detaches or renames it waits, or is done and seen. OFFSET 0 keeps the parent's lookup a lookup:
// without statistics of pg_inherits, 50,000 partitions were read for each statement.
std::string leaf_statements::attached(std::vector<param> &parameters) const
{
    if (!below_) {
        return "true";
    }
    auto const name = next(parameters, quote(leaf_.table.name)) + "::pg_catalog.text";
    auto const oid = next(parameters, leaf_.table.oid) + "::pg_catalog.oid";
    auto const root = next(parameters, leaf_.root) + "::pg_catalog.oid";
    return fmt::format(
        "(WITH RECURSIVE pgtend_above (oid) AS (SELECT {0} UNION SELECT p.oid FROM pgtend_above AS "
        "a CROSS JOIN LATERAL (SELECT i.inhparent FROM pg_catalog.pg_inherits AS i WHERE "
        "i.inhrelid{3}a.oid AND NOT i.inhdetachpending OFFSET 0) AS p (oid)) SELECT "
        "COALESCE(pg_catalog.to_regclass({1})::pg_catalog.oid{3}{0}, "
        "false) AND EXISTS (SELECT FROM pgtend_above AS a WHERE a.oid{3}{2}))",
        oid, name, root, op("="));
}

plan::statement leaf_statements::change_where(std::string which,
                                              std::vector<param> parameters) const
{
    auto const condition = in_parentheses(what_.where);
    if (below_) {
        which += " AND " + attached(parameters);
    }
    if (what_.deletes()) {
        return statement("DELETE FROM " + from_ + " WHERE " + condition + which,
                         std::move(parameters), lock_mode::row_exclusive);
    }
    std::string set;
    for (auto const &each : what_.set) {
        set += (set.empty() ? "" : ", ") + quote_ident(each.column) + " = ";
        if (!each.value) {
            set += "NULL";
        } else if (each.is_sql) {
            set += in_parentheses(*each.value);
        } else { // without a cast the server takes the column's type, and checks its length
            set += next(parameters, *each.value);
        }
    }
    // An error is the only way to take the transaction back from inside: the text that is no
    // integer is its message.
    return statement(
        fmt::format(
            "WITH pgtend_changed AS (UPDATE {} SET {} WHERE {}{} RETURNING {} AS pgtend_still) "
            "SELECT pg_catalog.count(*) AS changed, CASE WHEN pg_catalog.bool_or(pgtend_still) "
            "THEN pg_catalog.concat('{}', pg_catalog.count(*) FILTER (WHERE "
            "pgtend_still))::integer END "
            "FROM pgtend_changed",
            from_, set, condition, which, condition, still_matching),
        std::move(parameters), lock_mode::row_exclusive);
}

plan::statement leaf_statements::change_rows(section const &rows,
                                             std::optional<long long> most) const
{
    std::vector<param> parameters;
    auto which = predicate(rows, parameters);
    if (most) {
        auto const limit = number(parameters, *most);
        which += fmt::format(" AND {}{}ANY (ARRAY(SELECT {} FROM {} WHERE {}{} LIMIT {}))",
                             column("ctid"), op("="), column("ctid"), from_,
                             in_parentheses(what_.where), which, limit);
    }
    return change_where(which, std::move(parameters));
}

plan::statement leaf_statements::lock_free(section const &rows, std::optional<long long> most) const
{
    std::vector<param> parameters;
    auto const which = predicate(rows, parameters);
    auto const limit = most ? " LIMIT " + number(parameters, *most) : std::string{};
    return statement(fmt::format("SELECT pg_catalog.length(pg_catalog.set_config('{}', "
                                 "COALESCE(pg_catalog.array_agg(z.place)::pg_catalog.text, "
                                 "'{{}}'), true)) AS noted, pg_catalog.count(*) AS locked FROM "
                                 "(SELECT {} AS place FROM {} "
                                 "WHERE {}{}{} FOR UPDATE SKIP LOCKED) AS z",
                                 locked_places, column("ctid"), from_, in_parentheses(what_.where),
                                 which, limit),
                     std::move(parameters), lock_mode::row_share);
}

plan::statement leaf_statements::change_locked() const
{
    return change_where(
        " AND " + alias_ + "." +
            at_places(fmt::format("pg_catalog.current_setting('{}')", locked_places)),
        {});
}

plan::statement leaf_statements::count_still(section const &rows, bool all) const
{
    std::vector<param> parameters;
    auto const which = all ? within(rows, parameters) : predicate(rows, parameters);
    auto const end = ending(start_in_microseconds, parameters);
    return statement(fmt::format("SELECT pg_catalog.count(*) AS still, {} FROM {} WHERE {}{}", end,
                                 from_, in_parentheses(what_.where), which),
                     std::move(parameters), lock_mode::access_share);
}

plan::statement leaf_statements::stamp() const
{
    plan::statement out;
    out.sql = "SELECT " + ending(clock_in_microseconds, out.parameters);
    return out;
}

plan::statement prelude()
{
    plan::statement out;
    out.sql = fmt::format("SELECT pg_catalog.set_config('jit', 'off', true) AS jit, {} AS stamp",
                          clock_in_microseconds);
    return out;
}

} // namespace pgtend::batch

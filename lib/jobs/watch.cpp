// SPDX-License-Identifier: Apache-2.0
#include "jobs/watch.hpp"

#include "base/text.hpp"
#include "plan/once.hpp"

namespace pgtend::jobs {
namespace {

// A query as a subquery: its own line, so that a trailing comment ends.
std::string subquery(std::string const &query)
{
    auto text = std::string{trim(query)};
    while (text.ends_with(';')) {
        text = std::string{trim(text.substr(0, text.size() - 1))};
    }
    return "(\n" + text + "\n)";
}

plan::statement statement_of(model::watch_action const &what)
{
    plan::statement out;
    if (!what.insert_into) {
        out.sql = "SELECT pg_catalog.count(*), pg_catalog.count(*) FROM " + subquery(what.query) +
                  " AS finding";
        return out;
    }
    auto const target = plan::quote(*what.insert_into);
    std::string columns, values;
    for (auto const &column : what.columns) {
        auto const name = plan::quote_ident(column);
        columns += (columns.empty() ? "" : ", ") + name;
        values += (values.empty() ? "" : ", ") + ("finding." + name);
    }
    // Of each key the first finding, in the query's order; those without one are one. NOT EXISTS
    // keeps what was told before out, ON CONFLICT what another session tells at the same time.
    out.sql = "WITH finding AS MATERIALIZED (SELECT asked.*, pg_catalog.row_number() OVER () AS "
              "\"pgtend: number\" FROM " +
              subquery(what.query) + " AS asked), told AS (\n    INSERT INTO " + target + " (" +
              columns + ")\n    SELECT " + values + " FROM finding";
    auto const key = plan::quote_ident(what.key);
    auto const known = "NOT EXISTS (SELECT FROM " + target + " AS known WHERE known." + key;
    out.sql +=
        "\n    WHERE finding.\"pgtend: number\" IN (SELECT pg_catalog.min(\"pgtend: number\") FROM "
        "finding AS first GROUP BY first." +
        key + ") AND " + known + " = finding." + key + ") AND (finding." + key +
        " IS NOT NULL OR " + known +
        " IS NULL))\n"
        "    ORDER BY finding.\"pgtend: number\"\n"
        "    ON CONFLICT DO NOTHING RETURNING 1)\n"
        "SELECT (SELECT pg_catalog.count(*) FROM finding), (SELECT pg_catalog.count(*) FROM told)";
    out.locks = {{target, plan::lock_mode::row_exclusive}};
    return out;
}

std::unique_ptr<plan::task> watching(model::watch_action const &what)
{
    bool const inserts = what.insert_into.has_value();
    return plan::once(
        {.title =
             inserts ? "insert new findings into " + display(*what.insert_into) : "count findings",
         .body = statement_of(what),
         .told = [inserts](rows const &counts, plan::tally &out) {
             out.expected = counts.integer(0, std::size_t{0});
             out.rows = counts.integer(0, std::size_t{1});
             out.notes.push_back(std::to_string(*out.expected) + " findings" +
                                 (inserts ? ", " + std::to_string(out.rows) + " new" : ""));
         }});
}

} // namespace

plan::plan plan_watch(model::watch_action const &what)
{
    plan::plan out;
    plan::step step;
    step.title = what.insert_into ? "watch, telling " + display(*what.insert_into) : "watch";
    step.reason = "its rows are findings";
    step.object = what.insert_into ? display(*what.insert_into) : "query";
    step.body = watching(what);
    out.steps.push_back(std::move(step));
    return out;
}

} // namespace pgtend::jobs

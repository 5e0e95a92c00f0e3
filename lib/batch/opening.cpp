// SPDX-License-Identifier: Apache-2.0
#include "batch/opening.hpp"

#include <fmt/format.h>
#include <string_view>

#include "base/rows.hpp"

namespace pgtend::batch {
namespace {

std::string names(std::vector<std::string> const &all)
{
    return array_literal({all.begin(), all.end()});
}

} // namespace

mentions mentioned_in(change const &what)
{
    auto out = mentioned_in(what.where);
    for (auto const &each : what.set) {
        if (each.is_sql && each.value) {
            out.add(mentioned_in(*each.value));
        }
    }
    return out;
}

plan::statement opening_question(catalog::batch_target const &target, mentions const &what)
{
    std::vector<std::string> tables{target.found.oid};
    for (auto const &each : target.leaves) {
        tables.push_back(each.oid);
    }
    plan::statement out;
    // Objects that initdb makes have OIDs below 16384 (FirstNormalObjectId in access/transam.h).
    // Runs under the work's search_path, hence the qualified operators.
    out.sql = R"(WITH written AS MATERIALIZED (
    SELECT p.oid, p.proname
      FROM pg_catalog.pg_proc AS p
      JOIN pg_catalog.pg_language AS l ON l.oid OPERATOR(pg_catalog.=) p.prolang
     WHERE p.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
       AND l.lanname OPERATOR(pg_catalog.<>) ALL ('{internal,c}'::pg_catalog.name[])),
policies AS (
    SELECT pg_catalog.concat(y.polqual::pg_catalog.text, y.polwithcheck::pg_catalog.text) AS tree
      FROM pg_catalog.pg_policy AS y
     WHERE y.polrelid OPERATOR(pg_catalog.=) ANY ($2::pg_catalog.oid[])
       AND pg_catalog.row_security_active(y.polrelid))
SELECT pg_catalog.row_security_active($1::pg_catalog.oid) AS policies,
       EXISTS (SELECT FROM policies AS z
                WHERE z.tree OPERATOR(pg_catalog.~) 'SUBLINK|COERCETODOMAIN'
                   OR EXISTS (SELECT FROM pg_catalog.regexp_matches(z.tree, 'funcid ([0-9]+)', 'g') AS m
                                JOIN written AS w ON w.oid OPERATOR(pg_catalog.=) m[1]::pg_catalog.oid))
       OR EXISTS (SELECT FROM pg_catalog.unnest($3::pg_catalog.name[]) AS field
                   WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
                                      WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid
                                        AND a.attname OPERATOR(pg_catalog.=) field
                                        AND NOT a.attisdropped))
       OR EXISTS (SELECT FROM pg_catalog.pg_type AS t
                   WHERE t.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
                     AND t.typname OPERATOR(pg_catalog.=) ANY ($4::pg_catalog.name[])
                     AND (t.typtype OPERATOR(pg_catalog.<>) ALL ('{b,e}'::pg_catalog."char"[])
                          OR t.typelem OPERATOR(pg_catalog.<>) 0::pg_catalog.oid))
       OR EXISTS (SELECT FROM written AS w
                   WHERE w.proname OPERATOR(pg_catalog.=) ANY ($5::pg_catalog.name[])
                      OR w.oid OPERATOR(pg_catalog.=) ANY (
                             SELECT o.oprcode::pg_catalog.oid FROM pg_catalog.pg_operator AS o
                              WHERE o.oprname OPERATOR(pg_catalog.=) ANY ($6::pg_catalog.name[])
                             UNION ALL SELECT c.castfunc FROM pg_catalog.pg_cast AS c
                             UNION ALL SELECT m.amproc::pg_catalog.oid FROM pg_catalog.pg_amproc AS m))
           AS reads)";
    out.parameters = {target.found.oid,  names(tables),      names(what.fields),
                      names(what.types), names(what.called), names(what.operators)};
    return out;
}

plan::failure policies_do_not_reach()
{
    return {.sqlstate = "42501",
            .message = "policies of row level security hold for this role, but not in the "
                       "partitions, which are worked on directly",
            .hint = "Run the job as the owner of the table, or as a role with BYPASSRLS."};
}

plan::failure called_by_schema(change const &what, plan::failure const &why)
{
    return {.sqlstate = why.sqlstate,
            .message = why.message,
            .hint = fmt::format("Write {0}.column, without the schema: in the tables below it, "
                                "which are worked on, only {0} is known.",
                                display_identifier(what.table.name))};
}

plan::failure with_leaves(change const &what, catalog::batch_target const &target,
                          plan::failure why)
{
    auto const leaves = target.leaves.size();
    bool const below = leaves != 1 || target.leaves.front().oid != target.found.oid;
    if (why.sqlstate == "42501" && !why.hint.empty() && below) {
        why.hint += fmt::format(" The tables below it ({}), which are worked on directly, need "
                                "SELECT and {} each.",
                                leaves, what.deletes() ? "DELETE" : "UPDATE");
    }
    return why;
}

plan::statement explain_table(change const &what)
{
    plan::statement out;
    out.sql = "EXPLAIN (FORMAT JSON, VERBOSE) SELECT 1 FROM " + plan::quote(what.table) +
              " WHERE (" + what.where + "\n)";
    out.locks = {{plan::quote(what.table), plan::lock_mode::access_share}};
    return out;
}

} // namespace pgtend::batch

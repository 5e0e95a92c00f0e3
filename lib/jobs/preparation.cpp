// SPDX-License-Identifier: Apache-2.0
#include "jobs/preparation.hpp"

#include "base/kill_point.hpp"
#include "base/text.hpp"
#include "catalog/load.hpp"
#include "jobs/kinds.hpp"

namespace pgtend::jobs {
namespace {

struct planning_settings {
    std::string search_path, statement_timeout;
};

// The catalogs are read with operators and types that name no schema: nobody else's are to be
// found. The limit of these queries is the run's, and not what the role has for its statements.
// Behind a pooler settings would reach other clients, and are left alone. Returns those before; the
// server evaluates from left to right.
planning_settings replace_settings(pg::session &s, planning_settings const &by)
{
    auto const before =
        s.run("SELECT pg_catalog.current_setting('search_path'), "
              "pg_catalog.current_setting('statement_timeout'), "
              "pg_catalog.set_config('search_path', $1::pg_catalog.text, pooled), "
              "pg_catalog.set_config('statement_timeout', $2::pg_catalog.text, pooled) FROM "
              "pg_catalog.int4ne(pg_catalog.pg_backend_pid(), $3::pg_catalog.int4) AS pooled",
              {by.search_path, by.statement_timeout, std::to_string(s.backend_pid())});
    return {before.text(0, 0), before.text(0, 1)};
}

// Whether names in SQL of the file are looked up.
bool has_own_sql(model::action const &what)
{
    return std::holds_alternative<model::sql_action>(what) ||
           std::holds_alternative<model::watch_action>(what) ||
           std::holds_alternative<model::cleanup_action>(what) ||
           std::holds_alternative<model::expire_action>(what) ||
           std::holds_alternative<model::index_action>(what);
}

std::string warning_of(catalog::path_writers const &each)
{
    return "warning: in " + display_identifier(each.schema) + ", a schema of the search_path, " +
           printable(each.who) +
           " may create what this job's SQL then calls; revoke CREATE, or set search_path:";
}

std::string warning_of_leftover(qualified_name const &index)
{
    return "warning: " + display(index) +
           " is an invalid index, left by a CONCURRENTLY that was ended: DROP INDEX CONCURRENTLY " +
           display(index);
}

} // namespace

prepared prepare(model::job const &job, model::configuration const &all, pg::session &session,
                 instant now, pg::limits const &limit, preparing const &how)
{
    auto const before = replace_settings(session, {.search_path = "", .statement_timeout = "0"});
    reach("before plan");
    prepared out{.work = kind_of(job.action)
                             .make(job.action, {.session = session,
                                                .partitions = all.partitions,
                                                .autovacuum = all.autovacuum,
                                                .indexes = all.indexes,
                                                .now = now,
                                                .role = job.policy.role,
                                                .search_path = job.policy.search_path,
                                                .limit = limit,
                                                .file = &all,
                                                .job = job.name,
                                                .transaction_pooler = how.transaction_pooler,
                                                .further = how.further}),
                 .warnings = {}};
    if (has_own_sql(job.action)) {
        for (auto const &each : catalog::load_path_writers(
                 session, job.policy.search_path.value_or(before.search_path), job.policy.role,
                 limit)) {
            out.warnings.push_back(warning_of(each));
        }
    }
    if (how.outside && std::holds_alternative<model::sql_action>(job.action)) {
        for (auto const &index : catalog::load_invalid_indexes(session, limit)) {
            out.warnings.push_back(warning_of_leftover(index));
        }
    }
    replace_settings(session, before);
    reach("after plan");
    return out;
}

} // namespace pgtend::jobs

// SPDX-License-Identifier: Apache-2.0
#include "jobs/run.hpp"

#include "base/kill_point.hpp"
#include "base/text.hpp"
#include "catalog/load.hpp"
#include "jobs/kinds.hpp"

namespace pgtend::jobs {
namespace {

using ledger::run_status;

run_status status_of(engine::cause why)
{
    switch (why) {
    case engine::cause::timed_out:
        return run_status::timed_out;
    case engine::cause::lease_lost:
        return run_status::lost;
    case engine::cause::outcome_unknown:
        return run_status::failed;
    case engine::cause::interrupted:
    case engine::cause::terminated:
    case engine::cause::session_lost:
    case engine::cause::cannot_connect:
        break;
    }
    return run_status::interrupted;
}

// The steps' failures, one line each, without the one that is the report's problem.
void tell(run_report &report, engine::result const &result)
{
    for (auto const &note : result.notes) {
        report.messages.push_back(note);
    }
    bool first = true;
    for (auto const &step : result.steps) {
        for (auto const &note : step.tally.notes) {
            report.messages.push_back(step.object.empty() ? note : step.object + ": " + note);
        }
        if (step.problem && step.status == engine::step_status::failed) {
            if (!first) {
                report.messages.push_back(step.title + ": " +
                                          replace_all(describe(*step.problem), "\n", " "));
            }
            first = false;
        }
    }
}

void judge(run_report &report, engine::result const &result)
{
    report.tally = result.total();
    tell(report, result);
    if (result.ended_by) {
        report.status = status_of(result.ended_by->why);
        report.problem = result.ended_by->problem;
    } else if (result.succeeded()) {
        report.status = run_status::succeeded;
    } else {
        report.status = run_status::failed;
        if (auto const *problem = result.first_problem()) {
            report.problem = *problem;
        }
    }
    report.begun = result.begun;
}

// The catalogs are read with operators and types that name no schema: nobody else's are to be
// found. Behind a pooler the setting would reach other clients, and is left alone. Returns the one
// before; the server evaluates from left to right.
std::string replace_search_path(pg::session &s, std::string const &path)
{
    return s
        .run("SELECT pg_catalog.current_setting('search_path'), "
             "pg_catalog.set_config('search_path', $1::pg_catalog.text, "
             "pg_catalog.int4ne(pg_catalog.pg_backend_pid(), $2::pg_catalog.int4))",
             {path, std::to_string(s.backend_pid())})
        .text(0, 0);
}

// Whether names in SQL of the file are looked up.
bool has_own_sql(model::action const &what)
{
    return std::holds_alternative<model::sql_action>(what) ||
           std::holds_alternative<model::watch_action>(what) ||
           std::holds_alternative<model::cleanup_action>(what) ||
           std::holds_alternative<model::expire_action>(what);
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

// What an interrupted run leaves for the next one.
void settle(run_report &report, model::job const &job)
{
    report.reopen = report.status == run_status::interrupted &&
                    (!report.begun || model::idempotent(job.action));
}

} // namespace

engine::work_settings settings_of(model::run_policy const &policy, std::string const &time_zone)
{
    return {.time_zone = time_zone,
            .search_path = policy.search_path,
            .row_security = policy.row_security,
            .role = policy.role,
            .lock = {.attempt = policy.lock.attempt, .deadline = policy.lock.deadline},
            .retry = {.max = policy.retry.max,
                      .initial = policy.retry.initial,
                      .ceiling = policy.retry.ceiling}};
}

run_report run_job(model::job const &job, model::configuration const &all,
                   run_environment const &around)
{
    run_report report;
    report.job = job.name;
    report.kind = model::kind(job.action);
    auto const start = around.time.steady();
    try {
        auto options = around.connect;
        options.application_name = "pgtend/" + around.command + "/" + job.name;
        options.stop = around.stop;
        auto const open = [&] { return pg::connect(options, around.time, around.random); };

        // Behind a pooler in transaction mode such work is refused, and a backend of the pool,
        // which outlives its clients, would keep everybody out.
        bool const outside = around.note_backend && !around.transaction_pooler &&
                             works_outside_transactions(job.action);
        auto const open_noted = [&] {
            auto session = open();
            if (outside) {
                // Behind a pooler the pid that the protocol told is not the backend's.
                auto const pid =
                    session.run("SELECT pg_catalog.pg_backend_pid()").integer(0, std::size_t{0});
                around.note_backend(static_cast<int>(pid));
            }
            return session;
        };
        std::optional<pg::session> first = open_noted();
        if (around.connected) {
            around.connected();
        }
        auto const limit = model::time_limit(job.policy);
        auto const path = replace_search_path(*first, "");
        reach("before plan");
        auto work = kind_of(job.action)
                        .make(job.action, {.session = *first,
                                           .partitions = all.partitions,
                                           .now = around.time.now(),
                                           .role = job.policy.role,
                                           .limit = {.timeout = limit, .stop = around.stop}});
        if (has_own_sql(job.action)) {
            for (auto const &each : catalog::load_path_writers(
                     *first, job.policy.search_path.value_or(path), job.policy.role,
                     {.timeout = limit, .stop = around.stop})) {
                report.messages.push_back(warning_of(each));
            }
        }
        if (outside && std::holds_alternative<model::sql_action>(job.action)) {
            for (auto const &index :
                 catalog::load_invalid_indexes(*first, {.timeout = limit, .stop = around.stop})) {
                report.messages.push_back(warning_of_leftover(index));
            }
        }
        replace_search_path(*first, path);
        reach("after plan");
        engine::environment environment{
            .open =
                [&] {
                    if (first) {
                        auto out = std::move(*first);
                        first.reset();
                        return out;
                    }
                    return open_noted();
                },
            .time = around.time,
            .random = around.random,
            .settings = settings_of(job.policy, job.time_zone),
            .fence = around.fence,
            .stop = around.stop,
            .deadline = limit.count() > 0 ? std::optional{start + limit} : std::nullopt,
            .watcher = around.watcher,
            .workers = workers_of(job.action),
            .drain = around.drain,
            .resolve =
                [&](std::string const &id) {
                    return pg::commit_status(options, id, around.time, around.random);
                },
            .transaction_pooler = around.transaction_pooler,
        };
        auto const result = engine::real(std::move(environment))->run(std::move(work));
        judge(report, result);
        report.left_backend = outside && result.lost_session;
        report.findings = std::holds_alternative<model::watch_action>(job.action) &&
                          report.tally.expected.value_or(0) > 0;
    } catch (interrupted const &e) {
        report.status = run_status::interrupted;
        report.problem = e;
    } catch (timed_out const &e) {
        report.status = run_status::timed_out;
        report.problem = e;
    } catch (connect_error const &e) {
        report.status = run_status::interrupted;
        report.problem = e;
    } catch (connection_lost const &e) {
        report.status = run_status::interrupted;
        report.problem = e;
    } catch (error const &e) {
        report.status = run_status::failed;
        report.problem = e;
    } catch (std::exception const &e) {
        report.status = run_status::failed;
        report.problem = error{e.what()};
    }
    settle(report, job);
    report.elapsed = std::chrono::duration_cast<microseconds>(around.time.steady() - start);
    return report;
}

} // namespace pgtend::jobs

// SPDX-License-Identifier: Apache-2.0
#include "jobs/run.hpp"

#include "base/text.hpp"
#include "jobs/kinds.hpp"
#include "jobs/preparation.hpp"

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
        auto const spent = std::chrono::duration_cast<microseconds>(around.time.steady() - start);
        auto const left = limit.count() > 0 ? std::max(limit - spent, microseconds{1}) : limit;
        auto prepared =
            prepare(job, all, *first, around.time.now(), {.timeout = left, .stop = around.stop},
                    {.outside = outside,
                     .transaction_pooler = around.transaction_pooler,
                     .further = around.further});
        report.messages = std::move(prepared.warnings);
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
            .time_limit = limit,
            .watcher = around.watcher,
            .workers = workers_of(job.action),
            .drain = around.drain,
            .resolve =
                [&](std::string const &id) {
                    return pg::commit_status(options, id, around.time, around.random);
                },
            .transaction_pooler = around.transaction_pooler,
        };
        auto const result = engine::real(std::move(environment))->run(std::move(prepared.work));
        judge(report, result);
        report.left_backend = outside && result.lost_session;
        report.findings = (std::holds_alternative<model::watch_action>(job.action) ||
                           std::holds_alternative<model::check_action>(job.action)) &&
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

// SPDX-License-Identifier: Apache-2.0
// Jobs: their schedules, how they went, and who else does their work.
#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "check/areas.hpp"
#include "check/evidence.hpp"
#include "sql/queries.hpp"

namespace pgtend::check {
namespace {

job_facts const &declared_jobs(evidence &with)
{
    auto const &facts = with.records();
    if (!facts.declared) {
        throw unseen{"a configuration file (-c)"};
    }
    return facts;
}

job_facts const &with_ledger(job_facts const &facts)
{
    if (!facts.no_ledger.empty()) {
        throw unseen{facts.no_ledger};
    }
    return facts;
}

finding of(job_fact const &job, std::string message, std::string fix)
{
    return {.object = job.name, .message = std::move(message), .fix = std::move(fix), .at = job.at};
}

std::vector<finding> never_succeeded(evidence &with)
{
    std::vector<finding> out;
    for (auto const &job : declared_jobs(with).jobs) {
        if (!job.never.empty()) {
            out.push_back(of(job, job.never, "pgtend schedule next, with another schedule"));
        }
    }
    return out;
}

std::vector<finding> doubts(evidence &with)
{
    std::vector<finding> out;
    for (auto const &job : declared_jobs(with).jobs) {
        for (auto const &each : job.doubts) {
            out.push_back(of(job, each.message, each.hint));
        }
    }
    return out;
}

std::vector<finding> registered(evidence &with)
{
    std::vector<finding> out;
    auto const &facts = with_ledger(declared_jobs(with));
    auto const lately = seconds{static_cast<long long>(with.limit_of("job.runner", "error"))};
    if (!facts.heartbeat || facts.now - *facts.heartbeat > lately) {
        return out; // nobody is there to do it, which job.runner tells
    }
    for (auto const &job : facts.jobs) {
        if (!job.record.known) {
            out.push_back(of(job, "runners are at work, and none of them has it in its file",
                             "start a runner with this file: pgtend tick, each minute"));
        }
    }
    return out;
}

std::vector<finding> paused(evidence &with)
{
    std::vector<finding> out;
    for (auto const &job : with_ledger(declared_jobs(with)).jobs) {
        if (job.record.paused) {
            auto const why =
                job.record.paused_because.empty() ? "" : ": " + job.record.paused_because;
            out.push_back(of(job, "is paused" + why, "pgtend job resume " + job.name));
        }
    }
    return out;
}

std::vector<finding> last_run(evidence &with)
{
    std::vector<finding> out;
    for (auto const &job : with_ledger(declared_jobs(with)).jobs) {
        if (job.record.failed) {
            auto const why =
                job.record.last_error.empty() ? "" : ": " + first_line(job.record.last_error);
            out.push_back(of(job, "its last run " + job.record.last_status + why,
                             "pgtend job show " + job.name));
        }
    }
    return out;
}

std::vector<finding> overdue(evidence &with)
{
    std::vector<finding> out;
    auto const intervals = with.limit_of("job.overdue", "intervals");
    auto const most =
        std::chrono::duration<double, std::ratio<3600>>(with.limit_of("job.overdue", "most"));
    for (auto const &job : with_ledger(declared_jobs(with)).jobs) {
        auto const grace = std::min<std::chrono::duration<double, std::micro>>(
            std::chrono::duration<double, std::micro>(job.interval) * intervals, most);
        if (!job.record.waiting || job.record.paused || job.record.late <= grace) {
            continue;
        }
        auto found = of(job,
                        fmt::format("nobody has run the slot {}, for {}",
                                    to_rfc3339(*job.record.waiting), humanize(job.record.late)),
                        "pgtend job show " + job.name);
        found.value = std::chrono::duration<double>(job.record.late).count();
        out.push_back(std::move(found));
    }
    return out;
}

std::vector<finding> runner(evidence &with)
{
    auto const &facts = with_ledger(with.records());
    auto const silent = facts.now - facts.heartbeat.value_or(facts.ledger_made);
    auto const value = std::chrono::duration<double>(silent).count();
    if (value <= with.limit_of("job.runner", "error")) {
        return {};
    }
    return {{.object = "runner",
             .message = facts.heartbeat
                            ? fmt::format("the last tick was {} ago", humanize(silent))
                            : fmt::format("there was no tick in the {} since pgtend init",
                                          humanize(silent)),
             .value = value,
             .fix = "start the service, or pgtend tick each minute"}};
}

std::vector<finding> lease(evidence &with)
{
    std::vector<finding> out;
    auto const &facts = with_ledger(with.records());
    for (auto const &each : facts.leases) {
        out.push_back({.object = each.job,
                       .message = fmt::format(
                           "its runner {} is gone since {}, and its backend {} still works",
                           each.holder, to_rfc3339(each.until), each.backend),
                       .fix = fmt::format("SELECT pg_terminate_backend({})", each.backend)});
    }
    return out;
}

void compare(std::vector<finding> &out, job_fact const &job, double most, microseconds with,
             std::string_view what)
{
    auto const share = 100.0 * static_cast<double>(job.record.p95->count()) /
                       static_cast<double>(std::max<long long>(with.count(), 1));
    if (with.count() == 0 || share <= most) {
        return;
    }
    auto found = of(job,
                    fmt::format("of 100 runs 95 take up to {}, {:.0f} % of {} ({})",
                                humanize(*job.record.p95), share, what, humanize(with)),
                    "pgtend job history --slow, then a faster one, less of it, or more time");
    found.value = share;
    out.push_back(std::move(found));
}

std::vector<finding> runtime(evidence &with)
{
    std::vector<finding> out;
    auto const most = with.limit_of("job.runtime", "warning");
    for (auto const &job : with_ledger(declared_jobs(with)).jobs) {
        if (job.record.p95) {
            compare(out, job, most, job.limit, "its time limit");
            compare(out, job, most, job.interval, "the time between its runs");
        }
    }
    return out;
}

std::vector<finding> collision(evidence &with)
{
    std::vector<finding> out;
    for (auto const &each : declared_jobs(with).collisions) {
        out.push_back({.object = each.one + ", " + each.other,
                       .message = fmt::format("both are at work on {} {} times in the next 7 days, "
                                              "first at {}",
                                              each.table, each.times, to_rfc3339(each.first)),
                       .value = static_cast<double>(each.times),
                       .fix = "pgtend schedule simulate, and another minute for one of them",
                       .detail = each.table});
    }
    return out;
}

std::vector<finding> clock_skew(evidence &with)
{
    auto const skew = with.records().clock_skew;
    auto const value = std::abs(std::chrono::duration<double>(skew).count());
    if (value <= with.limit_of("job.clock", "warning")) {
        return {};
    }
    return {{.severity =
                 value > with.limit_of("job.clock", "error") ? severity::error : severity::warning,
             .object = "clock",
             .message = fmt::format("this host's clock is {} {} the server's",
                                    humanize(std::chrono::abs(skew)),
                                    skew.count() > 0 ? "ahead of" : "behind"),
             .value = value,
             .fix = "time synchronisation (NTP) on both"}};
}

} // namespace

std::span<rule const> job_rules()
{
    static rule const all[] = {
        {.id = "job.never",
         .severity = severity::error,
         .title = "every job runs at some time",
         .why = "the clocks of its zone skip each time that its schedule names",
         .fix = "another hour in its schedule",
         .look = never_succeeded},
        {.id = "job.schedule",
         .severity = severity::warning,
         .title = "schedules mean one thing only",
         .why = "a run falls out or comes twice when the clocks change, or on days that nobody "
                "meant",
         .fix = "another hour, day_match, or @every; pgtend schedule check tells more",
         .look = doubts},
        {.id = "job.runner",
         .severity = severity::error,
         .title = "a runner looks at the schedule",
         .why = "no job is started at all",
         .fix = "start the service, or pgtend tick each minute",
         .first = {"error", 180, "s"},
         .look = runner},
        {.id = "job.registered",
         .severity = severity::warning,
         .title = "runners know every job of the file",
         .why = "runners work with another file, or an older one, and never start the job",
         .fix = "start a runner with this file",
         .look = registered},
        {.id = "job.paused",
         .severity = severity::warning,
         .title = "no job is paused",
         .why = "it does nothing until somebody remembers",
         .fix = "pgtend job resume",
         .look = paused},
        {.id = "job.last_run",
         .severity = severity::error,
         .title = "the last run of every job went well",
         .why = "its work is not done, and may never be",
         .fix = "pgtend job show has the error and the next try",
         .look = last_run},
        {.id = "job.overdue",
         .severity = severity::error,
         .title = "no job is overdue",
         .why = "its runner is down, or somebody else's run has held it since",
         .fix = "pgtend job show says why it did not run",
         .first = {"intervals", 2, ""},
         .second = {"most", 24, "h"},
         .look = overdue},
        {.id = "job.lease",
         .severity = severity::warning,
         .title = "no backend works on for a runner that is gone",
         .why = "nobody takes the job over while it lives",
         .fix = "wait for it, or SELECT pg_terminate_backend(...)",
         .look = lease},
        {.id = "job.runtime",
         .severity = severity::warning,
         .title = "jobs have time to spare",
         .why = "soon runs are cut by their limit, or the next one finds the last still running",
         .fix = "make it faster, or give it more time",
         .first = {"warning", 80, "%"},
         .look = runtime},
        {.id = "job.collision",
         .severity = severity::warning,
         .title = "no two jobs are in each other's way",
         .why = "they wait for each other's locks, or lock rows crosswise",
         .fix = "another minute for one of them",
         .look = collision},
        {.id = "job.cron_history",
         .severity = severity::info,
         .title = "the history of pg_cron stays small",
         .why = "pg_cron never deletes from it, and it fills the disk",
         .fix = "a cleanup job on cron.job_run_details",
         .query = sql::check_job_cron_history,
         .first = {"info", 1'000'000, "rows"}},
        {.id = "job.clock",
         .severity = severity::warning,
         .title = "this host's clock and the server's agree",
         .why = "logs and history do not fit together, and certificates are found invalid",
         .fix = "time synchronisation (NTP) on both",
         .first = {"warning", 5, "s"},
         .second = {"error", 60, "s"},
         .look = clock_skew,
         .graded = true},
    };
    return all;
}

} // namespace pgtend::check

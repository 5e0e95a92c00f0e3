// SPDX-License-Identifier: Apache-2.0
// job history: past runs one by one, or what they have in common.
#include <memory>

#include "base/duration.hpp"
#include "tools/command_files.hpp"
#include "tools/job_views.hpp"

namespace pgtend::tools {
namespace {

using report::align;

struct history_arguments {
    std::string job, status;
    std::optional<std::string> since, until;
    std::optional<std::string> slow;
    bool failed = false, stats = false;
    long long limit = 20;
};

ledger::history_filter filter_of(history_arguments const &a, instant now)
{
    ledger::history_filter out{
        .job = a.job, .limit = static_cast<int>(a.limit), .failed = a.failed};
    if (!a.status.empty()) {
        out.status = ledger::parse_run_status(a.status);
    }
    if (a.since) {
        out.since = read_time(*a.since, now, from_now::back);
    }
    if (a.until) {
        out.until = read_time(*a.until, now, from_now::back);
    }
    if (a.slow) {
        out.took = checked([&] { return parse_duration(*a.slow); });
    }
    if (out.since && out.until && *out.until <= *out.since) {
        throw usage_error{"job history: --until lies before --since",
                          "a duration counts back from now: --since 7d --until 1d"};
    }
    return out;
}

// Of the runs that were to do something and are over; nothing when there is none.
report::cell success(ledger::job_statistics const &of)
{
    auto const over = of.runs - of.skipped - of.running;
    if (over == 0) {
        return {};
    }
    auto const share = static_cast<double>(of.succeeded) / static_cast<double>(over);
    auto const tenths = of.succeeded == over ? 1000 : static_cast<int>(share * 1000);
    return {share, of.succeeded == over ? report::tone::good : report::tone::bad,
            std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " %"};
}

report::table statistics_table(std::vector<ledger::job_statistics> const &all)
{
    report::table out{.key = "jobs",
                      .columns = {{"job", "job", align::left, true},
                                  {"runs", "runs", align::right},
                                  {"success", "success", align::right},
                                  {"p50", "p50", align::right},
                                  {"p95", "p95", align::right},
                                  {"p99", "p99", align::right},
                                  {"max", "max", align::right},
                                  {"rows", "rows", align::right},
                                  {"succeeded", ""},
                                  {"failed", ""},
                                  {"timed_out", ""},
                                  {"lost", ""},
                                  {"interrupted", ""},
                                  {"skipped", "skipped", align::right},
                                  {"running", ""},
                                  {"last_started", ""},
                                  {"last_failure", "last failure"},
                                  {"last_failure_status", ""},
                                  {"last_failure_error", "error", align::left, true}},
                      .rows = {},
                      .when_empty = "no runs",
                      .spare = {"skipped", "p99", "max", "rows", "p50", "last_failure"}};
    for (auto const &each : all) {
        out.rows.push_back({{each.job},
                            {each.runs},
                            success(each),
                            report::or_null(each.p50),
                            report::or_null(each.p95),
                            report::or_null(each.p99),
                            report::or_null(each.longest),
                            {each.rows},
                            {each.succeeded},
                            {each.failed},
                            {each.timed_out},
                            {each.lost},
                            {each.interrupted},
                            {each.skipped},
                            {each.running},
                            report::or_null(each.last_started),
                            report::or_null(each.last_failure),
                            each.last_failure_status
                                ? report::cell{std::string{ledger::name(*each.last_failure_status)}}
                                : report::cell{},
                            error_cell(each.last_failure_error)});
    }
    return out;
}

exit_code history(context &c, history_arguments const &a)
{
    auto const filter = filter_of(a, c.outside.time.now());
    auto const where = c.only_destination();
    auto control = c.open_control(where, false);
    ledger::ledger book{control.session};
    report::document out;
    out.schema = a.stats ? "pgtend/job-history-stats/1" : "pgtend/job-history/1";
    out.tables.push_back(a.stats ? statistics_table(book.statistics(filter))
                                 : history_table(book.history(filter)));
    if (out.tables[0].rows.empty() && !filter.job.empty() && c.has_configuration()) {
        c.configuration().find_job(filter.job); // a job that the file has no more may have runs
    }
    c.print(out);
    return exit_code::ok;
}

} // namespace

action declare_job_history(options &o)
{
    auto a = std::make_shared<history_arguments>();
    o.positional("job", a->job, "only this job", false);
    o.choice("--status", a->status,
             {"running", "succeeded", "failed", "skipped", "lost", "interrupted", "timed_out"},
             "only runs that ended so");
    o.flag("--failed", a->failed, "only runs that failed, timed out, were lost or interrupted");
    o.text("--slow", a->slow, "DURATION",
           "only runs that took so long, or longer; one that goes on, until now");
    o.text("--since", a->since, "TIME",
           "only runs that started then or later: RFC 3339, or a duration back from now");
    o.text("--until", a->until, "TIME", "only runs that started before");
    o.number("-n,--limit", a->limit, "N", "at most so many, the newest first", 1, 100'000);
    o.flag("--stats", a->stats,
           "per job instead: runs, success rate, durations (median, 95th and 99th percentile, "
           "longest), rows, last failure");
    o.excludes("--failed", "--status");
    for (auto const *other : {"--status", "--failed", "--slow", "--limit"}) {
        o.excludes("--stats", other);
    }
    o.example("-c kwenda.yaml job history cleanup-driver-locations",
              "when did the cleanup last run, how long did it take, how many rows did it delete");
    o.example("-c kwenda.yaml job history --failed --since 24h", "what went wrong since yesterday");
    o.example("-c kwenda.yaml job history --slow 5min --since 7d", "what took long in this week");
    o.example("-c kwenda.yaml job history --stats --since 7d",
              "how often each job ran, how often it succeeded and how long it takes");
    return [a](context &c) { return history(c, *a); };
}

} // namespace pgtend::tools

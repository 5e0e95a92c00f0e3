// SPDX-License-Identifier: Apache-2.0
// What happened: runs one by one, and what they have in common.
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "ledger/call.hpp"
#include "ledger/ledger.hpp"
#include "sql/queries.hpp"

namespace pgtend::ledger {
namespace {

std::vector<history_row> to_history(rows const &found)
{
    std::vector<history_row> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        history_row row;
        row.run = found.integer(i, "id");
        row.job = found.text(i, "job");
        row.slot = to_instant(found, i, "slot");
        row.attempt = static_cast<int>(found.integer(i, "attempt"));
        row.status = parse_run_status(found.text(i, "status"));
        row.started = to_instant(found, i, "started").value_or(instant{});
        row.finished = to_instant(found, i, "finished");
        row.rows = found.integer(i, "rows");
        row.holder = found.text(i, "holder");
        row.error = found.text(i, "error");
        row.sqlstate = found.text(i, "sqlstate");
        row.hint = found.text(i, "hint");
        row.output = found.text(i, "output");
        out.push_back(std::move(row));
    }
    return out;
}

param to_param(std::optional<run_status> status)
{
    return status ? param{std::string{name(*status)}} : param{};
}

// In seconds: PostgreSQL 14 takes no number of microseconds beyond 32 bits.
std::string to_interval(microseconds span)
{
    return fmt::format("{}.{:06} seconds", span.count() / 1'000'000, span.count() % 1'000'000);
}

param job_of(history_filter const &filter)
{
    return filter.job.empty() ? param{} : param{filter.job};
}

std::optional<microseconds> to_span(rows const &from, std::size_t row, std::string_view column)
{
    auto const at = to_instant(from, row, column);
    return at ? std::optional{microseconds{at->time_since_epoch()}} : std::nullopt;
}

constexpr std::array failures{run_status::failed, run_status::timed_out, run_status::lost,
                              run_status::interrupted};

} // namespace

std::vector<history_row> ledger::history(history_filter const &filter)
{
    if (!filter.failed) {
        return to_history(ask(sql::ledger_history,
                              {job_of(filter), to_param(filter.status), to_param(filter.since),
                               std::to_string(filter.limit), to_param(filter.until),
                               filter.took ? param{to_interval(*filter.took)} : param{}}));
    }
    // The index of the few that went wrong begins with the status: one range of it for each.
    std::vector<history_row> out;
    auto one = filter;
    one.failed = false;
    for (auto const status : failures) {
        one.status = status;
        auto found = history(one);
        std::move(found.begin(), found.end(), std::back_inserter(out));
    }
    std::sort(out.begin(), out.end(), [](auto const &a, auto const &b) { return a.run > b.run; });
    out.resize(std::min(out.size(), static_cast<std::size_t>(filter.limit)));
    return out;
}

std::vector<history_row> ledger::last_runs(std::span<std::string const> jobs)
{
    return to_history(ask(sql::ledger_last_runs, {array_literal({jobs.begin(), jobs.end()})}));
}

std::vector<history_row> ledger::last_successes(std::span<std::string const> jobs)
{
    return to_history(ask(sql::ledger_last_successes, {array_literal({jobs.begin(), jobs.end()})}));
}

health ledger::read_health()
{
    auto const found = ask(sql::ledger_health);
    if (found.empty()) {
        throw_no_ledger();
    }
    return {.created = to_instant(found, 0, "created").value_or(instant{}),
            .heartbeat = to_instant(found, 0, "heartbeat")};
}

std::vector<guarded_lease> ledger::guarded_leases()
{
    auto const found = ask(sql::ledger_guarded_leases);
    std::vector<guarded_lease> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back({.job = found.text(i, "job"),
                       .holder = found.text(i, "holder"),
                       .lease_until = to_instant(found, i, "lease_until").value_or(instant{}),
                       .backend_pid = static_cast<int>(found.integer(i, "pid"))});
    }
    return out;
}

std::vector<job_statistics> ledger::statistics(history_filter const &filter)
{
    auto const found = ask(sql::ledger_statistics,
                           {job_of(filter), to_param(filter.since), to_param(filter.until)});
    std::vector<job_statistics> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        job_statistics each;
        each.job = found.text(i, "job");
        each.runs = found.integer(i, "runs");
        each.succeeded = found.integer(i, "succeeded");
        each.failed = found.integer(i, "failed");
        each.timed_out = found.integer(i, "timed_out");
        each.lost = found.integer(i, "lost");
        each.interrupted = found.integer(i, "interrupted");
        each.skipped = found.integer(i, "skipped");
        each.running = found.integer(i, "running");
        each.rows = found.integer(i, "rows");
        each.p50 = to_span(found, i, "p50");
        each.p95 = to_span(found, i, "p95");
        each.p99 = to_span(found, i, "p99");
        each.longest = to_span(found, i, "longest");
        each.last_started = to_instant(found, i, "last_started");
        each.last_failure = to_instant(found, i, "last_failure");
        if (each.last_failure) {
            each.last_failure_status = parse_run_status(found.text(i, "last_failure_status"));
            each.last_failure_error = found.text(i, "last_failure_error");
        }
        out.push_back(std::move(each));
    }
    return out;
}

} // namespace pgtend::ledger

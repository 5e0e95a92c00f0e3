// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.hpp"

#include <array>
#include <fmt/core.h>

#include "base/text.hpp"
#include "ledger/call.hpp"
#include "sql/queries.hpp"

namespace pgtend::ledger {
namespace {

constexpr std::array<std::string_view, 7> status_names{
    "running", "succeeded", "failed", "skipped", "lost", "interrupted", "timed_out"};

constexpr std::size_t longest_error = 8'000;   // bytes
constexpr std::size_t longest_output = 32'000; // bytes

param flag(bool value)
{
    return value ? "true" : "false";
}

param lease_seconds()
{
    return std::to_string(ledger::ttl.count());
}

// What a run left, as a text column takes it: capped, valid UTF-8, no NUL.
std::string storable(std::string_view text, std::size_t most)
{
    if (valid_utf8(text) && text.find('\0') == std::string_view::npos) {
        return head_and_tail(text, most);
    }
    auto lines = split(text, '\n');
    for (auto &line : lines) {
        line = printable(line);
    }
    return head_and_tail(join(lines, "\n"), most);
}

// For a database whose encoding lacks a character (22P05).
std::string ascii(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        out += byte < 0x80 ? std::string{c} : fmt::format("\\x{:02X}", byte);
    }
    return out;
}

[[noreturn]] void throw_lost(claim const &held)
{
    throw lease_lost{fmt::format("job '{}': another run took over", printable(held.job))};
}

claim read_claim(rows const &from, std::size_t row)
{
    claim out;
    out.job = from.text(row, "job");
    out.slot = to_instant(from, row, "slot");
    out.token = from.integer(row, "token");
    out.run = from.integer(row, "id");
    out.attempt = static_cast<int>(from.integer(row, "attempt"));
    return out;
}

} // namespace

std::string_view name(run_status status)
{
    return status_names.at(static_cast<std::size_t>(status));
}

run_status parse_run_status(std::string_view text)
{
    for (std::size_t i = 0; i < status_names.size(); ++i) {
        if (status_names[i] == text) {
            return static_cast<run_status>(i);
        }
    }
    std::string hint = "One of";
    for (auto const known : status_names) {
        hint += fmt::format("{} {}", known == status_names.front() ? "" : ",", known);
    }
    throw usage_error{fmt::format("'{}' is not a run's status", printable(text)), hint + "."};
}

ledger::ledger(pg::session &control, pg::limits limit) : control_{control}, limit_{std::move(limit)}
{
}

rows ledger::ask(std::string_view sql, std::vector<param> const &parameters)
{
    return call(control_, sql, parameters, limit_);
}

void ledger::register_jobs(std::span<registration const> jobs)
{
    std::vector<param> names, schedules, zones, kinds, from;
    for (auto const &job : jobs) {
        names.push_back(job.job);
        schedules.push_back(job.schedule);
        zones.push_back(job.time_zone);
        kinds.push_back(job.kind);
        from.push_back(to_param(job.evaluated_at));
    }
    ask(sql::ledger_register, {array_literal(names), array_literal(schedules), array_literal(zones),
                               array_literal(kinds), array_literal(from)});
}

std::vector<claim> ledger::claim_slots(std::span<slot_request const> wanted,
                                       runner_identity const &who)
{
    std::vector<param> jobs, slots, again, tokens, failures;
    std::vector<claim> out;
    for (auto const &request : wanted) {
        if (request.slot) {
            jobs.push_back(request.job);
            slots.push_back(to_param(request.slot));
            again.push_back(flag(request.again));
            tokens.push_back(request.token ? param{std::to_string(*request.token)} : param{});
            failures.push_back(request.failures ? param{std::to_string(*request.failures)}
                                                : param{});
            continue;
        }
        try {
            out.push_back(claim_manual(request.job, who));
        } catch (error const &e) {
            if (e.code() != exit_code::held) {
                throw;
            }
        }
    }
    if (jobs.empty()) {
        return out;
    }
    auto const got = ask(sql::ledger_claim, {array_literal(jobs), array_literal(slots),
                                             array_literal(again), who.holder, lease_seconds(),
                                             array_literal(tokens), array_literal(failures)});
    for (std::size_t i = 0; i < got.size(); ++i) {
        out.push_back(read_claim(got, i));
    }
    return out;
}

claim ledger::claim_manual(std::string const &job, runner_identity const &who)
{
    auto const got = ask(sql::ledger_claim_manual, {job, who.holder, lease_seconds()});
    if (got.at(0, got.column("id"))) {
        claim out;
        out.job = job;
        out.token = got.integer(0, "token");
        out.run = got.integer(0, "id");
        return out;
    }
    auto const shown = printable(job);
    if (!got.at(0, got.column("holder"))) {
        if (got.at(0, got.column("backend_pids"))) {
            throw error{fmt::format("job '{}': the backend {} of a run before still works", shown,
                                    got.text(0, "backend_pids")),
                        "Try again when it has ended.",
                        {},
                        {},
                        exit_code::held};
        }
        throw error{fmt::format("job '{}': another run is just taking it", shown),
                    "Try again.",
                    {},
                    {},
                    exit_code::held};
    }
    auto message = fmt::format("job '{}' is held by {}", shown, printable(got.text(0, "holder")));
    if (got.flag(0, "expired")) {
        message += got.at(0, got.column("backend_pids"))
                       ? fmt::format(", which is gone, but its backend {} still works",
                                     got.text(0, "backend_pids"))
                       : ", which is gone, but its last transaction still works";
    }
    throw error{message,
                "See `pgtend job history`, and try again when that run has ended.",
                {},
                {},
                exit_code::held};
}

void ledger::record_skipped(std::span<skip const> slots)
{
    std::vector<param> jobs, instants, reasons;
    for (auto const &skipped : slots) {
        jobs.push_back(skipped.job);
        instants.push_back(to_param(skipped.slot));
        reasons.push_back(storable(skipped.reason, longest_error));
    }
    ask(sql::ledger_skip, {array_literal(jobs), array_literal(instants), array_literal(reasons)});
}

std::vector<bool> ledger::renew(std::span<claim const> held)
{
    std::vector<param> jobs, tokens;
    for (auto const &one : held) {
        jobs.push_back(one.job);
        tokens.push_back(std::to_string(one.token));
    }
    auto const answer =
        ask(sql::ledger_renew, {array_literal(jobs), array_literal(tokens), lease_seconds()});
    std::vector<bool> out;
    for (std::size_t i = 0; i < answer.size(); ++i) {
        out.push_back(answer.flag(i, 0));
    }
    return out;
}

streak ledger::finish(claim const &held, finished_run const &how)
{
    if (how.status == run_status::running || how.status == run_status::lost) {
        throw error{fmt::format("a run cannot be finished as {}", name(how.status))};
    }
    bool const open =
        how.keep_open && how.status != run_status::succeeded && how.status != run_status::skipped;
    std::vector<param> parameters{held.job,
                                  std::to_string(held.token),
                                  std::to_string(held.run),
                                  flag(!held.slot),
                                  flag(open),
                                  std::string{name(how.status)},
                                  std::to_string(how.rows),
                                  storable(how.error, longest_error),
                                  storable(how.sqlstate, 5),
                                  storable(how.hint, longest_error),
                                  storable(how.output, longest_output),
                                  flag(how.begun || !open),
                                  flag(how.left_backend),
                                  flag(!how.blameless && how.status != run_status::succeeded &&
                                       how.status != run_status::skipped)};
    rows answer;
    try {
        answer = ask(sql::ledger_finish, parameters);
    } catch (error const &e) {
        if (e.sqlstate() != "22P05") {
            throw;
        }
        for (std::size_t i = 7; i <= 10; ++i) { // $8 to $11
            parameters[i] = ascii(*parameters[i]);
        }
        answer = ask(sql::ledger_finish, parameters);
    }
    if (answer.empty() || !answer.flag(0, "done")) {
        throw_lost(held);
    }
    return {.before = static_cast<int>(answer.integer(0, "failures_before")),
            .now = static_cast<int>(answer.integer(0, "failures"))};
}

void ledger::note_backend(claim const &held, int backend_pid)
{
    auto const answer = ask(sql::ledger_note_backend,
                            {held.job, std::to_string(held.token), std::to_string(backend_pid)});
    if (answer.empty()) {
        throw_lost(held);
    }
    if (!answer.flag(0, "seen")) {
        throw error{fmt::format("job '{}': the server has no backend {}", printable(held.job),
                                backend_pid)};
    }
}

std::vector<lost_run> ledger::mark_lost()
{
    auto const found =
        ask(sql::ledger_mark_lost, {lease_seconds(), std::to_string(margin.count())});
    std::vector<lost_run> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back({.job = found.text(i, "job"),
                       .slot = to_instant(found, i, "slot"),
                       .attempt = static_cast<int>(found.integer(i, "attempt")),
                       .run = found.integer(i, "id"),
                       .holder = found.text(i, "holder"),
                       .failures = static_cast<int>(found.integer(i, "failures"))});
    }
    return out;
}

void ledger::heartbeat(runner_identity const &who, std::optional<instant> evaluated)
{
    ask(sql::ledger_heartbeat,
        {who.host, who.config_file, who.config_hash, who.holder, to_param(evaluated)});
}

void ledger::pause(std::string const &job, bool paused, std::string const &because)
{
    auto const reason = storable(because, longest_error);
    if (job.empty()) {
        ask(sql::ledger_pause_all, {flag(paused), reason});
    } else {
        ask(sql::ledger_pause, {job, flag(paused), reason});
    }
}

std::vector<ledger::forgotten> ledger::reset(std::span<std::string const> jobs)
{
    auto const found =
        ask(sql::ledger_reset,
            {jobs.empty() ? param{} : param{array_literal({jobs.begin(), jobs.end()})}});
    std::vector<forgotten> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back({.job = found.text(i, "job"),
                       .failures = static_cast<int>(found.integer(i, "failures")),
                       .open_attempts = static_cast<int>(found.integer(i, "open_attempts"))});
    }
    return out;
}

void ledger::note_sessions(bool had, int failures)
{
    ask(sql::ledger_note_sessions, {flag(had), std::to_string(failures)});
}

long long ledger::purge(long long limit, std::span<std::string const> jobs)
{
    return ask(sql::ledger_purge,
               {std::to_string(limit), array_literal({jobs.begin(), jobs.end()})})
        .integer(0, "gone");
}

fence_statement fence_of(claim const &held)
{
    return {std::string{sql::ledger_fence}, {held.job, std::to_string(held.token)}};
}

} // namespace pgtend::ledger

// SPDX-License-Identifier: Apache-2.0
#include "tools/runs.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <ostream>
#include <unistd.h>

#include "base/text.hpp"
#include "tools/probing.hpp"

namespace pgtend::tools {
namespace {

std::string host_name()
{
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

// What decides when jobs run: two hosts with different fingerprints disagree.
std::string fingerprint(model::configuration const &all)
{
    std::uint64_t hash = 14695981039346656037U; // FNV-1a
    auto const add = [&](std::string_view text) {
        for (char const c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
        }
        hash = (hash ^ 0xffU) * 1099511628211U;
    };
    for (auto const &job : all.jobs) {
        add(job.name);
        add(job.schedule_text);
        add(job.time_zone);
        add(model::kind(job.action));
        add(job.enabled ? "on" : "off");
    }
    return fmt::format("{:016x}", hash);
}

} // namespace

model::configuration jobs_of(model::configuration const &all, std::string const &target)
{
    auto out = all;
    std::erase_if(out.jobs,
                  [&](auto const &job) { return !job.target.empty() && job.target != target; });
    return out;
}

jobs::further_sources further_of(context const &c)
{
    return [&c](check::sources &to, jobs::readiness_request const &ask) {
        add_further(to, c, ask, ask.limit.stop);
    };
}

opened_runner open_runner(context &c, context::destination const &where,
                          model::configuration const &jobs, jobs::runner_options options,
                          waited_for somebody)
{
    auto mine = where;
    mine.options.patient = somebody == waited_for::no;
    pg::companion reading{ledger::ledger::reading()};
    auto control = c.open_control(mine, true, &reading);
    options.first_reading = std::move(reading.answers);
    options.transaction_pooler = control.transaction_pooler;
    options.further = further_of(c);
    options.stop = c.outside.stop;
    options.abort = c.outside.abort;
    auto const host = host_name();
    options.who = {.holder = jobs::holder_name(host, getpid(), c.outside.random),
                   .host = host,
                   .config_file = jobs.file,
                   .config_hash = fingerprint(jobs)};
    auto server = control.server;
    // A first signal lets runs end, and their ends be recorded.
    auto again = std::move(mine);
    again.options.stop = c.outside.abort;
    auto reopen = [&c, where = std::move(again)] { return c.open_control(where, true).session; };
    return {std::make_unique<jobs::runner>(jobs, where.options, std::move(control.session), reopen,
                                           c.outside.time, c.outside.random, std::move(options)),
            std::move(server)};
}

report::cell status_cell(ledger::run_status status)
{
    using ledger::run_status;
    auto tone = report::tone::bad;
    switch (status) {
    case run_status::succeeded:
        tone = report::tone::good;
        break;
    case run_status::running:
        tone = report::tone::plain;
        break;
    case run_status::skipped:
    case run_status::interrupted:
        tone = report::tone::warn;
        break;
    default:
        break;
    }
    return {std::string{ledger::name(status)}, tone};
}

report::cell wall_cell(std::optional<instant> at, zone const &in)
{
    if (!at) {
        return {};
    }
    auto const wall = in.to_civil(*at).civil;
    auto text = fmt::format("{}-{:02}-{:02} {:02}:{:02}", wall.year, wall.month, wall.day,
                            wall.hour, wall.minute);
    if (wall.second != 0) {
        text += fmt::format(":{:02}", wall.second);
    }
    return {*at, report::tone::plain, std::move(text)};
}

report::table table_of(std::vector<run_on_target> const &runs)
{
    using report::align;
    bool const several = std::any_of(runs.begin(), runs.end(), [&](auto const &each) {
        return each.target != runs.front().target;
    });
    report::table out{.key = "runs",
                      .columns = {{"target", several ? "target" : ""},
                                  {"job", "job"},
                                  {"kind", "kind"},
                                  {"run", "", align::right},
                                  {"slot", "slot"},
                                  {"attempt", "", align::right},
                                  {"status", "status"},
                                  {"rows", "rows", align::right},
                                  {"left", "", align::right},
                                  {"elapsed", "took", align::right},
                                  {"lateness", "late", align::right},
                                  {"error", "error", align::left, true},
                                  {"sqlstate", ""},
                                  {"hint", ""},
                                  {"output", ""}},
                      .rows = {},
                      .spare = {"kind", "lateness", "slot", "rows"}};
    for (auto const &[target, run] : runs) {
        out.rows.push_back({{target},
                            {run.job},
                            {run.kind},
                            {run.run},
                            report::or_null(run.slot),
                            {static_cast<long long>(run.attempt)},
                            status_cell(run.status),
                            {run.tally.rows},
                            {run.tally.left},
                            {run.elapsed},
                            run.lateness ? report::cell{*run.lateness} : report::cell{},
                            run.problem ? report::cell{run.problem->message(), report::tone::plain,
                                                       run.problem->message().substr(
                                                           0, run.problem->message().find('\n'))}
                                        : report::cell{std::monostate{}, report::tone::plain, " "},
                            report::or_null(run.problem ? run.problem->sqlstate() : ""),
                            report::or_null(run.problem ? run.problem->hint() : ""),
                            report::or_null(join(run.messages, "\n"))});
    }
    return out;
}

void tell_failure(io &outside, jobs::run_report const &run)
{
    if (run.problem) {
        outside.err << "pgtend: error: job " << run.job << " " << ledger::name(run.status) << ": "
                    << replace_all(describe(*run.problem), "\n", "\npgtend: ") << "\n";
    }
}

} // namespace pgtend::tools

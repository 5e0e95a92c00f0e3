// SPDX-License-Identifier: Apache-2.0
#include "jobs/check.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time_box.hpp"
#include "check/compare.hpp"
#include "check/profile.hpp"
#include "check/waive.hpp"
#include "jobs/readiness.hpp"
#include "ledger/ledger.hpp"
#include "plan/once.hpp"

namespace pgtend::jobs {
namespace {

using check::severity;

constexpr auto longest_query = seconds{10};

struct verdict {
    ledger::kept_check kept;
    long long failures = 0; // as bad as what fails
    std::vector<std::string> notes;
};

void add(verdict &out, check::rule const &of, check::finding const &each, severity least, bool ever)
{
    auto &kept = out.kept;
    ++(each.severity == severity::error     ? kept.errors
       : each.severity == severity::warning ? kept.warnings
                                            : kept.infos);
    bool const fails = ever && each.severity >= least;
    out.failures += fails ? 1 : 0;
    auto key = check::key_of(of, each);
    kept.findings.push_back({.check = std::move(key.check),
                             .severity = std::string{name(each.severity)},
                             .object = std::move(key.object),
                             .detail = std::move(key.detail),
                             .message = printable(each.message)});
    if (fails) {
        out.notes.push_back(fmt::format("{}: {}: {}: {}", name(each.severity), of.id, each.object,
                                        printable(each.message)));
    }
}

instant server_time(pg::session &s, pg::limits const &limit)
{
    return instant{microseconds{
        s.run("SELECT pg_catalog.numeric_mul(EXTRACT(epoch FROM pg_catalog.clock_timestamp()), "
              "1000000)::bigint",
              {}, limit)
            .integer(0, 0)}};
}

verdict look(model::configuration const &file, model::check_action const &what,
             planning const &with, std::stop_token stop)
{
    check::validate(file.checks);
    auto const judged = check::judge_by(file.checks, what.profile, {});
    pg::limits const limit{.timeout = longest_query, .stop = std::move(stop)};
    auto const now = server_time(with.session, limit);
    readiness_request const ask{.session = with.session,
                                .file = &file,
                                .now = now,
                                .clock_skew = with.now - now,
                                .search_path = file.defaults.search_path,
                                .transaction_pooler = with.transaction_pooler,
                                .limit = limit};
    auto from = readiness_sources(ask);
    if (with.further) {
        with.further(from, ask);
    }
    auto rules = check::chosen(judged.which);
    check::drop_undeclared(rules, judged.which, from);
    if (rules.empty()) {
        throw error{"no check is left for the job to look at",
                    "a profile with more in its only:, or less in skip:"};
    }
    check::evidence evidence{with.session, from, now, limit};
    auto outcomes = check::evaluate(with.session, rules, judged.thresholds, evidence, limit);
    if (std::all_of(outcomes.begin(), outcomes.end(),
                    [](auto const &each) { return each.skipped(); })) {
        auto const &first = outcomes.front();
        throw error{fmt::format("none of the {} could be made: {} needs {}",
                                counted(static_cast<long long>(outcomes.size()), "check"),
                                first.of->id, first.unseen.front()),
                    "pgtend check tells what each of them needs"};
    }
    auto const waiving = check::waive(outcomes, file.checks, now);

    verdict out;
    out.kept.profile = what.profile;
    auto const least = judged.fail_on == "warning" ? severity::warning : severity::error;
    bool const ever = judged.fail_on != "never";
    for (auto const &one : outcomes) {
        for (auto const &each : one.findings) {
            add(out, *one.of, each, least, ever);
        }
        if (one.skipped()) {
            ++out.kept.skipped;
            if (judged.strict) {
                ++out.failures;
                out.notes.push_back(
                    fmt::format("skipped: {}: needs {}", one.of->id, one.unseen.front()));
            }
        }
    }
    for (auto const &each : waiving.faults) {
        add(out, check::waiver_rule(), each, least, ever);
    }
    return out;
}

verdict look_in_time(model::configuration const &file, model::check_action const &what,
                     planning const &with)
{
    time_box const limit{with.limit.timeout, with.limit.stop};
    try {
        return look(file, what, with, limit.token());
    } catch (interrupted const &) {
        if (limit.over()) {
            throw timed_out{"the run's time limit is over, and not all checks were made",
                            "a longer timeout:, or a profile that skips the slow ones"};
        }
        throw;
    }
}

std::unique_ptr<plan::task> keep(verdict found)
{
    auto kept = ledger::keep_statement(found.kept);
    plan::statement body;
    body.sql = std::move(kept.sql);
    body.parameters = std::move(kept.parameters);
    body.locks = {{"pgtend.readiness", plan::lock_mode::row_exclusive}};
    auto told = [found = std::move(found)](rows const & /*nothing*/, plan::tally &out) {
        auto const &of = found.kept;
        out.rows = static_cast<long long>(of.findings.size());
        out.expected = found.failures;
        out.notes = found.notes;
        out.notes.push_back(fmt::format("{} errors, {} warnings, {} infos; {} checks skipped",
                                        of.errors, of.warnings, of.infos, of.skipped));
    };
    return plan::once(
        {.title = "keep what the checks found", .body = std::move(body), .told = std::move(told)});
}

} // namespace

plan::plan plan_check(model::check_action const &what, planning const &with)
{
    if (with.file == nullptr) {
        throw error{"a check job needs the file that declares it"};
    }
    auto found = look_in_time(*with.file, what, with);
    found.kept.job = with.job;
    plan::step step;
    step.title = "keep what the checks found";
    step.reason = what.profile.empty() ? "every check" : "profile " + what.profile;
    step.body = keep(std::move(found));
    plan::plan out;
    out.steps.push_back(std::move(step));
    return out;
}

} // namespace pgtend::jobs

// SPDX-License-Identifier: Apache-2.0
#include "tools/by_hand.hpp"

#include <algorithm>
#include <ostream>

#include "base/text.hpp"
#include "jobs/kinds.hpp"
#include "jobs/run.hpp"
#include "zone/zone.hpp"

namespace pgtend::tools {

void declare(options &o, run_options &into)
{
    o.duration("--lock-attempt", into.policy.lock.attempt,
               "longest wait for a lock that others queue behind");
    o.duration("--lock-deadline", into.policy.lock.deadline,
               "give up when a lock could not be had for so long");
    o.duration("--timeout", into.policy.timeout, "time limit of the whole run, 0s for none");
    o.text("--timezone", into.time_zone, "ZONE",
           "time zone of the SQL (default: the file's, else UTC)");
    o.text("--search-path", into.search_path, "PATH",
           "search_path of the SQL (default: of the file, else of role and database)");
    o.text("--role", into.policy.role, "ROLE", "do the work as this role");
    o.flag("--row-security", into.policy.row_security, "let policies hide rows instead of failing");
}

void declare(options &o, model::batching &into)
{
    o.number("--max-rows", into.max_rows, "N", "stop after so many rows, and say what is left", 1,
             1'000'000'000'000);
    o.duration("--batch-time", into.target, "longest time that the changes of a batch should take");
    o.duration("--pause", into.pause, "pause between batches");
}

std::vector<qualified_name> names_of(std::vector<std::string> const &texts)
{
    return checked([&] {
        std::vector<qualified_name> out;
        for (auto const &text : texts) {
            out.push_back(parse_qualified_name(text));
        }
        return out;
    });
}

std::optional<std::string> search_path_of(context &c, run_options const &run)
{
    return run.search_path || !c.has_configuration() ? run.search_path
                                                     : c.configuration().defaults.search_path;
}

std::string zone_of(context &c, run_options const &run)
{
    if (!run.time_zone.empty()) {
        return zone::load(run.time_zone).name();
    }
    return c.has_configuration() ? c.configuration().time_zone : "UTC";
}

namespace {

report::tone step_tone(engine::step_status status)
{
    switch (status) {
    case engine::step_status::succeeded:
        return report::tone::good;
    case engine::step_status::failed:
        return report::tone::bad;
    case engine::step_status::skipped:
        break;
    }
    return report::tone::warn;
}

std::string name(engine::step_status status)
{
    switch (status) {
    case engine::step_status::succeeded:
        return "succeeded";
    case engine::step_status::failed:
        return "failed";
    case engine::step_status::skipped:
        break;
    }
    return "skipped";
}

} // namespace

report::document document_of(engine::result const &result, std::string_view schema,
                             std::string_view plural)
{
    using report::align;
    report::document out;
    out.schema = schema;
    report::table steps{.key = std::string{plural},
                        .columns = {{"step", "step", align::left, true},
                                    {"object", "", align::left},
                                    {"status", "status", align::left},
                                    {"rows", "rows", align::right},
                                    {"left", "left", align::right},
                                    {"batches", "batches", align::right},
                                    {"elapsed", "took", align::right},
                                    {"error", "", align::left},
                                    {"sqlstate", "", align::left},
                                    {"hint", "", align::left}},
                        .rows = {},
                        .spare = {"batches", "left"}};
    for (auto const &step : result.steps) {
        steps.rows.push_back({{step.title},
                              {step.object},
                              {name(step.status), step_tone(step.status)},
                              {step.tally.rows},
                              {step.tally.left},
                              {step.tally.batches},
                              {step.elapsed},
                              step.problem ? report::cell{step.problem->message()} : report::cell{},
                              report::or_null(step.problem ? step.problem->sqlstate() : ""),
                              report::or_null(step.problem ? step.problem->hint() : "")});
        for (auto const &note : step.tally.notes) {
            out.notes.push_back(step.object.empty() ? note : step.object + ": " + note);
        }
    }
    out.tables.push_back(std::move(steps));
    out.notes.insert(out.notes.end(), result.notes.begin(), result.notes.end());
    return out;
}

exit_code code_of(engine::result const &result)
{
    if (result.ended_by) {
        switch (result.ended_by->why) {
        case engine::cause::interrupted:
            return exit_code::interrupted;
        case engine::cause::cannot_connect:
            return exit_code::cannot_connect;
        default:
            return exit_code::failed;
        }
    }
    return result.succeeded() ? exit_code::ok : exit_code::failed;
}

void tell_failures(io &outside, engine::result const &result)
{
    for (auto const &step : result.steps) {
        if (step.problem) {
            outside.err << "pgtend: "
                        << (step.status == engine::step_status::failed ? "error: " : "skipped: ")
                        << step.title << ": "
                        << replace_all(describe(*step.problem), "\n", "\npgtend: ") << "\n";
        }
    }
    bool const told = std::any_of(result.steps.begin(), result.steps.end(),
                                  [](auto const &step) { return step.problem.has_value(); });
    if (result.ended_by && !told) {
        outside.err << "pgtend: error: "
                    << replace_all(describe(result.ended_by->problem), "\n", "\npgtend: ") << "\n";
    }
}

exit_code do_by_hand(context &c, hand_plan const &work, run_options const &run)
{
    auto const where = c.only_destination();
    auto policy = run.policy;
    policy.search_path = run.search_path;
    auto settings = jobs::settings_of(policy, zone_of(c, run));

    auto control = c.open_control(where, !c.global.dry_run);
    auto const limit = policy.timeout;
    auto planned = work.make(control, {.timeout = limit, .stop = c.outside.stop});
    auto beside = where;
    beside.options = pg::on_same_server(where.options, control.session);
    auto result = c.execute(std::move(planned), beside, settings, work.workers, limit,
                            control.transaction_pooler);
    tell_failures(c.outside, result);
    if (!c.global.dry_run) {
        c.print(document_of(result, work.schema, work.plural));
    }
    return code_of(result);
}

exit_code do_by_hand(context &c, hand_work const &work, run_options const &run)
{
    auto const make = [&](context::control &control, pg::limits const &limit) {
        return jobs::kind_of(work.what).make(work.what,
                                             {.session = control.session,
                                              .partitions = work.partitions,
                                              .autovacuum = work.autovacuum,
                                              .indexes = work.indexes,
                                              .now = work.now.value_or(control.server.server_time),
                                              .role = run.policy.role,
                                              .search_path = run.search_path,
                                              .limit = limit});
    };
    return do_by_hand(c, {make, jobs::workers_of(work.what), work.schema, work.plural}, run);
}

} // namespace pgtend::tools

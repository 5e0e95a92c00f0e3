// SPDX-License-Identifier: Apache-2.0
// job run, pause, resume, reset: what somebody does by hand.
#include <memory>

#include "jobs/kinds.hpp"
#include "tools/by_hand.hpp"
#include "tools/command_files.hpp"
#include "tools/runs.hpp"

namespace pgtend::tools {
namespace {

using report::align;

exit_code run_one(context &c, std::string const &name)
{
    auto const where = c.only_destination();
    auto const all = jobs_of(c.configuration(), where.name);
    auto const &job = all.find_job(name);
    if (c.global.dry_run) {
        auto control = c.open_control(where, false);
        auto plan = jobs::kind_of(job.action)
                        .make(job.action, {.session = control.session,
                                           .partitions = all.partitions,
                                           .autovacuum = all.autovacuum,
                                           .indexes = all.indexes,
                                           .now = control.server.server_time,
                                           .role = job.policy.role,
                                           .search_path = job.policy.search_path,
                                           .limit = {.stop = c.outside.stop},
                                           .file = &all,
                                           .job = job.name,
                                           .transaction_pooler = control.transaction_pooler,
                                           .further = further_of(c)});
        auto const printed =
            c.execute(std::move(plan), where, jobs::settings_of(job.policy, job.time_zone), 1,
                      microseconds{0}, control.transaction_pooler);
        tell_failures(c.outside, printed);
        return code_of(printed);
    }
    jobs::runner_options options{.who = {}, .command = "job run"};
    auto opened = open_runner(c, where, all, std::move(options), waited_for::yes);
    auto const run = opened.runner->run_by_hand(job);
    tell_failure(c.outside, run);
    report::document out;
    out.schema = "pgtend/job-run/1";
    out.tables.push_back(table_of({{where.name, run}}));
    for (auto const &message : run.messages) {
        out.notes.push_back(message);
    }
    c.print(out);
    switch (run.status) {
    case ledger::run_status::succeeded:
        return run.findings ? exit_code::findings : exit_code::ok;
    case ledger::run_status::interrupted:
        if (run.problem && run.problem->code() == exit_code::cannot_connect) {
            return exit_code::cannot_connect;
        }
        return c.outside.stop.stop_requested() ? exit_code::interrupted : exit_code::failed;
    default:
        return exit_code::failed;
    }
}

void refuse_dry_run(context const &c, std::string const &command)
{
    if (c.global.dry_run) {
        throw usage_error{command + " has no dry run", "see pgtend job list for how jobs stand"};
    }
}

struct pause_arguments {
    std::string name, because;
    bool all = false;
};

exit_code set_paused(context &c, pause_arguments const &a, bool paused)
{
    refuse_dry_run(c, paused ? "job pause" : "job resume");
    if (a.all == !a.name.empty()) {
        throw usage_error{"name one job, or give --all", "see pgtend job list"};
    }
    if (!a.all) {
        c.configuration().find_job(a.name);
    }
    auto const where = c.only_destination();
    auto control = c.open_control(where, true);
    ledger::ledger book{control.session};
    book.read({}); // refuses a copy that was not adopted, and a newer ledger
    book.pause(a.name, paused, a.because);
    report::document out;
    out.schema = paused ? "pgtend/job-pause/1" : "pgtend/job-resume/1";
    out.fields = {{"job", "", a.all ? report::cell{} : report::cell{a.name}},
                  {"all", "", {a.all}},
                  {"paused", "", {paused}}};
    out.heading = (a.all ? "all jobs" : a.name) +
                  (paused ? " paused; a run that is going on finishes" : " resumed");
    c.print(out);
    return exit_code::ok;
}

exit_code reset(context &c, std::vector<std::string> const &names, bool all)
{
    refuse_dry_run(c, "job reset");
    if (all == !names.empty()) {
        throw usage_error{"name jobs, or give --all", "see pgtend job list"};
    }
    for (auto const &name : names) {
        c.configuration().find_job(name);
    }
    auto const where = c.only_destination();
    auto control = c.open_control(where, true);
    ledger::ledger book{control.session};
    book.read({}); // refuses a copy that was not adopted, and a newer ledger
    report::document out;
    out.schema = "pgtend/job-reset/1";
    report::table table{.key = "jobs",
                        .columns = {{"job", "job"},
                                    {"failures", "failures forgotten", align::right},
                                    {"open_attempts", "attempts forgotten", align::right}},
                        .rows = {},
                        .when_empty = "no job of that name has run"};
    for (auto const &each : book.reset(names)) {
        table.rows.push_back({{each.job},
                              {static_cast<long long>(each.failures)},
                              {static_cast<long long>(each.open_attempts)}});
    }
    out.tables.push_back(std::move(table));
    c.print(out);
    return exit_code::ok;
}

} // namespace

action declare_job_run(options &o)
{
    auto name = std::make_shared<std::string>();
    o.positional("job", *name, "name of the job");
    o.example("-c kwenda.yaml job run cleanup-cache", "now; exits 5 when another run has the job");
    o.example("-c kwenda.yaml --dry-run job run cleanup-cache", "print what it would do");
    return [name](context &c) { return run_one(c, *name); };
}

action declare_job_pause(options &o)
{
    auto a = std::make_shared<pause_arguments>();
    o.positional("job", a->name, "name of the job", false);
    o.flag("--all", a->all, "every job of this database");
    o.text("--because", a->because, "TEXT", "said by job show");
    o.example("-c kwenda.yaml job pause vacuum-nightly --because 'migration tonight'",
              "until job resume");
    return [a](context &c) { return set_paused(c, *a, true); };
}

action declare_job_resume(options &o)
{
    auto a = std::make_shared<pause_arguments>();
    o.positional("job", a->name, "name of the job", false);
    o.flag("--all", a->all, "every job of this database");
    o.example("-c kwenda.yaml job resume vacuum-nightly",
              "what was missed meanwhile follows the job's missed: policy");
    return [a](context &c) { return set_paused(c, *a, false); };
}

action declare_job_reset(options &o)
{
    struct arguments {
        std::vector<std::string> names;
        bool all = false;
    };
    auto a = std::make_shared<arguments>();
    o.positionals("job", a->names, "names of jobs", false);
    o.flag("--all", a->all, "every job of this database, and that it had no sessions for work");
    o.example("-c kwenda.yaml job reset refresh-dashboard",
              "its cause is repaired: try again at once");
    return [a](context &c) { return reset(c, a->names, a->all); };
}

} // namespace pgtend::tools

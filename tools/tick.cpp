// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <ostream>

#include "base/duration.hpp"
#include "base/log.hpp"
#include "tools/command_files.hpp"
#include "tools/runs.hpp"

namespace pgtend::tools {
namespace {

struct arguments {
    std::optional<std::string> now;
    long long max_parallel = 2;
    microseconds stop_timeout = seconds{60};
};

// Of several targets: what most needs somebody's attention.
exit_code worse(exit_code a, exit_code b)
{
    auto const rank = [](exit_code code) {
        switch (code) {
        case exit_code::ok:
            return 0;
        case exit_code::interrupted:
            return 3;
        case exit_code::cannot_connect:
            return 2;
        default:
            return 1;
        }
    };
    return rank(a) >= rank(b) ? a : b;
}

exit_code tick(context &c, arguments const &a)
{
    if (c.global.dry_run) {
        throw usage_error{"tick has no dry run",
                          "see pgtend job list for what is due, and pgtend --dry-run job run NAME"};
    }
    auto const &file = c.configuration();
    auto code = exit_code::ok;
    report::document out;
    out.schema = "pgtend/tick/1";
    std::vector<jobs::run_report> runs;
    long long skipped = 0;
    for (auto const &where : c.destinations()) {
        auto const jobs = jobs_of(file, where.name);
        try {
            jobs::runner_options options{.who = {},
                                         .max_parallel = static_cast<int>(a.max_parallel)};
            options.stop_timeout = a.stop_timeout;
            if (a.now) {
                options.now = checked([&] { return parse_rfc3339(*a.now); });
            }
            options.finished = [&](jobs::run_report const &run) { tell_failure(c.outside, run); };
            auto opened = open_runner(c, where, jobs, std::move(options));
            auto done = opened.runner->tick();
            for (auto const &warning : done.warnings) {
                log::warning("{}: {}", where.name, warning);
            }
            for (auto const &name : done.registered) {
                log::info("{}: new job {}, starts from now", where.name, name);
            }
            for (auto const &skip : done.skipped) {
                log::info("{}: {} skipped: {}", where.name, skip.job, skip.reason);
            }
            skipped += static_cast<long long>(done.skipped.size());
            code = worse(code, done.code());
            std::move(done.runs.begin(), done.runs.end(), std::back_inserter(runs));
        } catch (connect_error const &e) {
            c.outside.err << "pgtend: error: " << where.name << ": " << describe(e) << "\n";
            code = worse(code, e.code());
        }
    }
    out.fields.push_back({"skipped", "", {skipped}});
    auto table = table_of(runs);
    bool const silent = runs.empty() && c.global.output == "text";
    out.tables.push_back(std::move(table));
    if (!silent) {
        c.print(out);
    }
    return code;
}

} // namespace

action declare_tick(options &o)
{
    auto a = std::make_shared<arguments>();
    o.text("--now", a->now, "TIME",
           "decide what is due as if it were this time (RFC 3339); only on a test ledger");
    o.number("--max-parallel", a->max_parallel, "N", "jobs side by side", 1, 64);
    o.duration("--stop-timeout", a->stop_timeout, "how long running work may go on after SIGTERM");
    o.example("-c /etc/pgtend/kwenda.yaml tick",
              "each minute from cron or a systemd timer; silent when nothing is due");
    o.example("-c fleet.yaml -t all -o json tick", "every target of the file, the result as JSON");
    return [a](context &c) { return tick(c, *a); };
}

} // namespace pgtend::tools

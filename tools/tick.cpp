// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <ostream>
#include <thread>

#include "base/duration.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "tools/command_files.hpp"
#include "tools/runs.hpp"

namespace pgtend::tools {
namespace {

struct tick_arguments {
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

// Of a target's tick, which may go on for months, so many runs are shown: the newest.
constexpr std::size_t most_shown = 1'000;

// What the tick of one target came to.
struct outcome {
    exit_code code = exit_code::ok;
    std::deque<run_on_target> runs = {};
    long long left_out = 0; // older runs
    long long skipped = 0;
};

void take(outcome &out, io &outside, std::string const &target, jobs::tick_news const &news)
{
    for (auto const &run : news.runs) {
        tell_failure(outside, run);
        out.runs.push_back({target, run});
        if (out.runs.size() > most_shown) {
            out.runs.pop_front();
            ++out.left_out;
        }
    }
    for (auto const &warning : news.warnings) {
        log::warning("{}: {}", target, warning);
    }
    for (auto const &note : news.notes) {
        log::info("{}: {}", target, note);
    }
    for (auto const &name : news.registered) {
        log::info("{}: new job {}, starts from now", target, name);
    }
    for (auto const &skip : news.skipped) {
        log::info("{}: {} skipped: {}", target, skip.job, skip.reason);
    }
    out.skipped += static_cast<long long>(news.skipped.size());
}

void tell(io &outside, std::mutex &one_at_a_time, std::string const &target, error const &e)
{
    std::lock_guard const lock{one_at_a_time};
    outside.err << "pgtend: error: " << target << ": "
                << replace_all(describe(e), "\n", "\npgtend: ") << "\n";
}

// Throws nothing: what is wrong with one target must not keep the others waiting.
outcome tick_target(context &c, tick_arguments const &a, context::destination const &where,
                    std::mutex &one_at_a_time)
{
    outcome out;
    auto const jobs = jobs_of(c.configuration(), where.name);
    try {
        jobs::runner_options options{.who = {}, .max_parallel = static_cast<int>(a.max_parallel)};
        options.stop_timeout = a.stop_timeout;
        if (a.now) {
            options.now = checked([&] { return parse_rfc3339(*a.now); });
        }
        options.told = [&](jobs::tick_news const &news) {
            std::lock_guard const lock{one_at_a_time};
            take(out, c.outside, where.name, news);
        };
        auto opened = open_runner(c, where, jobs, std::move(options), waited_for::no);
        out.code = opened.runner->tick().code();
    } catch (error const &e) {
        tell(c.outside, one_at_a_time, where.name, e);
        out.code = e.code();
    } catch (std::exception const &e) {
        tell(c.outside, one_at_a_time, where.name, error{e.what()});
        out.code = exit_code::failed;
    }
    return out;
}

// Side by side: a vacuum of two hours on one target is no reason for the others to wait.
std::vector<outcome> tick_all(context &c, tick_arguments const &a,
                              std::vector<context::destination> const &targets)
{
    std::mutex one_at_a_time;
    std::vector<outcome> out(targets.size());
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < targets.size(); ++i) {
        others.emplace_back([&, i] { out[i] = tick_target(c, a, targets[i], one_at_a_time); });
    }
    out[0] = tick_target(c, a, targets[0], one_at_a_time);
    others.clear();
    return out;
}

exit_code tick(context &c, tick_arguments const &a)
{
    if (c.global.dry_run) {
        throw usage_error{"tick has no dry run",
                          "see pgtend job list for what is due, and pgtend --dry-run job run NAME"};
    }
    c.configuration(); // loaded before threads share it
    auto code = exit_code::ok;
    std::vector<run_on_target> runs;
    long long skipped = 0, left_out = 0;
    for (auto &one : tick_all(c, a, c.destinations())) {
        code = worse(code, one.code);
        skipped += one.skipped;
        left_out += one.left_out;
        std::move(one.runs.begin(), one.runs.end(), std::back_inserter(runs));
    }
    report::document out;
    out.schema = "pgtend/tick/1";
    out.fields.push_back({"skipped", "", {skipped}});
    out.fields.push_back({"left_out", left_out > 0 ? "older runs left out" : "", {left_out}});
    bool const silent = runs.empty() && c.global.output == "text";
    out.tables.push_back(table_of(runs));
    if (!silent) {
        c.print(out);
    }
    return code;
}

} // namespace

action declare_tick(options &o)
{
    auto a = std::make_shared<tick_arguments>();
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

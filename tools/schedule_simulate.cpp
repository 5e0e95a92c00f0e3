// SPDX-License-Identifier: Apache-2.0
// schedule simulate: a day or a month ahead.
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <memory>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "jobs/simulation.hpp"
#include "tools/command_files.hpp"
#include "tools/runs.hpp"
#include "tools/timeline.hpp"

namespace pgtend::tools {
namespace {

using report::align;

struct simulate_arguments {
    std::optional<std::string> from;
    microseconds ahead = std::chrono::hours{24};
    microseconds look = std::chrono::minutes{1};
    std::vector<std::string> takes;
    bool measured = false;
    std::string fail_on = "nothing";
    long long limit = 100'000;
};

// How long the runs of a job are taken to last, and how that is known.
struct length {
    microseconds takes;
    std::string known = "assumed"; // "assumed", "given" or "history"
};

// What --takes says: of jobs by name, and of all others.
struct said_lengths {
    std::map<std::string, microseconds> of;
    microseconds others = std::chrono::minutes{1};
};

said_lengths read_lengths(std::vector<std::string> const &texts, model::configuration const &all)
{
    said_lengths out;
    for (auto const &text : texts) {
        auto const equals = text.find('=');
        auto const value = checked([&] {
            return parse_duration(equals == std::string::npos ? text : text.substr(equals + 1));
        });
        if (equals == std::string::npos) {
            out.others = value;
        } else {
            out.of[all.find_job(text.substr(0, equals)).name] = value;
        }
    }
    return out;
}

std::vector<length> lengths_of(context &c, context::destination const &where,
                               model::configuration const &all, simulate_arguments const &a)
{
    auto const said = read_lengths(a.takes, all);
    std::map<std::string, microseconds> measured;
    if (a.measured) {
        auto control = c.open_control(where, false);
        auto const since = control.server.server_time - std::chrono::days{30};
        for (auto const &each :
             ledger::ledger{control.session}.statistics({.job = {}, .since = since})) {
            if (each.p95) {
                measured[each.job] = *each.p95;
            }
        }
    }
    std::vector<length> out;
    for (auto const &job : all.jobs) {
        if (auto const given = said.of.find(job.name); given != said.of.end()) {
            out.push_back({given->second, "given"});
        } else if (auto const known = measured.find(job.name); known != measured.end()) {
            out.push_back({known->second, "history"});
        } else {
            out.push_back({said.others});
        }
    }
    return out;
}

report::cell names_of(std::vector<qualified_name> const &tables, bool unknown)
{
    std::vector<std::string> out;
    for (auto const &table : tables) {
        out.push_back(display(table));
    }
    auto const known = join(out, ", ");
    if (unknown) {
        out.emplace_back("?");
    }
    return {known.empty() ? report::value{} : report::value{known}, report::tone::plain,
            join(out, ", ")};
}

report::table jobs_table(model::configuration const &all, jobs::simulation const &found,
                         std::vector<length> const &lengths)
{
    auto const any = [&](auto member) {
        return std::any_of(found.jobs.begin(), found.jobs.end(),
                           [&](auto const &job) { return job.*member > 0; });
    };
    report::table out{
        .key = "jobs",
        .columns = {{"job", "job", align::left, true},
                    {"runs", "runs", align::right},
                    {"skipped", any(&jobs::simulation::job::skipped) ? "skipped" : "",
                     align::right},
                    {"cut", any(&jobs::simulation::job::cut) ? "cut" : "", align::right},
                    {"collisions", "collisions", align::right},
                    {"takes", "takes", align::right},
                    {"takes_known", "by"},
                    {"first", ""},
                    {"last", ""},
                    {"tables", "works on", align::left, true},
                    {"tables_unknown", ""}},
        .rows = {},
        .when_empty = "the file declares no jobs",
        .spare = {"takes_known", "tables"}};
    for (std::size_t i = 0; i < all.jobs.size(); ++i) {
        auto const &job = found.jobs[i];
        out.rows.push_back(
            {{all.jobs[i].name, all.jobs[i].enabled ? report::tone::plain : report::tone::dim},
             {job.runs},
             {job.skipped},
             {job.cut},
             {job.collisions, job.collisions > 0 ? report::tone::warn : report::tone::plain},
             {lengths[i].takes},
             {lengths[i].known},
             report::or_null(job.first),
             report::or_null(job.last),
             names_of(job.works_on.tables, job.works_on.unknown),
             {job.works_on.unknown}});
    }
    return out;
}

constexpr std::size_t pairs_in_text = 20;

report::table pairs_table(model::configuration const &all, jobs::simulation const &found,
                          zone const &in, std::size_t most)
{
    report::table out{.key = "collisions",
                      .columns = {{"table", "collisions on", align::left, true},
                                  {"job", "job", align::left, true},
                                  {"other", "beside", align::left, true},
                                  {"times", "times", align::right},
                                  {"longest", "longest", align::right},
                                  {"first", "first"}},
                      .rows = {},
                      .when_empty = "no two jobs work on one table at the same time"};
    for (auto const &pair : found.pairs) {
        if (out.rows.size() == most) {
            break;
        }
        out.rows.push_back({{display(pair.table)},
                            {all.jobs[pair.one].name},
                            {all.jobs[pair.other].name},
                            {pair.times},
                            {pair.longest},
                            wall_cell(pair.first, in)});
    }
    return out;
}

report::table runs_table(model::configuration const &all, jobs::simulation const &found)
{
    report::table out{
        .key = "runs",
        .columns = {{"job", ""}, {"slot", ""}, {"start", ""}, {"end", ""}, {"cut", ""}},
        .rows = {}};
    for (auto const &run : found.runs) {
        out.rows.push_back(
            {{all.jobs[run.job].name}, {run.at.slot}, {run.at.start}, {run.at.end}, {run.at.cut}});
    }
    return out;
}

report::table timeline_table(model::configuration const &all, jobs::simulation const &found,
                             std::vector<instant> const &cells, zone const &in)
{
    report::table out{.key = "timeline",
                      .columns = {{"job", "runs begun", align::left, true},
                                  {"cells", timeline_heading(cells, in)}},
                      .rows = {}};
    for (std::size_t i = 0; i < all.jobs.size(); ++i) {
        std::string line;
        for (auto const &cell : found.jobs[i].cells) {
            line += cell.starts == 0 && cell.busy ? '-' : timeline_count(cell.starts);
        }
        out.rows.push_back(
            {{all.jobs[i].name},
             {line, found.jobs[i].collisions > 0 ? report::tone::warn : report::tone::plain}});
    }
    std::string at_once, collisions;
    for (std::size_t i = 0; i < found.at_once.size(); ++i) {
        at_once += timeline_count(static_cast<long long>(found.at_once[i]));
        collisions += timeline_count(found.cell_collisions[i]);
    }
    out.rows.push_back({{std::string{"most at once"}, report::tone::dim}, {at_once}});
    out.rows.push_back(
        {{std::string{"collisions"}, report::tone::dim},
         {collisions, found.collisions > 0 ? report::tone::bad : report::tone::plain}});
    return out;
}

// How many cells a line has room for beside the longest name.
std::size_t room_for_cells(context const &c, model::configuration const &all)
{
    std::size_t name = 12;
    for (auto const &job : all.jobs) {
        name = std::max(name, job.name.size());
    }
    auto const columns = static_cast<std::size_t>(
        c.outside.out_is_terminal && c.outside.columns > 0 ? c.outside.columns : 80);
    name = std::min(name, columns / 3);
    return columns > name + 3 ? columns - name - 2 : 1;
}

void add_notes(report::document &out, model::configuration const &all,
               jobs::simulation const &found, std::vector<length> const &lengths,
               simulate_arguments const &a)
{
    std::vector<std::string> unknown, disabled;
    long long assumed = 0;
    for (std::size_t i = 0; i < all.jobs.size(); ++i) {
        if (!all.jobs[i].enabled) {
            disabled.push_back(all.jobs[i].name);
        } else if (found.jobs[i].works_on.unknown) {
            unknown.push_back(all.jobs[i].name);
        }
        assumed += all.jobs[i].enabled && lengths[i].known == "assumed" ? 1 : 0;
    }
    auto const some = [](std::vector<std::string> names) {
        constexpr std::size_t most = 10;
        auto const more = names.size() > most ? names.size() - most : 0;
        names.resize(names.size() - more);
        return join(names, ", ") + (more > 0 ? " and " + std::to_string(more) + " more" : "");
    };
    if (!unknown.empty()) {
        out.notes.push_back("note: what these touch is not known in full (SQL, or every table that "
                            "is due): " +
                            some(unknown));
    }
    if (!disabled.empty()) {
        out.notes.push_back("note: disabled in the file: " + some(disabled));
    }
    if (assumed > 0) {
        out.notes.push_back("note: how long " + counted(assumed, "job") +
                            (assumed == 1 ? " takes" : " take") + " is assumed" +
                            (a.measured ? ", the history has no run" : "") +
                            " (HINT: --takes JOB=DURATION says it" +
                            (a.measured ? ")" : ", --measured reads it from the history)"));
    }
    if (found.most_at_once > 2) {
        out.notes.push_back("note: a tick works on two jobs at once, or as many as its "
                            "--max-parallel; what is more waits, which is not simulated");
    }
    if (found.collisions_left_out > 0) {
        out.notes.push_back("note: " + counted(found.collisions_left_out, "collision") +
                            " counted, but not listed by pair");
    }
}

exit_code simulate(context &c, simulate_arguments const &a)
{
    if (a.ahead < std::chrono::minutes{1} || a.ahead > std::chrono::days{366}) {
        throw usage_error{"schedule simulate: --for " + to_string(a.ahead) + " is out of range",
                          "1min to 366d"};
    }
    auto const where = c.only_destination();
    auto const all = jobs_of(c.configuration(), where.name);
    bool const json = c.global.output == "json";
    auto const in = zone::load(all.time_zone);
    auto const lengths = lengths_of(c, where, all, a);
    jobs::simulation_request ask;
    ask.from = a.from ? checked([&] { return parse_rfc3339(*a.from); })
                      : std::chrono::floor<seconds>(c.outside.time.now());
    ask.until = ask.from + a.ahead;
    ask.look = a.look;
    ask.keep_runs = json ? static_cast<std::size_t>(a.limit) : 0;
    ask.stop = c.outside.stop;
    if (!json) {
        ask.cells = timeline_cells(ask.from, ask.until, in, room_for_cells(c, all));
    }
    for (auto const &each : lengths) {
        ask.takes.push_back(each.takes);
    }
    auto const found = jobs::simulate(all, ask);

    long long runs = 0;
    for (auto const &job : found.jobs) {
        runs += job.runs;
    }
    report::document out;
    out.schema = "pgtend/schedule-simulate/1";
    auto const at = [&](instant when) {
        return report::cell{when, report::tone::plain, in.format(when)};
    };
    auto const many = [](std::size_t number) { return static_cast<long long>(number); };
    bool const any = runs > 0;
    out.fields = {
        {"from", "from", at(ask.from)},
        {"until", "until", at(ask.until)},
        {"timezone", "time zone", {in.name()}},
        {"run_count", "runs", {runs}},
        {"collision_count",
         "collisions",
         {found.collisions, found.collisions > 0 ? report::tone::bad : report::tone::good}},
        {"busiest_minute", any ? "busiest minute" : "",
         any ? report::cell{found.busiest.at, report::tone::plain,
                            in.format(found.busiest.at) + ": " +
                                counted(found.busiest.starts, "run") + " begun, " +
                                std::to_string(found.busiest.at_once) + " at once"}
             : report::cell{}},
        {"busiest_minute_starts", "", {found.busiest.starts}},
        {"busiest_minute_at_once", "", {many(found.busiest.at_once)}},
        {"most_at_once",
         any ? "most at once" : "",
         {many(found.most_at_once), report::tone::plain,
          std::to_string(found.most_at_once) + ", first at " + in.format(found.most_at_once_at)}},
        {"most_at_once_at", "", any ? report::cell{found.most_at_once_at} : report::cell{}}};
    out.tables.push_back(jobs_table(all, found, lengths));
    if (json) {
        out.fields.push_back({"runs_left_out", "", {found.runs_left_out}});
        out.fields.push_back({"collisions_left_out", "", {found.collisions_left_out}});
        out.tables.push_back(pairs_table(all, found, in, found.pairs.size()));
        out.tables.push_back(runs_table(all, found));
    } else {
        out.tables.push_back(pairs_table(all, found, in, pairs_in_text));
        out.tables.push_back(timeline_table(all, found, ask.cells, in));
        out.notes.push_back("A cell is " + timeline_unit(ask.cells) +
                            ": . nothing, 1-9 so many, + ten or more, - a run goes on.");
        if (found.pairs.size() > pairs_in_text) {
            out.notes.push_back(
                "note: " + counted(many(found.pairs.size() - pairs_in_text), "more pair") +
                " of jobs: -o json lists them");
        }
    }
    add_notes(out, all, found, lengths, a);
    c.print(out);
    return a.fail_on == "collision" && found.collisions > 0 ? exit_code::findings : exit_code::ok;
}

} // namespace

action declare_schedule_simulate(options &o)
{
    auto a = std::make_shared<simulate_arguments>();
    o.text("--from", a->from, "TIME", "begin then (RFC 3339, default: now)");
    o.duration("--for", a->ahead, "how far to look: 1d, 31d; at most 366d");
    o.texts("--takes", a->takes, "[JOB=]DURATION",
            "how long a run lasts, of one job or of all others (default: 1min); may be repeated");
    o.flag("--measured", a->measured,
           "how long runs last from the history of 30 days: the 95th percentile of each job");
    o.duration("--tick", a->look,
               "runs begin when tick looks, at multiples of this; 0s: when they are due");
    o.number("--limit", a->limit, "N", "list at most so many runs in -o json; all are counted", 0,
             10'000'000);
    o.choice("--fail-on", a->fail_on, {"nothing", "collision"}, "exit with 3 when there is one");
    o.example("-c kwenda.yaml schedule simulate --for 31d",
              "what will run in the month to come, and which jobs get into each other's way");
    o.example("-c kwenda.yaml schedule simulate --measured",
              "tomorrow, with the durations that the history knows");
    o.example("-c kwenda.yaml schedule simulate --from 2026-10-25T00:00:00+02:00 --for 25h",
              "the day on which the clocks go back");
    o.example(
        "-c kwenda.yaml schedule simulate --for 7d --takes vacuum-nightly=2h --fail-on collision",
        "before a change of the file is merged");
    return [a](context &c) { return simulate(c, *a); };
}

} // namespace pgtend::tools

// SPDX-License-Identifier: Apache-2.0
// autovacuum status.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <memory>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "jobs/autovacuum_status.hpp"
#include "tools/by_hand.hpp"
#include "tools/command_files.hpp"

namespace pgtend::tools {
namespace {

using report::align;
using report::cell;
using report::tone;
using seen_status = jobs::autovacuum_status;

constexpr std::size_t most_rows = 20; // of tables that are not due, unless --all

cell rows_cell(double rows)
{
    return rows < 0 ? cell{} : cell{std::llround(rows), tone::plain, thousands(std::llround(rows))};
}

// "1,204 of 20,050"
cell against_threshold(double rows, double threshold)
{
    auto out = rows_cell(rows);
    out.shown += threshold < 0 ? " (off)" : " of " + thousands(std::llround(threshold));
    return out;
}

cell moment(std::optional<long long> at)
{
    return at ? cell{instant{microseconds{*at}}} : cell{};
}

// "3h ago, auto"
cell last(std::optional<long long> at, std::optional<long long> by_autovacuum, instant now)
{
    auto out = moment(at);
    out.shown = at ? humanize(now - instant{microseconds{*at}}) + " ago" +
                         (by_autovacuum == at ? ", auto" : "")
                   : "never";
    return out;
}

// "due, 2.1 x", "45 %, in 3 days", "off"
cell forecast(double times, bool due, bool off, std::optional<microseconds> in)
{
    auto text = fmt::format("{:.0f} %", std::floor(times * 100));
    if (due) {
        return {times, tone::warn, fmt::format("due, {:.1f} x", times)};
    }
    if (off) {
        return {times, tone::dim, "off, " + text};
    }
    return {times, tone::plain, in ? text + ", in " + humanize(*in) : text};
}

cell after(std::optional<microseconds> in)
{
    return in ? cell{*in} : cell{};
}

cell text(std::optional<std::string> const &value, std::string const &otherwise)
{
    return value ? cell{*value} : cell{std::monostate{}, tone::dim, otherwise};
}

report::table due_tables(seen_status const &seen, std::size_t most, instant now)
{
    report::table out{.key = "tables",
                      .columns = {{"table", "table", align::left, true},
                                  {"rows", "rows", align::right},
                                  {"dead", "dead", align::right},
                                  {"vacuum_threshold", ""},
                                  {"inserted", "inserted", align::right},
                                  {"insert_threshold", ""},
                                  {"changed", "changed", align::right},
                                  {"analyze_threshold", ""},
                                  {"last_vacuum", "vacuumed"},
                                  {"last_autovacuum", ""},
                                  {"last_analyze", "analyzed"},
                                  {"last_autoanalyze", ""},
                                  {"vacuum", "vacuum"},
                                  {"vacuum_due", ""},
                                  {"vacuum_in", ""},
                                  {"vacuum_reason", ""},
                                  {"analyze", "analyze"},
                                  {"analyze_due", ""},
                                  {"analyze_in", ""},
                                  {"analyze_reason", ""}},
                      .rows = {},
                      .when_empty = "no table has changed rows",
                      .spare = {"rows", "changed", "inserted", "last_analyze", "last_vacuum"}};
    for (std::size_t i = 0; i < most; ++i) {
        auto const &o = seen.tables[i].outlook;
        out.rows.push_back({{display(o.table)},
                            rows_cell(o.rows),
                            against_threshold(o.dead, o.limits.vacuum),
                            {o.limits.vacuum},
                            against_threshold(o.inserted, o.limits.insert),
                            o.limits.insert < 0 ? cell{} : cell{o.limits.insert},
                            against_threshold(o.changed, o.limits.analyze),
                            {o.limits.analyze},
                            last(o.last_vacuum, o.last_autovacuum, now),
                            moment(o.last_autovacuum),
                            last(o.last_analyze, o.last_autoanalyze, now),
                            moment(o.last_autoanalyze),
                            forecast(o.needed.vacuum, o.vacuum_due, o.off, o.vacuum_in),
                            {o.vacuum_due},
                            after(o.vacuum_in),
                            text(o.needed.vacuum_reason, ""),
                            forecast(o.needed.analyze, o.analyze_due, o.off, o.analyze_in),
                            {o.analyze_due},
                            after(o.analyze_in),
                            text(o.needed.analyze_reason, "")});
    }
    return out;
}

report::table settings_of(seen_status const &seen, std::size_t most)
{
    report::table out{.key = "settings",
                      .columns = {{"table", "settings of", align::left, true},
                                  {"parameter", "parameter"},
                                  {"value", "value", align::right},
                                  {"source", "from"},
                                  {"server_value", ""}},
                      .rows = {}};
    auto const add = [&](cell table, vacuum::effective_setting const &each) {
        out.rows.push_back({std::move(table),
                            {each.name},
                            {each.value},
                            {std::string{each.of_table ? "table" : "server"}},
                            text(each.server, "")});
    };
    for (auto const &each : seen.server) {
        add({std::monostate{}, tone::plain, "(every table)"}, each);
    }
    for (std::size_t i = 0; i < most; ++i) {
        for (auto const &each : seen.tables[i].settings) {
            add({display(seen.tables[i].outlook.table)}, each);
        }
    }
    return out;
}

// Without `all` what is as declared is only counted.
report::table parameters_of(seen_status const &seen, bool all, report::document &out)
{
    report::table table{.key = "parameters",
                        .columns = {{"table", "declared for", align::left, true},
                                    {"parameter", "parameter"},
                                    {"declared", "declared", align::right},
                                    {"present", "is", align::right},
                                    {"state", "state"},
                                    {"original", "before", align::right},
                                    {"saved", ""}},
                        .rows = {}};
    long long in_force = 0;
    for (auto const &each : seen.parameters) {
        in_force += each.state == "in_force" ? 1 : 0;
        if (!all && each.state == "in_force") {
            continue;
        }
        table.rows.push_back(
            {{display(each.table)},
             {each.name},
             text(each.declared, "-"),
             text(each.present, "not set"),
             {each.state, each.good ? tone::plain : tone::warn, replace_all(each.state, "_", " ")},
             text(each.original, each.set_by_us ? "not set" : "-"),
             {each.set_by_us}});
    }
    if (in_force > 0) {
        out.notes.push_back(fmt::format("{} declared storage {} in force", thousands(in_force),
                                        in_force == 1 ? "parameter is" : "parameters are"));
    }
    return table;
}

struct autovacuum_status_arguments {
    std::vector<std::string> tables;
    bool all = false;
};

exit_code tell(context &c, autovacuum_status_arguments const &a)
{
    auto const tables = names_of(a.tables);
    auto const policies = c.has_configuration() ? c.configuration().autovacuum
                                                : std::vector<model::autovacuum_policy>{};
    auto control = c.open_control(c.only_destination(), false);
    auto const now = control.server.server_time;
    auto const seen = jobs::read_autovacuum_status(control.session, tables, policies, now,
                                                   {.stop = c.outside.stop});
    auto most = seen.tables.size();
    if (!a.all && tables.empty()) {
        auto const due = std::count_if(seen.tables.begin(), seen.tables.end(), [](auto const &t) {
            return t.outlook.vacuum_due || t.outlook.analyze_due;
        });
        most = std::min(most, std::max(static_cast<std::size_t>(due), most_rows));
    }
    report::document out;
    out.schema = "pgtend/autovacuum-status/1";
    out.fields.push_back({"server_version", "", {static_cast<long long>(seen.server_version)}});
    out.fields.push_back({"server_time", "", {now}});
    out.fields.push_back({"autovacuum", "", {seen.autovacuum}});
    out.fields.push_back({"track_counts", "", {seen.track_counts}});
    auto parameters = parameters_of(seen, a.all || !tables.empty(), out);
    out.tables = {due_tables(seen, most, now), settings_of(seen, most)};
    if (!parameters.rows.empty() || c.global.output == "json") {
        out.tables.push_back(std::move(parameters));
    }
    if (most < seen.tables.size()) {
        out.notes.push_back(
            fmt::format("{} more tables, none of them due: --all", seen.tables.size() - most));
    }
    if (!seen.autovacuum) {
        out.notes.emplace_back("autovacuum is off: the server vacuums only what is too old");
    }
    if (!seen.track_counts) {
        out.notes.emplace_back(
            "track_counts is off: the server counts no rows, and only age counts");
    }
    for (auto const &each : seen.problems) {
        out.notes.push_back("declared, but " + each);
    }
    if (!seen.unknown.empty()) {
        out.notes.push_back(seen.unknown);
    }
    c.print(out);
    bool const differs =
        !seen.problems.empty() || std::any_of(seen.parameters.begin(), seen.parameters.end(),
                                              [](auto const &each) { return !each.good; });
    return differs ? exit_code::findings : exit_code::ok;
}

} // namespace

action declare_autovacuum_status(options &o)
{
    auto a = std::make_shared<autovacuum_status_arguments>();
    o.positionals("table", a->tables,
                  "tables, with their partitions (default: those nearest to their thresholds)",
                  false);
    o.flag("--all", a->all, "all tables that have changed rows, and all declared parameters");
    o.example("-d \"$DSN\" autovacuum status", "what is due, and what comes next");
    o.example("-c kwenda.yaml autovacuum status public.transport_bookings",
              "its partitions with their settings; exit 3 when one is not as declared");
    return [a](context &c) { return tell(c, *a); };
}

} // namespace pgtend::tools

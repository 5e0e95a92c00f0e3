// SPDX-License-Identifier: Apache-2.0
// vacuum status.
#include <cmath>
#include <fmt/format.h>
#include <memory>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "catalog/load.hpp"
#include "tools/command_files.hpp"
#include "vacuum/status.hpp"

namespace pgtend::tools {
namespace {

using report::align;
using report::tone;

report::cell whole(double number)
{
    return {std::llround(number)};
}

report::cell times_cell(double times, double overdue)
{
    return {times,
            times > overdue ? tone::bad
            : times > 1     ? tone::warn
                            : tone::plain,
            fmt::format("{:.2f}", times)};
}

std::optional<microseconds> since(std::optional<long long> at, instant now)
{
    return at ? std::optional{now.time_since_epoch() - microseconds{*at}} : std::nullopt;
}

report::table running_table(std::vector<catalog::running_vacuum> const &all, instant now)
{
    report::table out{.key = "running",
                      .columns = {{"pid", "running", align::right},
                                  {"database", "database", align::left, true},
                                  {"table", "table", align::left, true},
                                  {"command", "command"},
                                  {"by", "by"},
                                  {"user", ""},
                                  {"elapsed", "since", align::right},
                                  {"progress", "progress"},
                                  {"phase", ""},
                                  {"blocks", ""},
                                  {"blocks_scanned", ""},
                                  {"blocks_vacuumed", ""},
                                  {"index_rounds", ""},
                                  {"indexes", ""},
                                  {"indexes_done", ""},
                                  {"memory_used", ""},
                                  {"against_wraparound", ""}},
                      .rows = {},
                      .when_empty = "no vacuum runs",
                      .spare = {"database", "command"}};
    for (auto const &each : all) {
        auto const elapsed = since(each.started, now);
        auto const table = each.table.name.empty() ? "oid " + each.oid : display(each.table);
        out.rows.push_back({{static_cast<long long>(each.pid)},
                            {each.database},
                            each.oid.empty() ? report::cell{} : report::cell{table},
                            {each.command},
                            {each.autovacuum ? std::string{"autovacuum"} : std::string{"hand"},
                             tone::plain, each.against_wraparound ? "autovacuum (wraparound)" : ""},
                            report::or_null(each.user),
                            elapsed ? report::cell{*elapsed} : report::cell{},
                            {vacuum::progress_of(each)},
                            report::or_null(each.phase),
                            report::or_null(each.blocks),
                            report::or_null(each.scanned),
                            report::or_null(each.vacuumed),
                            report::or_null(each.index_rounds),
                            report::or_null(each.indexes),
                            report::or_null(each.indexes_done),
                            each.memory_used ? report::cell{*each.memory_used} : report::cell{},
                            {each.against_wraparound}});
    }
    return out;
}

report::table holders_table(std::vector<vacuum::held> const &all, instant now, std::size_t most,
                            bool some_unseen)
{
    report::table out{.key = "holders",
                      .columns = {{"kind", "holds old rows"},
                                  {"who", "who", align::left, true},
                                  {"database", "database", align::left, true},
                                  {"user", ""},
                                  {"application", "application", align::left, true},
                                  {"state", "state", align::left, true},
                                  {"held", "since", align::right},
                                  {"transactions", "transactions", align::right},
                                  {"only_catalogs", ""},
                                  {"query", ""},
                                  {"too_old", ""},
                                  {"what_to_do", ""}},
                      .rows = {},
                      .when_empty = some_unseen
                                        ? "nobody whom this role may see holds back old rows"
                                        : "nobody holds back old rows",
                      .spare = {"application", "transactions", "database"}};
    for (auto const &each : all) {
        if (out.rows.size() >= most && !each.too_old) {
            continue;
        }
        auto const &of = each.holder;
        auto const held = since(of.since, now);
        auto const mood = each.too_old ? tone::bad : tone::plain;
        out.rows.push_back({{of.kind, mood},
                            {of.who},
                            report::or_null(of.database),
                            report::or_null(of.user),
                            report::or_null(of.application),
                            report::or_null(of.state),
                            held ? report::cell{*held, mood} : report::cell{},
                            {of.age, mood},
                            {of.only_catalogs},
                            report::or_null(of.query),
                            {each.too_old},
                            {each.what_to_do}});
    }
    return out;
}

report::table ages_table(std::string key, std::string title, std::vector<vacuum::aged> const &all,
                         double overdue, std::string when_empty)
{
    report::table out{.key = std::move(key),
                      .columns = {{"name", std::move(title), align::left, true},
                                  {"age", "age", align::right},
                                  {"age_limit", "limit", align::right},
                                  {"multixact_age", "multixact age", align::right},
                                  {"multixact_limit", "limit", align::right},
                                  {"times", "times", align::right}},
                      .rows = {},
                      .when_empty = std::move(when_empty)};
    for (auto const &each : all) {
        out.rows.push_back({{each.name},
                            whole(each.age),
                            whole(each.limit),
                            whole(each.multixact_age),
                            whole(each.multixact_limit),
                            times_cell(each.times, overdue)});
    }
    return out;
}

report::table due_table(std::vector<vacuum::due_table> const &all)
{
    report::table out{.key = "due",
                      .columns = {{"table", "due", align::left, true},
                                  {"vacuum", "vacuum", align::right},
                                  {"analyze", "analyze", align::right},
                                  {"vacuum_reason", ""},
                                  {"analyze_reason", ""},
                                  {"reason", "because", align::left, true},
                                  {"autovacuum", ""}},
                      .rows = {},
                      .when_empty = "no table is due by the server's formula"};
    for (auto const &each : all) {
        auto const &need = each.how_much;
        auto reason = need.vacuum > 1 ? need.vacuum_reason : "";
        if (need.analyze > 1) {
            reason += (reason.empty() ? "" : "; ") + need.analyze_reason;
        }
        reason += each.autovacuum ? "" : "; autovacuum is off for it";
        out.rows.push_back({{display(each.table)},
                            times_cell(need.vacuum, 2),
                            times_cell(need.analyze, 2),
                            report::or_null(need.vacuum_reason),
                            report::or_null(need.analyze_reason),
                            {std::move(reason)},
                            {each.autovacuum}});
    }
    return out;
}

struct vacuum_status_arguments {
    vacuum::status_limits limits;
    long long tables = 10;
};

exit_code vacuum_status(context &c, vacuum_status_arguments const &a)
{
    auto const where = c.only_destination();
    auto control = c.open_control(where, false);
    auto const now = control.server.server_time;
    pg::limits const limit{.stop = c.outside.stop};
    auto &s = control.session;
    s.begin(pg::isolation::read_committed, true, limit);
    // Compiling these queries would take longer than running them.
    s.run("SELECT pg_catalog.set_config('jit', 'off', true)", {}, limit);
    auto const activity = catalog::load_vacuum_activity(s, limit);
    auto const tables = catalog::load_vacuum_tables(s, {}, "", limit);
    s.commit(limit);
    auto const seen = vacuum::status_of(activity, tables, a.limits, now);

    report::document out;
    out.schema = "pgtend/vacuum-status/1";
    out.fields = {{"target", "", {where.name}},
                  {"server_time", "", {now}},
                  {"autovacuum", "", {activity.autovacuum}},
                  {"autovacuum_max_workers", "", {static_cast<long long>(activity.max_workers)}},
                  {"failsafe_age", "", whole(activity.failsafe_age)},
                  {"multixact_failsafe_age", "", whole(activity.multixact_failsafe_age)},
                  {"sees_all", "", {activity.sees_all}},
                  {"hidden_sessions", "", {activity.hidden}},
                  {"due_in_all", "", {static_cast<long long>(seen.due_in_all)}}};
    bool const json = c.global.output == "json";
    out.tables = {running_table(activity.running, now),
                  holders_table(seen.holders, now, json ? seen.holders.size() : a.limits.tables,
                                !activity.sees_all && activity.hidden > 0),
                  ages_table("databases", "database", seen.databases, a.limits.overdue, ""),
                  ages_table("tables", "oldest tables", seen.tables, a.limits.overdue,
                             "no table is 50,000,000 transactions old, or has changed rows"),
                  due_table(seen.due)};
    if (json) {
        report::table findings{
            .key = "findings",
            .columns = {{"kind", ""}, {"object", ""}, {"message", ""}, {"hint", ""}},
            .rows = {}};
        for (auto const &each : seen.findings) {
            findings.rows.push_back(
                {{each.kind}, {each.object}, {each.message}, report::or_null(each.hint)});
        }
        out.tables.push_back(std::move(findings));
    }
    out.notes = seen.notes;
    if (!json) {
        out.notes.insert(out.notes.begin(), "");
        if (seen.due_in_all > seen.due.size()) {
            out.notes.push_back(fmt::format("{} more tables are due; --tables shows more",
                                            seen.due_in_all - seen.due.size()));
        }
        for (auto const &each : seen.findings) {
            out.notes.push_back(each.message);
            out.notes.push_back("  HINT: " + each.hint);
        }
        if (out.notes.size() == 1) {
            out.notes.clear();
        }
    }
    c.print(out);
    return seen.findings.empty() ? exit_code::ok : exit_code::findings;
}

} // namespace

action declare_vacuum_status(options &o)
{
    auto a = std::make_shared<vacuum_status_arguments>();
    o.duration("--holder-age", a->limits.holder_age,
               "exit 3 when a transaction has held back old rows for longer");
    o.number("--holder-transactions", a->limits.holder_transactions, "N",
             "or when so many transactions began since", 1, 2'000'000'000);
    o.number("--tables", a->tables, "N", "tables told at most, of the oldest and of those due", 1,
             100'000);
    o.example("-d \"$DSN\" vacuum status",
              "what runs, who is in the way, how near wraparound is, what is due");
    o.example("-c kwenda.yaml vacuum status --holder-age 15min",
              "from cron: exit 3 when a transaction is open for longer, or a table is too old");
    o.example("-d \"$DSN\" -o json vacuum status --tables 1000", "for programs");
    return [a](context &c) {
        a->limits.tables = static_cast<std::size_t>(a->tables);
        return vacuum_status(c, *a);
    };
}

} // namespace pgtend::tools

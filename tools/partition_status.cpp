// SPDX-License-Identifier: Apache-2.0
// partition status.
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <memory>

#include "base/text.hpp"
#include "catalog/load.hpp"
#include "jobs/partition_facts.hpp"
#include "partition/status.hpp"
#include "plan/statement.hpp"
#include "tools/by_hand.hpp"
#include "tools/command_files.hpp"
#include "tools/partition_strip.hpp"
#include "tools/policy_options.hpp"
#include "zone/zone.hpp"

namespace pgtend::tools {
namespace {

using report::align;
using report::tone;

struct partition_status_arguments {
    std::vector<std::string> tables, ignore;
    policy_options policy;
    bool all = false, exact = false;
};

std::vector<model::partition_policy> policies_of(context &c, partition_status_arguments const &a)
{
    if (a.policy.key.empty()) {
        return c.has_configuration() ? c.configuration().partitions
                                     : std::vector<model::partition_policy>{};
    }
    if (a.tables.empty()) {
        throw usage_error{"partition status: no table given",
                          "name the partitioned table, or leave --key away"};
    }
    std::vector<model::partition_policy> out;
    for (auto const &text : a.tables) {
        out.push_back(checked([&] { return policy_of(text, a.policy); }));
    }
    return out;
}

std::set<std::string> ignored(partition_status_arguments const &a)
{
    auto const known = partition::attributes();
    for (auto const &each : a.ignore) {
        if (std::find(known.begin(), known.end(), each) == known.end()) {
            auto const near = nearest(each, known);
            throw usage_error{
                "partition status: no attribute is called " + in_quotes(each),
                near
                    ? "did you mean " + *near + "?"
                    : "one of " + join(std::vector<std::string>{known.begin(), known.end()}, ", ")};
        }
    }
    return {a.ignore.begin(), a.ignore.end()};
}

// --exact. A policy that hides rows is an error, not a smaller number.
void count_default(pg::session &s, partition::table_facts &of, std::string const &role, instant now,
                   pg::limits const &limit)
{
    auto const &parts = of.table.partitions;
    auto const found =
        std::find_if(parts.begin(), parts.end(), [](auto const &each) { return each.is_default; });
    if (!of.table.found.usable() || found == parts.end()) {
        return;
    }
    try {
        s.begin(pg::isolation::read_committed, true, limit);
        s.run("SELECT pg_catalog.set_config('row_security', 'off', true), "
              "pg_catalog.set_config('lock_timeout', '1s', true)",
              {}, limit);
        auto request = partition::planned(of, now);
        request.table_oid = of.table.found.oid;
        auto counted = catalog::count_default_rows(s, request, limit);
        of.counted = std::pair{counted.all, std::move(counted.in_range)};
        s.commit(limit);
    } catch (error const &e) {
        s.rollback();
        auto const &state = e.sqlstate();
        if (s.lost() || !(state == "42501" || state == "55P03" || state == "42P01")) {
            throw;
        }
        of.not_counted = e.message();
        if (state == "42501") {
            auto const to = " TO " + plan::quote_ident(role);
            if (of.not_counted.find("for schema") != std::string::npos) {
                of.not_counted +=
                    "; GRANT USAGE ON SCHEMA " + plan::quote_ident(found->name.schema) + to;
            }
            of.not_counted += "; GRANT SELECT ON " + plan::quote(found->name) + to +
                              " lets it, and where policies hide rows, BYPASSRLS";
        }
    }
}

report::cell runway_cell(partition::table_status const &of)
{
    if (!of.by_time) {
        return {};
    }
    if (!of.runway_days) {
        return {std::monostate{}, tone::good, "for ever"};
    }
    bool const bad = std::any_of(of.findings.begin(), of.findings.end(),
                                 [](auto const &each) { return each.kind == "runway"; });
    return {*of.runway_days, bad ? tone::bad : tone::good,
            *of.runway_days <= 0 ? "none" : fmt::format("{:.1f} d", *of.runway_days)};
}

report::cell default_cell(partition::table_status const &of)
{
    if (!of.default_part) {
        return {std::monostate{}, tone::plain, "-"};
    }
    auto const &part = *of.default_part;
    if (!part.rows) {
        return {std::monostate{}, tone::dim, "none seen"};
    }
    return {*part.rows, *part.rows > 0 && of.by_time ? tone::bad : tone::plain,
            (part.exact || *part.rows == 0 ? "" : "about ") + thousands(*part.rows)};
}

report::table tables_of(std::vector<partition::table_status> const &all)
{
    report::table out{.key = "tables",
                      .columns = {{"table", "table", align::left, true},
                                  {"partitioned_by", "partitioned by", align::left, true},
                                  {"every", "every"},
                                  {"timezone", ""},
                                  {"policy", ""},
                                  {"partitions", "partitions", align::right},
                                  {"leaves", ""},
                                  {"runway_days", "runway", align::right},
                                  {"covered_until", ""},
                                  {"wanted_until", ""},
                                  {"default_partition", ""},
                                  {"default_rows", "default rows", align::right},
                                  {"default_rows_exact", ""},
                                  {"holes", ""},
                                  {"pending_detaches", ""},
                                  {"drift", ""},
                                  {"locks", ""},
                                  {"lock_table", ""},
                                  {"findings", "findings", align::right}},
                      .rows = {},
                      .when_empty = "no partitioned tables",
                      .spare = {"default_rows", "every", "partitioned_by"}};
    for (auto const &each : all) {
        auto const findings = static_cast<long long>(each.findings.size());
        auto const &part = each.default_part;
        out.rows.push_back(
            {{display(each.table)},
             report::or_null(each.definition),
             each.every ? report::cell{std::string{model::name(*each.every)}} : report::cell{},
             report::or_null(each.time_zone),
             {each.has_policy},
             {static_cast<long long>(each.partitions)},
             {static_cast<long long>(each.leaves)},
             runway_cell(each),
             report::or_null(each.covered_until),
             report::or_null(each.wanted_until),
             part ? report::cell{display(part->name)} : report::cell{},
             default_cell(each),
             part ? report::cell{part->exact} : report::cell{},
             {static_cast<long long>(each.holes)},
             {static_cast<long long>(each.pending.size())},
             {static_cast<long long>(each.drift.size())},
             {each.locks},
             {each.lock_table},
             {findings, findings > 0 ? tone::bad : tone::good}});
    }
    return out;
}

// For programs: text output shows these as a strip and as sentences.
std::vector<report::table> details_of(std::vector<partition::table_status> const &all)
{
    report::table findings{.key = "findings",
                           .columns = {{"table", ""}, {"kind", ""}, {"message", ""}, {"hint", ""}},
                           .rows = {}};
    report::table periods{.key = "periods",
                          .columns = {{"table", ""},
                                      {"period", ""},
                                      {"from", ""},
                                      {"to", ""},
                                      {"state", ""},
                                      {"now", ""},
                                      {"partition", ""}},
                          .rows = {}};
    report::table drift{.key = "drift",
                        .columns = {{"table", ""},
                                    {"partition", ""},
                                    {"attribute", ""},
                                    {"is", ""},
                                    {"should_be", ""},
                                    {"cure", ""}},
                        .rows = {}};
    for (auto const &each : all) {
        auto const table = display(each.table);
        for (auto const &one : each.findings) {
            findings.rows.push_back(
                {{table}, {one.kind}, {one.message}, report::or_null(one.hint)});
        }
        for (auto const &one : each.periods) {
            periods.rows.push_back({{table},
                                    {one.label},
                                    {one.from_text},
                                    {one.to_text},
                                    {std::string{partition::name(one.state)}},
                                    {one.is_now},
                                    report::or_null(one.partition)});
        }
        for (auto const &one : each.drift) {
            drift.rows.push_back({{table},
                                  {display(one.partition)},
                                  {one.attribute},
                                  {one.is},
                                  {one.should},
                                  report::or_null(one.cure)});
        }
    }
    return {std::move(findings), std::move(periods), std::move(drift)};
}

std::string strips_of(std::vector<partition::table_status> const &all, int columns)
{
    constexpr std::size_t usual = 80, indent = 2;
    auto const width = (columns > 0 ? static_cast<std::size_t>(columns) : usual) - indent;
    std::string out;
    std::vector<std::string> used;
    for (auto const &each : all) {
        auto const lines = strip_of(each.periods, std::max<std::size_t>(width, 20));
        if (lines.empty()) {
            continue;
        }
        out += printable(display(each.table)) + "\n";
        for (auto const &line : lines) {
            out += std::string(indent, ' ') + line + "\n";
        }
        used.insert(used.end(), lines.begin(), lines.end());
    }
    return out.empty() ? out : out + legend_of(used);
}

exit_code partition_status(context &c, partition_status_arguments const &a)
{
    auto const names = names_of(a.tables);
    auto const without = ignored(a);
    auto const zone = checked([&] { return zone::load(a.policy.zone).name(); });
    auto const policies = policies_of(c, a);
    auto const where = c.only_destination();
    auto control = c.open_control(where, false);
    auto const now = control.server.server_time;
    pg::limits const limit{.stop = c.outside.stop};
    auto facts = jobs::read_partition_facts(
        control.session, names, policies, names.empty() && !a.all && !policies.empty(), now, limit);
    std::vector<partition::table_status> all;
    for (auto &each : facts) {
        if (a.exact) {
            count_default(control.session, each, control.server.user, now, limit);
        }
        if (c.has_configuration()) {
            each.autovacuum = c.configuration().autovacuum;
        }
        all.push_back(partition::status_of(each, zone, without, now));
        each = {}; // a tree may be large
    }

    bool const json = c.global.output == "json";
    report::document out;
    out.schema = "pgtend/partition-status/1";
    out.fields = {{"target", "", {where.name}}, {"server_time", "", {now}}};
    out.tables.push_back(tables_of(all));
    bool found = false;
    for (auto const &each : all) {
        found = found || !each.findings.empty();
        out.notes.insert(out.notes.end(), each.notes.begin(), each.notes.end());
    }
    if (json) {
        for (auto &each : details_of(all)) {
            out.tables.push_back(std::move(each));
        }
    } else {
        out.notes.insert(out.notes.begin(), out.notes.empty() && !found ? 0 : 1, "");
        out.heading = strips_of(all, c.outside.out_is_terminal ? c.outside.columns : 0);
        for (auto const &each : all) {
            for (auto const &one : each.findings) {
                out.notes.push_back(one.message);
                if (!one.hint.empty()) {
                    out.notes.push_back("  HINT: " + one.hint);
                }
            }
        }
    }
    c.print(out);
    return found ? exit_code::findings : exit_code::ok;
}

} // namespace

action declare_partition_status(options &o)
{
    auto a = std::make_shared<partition_status_arguments>();
    o.positionals("table", a->tables,
                  "partitioned tables (default: all that the file declares, without a file all of "
                  "the database)",
                  false);
    o.flag("--all", a->all, "every partitioned table of the database, also without a policy");
    o.flag("--exact", a->exact,
           "count the rows of default partitions (reads them; otherwise only catalogs are read)");
    o.texts("--ignore", a->ignore, "ATTRIBUTE",
            "a difference that is meant to be, such as tablespace; may be repeated");
    declare(o, a->policy);
    o.excludes("--all", "--key");
    o.example("-c kwenda.yaml partition status",
              "the file's tables: exit 3 when something is wrong with one of them");
    o.example("-d \"$DSN\" partition status", "every partitioned table of a database");
    o.example(
        "-d \"$DSN\" partition status public.orders --key created_at --every month --premake 3",
        "one table, and whether so many months lie ahead");
    o.example("-c kwenda.yaml -o json partition status --ignore tablespace",
              "for programs, with each period and each difference of each partition");
    return [a](context &c) { return partition_status(c, *a); };
}

} // namespace pgtend::tools

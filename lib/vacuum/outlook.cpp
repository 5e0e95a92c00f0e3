// SPDX-License-Identifier: Apache-2.0
#include "vacuum/outlook.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "model/storage_parameter.hpp"
#include "vacuum/declared.hpp"

namespace pgtend::vacuum {
namespace {

constexpr double most_days = 3650; // nobody plans further

// Until `counted` is over the threshold, when it grew since then as it will go on.
std::optional<microseconds> until(double counted, double threshold, std::optional<long long> since,
                                  instant now)
{
    auto const past = since ? now.time_since_epoch().count() - *since : 0;
    if (past <= 0 || counted <= 0 || threshold < 0 || counted > threshold) {
        return std::nullopt;
    }
    auto const left = (threshold - counted) / counted * static_cast<double>(past);
    constexpr double day = 86400e6;
    return left > most_days * day ? std::nullopt
                                  : std::optional{microseconds{static_cast<long long>(left)}};
}

std::optional<microseconds> sooner(std::optional<microseconds> a, std::optional<microseconds> b)
{
    return a && b ? std::min(*a, *b) : a ? a : b;
}

} // namespace

outlook outlook_of(catalog::vacuum_table const &table, catalog::vacuum_settings const &settings,
                   instant now)
{
    outlook out{.table = table.name,
                .rows = table.reltuples,
                .dead = table.dead,
                .inserted = table.inserted,
                .changed = table.modified,
                .limits = thresholds_of(table, settings),
                .last_vacuum = table.last_vacuum,
                .last_autovacuum = table.last_autovacuum,
                .last_analyze = table.last_analyze,
                .last_autoanalyze = table.last_autoanalyze,
                .needed = need_of(table, settings)};
    bool const counts = settings.autovacuum && settings.track_counts;
    out.off = !counts || !out.limits.autovacuum;
    bool const old =
        table.age > out.limits.freeze_age || table.multixact_age > out.limits.multixact_age;
    out.vacuum_due = old || (!out.off && out.needed.vacuum > 1);
    // A table that is too old is looked at even when it is switched off, and then analyzed, too.
    out.analyze_due = counts && (old || !out.off) && out.needed.analyze > 1;
    if (out.off) {
        return out;
    }
    if (!out.vacuum_due) {
        out.vacuum_in = sooner(until(table.dead, out.limits.vacuum, table.last_vacuum, now),
                               until(table.inserted, out.limits.insert, table.last_vacuum, now));
    }
    if (!out.analyze_due) {
        out.analyze_in = until(table.modified, out.limits.analyze, table.last_analyze, now);
    }
    return out;
}

std::vector<effective_setting> server_settings(catalog::vacuum_settings const &settings)
{
    std::vector<effective_setting> out;
    auto const add = [&](std::string name, double value) {
        auto text = fmt::format("{}", value);
        if (value == static_cast<double>(static_cast<long long>(value))) {
            text = std::to_string(static_cast<long long>(value));
        }
        out.push_back({std::move(name), text, false, text});
    };
    add("autovacuum_analyze_scale_factor", settings.analyze_scale_factor);
    add("autovacuum_analyze_threshold", settings.analyze_threshold);
    auto const on = settings.autovacuum ? "true" : "false";
    out.push_back({"autovacuum_enabled", on, false, on});
    add("autovacuum_freeze_max_age", settings.freeze_max_age);
    add("autovacuum_multixact_freeze_max_age", settings.multixact_freeze_max_age);
    add("autovacuum_vacuum_insert_scale_factor", settings.insert_scale_factor);
    add("autovacuum_vacuum_insert_threshold", settings.insert_threshold);
    if (settings.server_version >= 180000) {
        add("autovacuum_vacuum_max_threshold", settings.vacuum_max_threshold);
    }
    add("autovacuum_vacuum_scale_factor", settings.vacuum_scale_factor);
    add("autovacuum_vacuum_threshold", settings.vacuum_threshold);
    return out;
}

std::vector<effective_setting> table_settings(catalog::vacuum_table const &table,
                                              catalog::vacuum_settings const &settings, bool all)
{
    std::vector<effective_setting> out;
    auto const of_server = server_settings(settings);
    auto const add = [&](std::string const &name, std::optional<std::string> server) {
        if (auto const own = own_parameter(table, name)) {
            out.push_back({name, *own, true, std::move(server)});
        } else if (all && server) {
            out.push_back({name, *server, false, server});
        }
    };
    for (auto const &each : model::storage_parameters()) {
        if (each.other_purpose) {
            continue;
        }
        std::string const name{each.name};
        auto const at = std::find_if(of_server.begin(), of_server.end(),
                                     [&](auto const &one) { return one.name == name; });
        add(name, at == of_server.end() ? std::nullopt : at->server);
        add("toast." + name, std::nullopt);
    }
    return out;
}

} // namespace pgtend::vacuum

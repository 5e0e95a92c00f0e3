// SPDX-License-Identifier: Apache-2.0
#include "vacuum/need.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>

#include "base/text.hpp"

namespace pgtend::vacuum {
namespace {

// The value of a storage parameter, as the last of its name.
std::optional<std::string> option(catalog::vacuum_table const &table, std::string_view name)
{
    for (auto at = table.options.rbegin(); at != table.options.rend(); ++at) {
        if (at->size() > name.size() && at->starts_with(name) && (*at)[name.size()] == '=') {
            return at->substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

double number(catalog::vacuum_table const &table, std::string const &name, double otherwise)
{
    auto const text = option(table, name);
    return text ? std::strtod(text->c_str(), nullptr) : otherwise;
}

bool is_off(std::string value)
{
    value = lower(value);
    return value == "off" || value == "false" || value == "no" || value == "0" || value == "f" ||
           value == "n";
}

double rows_of(double reltuples)
{
    return std::max(reltuples, 0.0);
}

// prefix: "" for the table, "toast." for its TOAST table.
double vacuum_threshold(catalog::vacuum_table const &table,
                        catalog::vacuum_settings const &settings, std::string const &prefix,
                        double reltuples)
{
    auto const of = [&](std::string const &name, double otherwise) {
        return number(table, prefix + name, otherwise);
    };
    auto out =
        of("autovacuum_vacuum_threshold", settings.vacuum_threshold) +
        of("autovacuum_vacuum_scale_factor", settings.vacuum_scale_factor) * rows_of(reltuples);
    if (settings.server_version >= 180000) {
        auto const most = of("autovacuum_vacuum_max_threshold", settings.vacuum_max_threshold);
        if (most >= 0) {
            out = std::min(out, most);
        }
    }
    return out;
}

std::string count(double rows)
{
    return thousands(std::llround(rows));
}

// The largest wins, and only its reason is put into words.
template <class Words> void raise(double &value, std::string &reason, double candidate, Words words)
{
    if (candidate > value) {
        value = candidate;
        reason = words();
    }
}

// Autovacuum comes when the count is *over* the threshold, which may be 0.
double times(double counted, double threshold)
{
    return counted <= 0 ? 0 : counted / std::max(threshold, 1.0);
}

std::string over(double counted, std::string_view what, double threshold)
{
    return fmt::format("{} {}, {:.1f} times the threshold of {}", count(counted), what,
                       times(counted, threshold), count(threshold));
}

} // namespace

thresholds thresholds_of(catalog::vacuum_table const &table,
                         catalog::vacuum_settings const &settings)
{
    thresholds out;
    auto const rows = rows_of(table.reltuples);
    out.vacuum = vacuum_threshold(table, settings, "", table.reltuples);
    // A TOAST table without any parameter of its own goes by those of its table.
    bool const own =
        std::any_of(table.options.begin(), table.options.end(),
                    [](std::string const &each) { return each.starts_with("toast."); });
    out.toast = vacuum_threshold(table, settings, own ? "toast." : "", table.toast_reltuples);
    auto const insert =
        number(table, "autovacuum_vacuum_insert_threshold", settings.insert_threshold);
    if (insert >= 0) {
        auto unfrozen = 1.0;
        if (settings.server_version >= 180000 && table.pages > 0 && table.frozen_pages > 0) {
            unfrozen = 1 - std::min(table.frozen_pages, table.pages) / table.pages;
        }
        out.insert = insert + number(table, "autovacuum_vacuum_insert_scale_factor",
                                     settings.insert_scale_factor) *
                                  rows * unfrozen;
    }
    out.analyze =
        number(table, "autovacuum_analyze_threshold", settings.analyze_threshold) +
        number(table, "autovacuum_analyze_scale_factor", settings.analyze_scale_factor) * rows;
    out.freeze_age = std::min(settings.freeze_max_age,
                              number(table, "autovacuum_freeze_max_age", settings.freeze_max_age));
    out.multixact_age = std::min(
        settings.multixact_freeze_max_age,
        number(table, "autovacuum_multixact_freeze_max_age", settings.multixact_freeze_max_age));
    out.autovacuum = !is_off(option(table, "autovacuum_enabled").value_or("on"));
    return out;
}

need need_of(catalog::vacuum_table const &table, catalog::vacuum_settings const &settings)
{
    auto const limits = thresholds_of(table, settings);
    need out;
    auto const rows = [&](double counted, double threshold, std::string_view what, double &value,
                          std::string &reason) {
        raise(value, reason, times(counted, threshold),
              [&] { return over(counted, what, threshold); });
    };
    auto const old = [&](double age, double limit, std::string_view what) {
        raise(out.vacuum, out.vacuum_reason, times(age, limit), [&] {
            return fmt::format("its oldest {} is {} old, {:.1f} times the limit of {}", what,
                               count(age), times(age, limit), count(limit));
        });
    };
    rows(table.dead, limits.vacuum, "dead rows", out.vacuum, out.vacuum_reason);
    rows(table.toast_dead, limits.toast, "dead rows in its TOAST table", out.vacuum,
         out.vacuum_reason);
    if (limits.insert >= 0) {
        rows(table.inserted, limits.insert, "inserted rows", out.vacuum, out.vacuum_reason);
    }
    old(table.age, limits.freeze_age, "transaction");
    old(table.multixact_age, limits.multixact_age, "multixact");
    rows(table.modified, limits.analyze, "changed rows", out.analyze, out.analyze_reason);
    return out;
}

} // namespace pgtend::vacuum

// SPDX-License-Identifier: Apache-2.0
#include "vacuum/need.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>

#include "base/text.hpp"
#include "model/storage_parameter.hpp"
#include "vacuum/declared.hpp"

namespace pgtend::vacuum {
namespace {

double number(catalog::vacuum_table const &table, std::string const &name, double otherwise)
{
    auto const text = own_parameter(table, name);
    return text ? std::strtod(text->c_str(), nullptr) : otherwise;
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

// -1: inserts do not count.
double insert_threshold(catalog::vacuum_table const &table,
                        catalog::vacuum_settings const &settings, std::string const &prefix,
                        double reltuples, double pages, double frozen_pages)
{
    auto const of = [&](std::string const &name, double otherwise) {
        return number(table, prefix + name, otherwise);
    };
    auto const base = of("autovacuum_vacuum_insert_threshold", settings.insert_threshold);
    if (base < 0) {
        return -1;
    }
    auto unfrozen = 1.0;
    if (settings.server_version >= 180000 && pages > 0 && frozen_pages > 0) {
        unfrozen = 1 - std::min(frozen_pages, pages) / pages;
    }
    return base + of("autovacuum_vacuum_insert_scale_factor", settings.insert_scale_factor) *
                      rows_of(reltuples) * unfrozen;
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

// Autovacuum comes when the count is *over* the threshold, which may be 0: then one row is enough.
double times(double counted, double threshold)
{
    auto const out = std::max(counted, 0.0) / std::max(threshold, 1.0);
    return counted > threshold ? std::max(out, std::nextafter(1.0, 2.0)) : out;
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
    std::string const prefix = own ? "toast." : "";
    out.toast = vacuum_threshold(table, settings, prefix, table.toast_reltuples);
    out.insert =
        insert_threshold(table, settings, "", table.reltuples, table.pages, table.frozen_pages);
    if (!table.toast.empty()) {
        out.toast_insert = insert_threshold(table, settings, prefix, table.toast_reltuples,
                                            table.toast_pages, table.toast_frozen_pages);
    }
    out.analyze =
        number(table, "autovacuum_analyze_threshold", settings.analyze_threshold) +
        number(table, "autovacuum_analyze_scale_factor", settings.analyze_scale_factor) * rows;
    out.freeze_age = std::min(settings.freeze_max_age,
                              number(table, "autovacuum_freeze_max_age", settings.freeze_max_age));
    out.multixact_age = std::min(
        settings.multixact_freeze_max_age,
        number(table, "autovacuum_multixact_freeze_max_age", settings.multixact_freeze_max_age));
    out.autovacuum =
        !model::reads_as_false(own_parameter(table, "autovacuum_enabled").value_or("on"));
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
    if (limits.toast_insert >= 0) {
        rows(table.toast_inserted, limits.toast_insert, "inserted rows in its TOAST table",
             out.vacuum, out.vacuum_reason);
    }
    old(table.age, limits.freeze_age, "transaction");
    old(table.multixact_age, limits.multixact_age, "multixact");
    rows(table.modified, limits.analyze, "changed rows", out.analyze, out.analyze_reason);
    return out;
}

} // namespace pgtend::vacuum

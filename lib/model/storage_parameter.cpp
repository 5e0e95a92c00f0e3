// SPDX-License-Identifier: Apache-2.0
#include "model/storage_parameter.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::model {
namespace {

using type = storage_parameter::type;

constexpr double most_int = 2147483647;
constexpr double most_age = 2e9, most_min_age = 1e9;
constexpr bool table = true, toast = true, other = true;

constexpr std::array<storage_parameter, 24> all{{
    {"autovacuum_analyze_scale_factor", type::real, 0, 100, table},
    {"autovacuum_analyze_threshold", type::integer, 0, most_int, table},
    {"autovacuum_enabled", type::boolean, 0, 0, table, toast},
    {"autovacuum_freeze_max_age", type::integer, 1e5, most_age, table, toast},
    {"autovacuum_freeze_min_age", type::integer, 0, most_min_age, table, toast},
    {"autovacuum_freeze_table_age", type::integer, 0, most_age, table, toast},
    {"autovacuum_multixact_freeze_max_age", type::integer, 1e4, most_age, table, toast},
    {"autovacuum_multixact_freeze_min_age", type::integer, 0, most_min_age, table, toast},
    {"autovacuum_multixact_freeze_table_age", type::integer, 0, most_age, table, toast},
    {"autovacuum_vacuum_cost_delay", type::real, 0, 100, table, toast},
    {"autovacuum_vacuum_cost_limit", type::integer, 1, 1e4, table, toast},
    {"autovacuum_vacuum_insert_scale_factor", type::real, 0, 100, table, toast},
    {"autovacuum_vacuum_insert_threshold", type::integer, -1, most_int, table, toast},
    {"autovacuum_vacuum_max_threshold", type::integer, -1, most_int, table, toast, !other, 180000},
    {"autovacuum_vacuum_scale_factor", type::real, 0, 100, table, toast},
    {"autovacuum_vacuum_threshold", type::integer, 0, most_int, table, toast},
    {"fillfactor", type::integer, 10, 100, table},
    {"log_autovacuum_min_duration", type::integer, -1, most_int, table, toast},
    {"parallel_workers", type::integer, 0, 1024, table, !toast, other},
    {"toast_tuple_target", type::integer, 128, 8160, table, !toast, other},
    {"user_catalog_table", type::boolean, 0, 0, table, !toast, other},
    {"vacuum_index_cleanup", type::index_cleanup, 0, 0, table, toast},
    {"vacuum_max_eager_freeze_failure_rate", type::real, 0, 1, table, toast, !other, 180000},
    {"vacuum_truncate", type::boolean, 0, 0, table, toast},
}};

bool begins(std::string_view word, std::string_view value, std::size_t least)
{
    return value.size() >= least && word.starts_with(value);
}

// The number, when all of the text is one.
std::optional<double> number(std::string_view text)
{
    std::string const copy{text};
    char *end = nullptr;
    auto const out = std::strtod(copy.c_str(), &end);
    return copy.empty() || *end != '\0' ? std::nullopt : std::optional{out};
}

std::string wanted(storage_parameter const &p)
{
    switch (p.kind) {
    case type::boolean:
        return "true or false";
    case type::index_cleanup:
        return "true, false or auto";
    case type::integer:
        return fmt::format("a whole number from {:.0f} to {:.0f}", p.least, p.most);
    case type::real:
        break;
    }
    return fmt::format("a number from {:g} to {:g}", p.least, p.most);
}

bool takes(storage_parameter const &p, std::string_view value)
{
    bool const truth = value == "true" || value == "false";
    if (p.kind == type::boolean || p.kind == type::index_cleanup) {
        return truth || (p.kind == type::index_cleanup && value == "auto");
    }
    auto const read = number(value);
    bool const whole = value.find_first_not_of("-0123456789") == std::string_view::npos;
    return read && *read >= p.least && *read <= p.most && (whole || p.kind == type::real);
}

std::string_view canonical(storage_parameter const &p, std::string_view value)
{
    return p.kind == type::index_cleanup && lower(value) == "auto" ? "auto"
           : reads_as_false(value)                                 ? "false"
                                                                   : "true";
}

} // namespace

std::span<storage_parameter const> storage_parameters()
{
    return all;
}

storage_parameter const *find_storage_parameter(std::string_view name)
{
    constexpr std::string_view prefix = "toast.";
    bool const of_toast = name.starts_with(prefix);
    auto const bare = of_toast ? name.substr(prefix.size()) : name;
    for (auto const &each : storage_parameters()) {
        if (each.name == bare) {
            return !of_toast || each.of_toast ? &each : nullptr;
        }
    }
    return nullptr;
}

std::string full_parameter_name(std::string_view written)
{
    std::string const prefix = written.starts_with("toast.") ? "toast." : "";
    std::string const bare{written.substr(prefix.size())};
    for (auto const &name : {prefix + bare, prefix + "autovacuum_" + bare}) {
        auto const *found = find_storage_parameter(name);
        if (found != nullptr && !found->other_purpose) {
            return name;
        }
    }
    std::vector<std::string> names;
    for (auto const &each : all) {
        if (!each.other_purpose) {
            names.emplace_back(each.name);
            if (each.name.starts_with("autovacuum_")) {
                names.emplace_back(each.name.substr(std::string_view{"autovacuum_"}.size()));
            }
        }
    }
    std::vector<std::string_view> const views{names.begin(), names.end()};
    auto const near = bare.size() <= 64 ? nearest(bare, views) : std::nullopt;
    throw error{fmt::format("{} is not a storage parameter of vacuum", in_quotes(written)),
                near ? fmt::format("did you mean '{}'?", *near) : std::string{}};
}

void check_storage_parameter_name(std::string_view name)
{
    if (find_storage_parameter(name) != nullptr) {
        return;
    }
    std::vector<std::string_view> names;
    for (auto const &each : storage_parameters()) {
        names.push_back(each.name);
    }
    auto const bare = name.starts_with("toast.") ? name.substr(6) : name;
    auto const near = bare.size() <= 64 ? nearest(bare, names) : std::nullopt;
    throw error{fmt::format("{} is not a storage parameter of tables", in_quotes(name)),
                near ? fmt::format("did you mean '{}'?", *near) : std::string{}};
}

void check_storage_parameter(std::string_view name, std::string_view value)
{
    check_storage_parameter_name(name);
    auto const &found = *find_storage_parameter(name);
    if (!takes(found, value)) {
        throw error{fmt::format("{} is not a value of {}", in_quotes(value), name),
                    "write " + wanted(found)};
    }
}

bool reads_as_false(std::string_view value)
{
    auto const text = lower(value);
    return begins("false", text, 1) || begins("no", text, 1) || begins("off", text, 2) ||
           text == "0";
}

bool same_parameter_value(std::string_view name, std::string_view a, std::string_view b)
{
    auto const *found = find_storage_parameter(name);
    if (a == b || found == nullptr) {
        return a == b;
    }
    if (found->kind == type::boolean || found->kind == type::index_cleanup) {
        return canonical(*found, a) == canonical(*found, b);
    }
    auto const left = number(a), right = number(b);
    return left && right && *left == *right;
}

} // namespace pgtend::model

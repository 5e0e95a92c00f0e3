// SPDX-License-Identifier: Apache-2.0
#include "model/storage_parameter.hpp"

#include <algorithm>
#include <array>

namespace pgtend::model {
namespace {

constexpr std::array<storage_parameter, 24> parameters{{
    {"autovacuum_analyze_scale_factor"},
    {"autovacuum_analyze_threshold"},
    {"autovacuum_enabled", true},
    {"autovacuum_freeze_max_age", true},
    {"autovacuum_freeze_min_age", true},
    {"autovacuum_freeze_table_age", true},
    {"autovacuum_multixact_freeze_max_age", true},
    {"autovacuum_multixact_freeze_min_age", true},
    {"autovacuum_multixact_freeze_table_age", true},
    {"autovacuum_vacuum_cost_delay", true},
    {"autovacuum_vacuum_cost_limit", true},
    {"autovacuum_vacuum_insert_scale_factor", true},
    {"autovacuum_vacuum_insert_threshold", true},
    {"autovacuum_vacuum_max_threshold", true, 18},
    {"autovacuum_vacuum_scale_factor", true},
    {"autovacuum_vacuum_threshold", true},
    {"fillfactor"},
    {"log_autovacuum_min_duration", true},
    {"parallel_workers"},
    {"toast_tuple_target"},
    {"user_catalog_table"},
    {"vacuum_index_cleanup", true},
    {"vacuum_max_eager_freeze_failure_rate", true, 18},
    {"vacuum_truncate", true},
}};

} // namespace

std::span<storage_parameter const> storage_parameters() noexcept
{
    return parameters;
}

std::optional<storage_parameter> find_storage_parameter(std::string_view name)
{
    constexpr std::string_view prefix = "toast.";
    bool const toast = name.starts_with(prefix);
    auto const bare = toast ? name.substr(prefix.size()) : name;
    auto const at = std::find_if(parameters.begin(), parameters.end(), [&](auto const &each) {
        return each.name == bare && (!toast || each.toast);
    });
    return at == parameters.end() ? std::nullopt : std::optional{*at};
}

} // namespace pgtend::model

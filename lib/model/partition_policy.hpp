// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/duration.hpp"
#include "base/name.hpp"
#include "base/position.hpp"
#include "model/date.hpp"

namespace pgtend::model {

enum class step { hour, day, week, month, quarter, year };
std::string_view name(step every);
// "month"; throws error with a hint.
step parse_step(std::string_view text);

// partitions: - { table:, key:, every:, name:, from:, premake:, timezone: }
struct partition_policy {
    qualified_name table;
    std::string key; // the partition column
    step every = step::month;
    // Placeholders {table} {yyyy} {mm} {dd} {hh} {ww} {q}; must tell the partitions of `every`
    // apart.
    std::string name_pattern; // empty: the default of `every`, "{table}_{yyyy}_{mm}" for months
    std::optional<date> from; // first partition; nothing: the one of now
    int premake = 3;          // partitions beyond that of now, 0 to 1000
    std::string time_zone = "UTC"; // of the bounds
    bool grants = false;           // copy the parent's grants onto each new partition
    std::vector<std::string> storage_parameters =
        {}; // "autovacuum_vacuum_scale_factor=0.05", set on each new partition
    source_position at;
    // Of `name:` and `from:`; line 0 when the policy has none, or was not read from a file.
    source_position name_at = {};
    source_position from_at = {};
};

} // namespace pgtend::model

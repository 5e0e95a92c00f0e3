// SPDX-License-Identifier: Apache-2.0
// The periods of a table that is partitioned by time, from its first partition to the last one that
// exists or is wanted.
#pragma once
#include <optional>
#include <vector>

#include "partition/coverage.hpp"
#include "partition/range.hpp"
#include "partition/status.hpp"

namespace pgtend::partition {

// The step that most of the bounds have, as clocks of the axis's zone show them; nothing when none
// fits a partition.
std::optional<model::step> step_of(std::vector<taken_range> const &ranges, key_axis const &axis);

struct calendar {
    model::step every;
    key_axis axis;
    std::optional<model::partition_policy> policy;
    instant now;

    civil_time first_wanted() const; // of the policy, or the period of now
    civil_time last_wanted() const;
    std::vector<period> periods(std::vector<taken_range> const &ranges) const;
};

} // namespace pgtend::partition

// SPDX-License-Identifier: Apache-2.0
// Which stretches of time the partitions of a table cover.
#pragma once
#include <vector>

#include "catalog/snapshot/partitions.hpp"

namespace pgtend::partition {

struct taken_range {
    catalog::time_point from, to;
    catalog::attached_partition const *partition; // of the table that was given
};

// Of all partitions but the default one, sorted by their beginnings; ranges of one table never
// overlap. Throws error when the bounds of one are not understood.
std::vector<taken_range> taken_ranges(catalog::partitioned_table const &table);

enum class cover { none, partly, whole, pending };

struct covering {
    cover how = cover::none;
    catalog::attached_partition const *by = nullptr; // the first one that overlaps
};

// Looks at one period after the other, each after those before it: what ends before one is never
// asked again.
class coverage {
  public:
    explicit coverage(std::vector<taken_range> ranges) : ranges_{std::move(ranges)} {}

    // pending: a partition whose detach did not end overlaps.
    covering of(catalog::time_point from, catalog::time_point to);

  private:
    std::vector<taken_range> ranges_;
    std::size_t next_ = 0;
};

} // namespace pgtend::partition

// SPDX-License-Identifier: Apache-2.0
#include "partition/coverage.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace pgtend::partition {

std::vector<taken_range> taken_ranges(catalog::partitioned_table const &table)
{
    std::vector<taken_range> out;
    for (auto const &each : table.partitions) {
        if (each.is_default) {
            continue;
        }
        if (!each.range) {
            throw error{display(table.found.name) + ": the bounds of its partition " +
                        display(each.name) + " are not understood"};
        }
        out.push_back({each.range->from, each.range->to, &each});
    }
    std::sort(out.begin(), out.end(), [](auto const &a, auto const &b) { return a.from < b.from; });
    return out;
}

covering coverage::of(catalog::time_point from, catalog::time_point to)
{
    while (next_ < ranges_.size() && ranges_[next_].to <= from) {
        ++next_;
    }
    covering out;
    auto reached = from;
    for (auto i = next_; i < ranges_.size() && ranges_[i].from < to; ++i) {
        if (ranges_[i].to <= from) {
            continue;
        }
        if (ranges_[i].partition->pending_detach) {
            return {cover::pending, ranges_[i].partition};
        }
        out.by = out.by == nullptr ? ranges_[i].partition : out.by;
        if (ranges_[i].from <= reached) {
            reached = std::max(reached, ranges_[i].to);
        }
    }
    if (out.by != nullptr) {
        out.how = reached >= to ? cover::whole : cover::partly;
    }
    return out;
}

} // namespace pgtend::partition

// SPDX-License-Identifier: Apache-2.0
#include "check/evidence.hpp"

namespace pgtend::check {

index::examination const &evidence::indexes(microseconds unused_after)
{
    if (!indexes_) {
        std::vector<catalog::lookup> asked;
        auto const all = catalog::load_index_overview(session_, {}, asked, limit_);
        indexes_ = index::examine(all, now_, unused_after);
    }
    return *indexes_;
}

std::vector<partition::table_status> const &evidence::partitions()
{
    if (!from_.partitions) {
        throw unseen{"partitioned tables"};
    }
    if (!partitions_) {
        partitions_ = from_.partitions();
    }
    return *partitions_;
}

std::vector<difference> const &evidence::differences()
{
    if (!from_.differences) {
        throw unseen{"a configuration file (-c)"};
    }
    if (!differences_) {
        differences_ = from_.differences();
    }
    return *differences_;
}

} // namespace pgtend::check

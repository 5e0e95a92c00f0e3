// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "catalog/snapshot/matviews.hpp"

namespace pgtend::test {

// public.stats, unique by day, populated, as it is declared.
inline catalog::declared_matview declared_stats()
{
    catalog::declared_matview out;
    out.view.found = {{"public", "stats"}, {"public", "stats"}, "1", {}, {}};
    out.view.populated = true;
    out.view.owner = "app";
    out.view.unique_indexes = {{"stats_key", "", {"day"}}};
    out.kind = 'm';
    out.as_declared = true;
    return out;
}

} // namespace pgtend::test

// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <doctest/doctest.h>

#include "catalog/snapshot/matviews.hpp"
#include "plan/refusal.hpp"

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

// Why this step is refused, which it must be.
inline error refusal(plan::step const &of)
{
    auto const *body = std::get_if<std::unique_ptr<plan::task>>(&of.body);
    REQUIRE(body != nullptr);
    return *plan::refused(**body);
}

} // namespace pgtend::test

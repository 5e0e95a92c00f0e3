// SPDX-License-Identifier: Apache-2.0
#include "partition/protect.hpp"

#include <fmt/format.h>

#include "plan/refusal.hpp"
#include "plan/rights.hpp"

namespace pgtend::partition {
namespace {

// The name still has that partition, a table above it has row level security, and it lacks it.
std::string still_lacks(catalog::unprotected_partition const &of, std::string const &name)
{
    return fmt::format(
        "WITH RECURSIVE above (oid) AS (SELECT {0}::pg_catalog.oid UNION SELECT i.inhparent "
        "FROM above JOIN pg_catalog.pg_inherits i ON i.inhrelid OPERATOR(pg_catalog.=) above.oid "
        "AND NOT i.inhdetachpending) "
        "SELECT 1 FROM pg_catalog.pg_class c, above, pg_catalog.pg_class t "
        "WHERE c.oid OPERATOR(pg_catalog.=) {0}::pg_catalog.oid "
        "AND pg_catalog.to_regclass({1})::pg_catalog.oid OPERATOR(pg_catalog.=) c.oid "
        "AND t.oid OPERATOR(pg_catalog.=) above.oid AND t.relrowsecurity "
        "AND (NOT c.relrowsecurity OR t.relforcerowsecurity AND NOT c.relforcerowsecurity)",
        of.oid, plan::quote_literal(name));
}

plan::step step_of(catalog::unprotected_partition const &of)
{
    auto const shown = display(of.partition), table = display(of.table);
    auto const title =
        fmt::format("{} row level security of {}", of.enable ? "enable" : "force", shown);
    if (!of.may) {
        return plan::refused_step(
            title, table,
            error{fmt::format("role {} may not alter {}: it belongs to {}",
                              display_identifier(of.role), shown, display_identifier(of.owner)),
                  plan::owner_right({"TABLE", of.partition, of.owner, of.owner_is_superuser},
                                    of.role),
                  "42501"});
    }
    auto const name = plan::quote(of.partition);
    std::string const what =
        fmt::format("{}{}{}", of.enable ? "ENABLE ROW LEVEL SECURITY" : "",
                    of.enable && of.force ? ", " : "", of.force ? "FORCE ROW LEVEL SECURITY" : "");
    // The lock first, and then asked again: DETACH PARTITION is what it may have waited for.
    std::vector<plan::lock> const locks{{name, plan::lock_mode::access_exclusive}};
    auto const wanted = still_lacks(of, name);
    plan::statement take{.sql = fmt::format("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE", name),
                         .locks = locks,
                         .still_wanted = wanted};
    plan::statement alter{.sql = fmt::format("ALTER TABLE {} {}", name, what),
                          .locks = locks,
                          .still_wanted = wanted};
    return {title,
            fmt::format("{} has it; who may read the partition by its own name sees every row",
                        display(of.protector)),
            table,
            plan::transaction{{std::move(take), std::move(alter)}},
            {},
            table};
}

} // namespace

plan::plan plan_protection(std::vector<catalog::unprotected_partition> const &found)
{
    plan::plan out;
    for (auto const &each : found) {
        out.steps.push_back(step_of(each));
    }
    return out;
}

} // namespace pgtend::partition

// SPDX-License-Identifier: Apache-2.0
#include "partition/protect.hpp"

#include <fmt/format.h>

#include "plan/refusal.hpp"
#include "plan/rights.hpp"

namespace pgtend::partition {
namespace {

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
    plan::statement alter{.sql = fmt::format("ALTER TABLE {} {}", name, what),
                          .locks = {{name, plan::lock_mode::access_exclusive}}};
    return {
        title,
        fmt::format("{} has it; who may read the partition by its own name sees every row", table),
        table,
        plan::transaction{{std::move(alter)}},
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

// SPDX-License-Identifier: Apache-2.0
#include "matview/obstacle.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "plan/rights.hpp"
#include "plan/statement.hpp"

namespace pgtend::matview {

std::optional<obstacle> obstacle_of(catalog::matview const &view,
                                    std::vector<std::string> const &columns)
{
    auto const name = plan::quote(view.found.name);
    if (!view.populated) {
        return obstacle{"it is not populated", "REFRESH MATERIALIZED VIEW " + name + ", once"};
    }
    if (view.has_unique_index()) {
        return std::nullopt;
    }
    std::string why = "it has no unique index";
    if (!view.unique_indexes.empty()) {
        auto const &first = view.unique_indexes.front();
        why =
            view.unique_indexes.size() == 1 ? "its only unique index " : "of its unique indexes, ";
        why += display_identifier(first.name) + " " + first.why;
    }
    auto const known =
        columns.empty() ? "columns that tell its rows apart" : quoted_columns(columns);
    return obstacle{why, "CREATE UNIQUE INDEX ON " + name + " (" + known + "), without WHERE"};
}

std::string quoted_columns(std::vector<std::string> const &columns)
{
    std::vector<std::string> out;
    for (auto const &each : columns) {
        out.push_back(plan::quote_ident(each));
    }
    return join(out, ", ");
}

error missing_right(catalog::matview const &view, std::string const &role, int server_version)
{
    return error{fmt::format("role {} may not refresh {}: it belongs to {}",
                             display_identifier(role), display(view.found.name),
                             display_identifier(view.owner)),
                 plan::maintain_right(
                     {"MATERIALIZED VIEW", view.found.name, view.owner, view.owner_is_superuser},
                     role, server_version),
                 "42501"};
}

} // namespace pgtend::matview

// SPDX-License-Identifier: Apache-2.0
#include "tools/check_catalogue.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "tools/check_views.hpp"

namespace pgtend::tools {

void list(context &c, std::vector<check::rule const *> const &rules)
{
    using report::align;
    report::document out;
    out.schema = "pgtend/check-list/1";
    report::table table{.key = "checks",
                        .columns = {{"check", "check"},
                                    {"severity", "severity"},
                                    {"title", "holds when it passes", align::left, true},
                                    {"why", ""},
                                    {"fix", ""},
                                    {"thresholds", ""}},
                        .rows = {}};
    for (auto const *each : rules) {
        std::vector<std::string> limits;
        for (auto const &one : thresholds(*each)) {
            limits.push_back(fmt::format("{}: {}{}{}", one.key, one.value,
                                         one.unit.empty() ? "" : " ", one.unit));
        }
        table.rows.push_back({{std::string{each->id}},
                              {std::string{name(each->severity)}, tone_of(each->severity)},
                              {std::string{each->title}},
                              {std::string{each->why}},
                              {std::string{each->fix}},
                              report::or_null(join(limits, ", "))});
    }
    out.tables.push_back(std::move(table));
    c.print(out);
}

void explain(context &c, check::rule const &of)
{
    report::document out;
    out.schema = "pgtend/check-explain/1";
    out.fields = {{"check", "check", {std::string{of.id}}},
                  {"severity", "severity", {std::string{name(of.severity)}, tone_of(of.severity)}},
                  {"title", "holds", {std::string{of.title}}},
                  {"why", "why", {std::string{of.why}}},
                  {"fix", "fix", {std::string{of.fix}}}};
    for (auto const &each : thresholds(of)) {
        out.fields.push_back(
            {"threshold_" + std::string{each.key},
             std::string{each.key},
             {each.value, report::tone::plain,
              fmt::format("{}{}{}", each.value, each.unit.empty() ? "" : " ", each.unit)}});
    }
    c.print(out);
}

} // namespace pgtend::tools

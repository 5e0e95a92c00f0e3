// SPDX-License-Identifier: Apache-2.0
#include "matview/difference.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/name.hpp"
#include "base/text.hpp"

namespace pgtend::matview {
namespace {

using columns = std::vector<catalog::view_column>;

catalog::view_column const *find(columns const &all, std::string const &name)
{
    auto const found =
        std::find_if(all.begin(), all.end(), [&](auto const &each) { return each.name == name; });
    return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> of_columns(columns const &existing, columns const &declared)
{
    std::vector<std::string> out;
    for (auto const &column : declared) {
        auto const shown = display_identifier(column.name);
        auto const *has = find(existing, column.name);
        if (has == nullptr) {
            out.push_back(fmt::format("column {} ({}) is declared, and it has none of that name",
                                      shown, column.type));
        } else if (has->type != column.type) {
            out.push_back(
                fmt::format("column {} is {}, declared {}", shown, has->type, column.type));
        }
    }
    for (auto const &column : existing) {
        if (find(declared, column.name) == nullptr) {
            out.push_back(fmt::format("column {} ({}) is not declared",
                                      display_identifier(column.name), column.type));
        }
    }
    if (out.empty() && existing != declared) {
        out.emplace_back("its columns are in another order");
    }
    return out;
}

// Without the semicolon, which would make the last line of the shorter one differ.
std::vector<std::string> lines_of(std::string const &text)
{
    auto const end = text.find_last_not_of("; \n");
    return split(std::string_view{text}.substr(0, end + 1), '\n');
}

std::string line(std::vector<std::string> const &all, std::size_t i)
{
    return i < all.size() ? in_quotes(trim(all[i])) : std::string{"nothing more"};
}

} // namespace

std::vector<std::string> differences(catalog::view_definition const &existing,
                                     catalog::view_definition const &declared)
{
    auto out = of_columns(existing.columns, declared.columns);
    if (!out.empty() || existing.text == declared.text) {
        return out;
    }
    auto const has = lines_of(existing.text);
    auto const wants = lines_of(declared.text);
    std::size_t at = 0;
    while (at < has.size() && at < wants.size() && has[at] == wants[at]) {
        ++at;
    }
    return {fmt::format("line {} of its query, as the server prints it, is {}, declared {}", at + 1,
                        line(has, at), line(wants, at))};
}

} // namespace pgtend::matview

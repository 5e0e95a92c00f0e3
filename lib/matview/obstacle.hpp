// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "catalog/snapshot/matviews.hpp"

namespace pgtend::matview {

// Why REFRESH ... CONCURRENTLY cannot be, and the statement that would change it.
struct obstacle {
    std::string why;
    std::string cure;
};

// Nothing: it can be. `columns` tell the rows apart, as far as anybody has declared it.
std::optional<obstacle> obstacle_of(catalog::matview const &view,
                                    std::vector<std::string> const &columns = {});

// "a", "b"
std::string quoted_columns(std::vector<std::string> const &columns);

// The role may not refresh the view: with the statement that gives it the right (42501).
error missing_right(catalog::matview const &view, std::string const &role, int server_version);

} // namespace pgtend::matview

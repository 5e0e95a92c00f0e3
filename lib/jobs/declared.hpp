// SPDX-License-Identifier: Apache-2.0
// What the file declares of the database, section by section, and the plan that makes each true.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/name.hpp"
#include "jobs/kinds.hpp"
#include "model/configuration.hpp"
#include "plan/plan.hpp"

namespace pgtend::jobs {

struct section {
    std::string_view name; // the key of the file: "partitions"
    // The objects that it declares something of, in the file's order.
    std::vector<qualified_name> (*objects)(model::configuration const &all);
    // Leaves only what it declares of these objects.
    void (*narrow)(model::configuration &all, std::span<qualified_name const> objects);
    // `with` has what new objects get from other sections, and all storage parameters of the file;
    // `all` is what is to be compared.
    // Reads the catalog, taking ACCESS SHARE on catalogs only (for `matviews` also on what their
    // queries read, in a transaction that is rolled back), and compares; what an index would be is
    // seen on a temporary table that is rolled back. An empty plan: the database is as declared,
    // and was looked at; what could not be compared, or is left to somebody who changed it, is a
    // step that fails. Never drops what is not declared. Throws error when it cannot be read.
    plan::plan (*difference)(model::configuration const &all, planning const &with);
};

// In the order in which they are made true: what is later may stand on what is earlier.
std::span<section const> sections();

// The file with only what it declares of these objects, in these sections; empty: all of them. A
// name without schema stands for all of that name.
// Throws usage_error with the nearest name when a section does not exist, or when no chosen section
// declares an object.
model::configuration narrowed(model::configuration all, std::span<std::string const> only_sections,
                              std::span<qualified_name const> objects);

} // namespace pgtend::jobs

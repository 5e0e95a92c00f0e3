// SPDX-License-Identifier: Apache-2.0
// The storage parameters of tables, as CREATE TABLE ... WITH takes them.
#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace pgtend::model {

// PostgreSQL 18, "CREATE TABLE", "Storage Parameters".
struct storage_parameter {
    std::string_view name;
    bool toast = false; // toast.name exists as well
    int since = 0;      // major version of PostgreSQL; 0: every supported one has it
};

std::span<storage_parameter const> storage_parameters() noexcept;

// Of "name" or "toast.name"; nothing when tables have no such parameter.
std::optional<storage_parameter> find_storage_parameter(std::string_view name);

} // namespace pgtend::model

// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/name.hpp"
#include "base/position.hpp"

namespace pgtend::model {

// indexes: - { table:, name:, on:, unique:, method:, include:, where:, with: }
struct index_policy {
    qualified_name table;
    std::string name;             // the index lies in the schema of its table
    std::string on;               // "(zone_id, lower(city) DESC)": as CREATE INDEX takes it
    std::string method = "btree"; // an access method
    bool unique = false;
    bool nulls_not_distinct = false;       // PostgreSQL 15 and later
    std::vector<std::string> include = {}; // columns
    std::string where = {};                // free SQL, put into parentheses; empty: all rows
    std::vector<std::string> storage = {}; // storage parameters: "fillfactor=70"
    std::string tablespace = {};           // empty: what default_tablespace says
    source_position at;
};

// Throws error with a hint unless it is a list in parentheses, each of which pairs, without
// parameter, semicolon or anything behind it: what stands in CREATE INDEX ... USING method (...).
void check_index_columns(std::string_view on);

// "fillfactor=70": throws error with a hint unless it is the name of a parameter and a number or a
// plain word. Whether the access method has such a parameter is the server's to say.
void check_storage_parameter(std::string_view parameter);

// The definition as a person wrote it, from USING on, without a tablespace.
std::string written_definition(index_policy const &policy);

} // namespace pgtend::model

// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/name.hpp"
#include "base/position.hpp"

namespace pgtend::model {

// matviews: - { name:, max_staleness:, query:, unique_index:, with_data:, owner:, tablespace: }
struct matview_policy {
    qualified_name name;
    std::optional<microseconds> max_staleness = {}; // older data are a finding of `matview status`
    std::string query = {}; // one query without a semicolon; empty: the view is made elsewhere
    // Columns that tell its rows apart: of the index that REFRESH ... CONCURRENTLY needs. Empty:
    // none is declared.
    std::vector<std::string> unique_index = {};
    std::string unique_index_name = {}; // empty: see index_name()
    bool with_data = true;              // filled when it is created
    std::string owner = {};             // empty: who creates it
    std::string tablespace = {};        // empty: the database's
    source_position at = {};
    source_position query_at = {}; // line 0 when there is none, or was not read from a file
};

// Of its unique index: the declared one, else the view's name and "_key".
std::string index_name(matview_policy const &policy);

// Two policies of one view; a name of an index that PostgreSQL would cut at 63 bytes; and keys that
// mean nothing without a query.
std::vector<diagnostic> validate(std::vector<matview_policy> const &all);

} // namespace pgtend::model

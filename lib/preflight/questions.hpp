// SPDX-License-Identifier: Apache-2.0
// What is asked of the server's planner, and how its answer is read: it folds what is constant, and
// knows what cannot be. Nothing is executed but what is immutable. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/name.hpp"

namespace pgtend::preflight {

// A column of which it is known what it will hold.
struct known_column {
    std::string name;
    std::string type;                 // behind domains, with what a cast to it takes
    std::optional<std::string> value; // nothing: NULL
};

enum class verdict { fine, may_refuse, will_refuse, not_evaluated };

// EXPLAIN of a query that has a row for each row of which `expression`, a CHECK of the table, would
// be false (`refuses` false) or anything else than false (`refuses` true), when the known columns
// hold what is known and nothing is known of the others. A plan that reads nothing is an answer:
// there is no such row. The table itself is not read, and needs no privilege. Only for expressions
// of the server's own functions: those that are immutable are called.
std::string constraint_question(qualified_name const &table,
                                std::vector<std::string> const &columns,
                                std::vector<known_column> const &known,
                                std::string const &expression, bool refuses);
// From the answers to both.
verdict verdict_of(bool never_false, bool always_false);

// Whether a plan (EXPLAIN (FORMAT JSON)) is known to find no row, without reading anything.
// False when it may, by an aggregate for example.
bool reads_nothing(std::string_view json);

// EXPLAIN of reading rows with a condition, and settings for which that tells contradictions: of
// the condition with itself, with types, with CHECK constraints; not with bounds of partitions.
std::string contradiction_question(qualified_name const &table, std::string const &where);
std::string contradiction_question(std::string const &query);
std::string_view contradiction_settings();

} // namespace pgtend::preflight

// SPDX-License-Identifier: Apache-2.0
// What was read of a change of rows (cleanup, expire), for judging it.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/name.hpp"
#include "base/position.hpp"
#include "preflight/questions.hpp"

namespace pgtend::preflight {

// A column that is set, and to what as far as that is known before the run.
struct set_column {
    enum class holds { unknown, value, null };
    std::string name, type;
    bool not_null = false, partition_key = false;
    bool unasked = false; // its domain has a CHECK that was not evaluated
    holds what = holds::unknown;
    std::string value = {}; // as text
    source_position at = {};
};

struct check_constraint {
    qualified_name table;
    std::string name, expression;
    std::vector<std::string> columns;
    verdict says = verdict::not_evaluated;
    bool everywhere = true; // else only some of the rows are in a table that has it
};

// All of its columns get the same value in each row.
struct unique_index {
    qualified_name table;
    std::string name;
    std::vector<std::string> columns;
    bool partial = false; // of some rows only
};

struct row_trigger {
    std::string name, function;
    bool before = false;
    std::vector<std::string> may_assign = {};   // of the set columns
    std::vector<qualified_name> writes = {};    // as its body names them
    std::vector<qualified_name> not_found = {}; // of these, under the search_path of the job
};

struct reference {
    qualified_name table;
    std::string name;
    char action = 'a'; // a no action, r restrict, c cascade, n set null, d set default
    std::vector<std::string> columns = {};
    bool indexed = true;
    long long rows = 0;
};

// How the server would find the rows of one table.
struct found_by {
    qualified_name table;
    double rows = 0;     // of the table
    double matching = 0; // by the planner's estimate
    bool whole = false;  // reads all of it
};

struct unused_literal {
    qualified_name table;
    std::string column, literal;
    std::string seen; // the values that there are, as an array literal
};

struct change_facts {
    std::string job;
    source_position at; // of the selection
    qualified_name table;
    bool deletes = false;
    std::string role;
    // Policies of row level security hold for the role; the job lets them hide rows; the rows are
    // in partitions, where they do not reach.
    bool policies = false, lets_hide = false, below = false;
    std::vector<set_column> set = {};
    std::vector<check_constraint> checks = {};
    std::vector<unique_index> uniques = {};
    std::vector<row_trigger> triggers = {}; // that fire for this command
    std::vector<reference> references = {};
    std::vector<found_by> plans = {};
    std::vector<std::string> condition_columns = {};
    bool never = false;
    std::vector<unused_literal> literals = {};
};

} // namespace pgtend::preflight

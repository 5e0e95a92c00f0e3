// SPDX-License-Identifier: Apache-2.0
// The catalogue of readiness checks: what each looks at, why it matters, what to do. One row and,
// for most, one query: sql/check_AREA_NAME.sql.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.hpp"

namespace pgtend::check {

enum class severity { info, warning, error };
std::string_view name(severity s);

// A number that may be set otherwise; handed to the query as $1, $2 ... in this order.
struct threshold {
    std::string_view key; // "warning", "error", "least"
    double value = 0;
    std::string_view unit; // "%", "s", "transactions" ...; empty: a number
};

struct finding {
    check::severity severity = check::severity::info;
    std::string object;               // as shown to people
    std::string message;              // what was seen
    std::optional<double> value = {}; // what was measured
    std::string fix = {};             // the exact statement or command; empty: see the rule's
    // What tells it from others of the same check and object, whenever it is found: no sizes, no
    // times.
    std::string detail = {};
    bool fresh = false;      // new since what it was compared with
    source_position at = {}; // what it is about in the file; line 0: no place of it
};

class evidence;
struct sources;

struct rule {
    std::string_view id; // "vacuum.wraparound": area and name, stable
    // Of its findings, unless one says otherwise.
    check::severity severity = severity::warning;
    std::string_view title; // what is so when it passes: "no index is invalid"
    std::string_view why;   // what happens otherwise
    std::string_view fix;   // in general; a finding has the exact statement
    // Read-only, of pg_catalog, its names qualified. No row: passed. Columns: object (text),
    // message (text), value (float8 or null), fix (text or null: the exact statement), severity
    // (text, null: the rule's), needs (text, null; else the input cannot be seen, in part or as a
    // whole, and this says what is missing: "pg_read_all_stats"). Empty: found by `look`.
    std::string_view query = {};
    // In place of `query` on servers up to that major version; 0: on none.
    std::string_view older = {};
    int older_until = 0;
    threshold first = {}, second = {}; // key empty: none
    // Its findings have the rule's severity, or of one that is graded their own.
    std::vector<finding> (*look)(evidence &) = nullptr;
    bool graded = false;
    // Whether the file declares something for it to look at; null: it needs no declaration.
    bool (*declared)(sources const &) = nullptr;
};

std::string_view area(rule const &of);                 // "vacuum"
std::string_view query_for(rule const &of, int major); // a major version of the server
// Its thresholds, without empty ones.
std::vector<threshold> thresholds(rule const &of);

// All rules, area by area.
std::vector<rule> const &catalogue();

} // namespace pgtend::check

// SPDX-License-Identifier: Apache-2.0
// What a job does: one struct a kind, filled by the YAML file or by a command line with the same
// words.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/name.hpp"
#include "base/position.hpp"

namespace pgtend::model {

enum class concurrently { automatic, yes, no };

// refresh: { matview: public.stats, concurrently: auto }
struct refresh_action {
    std::vector<qualified_name> matviews; // empty: every one of the database
    concurrently mode = concurrently::automatic;
    int workers = 1; // sessions side by side, 1 to 16
};

// A table and which of its rows: `where` is free SQL, put into parentheses.
struct selection {
    qualified_name table;
    std::string where;
    source_position at;
};

// How a batched change goes through its table. Batches are as small as is efficient, by measured
// time.
struct batching {
    long long initial_rows = 1'000;         // first batch; 1 to 100,000
    microseconds target = milliseconds{25}; // the longest that the changes of a batch should take
    microseconds pause{0};                  // between batches
    std::optional<long long> max_rows = {}; // stop after so many rows; what is left is said
};

// cleanup: { table: public.sessions, where: "..." } or { tables: [ {table:, where:}, ... ] }
struct cleanup_action {
    std::vector<selection> from;
    batching batches;
};

// column = $value, or column = (SQL expression)
struct assignment {
    std::string column;
    std::optional<std::string> value; // nullopt: NULL
    bool is_sql = false;              // `value` is an SQL expression
    source_position at;
};

// expire: { table: public.bookings, where: "...", set: { status: cancelled, cancelled_at: { sql:
// "now()" } } }
struct expire_action {
    std::vector<selection> in;
    std::vector<assignment> set;
    batching batches;
};

// vacuum: { tables: [...], analyze: true }, analyze: { tables: [...] }
struct vacuum_action {
    std::vector<qualified_name> tables; // empty: every table of the database that is due
    bool vacuum = true;
    bool analyze = false;
    int workers = 1; // sessions side by side, 1 to 16
};

// partition: {} or { tables: [...] }: creates what the file's partition policies ask for.
struct partition_action {
    std::vector<qualified_name> tables; // empty: all that the file declares
    int workers = 4;                    // sessions side by side, 1 to 16
};

// index: {} or { tables: [...] }: builds the indexes that the file declares and the database lacks.
struct index_action {
    std::vector<qualified_name> tables; // empty: all that the file declares
};

// sql: { text: "..." } or { file: x.sql, statements: separate, idempotent: true }
struct sql_action {
    std::string text;
    bool one_transaction = true; // false: statement by statement, each by itself
    bool idempotent = false;     // an interrupted or lost run may be repeated
};

// watch: { query: "...", key: dedupe_key, insert: { table: public.notifications, columns: [...] } }
// Each row of the query is a finding; `key` names the column that identifies it.
struct watch_action {
    std::string query;
    std::string key; // identifies a finding; not empty with insert_into
    std::optional<qualified_name> insert_into = {};
    std::vector<std::string> columns = {}; // of both the query and the table
};

// check: { profile: production }: what `pgtend check` says, kept in the ledger.
struct check_action {
    std::string profile = {}; // of checks: profiles:; empty: none
    source_position at = {};
};

using action = std::variant<refresh_action, cleanup_action, expire_action, vacuum_action,
                            partition_action, index_action, sql_action, watch_action, check_action>;

// The YAML key of the action: "refresh", "cleanup", "expire", "vacuum", "analyze", "partition",
// "index", "sql", "watch", "check".
std::string_view kind(action const &what);
// May a lost or interrupted run be repeated? All kinds but `sql`, which says so itself.
bool idempotent(action const &what);

} // namespace pgtend::model

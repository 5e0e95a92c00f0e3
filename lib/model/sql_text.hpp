// SPDX-License-Identifier: Apache-2.0
// SQL that people write into the file: what can be known of it without a server.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace pgtend::model {

// The statements of a text, in order, without the semicolons between them and the blanks around
// them; comments stay, a piece that is only comments is left out. A semicolon inside quotes,
// parentheses (CREATE RULE) or the BEGIN ATOMIC body of a function does not split. Throws error
// with a hint when quotes, comments or parentheses are not balanced.
std::vector<std::string> split_statements(std::string_view sql);

// True for what PostgreSQL refuses inside a transaction block (25001): VACUUM, ... CONCURRENTLY of
// indexes and DETACH PARTITION, CREATE and DROP of databases, tablespaces and subscriptions, ALTER
// SYSTEM, REINDEX SCHEMA, DATABASE and SYSTEM, CLUSTER without a table, DISCARD ALL. `statement` is
// one of split_statements.
bool forbids_transaction(std::string_view statement);

// Of those, the ones that wait for old transactions and leave something behind when they are ended
// half way: CREATE and DROP INDEX, REINDEX and DETACH PARTITION ... CONCURRENTLY.
bool waits_for_transactions(std::string_view statement);

// True when a statement may take locks on tables that the application would queue behind: all but
// what reads and writes rows, and SET.
bool may_lock_tables(std::string_view statement);
// True for what as a rule calls something whose locks are not seen: SELECT, CALL, DO, EXECUTE.
bool may_call_anything(std::string_view statement);

// The text of a `sql` job. Throws error with a hint for: no statement at all; transaction control
// (BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK, ABORT, SAVEPOINT, RELEASE, PREPARE
// TRANSACTION), after which the rest would run outside the run's fence and role; SET without LOCAL,
// RESET and set_config(..., false), which through a pooler reach other clients; COPY with STDIN or
// STDOUT; a parameter
// ($1); with one_transaction, a statement that forbids_transaction.
void check_sql(std::string_view text, bool one_transaction);

// A `where:` or an SQL expression of `set:`, which the caller puts into parentheses followed by a
// newline. Throws error with a hint when it is empty (comments only are), begins with the word
// WHERE, has a semicolon, a parameter, or parentheses, brackets, quotes or comments that do not
// pair inside it: `a) or (b` is refused.
void check_condition(std::string_view where);

// The `query:` of a watch: one statement that begins with SELECT, WITH, VALUES, TABLE or a
// parenthesis; one semicolon at the end is taken off. Throws error with a hint.
std::string single_query(std::string_view query);

} // namespace pgtend::model

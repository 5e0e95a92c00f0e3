// SPDX-License-Identifier: Apache-2.0
// What can be known of a condition, or of an expression, without a server; and what to ask one.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/name.hpp"

namespace pgtend::batch {

// May it read other tables (or other rows)? Then rows are locked first and the condition is asked
// again in a new statement: a statement that waited for a row sees that row anew, but everything
// else as it was when the statement began.
//
// `reads` is true for a SELECT, TABLE or WITH anywhere outside quotes and comments, for a call of
// any function that is not known to look at its arguments and the clock alone, and whenever the
// text is not understood. When it is false the server still decides: a function that somebody wrote
// may have the name of a known one, be called as if it were a column, or stand behind an operator,
// a cast or a domain. Names are as the catalog has them.
struct mentions {
    bool reads = false;
    std::vector<std::string> called;       // before a parenthesis
    std::vector<std::string> fields;       // behind a dot: columns of the table, or calls
    std::vector<std::string> types;        // where a type may stand
    std::vector<std::string> operators;    // every piece of the text that may be one
    std::vector<qualified_name> qualified; // tables that a column is called with: s.t.column

    void add(mentions other);
};

// Throws error as model::sql_lexer does.
mentions mentioned_in(std::string_view sql);

} // namespace pgtend::batch

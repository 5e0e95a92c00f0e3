// SPDX-License-Identifier: Apache-2.0
// What can be known of a condition without a server.
#pragma once
#include <string_view>

namespace pgtend::batch {

// May it read other tables (or other rows)? Then rows are locked first and the condition is asked
// again in a new statement: a statement that waited for a row sees that row anew, but everything
// else as it was when the statement began. True for a SELECT, TABLE or WITH anywhere outside quotes
// and comments, and for a call of any function that is not known to look at its arguments and the
// clock alone. Throws error as model::sql_lexer does.
bool may_read_tables(std::string_view condition);

} // namespace pgtend::batch

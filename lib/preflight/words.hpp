// SPDX-License-Identifier: Apache-2.0
// What can be read off the text of SQL and of functions without a server. Guesses by words, each on
// the safe side of what it is used for. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/name.hpp"
#include "model/job.hpp"

namespace pgtend::preflight {

// Whether a trigger function's body may give this column of NEW another value: an assignment to
// new.column or to new as a whole, or an INTO of them. A comparison is none. True when the text
// cannot be read.
bool may_assign(std::string_view body, std::string_view column);

// The relations that a body or a text of statements writes, or needs as they are: INSERT INTO,
// UPDATE ... SET, DELETE FROM, TRUNCATE, REFRESH MATERIALIZED VIEW. Each once. None when the text
// makes temporary tables, or cannot be read.
std::vector<qualified_name> written_by(std::string_view body);

// column = 'literal' in a condition or a query, in the order of the text.
struct comparison {
    std::string column, literal;
    bool operator==(comparison const &) const = default;
};
std::vector<comparison> literals_in(std::string_view sql);

// The words and quoted identifiers of a text, as the catalog has them.
std::vector<std::string> names_in(std::string_view sql);

// No more than literals, known functions of the server that read nothing, and its operators and
// types: no column with a dot, no sub-select. What it then names is only a column.
bool is_plain_expression(std::string_view sql);

// Whether a command of another scheduler does what this job does: the same verb on the same table,
// or the same statements.
bool same_work(model::job const &job, std::string_view command);

} // namespace pgtend::preflight

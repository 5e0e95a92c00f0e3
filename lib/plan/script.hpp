// SPDX-License-Identifier: Apache-2.0
// A statement as text that psql can run: what a dry run prints.
#pragma once
#include <string>

#include "plan/statement.hpp"

namespace pgtend::plan {

// The statement's SQL with each $n replaced by its parameter as a literal (NULL for an absent one),
// without a trailing ';'. String constants (also E'', dollar-quoted), quoted identifiers, comments
// and names like a$1 are left alone. Throws error when a $n has no parameter.
std::string inlined(statement const &s);

// "ACCESS EXCLUSIVE on \"public\".\"x\", SHARE on ...": the locks as a dry run's comment; "" when
// there are none.
std::string lock_summary(statement const &s);

} // namespace pgtend::plan

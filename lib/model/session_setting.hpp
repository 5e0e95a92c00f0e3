// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

namespace pgtend::model {

// Says a call of set_config in this one statement, as it stands, that the setting is to outlive the
// transaction? What only defines (a function, procedure, view or rule) calls nothing. Pure. Throws
// error as sql_lexer does.
bool sets_for_session(std::string_view statement);

} // namespace pgtend::model

// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "base/rows.hpp"
#include "pg/connect.hpp"

namespace pgtend::pg {

// Asks the admin console of PgBouncer, which speaks PostgreSQL's protocol and is none: what each
// command gives, on a connection of its own, each within attempt_timeout. Throws what connect()
// does, timed_out, interrupted, and error with what the console says.
std::vector<rows> ask_console(connect_options const &options,
                              std::vector<std::string> const &commands, clock &time,
                              random_source const &random);

} // namespace pgtend::pg

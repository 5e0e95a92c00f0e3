// SPDX-License-Identifier: Apache-2.0
// What a server says beside its results, and when that means that work was not done. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "pg/session.hpp"
#include "plan/statement.hpp"

namespace pgtend::engine {

// The failure that a notice tells of, if one does:
// - VACUUM, ANALYZE and CLUSTER without the right answer with a WARNING and success ("skipping
// ...", "permission denied to
//   vacuum ..., skipping it"); one that a lock or a dropped table made skip says so the same way.
//   These texts are translated by lc_messages and have no SQLSTATE of their own, so on a server
//   whose messages are not English (`english` false) every WARNING of a statement outside a
//   transaction counts;
// - 42622: a name was cut to 63 bytes;
// - 42P07, 42710, 42701, 42P06 and the like as a NOTICE: something "already exists, skipping",
// unless statement.may_skip. "does not exist, skipping" is no failure: what DROP IF EXISTS asked
// for is so.
std::optional<error> skipped_work(std::vector<pg::notice> const &said, plan::statement const &by,
                                  bool english);

// The WARNINGs among them, one line each, for a person to read; the first and the last ten.
std::vector<std::string> warnings(std::vector<pg::notice> const &said);

// Appends the lines that are not there yet; after 200 in all one that says that there was more.
void add_notes(std::vector<std::string> &notes, std::vector<std::string> const &more);

} // namespace pgtend::engine

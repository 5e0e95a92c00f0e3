// SPDX-License-Identifier: Apache-2.0
// What a person can do about an error of the server.
#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/executor.hpp"
#include "pg/session.hpp"
#include "plan/statement.hpp"

namespace pgtend::engine {

// May the same work succeed when it is tried again? Of SQLSTATEs: 40001, 40P01, 53300, 57P03 and
// class 08 but 08007; 55P03 is the lock protocol's. Never 42, 28, 53100 (disk full), 57014.
bool transient(std::string const &sqlstate);

// The same error with a hint that tells what to do, when the server gave none. `failed` is nullptr
// when the work's transaction could not be opened (settings, role, fence). After 42501 on a
// statement whose locks name tables, asks which privilege is missing (one round trip, on a session
// without an open transaction; what fails there is ignored).
error with_hint(error const &e, plan::statement const *failed, work_settings const &settings,
                pg::session *ask);

} // namespace pgtend::engine

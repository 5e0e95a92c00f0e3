// SPDX-License-Identifier: Apache-2.0
// The storage parameters that `autovacuum apply` has set, and what they were before.
#pragma once
#include "model/storage_parameter.hpp"
#include "pg/session.hpp"

namespace pgtend::ledger {

// In the order of the tables' names. A database without a ledger has saved nothing: `present` is
// false then, and nothing is thrown for it. Throws as the calls of ledger.hpp do. No locks beyond
// ACCESS SHARE, which is waited for a second (55P03). No transaction may be open. They are written
// by the plans of vacuum/parameters.hpp, each together with the change itself.
model::parameter_ledger read_parameters(pg::session &s, pg::limits const &limit = {});

} // namespace pgtend::ledger

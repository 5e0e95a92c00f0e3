// SPDX-License-Identifier: Apache-2.0
// How the ledger's statements reach the server, and what their failures mean. Internal to the
// module.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "pg/session.hpp"

namespace pgtend::ledger {

struct migration {
    int number = 0;
    std::string_view name; // "migration_0001_ledger"
    std::string_view text;
};

// Those that this program carries, by number: 1, 2, 3 ... without a gap.
std::vector<migration> const &migrations();
// The number of the last one: what this program works with.
int current_version();

// One statement of the ledger. Each is atomic, so that a deadlock, a serialization failure (the
// role's default isolation may be higher than READ COMMITTED) or two insertions of the same job are
// tried again at once. Under default_transaction_read_only it runs in a READ WRITE transaction.
// Throws usage_error when there is no ledger, when it is older or newer than this program, or when
// a privilege is missing; connect_error on a standby; otherwise what session::run throws.
rows call(pg::session &s, std::string_view sql, std::vector<param> const &parameters = {},
          pg::limits const &limit = {});

// Several queries in one message and one snapshot; the results of each. Fails as call() does.
std::vector<rows> call_reading(pg::session &s, std::string_view queries,
                               pg::limits const &limit = {});

// A hint: what gives a role the right to use the ledger.
std::string grants_wanted(std::string const &role);
// The role of a session that is in no failed transaction; else nothing.
std::string role_of(pg::session &s) noexcept;

// Throws usage_error when a ledger of this version is not what this program works with.
void require_version(int version);
[[noreturn]] void throw_no_ledger();
[[noreturn]] void throw_standby();

// Instants as parameters, and as the ledger's queries return them (microseconds since 1970).
param to_param(std::optional<instant> at);
std::optional<instant> to_instant(rows const &from, std::size_t row, std::string_view column);

} // namespace pgtend::ledger

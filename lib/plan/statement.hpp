// SPDX-License-Identifier: Apache-2.0
// One SQL statement as data: its text, the locks it takes and on what, whether it may run in a
// transaction.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/name.hpp"
#include "base/rows.hpp"

namespace pgtend::plan {

// PostgreSQL's table-level lock modes, weakest first ("Explicit Locking" in its manual).
enum class lock_mode {
    access_share,
    row_share,
    row_exclusive,
    share_update_exclusive,
    share,
    share_row_exclusive,
    exclusive,
    access_exclusive,
};

constexpr lock_mode all_lock_modes[] = {
    lock_mode::access_share,  lock_mode::row_share,
    lock_mode::row_exclusive, lock_mode::share_update_exclusive,
    lock_mode::share,         lock_mode::share_row_exclusive,
    lock_mode::exclusive,     lock_mode::access_exclusive,
};

// "ACCESS EXCLUSIVE", as LOCK TABLE takes it.
std::string_view name(lock_mode mode);
// "AccessExclusiveLock", as pg_locks.mode shows it.
std::string_view catalog_name(lock_mode mode);
// The manual's table of conflicts.
bool conflict(lock_mode a, lock_mode b);

struct lock {
    std::string relation; // quoted and qualified, as in the statement
    lock_mode mode = lock_mode::access_share;
};

struct statement {
    std::string sql;
    std::vector<param> parameters = {};
    std::vector<lock> locks =
        {}; // what it takes beyond catalogs; the strongest mode on each relation

    // False: VACUUM, CONCURRENTLY and the like, which run outside a transaction block (error
    // 25001).
    bool in_transaction = true;
    // 0: no limit of its own. For statements outside a transaction it is set for the session and
    // reset.
    milliseconds timeout{0};
    // What a reader of the dry run should know; one line, may be empty.
    std::string comment = {};

    // The longest wait for one lock, row locks too; the shortest of a transaction's statements
    // holds for all of it. 0: the policy's attempt when it needs the lock protocol, otherwise the
    // policy's deadline. A task that sets it is told of a row lock (55P03) at once, without the
    // engine's own retries.
    microseconds lock_timeout{0};
    // Outside a transaction only: CONCURRENTLY, which waits for old transactions. It runs without
    // lock_timeout and statement_timeout, and no deadline ends it, because what it leaves behind is
    // worse than a wait (an invalid index, a pending detach).
    bool concurrently = false;
    // A query without parameters, asked right before the statement, after every wait for those who
    // were in the way: no row means that it is done already, by somebody else meanwhile. Then it is
    // left out, and the step has a note of it; asked once more when the statement fails because its
    // object is there already, or gone. Empty: always wanted.
    std::string still_wanted = {};
    // Outside a transaction, where an attempt that fails is not taken back as a whole: what clears
    // away what it left. Run, each for itself and under the lock protocol, before the next attempt
    // after a deadlock (40P01), or when the object was there already; `still_wanted` says whether
    // there is anything to clear away.
    std::vector<statement> clear_up = {};
    // It may lock tables in ways that `locks` does not know, such as the DDL of a person: it waits
    // for a lock as shortly as a statement that needs the lock protocol.
    bool short_waits = false;
    // Relations that it may lock, quoted, of which some may not exist: when a lock cannot be had,
    // who works on them is told. Where `locks` are known, not needed.
    std::vector<std::string> may_lock = {};
    // SQL that a person wrote: a NOTICE that something "already exists, skipping" is what IF NOT
    // EXISTS asked for.
    bool may_skip = false;
    // Only the number of its rows matters: they are not kept. It has no parameters.
    bool only_counted = false;
};

// True when some lock of it would make the application queue behind it while it waits: SHARE UPDATE
// EXCLUSIVE or stronger. Such statements are tried shortly and again, never waited for. A
// statement with short_waits counts, too.
bool needs_lock_protocol(lock const &l);
bool needs_lock_protocol(statement const &s);

using pgtend::quote;
using pgtend::quote_ident;

// 'text', for the few places that take no parameter (DDL, SET): backslashes are safe whatever
// standard_conforming_strings says. Throws error on a NUL byte.
std::string quote_literal(std::string_view text);
// $pgtend$...$pgtend$, with a tag that the text does not hold: the body of a DO.
std::string quote_dollar(std::string_view text);

} // namespace pgtend::plan

// SPDX-License-Identifier: Apache-2.0
// Who holds what one wants to lock. Nothing here takes a lock on a table of the application.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "pg/session.hpp"
#include "plan/statement.hpp"

namespace pgtend::engine {

// One transaction that holds a lock in conflict with a wanted one.
struct holder {
    std::string relation;      // as people write it: public.orders; empty: an old transaction
    std::string mode;          // "ACCESS EXCLUSIVE"
    std::string transaction;   // pg_locks.virtualtransaction
    std::string pid = {};      // empty: a prepared transaction
    std::string prepared = {}; // its identifier
    std::string application =
        {}; // this and the next ones are empty where the role may not see them
    std::string user = {}, state = {}, since = {}, query = {};
    bool yields = false; // an autovacuum worker, which gives way after deadlock_timeout
};

// "pid 123 (application \"psql\", user \"app\", idle in transaction since 2026-01-01T00:00:00Z,
// query: ...)"
std::string describe(holder const &who);
// The holders' descriptions, each once, at most three of them.
std::string describe(std::vector<holder> const &who);

// Of all statements, each relation once with every mode that is wanted of it.
std::vector<plan::lock> wanted_locks(std::vector<plan::statement> const &statements);

// Everybody who holds a conflicting lock now, of every mode wanted. One round trip, a READ ONLY
// transaction of its own: none may be open.
std::vector<holder> find_holders(pg::session &s, std::vector<plan::lock> const &wanted,
                                 pg::limits const &limit = {});

// Who may be in the way of a statement whose locks are not known: whoever has a lock on a relation
// that it may want (`may_lock`, looked up under `search_path` or else the session's) where it may
// lock tables, else one that keeps it out or comes with locked rows. As find_holders.
std::vector<holder> find_suspects(pg::session &s, plan::statement const &statement,
                                  std::optional<std::string> const &search_path,
                                  pg::limits const &limit = {});

// Transactions older than a second that CONCURRENTLY would wait for, without a lock of its own in
// anybody's way but with what it leaves behind when it is ended meanwhile. Those that the role may
// see. One round trip, as find_holders.
std::vector<holder> find_old_transactions(pg::session &s, pg::limits const &limit = {});

// What a look finds out before an attempt.
struct sight {
    std::vector<holder> in_the_way; // held a conflicting lock in two samples: do not try yet
    int existing = 1;               // how many of the wanted relations exist, at least 1
    bool only_yielding =
        false; // somebody is in the way, and all of them are autovacuum workers that give way
    microseconds deadlock_timeout{0};
};

// How far apart the two samples are: transactions of the application that come and go are shorter.
constexpr microseconds sample_distance = milliseconds{30};

// Looks whether some transaction holds a conflicting lock in two samples, `sample_distance` apart,
// of the locks that need the protocol (SHARE UPDATE EXCLUSIVE or stronger). One round trip, 0.2 ms,
// when nobody holds one at the first sample. `pause` waits between the samples.
sight look(pg::session &s, std::vector<plan::lock> const &wanted, pg::limits const &limit,
           std::function<void(microseconds)> const &pause);

// lock_timeout of one attempt. It is per lock: the attempt is shared among the relations, so that
// nobody queues longer behind the transaction than one attempt; at least 10 ms each. When only
// autovacuum is in the way: deadlock_timeout and half a second, after which it has yielded.
microseconds attempt_timeout(microseconds attempt, sight const &seen);

// The error of a lock that was not had in time. Where none is `wanted` as far as is known, `who`
// are those who work on the suspected ones.
lock_busy busy_error(std::vector<plan::lock> const &wanted, std::vector<holder> const &who,
                     microseconds waited, std::string const &statement);

} // namespace pgtend::engine

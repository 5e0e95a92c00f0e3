// SPDX-License-Identifier: Apache-2.0
#include "ledger/init.hpp"

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/name.hpp"
#include "base/text.hpp"
#include "ledger/call.hpp"
#include "ledger/migrate.hpp"
#include "sql/queries.hpp"

namespace pgtend::ledger {
namespace {

constexpr int most_failures = 10;

// Opens a transaction that excludes every other init and remove of this database.
void begin_alone(pg::session &s, std::string_view lock_timeout)
{
    s.begin();
    s.batch(fmt::format("SET LOCAL search_path = ''; SET LOCAL statement_timeout = 0; SET LOCAL "
                        "lock_timeout = '{}'; "
                        "SELECT pg_catalog.pg_advisory_xact_lock({})",
                        lock_timeout, init_lock));
}

// Nothing where EXECUTE on pg_control_system was taken from the role.
param system_identifier(pg::session &s)
{
    try {
        return s.run(sql::ledger_identity).value(0, 0);
    } catch (error const &e) {
        if (e.sqlstate() != "42501") {
            throw;
        }
        return std::nullopt;
    }
}

// Others that create at the same moment: CREATE SCHEMA and CREATE TABLE may fail with a unique
// violation in the catalog.
bool others_were_faster(error const &e)
{
    for (auto const *state : {"23505", "42P06", "42P07", "42710", "40001", "40P01"}) {
        if (e.sqlstate() == state) {
            return true;
        }
    }
    return false;
}

void apply(pg::session &s, migration const &next, bool first, bool new_schema,
           init_options const &options, param const &identity)
{
    s.batch(next.text);
    if (first) {
        s.run(sql::ledger_note_identity, {identity});
        auto const given_away = s.run(sql::ledger_strangers, {new_schema ? "true" : "false"});
        for (std::size_t i = 0; i < given_away.size(); ++i) {
            s.run(given_away.text(i, 0));
        }
    }
    s.run(sql::ledger_note_version,
          {std::to_string(next.number), options.test_clock ? "true" : "false"});
}

// One migration, if one is wanted. False: nothing is left to do.
bool step(pg::session &s, std::span<migration const> list, init_options const &options,
          param const &identity, bool created_here, init_result &out)
{
    begin_alone(s, "1min");
    auto const state = s.run(sql::ledger_state);
    bool const present = state.flag(0, "present");
    int version = 0;
    if (present) {
        auto const found = s.run(sql::ledger_version);
        if (found.empty()) {
            throw error{"the ledger is damaged: pgtend.meta has no row",
                        "Restore it, or drop the schema pgtend and run `pgtend init`."};
        }
        version = static_cast<int>(found.integer(0, 0));
    }
    int const latest = list.back().number;
    if (version > latest) {
        throw usage_error{
            fmt::format("the ledger has version {}, newer than this pgtend, which knows up to {}",
                        version, latest),
            "Use the newer pgtend that made it."};
    }
    if (options.test_clock && present && !created_here &&
        !s.run(sql::ledger_test_clock).flag(0, 0)) {
        throw usage_error{"this database has a ledger that was not made for tests",
                          "A test clock can only be had with a new one: `pgtend init --remove`, "
                          "then `pgtend init --test-clock`."};
    }
    if (out.applied.empty()) {
        out.from_version = version;
    }
    out.to_version = version;
    for (auto const &next : list) {
        if (next.number == version + 1) {
            apply(s, next, version == 0, !state.flag(0, "schema_present"), options, identity);
            s.commit();
            out.to_version = next.number;
            out.applied.emplace_back(next.name);
            return true;
        }
    }
    s.commit();
    return false;
}

// After the rollback.
[[noreturn]] void explain_denied(pg::session &s, error const &e)
{
    auto const what = first_line(e.message());
    auto const state = s.run(sql::ledger_state);
    auto const role = state.text(0, "role");
    if (state.flag(0, "present")) {
        throw usage_error{"this role may not use the ledger: " + what, grants_wanted(role)};
    }
    auto const shown = display_identifier(role);
    throw usage_error{"this role may not create the ledger: " + what,
                      fmt::format("Let the database's owner run `CREATE SCHEMA pgtend "
                                  "AUTHORIZATION {0}`, or `pgtend init` itself and then what "
                                  "`pgtend init --print-grants {0}` prints.",
                                  shown)};
}

[[noreturn]] void explain_and_throw(pg::session &s, error const &e)
{
    if (e.sqlstate() == "42501" && !s.lost()) {
        explain_denied(s, e);
    }
    if (others_were_faster(e)) {
        throw error{"the ledger cannot be created: " + e.message(),
                    "The schema pgtend holds something else of that name; move it away.",
                    e.sqlstate(), e.statement()};
    }
    if (e.sqlstate() == "55P03") {
        throw error{
            "another `pgtend init` is at work in this database, or somebody locks the ledger",
            "Look into pg_locks, and try again.", e.sqlstate(), e.statement(), exit_code::held};
    }
    throw;
}

} // namespace

init_result migrate(pg::session &s, std::span<migration const> list, init_options const &options,
                    clock &time, random_source const &random)
{
    if (s.run(sql::ledger_state).flag(0, "in_recovery")) {
        throw_standby();
    }
    auto const identity = system_identifier(s);
    backoff pause{milliseconds{20}, seconds{1}, random};
    init_result out;
    for (int failures = 0;;) {
        try {
            bool const created_here = out.from_version == 0 && !out.applied.empty();
            if (!step(s, list, options, identity, created_here, out)) {
                return out;
            }
        } catch (error const &e) {
            s.rollback();
            if (s.lost() || !others_were_faster(e) || ++failures == most_failures) {
                explain_and_throw(s, e);
            }
            time.sleep(pause.next(), {});
        } catch (...) {
            s.rollback();
            throw;
        }
    }
}

init_result init(pg::session &s, init_options const &options, clock &time,
                 random_source const &random)
{
    return migrate(s, migrations(), options, time, random);
}

bool remove(pg::session &s)
{
    if (s.run(sql::ledger_state).flag(0, "in_recovery")) {
        throw_standby();
    }
    try {
        begin_alone(s, "5s");
        if (!s.run(sql::ledger_state).flag(0, "present")) {
            s.rollback();
            return false;
        }
        s.run("LOCK TABLE pgtend.lease, pgtend.fence IN ACCESS EXCLUSIVE MODE");
        auto const busy = s.run(sql::ledger_busy);
        if (!busy.empty()) {
            throw error{fmt::format("job '{}' is held by {}", printable(busy.text(0, "job")),
                                    printable(busy.text(0, "holder"))),
                        "Wait until it has ended, or stop its runner; the ledger is left as it is.",
                        {},
                        {},
                        exit_code::held};
        }
        s.run("DROP SCHEMA pgtend CASCADE");
        s.commit();
        return true;
    } catch (error const &e) {
        s.rollback();
        if (e.sqlstate() == "42501") {
            throw usage_error{"this role may not drop the ledger: " + first_line(e.message()),
                              "Let its owner do it."};
        }
        explain_and_throw(s, e);
    }
}

void adopt(pg::session &s)
{
    if (call(s, sql::ledger_note_identity, {system_identifier(s)}).affected() == 0) {
        throw_no_ledger();
    }
}

std::string grants(std::string_view role)
{
    auto const to = quote_ident(role);
    return fmt::format(R"(-- What {0} needs to run jobs: the ledger.
GRANT USAGE ON SCHEMA pgtend TO {0};
GRANT SELECT, UPDATE (all_paused, all_paused_because, connect_failures, connect_failed_at) ON pgtend.meta TO {0};
-- UPDATE is also what every work transaction needs: SELECT ... FROM pgtend.fence ... FOR SHARE.
GRANT SELECT, INSERT, UPDATE ON pgtend.lease, pgtend.fence TO {0};
GRANT SELECT, INSERT, UPDATE, DELETE ON pgtend.run, pgtend.runner, pgtend.storage_parameter, pgtend.readiness TO {0};
-- Only where it was taken from PUBLIC; without it a restored copy is told by its oid alone:
-- GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO {0};
--
-- What its jobs touch, table by table, is for you to grant. As a rule:
--   everything               GRANT <owner of the tables> TO {0};
-- or, with less:
--   cleanup, expire          GRANT SELECT, UPDATE, DELETE ON <table and its partitions> TO {0};
--   partition, index         ownership of the table, CREATE on its schema
--   autovacuum               ownership of the table
--   refresh, vacuum, analyze ownership; from PostgreSQL 17 on GRANT MAINTAIN ON <table> TO {0};
--   sql, watch               what the text needs
--   check                    nothing: it skips what it may not see. To see what can be given:
--                            GRANT pg_monitor TO {0};
--                            GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO {0};
--                            and TEMPORARY on the database, to compare indexes and views, where PUBLIC has lost it
--   role: <other>            GRANT <other> TO {0};
-- To see what others do (vacuum status, who holds a lock, whom an index waits for):
--   GRANT pg_monitor TO {0};
-- A role that row level security hides rows from fails rather than skip them.
)",
                       to);
}

} // namespace pgtend::ledger

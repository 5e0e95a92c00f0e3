// SPDX-License-Identifier: Apache-2.0
#include "engine/hints.hpp"

#include <optional>

#include "base/name.hpp"
#include "engine/privileges.hpp"

namespace pgtend::engine {
namespace {

// What is missing, as far as it can be told; nothing when it could not be asked.
std::optional<std::string> ask_for_grants(error const &e, plan::statement const *failed,
                                          work_settings const &settings, pg::session *ask)
{
    if (ask == nullptr || ask->lost()) {
        return std::nullopt;
    }
    try {
        return missing_grants(e, failed, settings, *ask);
    } catch (error const &) {
        return std::nullopt; // the hint that is given then is less, but right
    }
}

std::string denied(error const &e, plan::statement const *failed, work_settings const &settings,
                   pg::session *ask)
{
    if (e.message().find("new row violates row-level security policy") != std::string::npos) {
        return "The role may not write such a row: a policy of the table says so in its WITH "
               "CHECK.";
    }
    // Raised only because row_security is off: the policy would have hidden rows silently.
    std::string_view const policy =
        "A policy hides rows from this role. Let it see all of them (the "
        "table's owner, or a role with BYPASSRLS), or accept "
        "with `row_security: true` that it works on what it sees.";
    if (e.message().find("row-level security policy") != std::string::npos &&
        !settings.row_security) {
        return std::string{policy};
    }
    auto const grants = ask_for_grants(e, failed, settings, ask);
    if (grants && !grants->empty()) {
        return "Missing: " + *grants + ".";
    }
    if (failed == nullptr) {
        return "The role that connects needs the ledger's grants (`pgtend init --print-grants`)" +
               (settings.role.empty()
                    ? std::string{"."}
                    : " and membership in " + display_identifier(settings.role) + ".");
    }
    bool const said =
        e.message().starts_with("permission denied") || e.message().starts_with("must be");
    if (grants && !failed->locks.empty() && !said && !settings.row_security) {
        return std::string{
            policy}; // no privilege is missing; lc_messages may have translated the message
    }
    return "Grant the missing privilege to " +
           (settings.role.empty() ? std::string{"the role that connects"}
                                  : "the role " + display_identifier(settings.role)) +
           ", or let the job run as another one (`role:`).";
}

// What the server runs with a search_path of its own from version 17 on (release notes of 17,
// "Migration").
bool has_own_search_path(plan::statement const &s)
{
    for (char const *command :
         {"REFRESH ", "VACUUM", "ANALYZE", "REINDEX ", "CREATE INDEX ", "CREATE UNIQUE INDEX "}) {
        if (s.sql.starts_with(command)) {
            return true;
        }
    }
    return false;
}

std::string hint_for(error const &e, plan::statement const *failed, work_settings const &settings,
                     pg::session *ask)
{
    auto const &state = e.sqlstate();
    if (state == "42501") {
        return denied(e, failed, settings, ask);
    }
    if (state == "42P01" || state == "42704" || state == "42883") {
        if (failed != nullptr && has_own_search_path(*failed) && ask != nullptr &&
            ask->server_version() >= 170000) {
            return "From PostgreSQL 17 on this runs with the search_path pg_catalog, pg_temp: the "
                   "functions that it calls have to name relations and functions with their "
                   "schema.";
        }
        return settings.search_path
                   ? "Unqualified names are looked up in `search_path: " + *settings.search_path +
                         "`."
                   : "Unqualified names are looked up in the search_path of role and database; "
                     "`search_path:` names another.";
    }
    if (state == "42P07" && failed != nullptr && !failed->still_wanted.empty()) {
        return "Since this began, somebody made something of that name that is not what is wanted: "
               "run it again, and it says what is there and what to do.";
    }
    if (state == "57014") {
        return "It ran into statement_timeout, or somebody cancelled it; `timeout:` gives it more "
               "time.";
    }
    if (state == "53100") {
        return "The disk is full: free space before the next run.";
    }
    if (state == "25006") {
        return "The server takes no writes (a standby, or default_transaction_read_only): connect "
               "to the primary.";
    }
    return {};
}

} // namespace

bool transient(std::string const &sqlstate)
{
    return sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "53300" ||
           sqlstate == "57P03" || (sqlstate.starts_with("08") && sqlstate != "08007");
}

error with_hint(error const &e, plan::statement const *failed, work_settings const &settings,
                pg::session *ask)
{
    // The server's own hint on 42501 speaks of GRANT in general or of policies; ours names what is
    // missing.
    auto const hint =
        e.hint().empty() || e.sqlstate() == "42501" ? hint_for(e, failed, settings, ask) : e.hint();
    return error{e.message(), hint.empty() ? e.hint() : hint, e.sqlstate(),
                 e.statement().empty() && failed != nullptr ? failed->sql : e.statement(),
                 e.code()};
}

} // namespace pgtend::engine

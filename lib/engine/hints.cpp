// SPDX-License-Identifier: Apache-2.0
#include "engine/hints.hpp"

#include <algorithm>

#include "base/name.hpp"
#include "base/rows.hpp"
#include "base/text.hpp"
#include "sql/queries.hpp"

namespace pgtend::engine {
namespace {

bool has_word(std::string const &text, std::string_view word)
{
    auto const is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
        auto const end = at + word.size();
        if ((at == 0 || !is_letter(text[at - 1])) &&
            (end == text.size() || !is_letter(text[end]))) {
            return true;
        }
    }
    return false;
}

// The privileges that a statement of this text may need on its tables.
std::vector<std::string_view> needed_privileges(std::string const &sql)
{
    auto const text = lower(sql);
    std::vector<std::string_view> out{"SELECT"};
    for (std::string_view const privilege : {"INSERT", "UPDATE", "DELETE"}) {
        if (has_word(text, lower(privilege))) {
            out.push_back(privilege);
        }
    }
    return out;
}

bool changes_rows_only(std::string const &sql)
{
    constexpr std::string_view words[] = {"select", "insert", "update",
                                          "delete", "with",   "explain"};
    auto const text = lower(trim(sql));
    return std::any_of(std::begin(words), std::end(words),
                       [&](std::string_view word) { return text.starts_with(word); });
}

std::string grants_for(rows const &found, std::size_t i, plan::statement const &failed)
{
    auto const role = plan::quote_ident(found.text(i, "role"));
    auto const relation = plan::quote({found.text(i, "schema"), found.text(i, "name")});
    std::vector<std::string> out;
    if (!found.flag(i, "may_use_schema")) {
        out.push_back("GRANT USAGE ON SCHEMA " + plan::quote_ident(found.text(i, "schema")) +
                      " TO " + role);
    }
    if (changes_rows_only(failed.sql)) {
        std::vector<std::string> missing;
        for (auto const privilege : needed_privileges(failed.sql)) {
            if (!found.flag(i, "may_" + lower(privilege))) {
                missing.emplace_back(privilege);
            }
        }
        if (!missing.empty()) {
            out.push_back("GRANT " + join(missing, ", ") + " ON " + relation + " TO " + role);
        }
    } else if (!found.flag(i, "owns") && found.flag(i, "owned_by_superuser")) {
        // Membership in a superuser is no remedy.
        out.push_back("ALTER TABLE " + relation + " OWNER TO " + role + ", which a superuser owns");
    } else if (!found.flag(i, "owns")) {
        out.push_back("GRANT " + plan::quote_ident(found.text(i, "owner")) + " TO " + role +
                      " (the owner of " + relation + ")");
    }
    return join(out, "; ");
}

std::string missing_grants(plan::statement const &failed, work_settings const &settings,
                           pg::session &ask)
{
    std::vector<param> schemas, names;
    for (auto const &l : failed.locks) {
        auto const name = parse_qualified_name(l.relation);
        if (!name.schema.empty()) {
            schemas.emplace_back(name.schema);
            names.emplace_back(name.name);
        }
    }
    if (names.empty()) {
        return {};
    }
    auto const found = ask.run(sql::missing_privileges,
                               {settings.role, array_literal(schemas), array_literal(names)},
                               {.timeout = seconds{5}});
    std::vector<std::string> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (auto grant = grants_for(found, i, failed); !grant.empty()) {
            out.push_back(std::move(grant));
        }
    }
    return out.empty() ? "" : join(out, "; ") + ".";
}

std::string denied(error const &e, plan::statement const *failed, work_settings const &settings,
                   pg::session *ask)
{
    if (failed == nullptr) {
        return "The role that connects needs the ledger's grants (`pgtend init --print-grants`)" +
               (settings.role.empty()
                    ? std::string{"."}
                    : " and membership in " + display_identifier(settings.role) + ".");
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
    bool asked = false;
    if (ask != nullptr && !ask->lost() && !failed->locks.empty()) {
        try {
            if (auto grants = missing_grants(*failed, settings, *ask); !grants.empty()) {
                return "Missing: " + grants;
            }
            asked = !e.message().starts_with("permission denied") &&
                    !e.message().starts_with("must be");
        } catch (error const &) {
            // The hint below is less, but right.
        }
    }
    if (asked && !settings.row_security) {
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

// SPDX-License-Identifier: Apache-2.0
#include "ledger/call.hpp"

#include <charconv>
#include <fmt/core.h>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/name.hpp"
#include "base/text.hpp"
#include "sql/queries.hpp"

namespace pgtend::ledger {
namespace {

constexpr int most_tries = 20; // of a statement that met others; each has a fresh snapshot

// 23505: of two sessions that insert the same new job, ON CONFLICT (job) spares neither from the
// other unique index.
bool met_others(error const &e)
{
    return e.sqlstate() == "40001" || e.sqlstate() == "40P01" || e.sqlstate() == "23505";
}

// An object of the schema is missing: no ledger at all, or another version's?
[[noreturn]] void explain_missing(pg::session &s, error const &missing)
{
    int version = 0;
    try {
        auto const found = s.run(sql::ledger_version);
        if (found.empty()) {
            throw_no_ledger();
        }
        version = static_cast<int>(found.integer(0, 0));
    } catch (error const &e) {
        if (e.sqlstate() == "42P01" || e.sqlstate() == "3F000") {
            throw_no_ledger();
        }
        throw;
    }
    require_version(version);
    throw error{"the ledger is damaged: " + missing.message(),
                "Something of the schema pgtend was changed or dropped: restore it, or make a new "
                "one by `pgtend init --remove` "
                "and `pgtend init`.",
                missing.sqlstate(), missing.statement()};
}

// Throws what a failure means for the ledger, when it is one that has a meaning.
void explain(pg::session &s, error const &e)
{
    auto const &state = e.sqlstate();
    if (state == "42P01" || state == "3F000" || state == "42703") {
        explain_missing(s, e);
    }
    if (state == "42501") {
        throw usage_error{"this role may not use the ledger: " + first_line(e.message()),
                          grants_wanted(role_of(s))};
    }
}

// Such as that a standby did not confirm what was written before the wait for it was cancelled.
void tell_warnings(pg::session &s)
{
    for (auto const &each : s.take_notices()) {
        if (each.severity == "WARNING") {
            log::warning("writing to the ledger: {}", printable(on_one_line(each.message)));
        }
    }
}

rows run_in_read_write(pg::session &s, std::string_view sql, std::vector<param> const &parameters,
                       pg::limits const &limit)
{
    s.begin();
    try {
        auto out = s.run(sql, parameters, limit);
        s.commit();
        return out;
    } catch (...) {
        s.rollback();
        throw;
    }
}

} // namespace

std::vector<migration> const &migrations()
{
    static std::vector<migration> const all = [] {
        constexpr std::string_view prefix = "migration_";
        std::vector<migration> out;
        for (auto const &[name, text] : sql::all()) {
            if (!name.starts_with(prefix)) {
                continue;
            }
            migration found{0, name, text};
            std::from_chars(name.data() + prefix.size(), name.data() + name.size(), found.number);
            out.push_back(found);
        }
        return out;
    }();
    return all;
}

std::string grants_wanted(std::string const &role)
{
    return "Give it what `pgtend init --print-grants " +
           (role.empty() ? "ROLE" : display_identifier(role)) + "` prints.";
}

std::string role_of(pg::session &s) noexcept
{
    try {
        return s.lost() || s.in_transaction() ? std::string{}
                                              : s.run("SELECT current_user").text(0, 0);
    } catch (...) {
        return {};
    }
}

int current_version()
{
    return migrations().back().number;
}

void throw_no_ledger()
{
    throw usage_error{"this database has no ledger (schema pgtend)",
                      "Run `pgtend init` once to create it."};
}

void throw_standby()
{
    throw connect_error{"the server is a read-only standby",
                        "Connect to the primary, for example with target_session_attrs=read-write.",
                        "25006"};
}

void require_version(int version)
{
    if (version > current_version()) {
        throw usage_error{
            fmt::format("the ledger has version {}, newer than this pgtend, which knows up to {}",
                        version, current_version()),
            "Use the newer pgtend that made it."};
    }
    if (version < current_version()) {
        throw usage_error{fmt::format("the ledger has version {}, this pgtend works with {}",
                                      version, current_version()),
                          "Run `pgtend init` to upgrade it."};
    }
}

rows call(pg::session &s, std::string_view sql, std::vector<param> const &parameters,
          pg::limits const &limit)
{
    bool read_write = false;
    for (int tries = 1;; ++tries) {
        try {
            s.take_notices(); // of what was run before
            auto out = read_write ? run_in_read_write(s, sql, parameters, limit)
                                  : s.run(sql, parameters, limit);
            tell_warnings(s);
            return out;
        } catch (error const &e) {
            auto const &state = e.sqlstate();
            bool const alone = !s.lost() && !s.in_transaction();
            if (alone && met_others(e) && tries < most_tries) {
                continue;
            }
            if (alone && state == "25006" && !read_write) {
                if (s.run(sql::ledger_state).flag(0, "in_recovery")) {
                    throw_standby();
                }
                read_write = true; // default_transaction_read_only of the role or the database
                continue;
            }
            if (alone || state == "42501") {
                explain(s, e);
            }
            throw;
        }
    }
}

std::vector<rows> call_reading(pg::session &s, std::string_view queries, pg::limits const &limit)
{
    try {
        auto out = s.batch_all(
            fmt::format("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n{};\nCOMMIT", queries),
            limit);
        return {std::make_move_iterator(out.begin() + 1), std::make_move_iterator(out.end() - 1)};
    } catch (error const &e) {
        s.rollback();
        if (!s.lost()) {
            explain(s, e);
        }
        throw;
    }
}

param to_param(std::optional<instant> at)
{
    return at ? param{to_rfc3339(*at)} : std::nullopt;
}

std::optional<instant> to_instant(rows const &from, std::size_t row, std::string_view column)
{
    auto const at = from.column(column);
    if (!from.at(row, at)) {
        return std::nullopt;
    }
    return instant{microseconds{from.integer(row, at)}};
}

} // namespace pgtend::ledger

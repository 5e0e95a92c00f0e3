// SPDX-License-Identifier: Apache-2.0
#include "pg/probe.hpp"

#include <fmt/core.h>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace pgtend::pg {
namespace {

// One SELECT, because what it costs a fresh backend is mostly parsing and planning. All names are
// qualified and no operator is used, because until then the search_path may lead anywhere.
constexpr char const *facts = R"(BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_database(),
       CURRENT_USER,
       pg_catalog.current_setting('is_superuser'),
       pg_catalog.pg_backend_pid(),
       pg_catalog.clock_timestamp())";

struct setting {
    char const *name;
    char const *value;
    int since = 0; // version of the server
};
constexpr setting settings[]{
    {"statement_timeout", "0"},
    {"lock_timeout", "0"},
    {"idle_in_transaction_session_timeout", "30s"},
    {"idle_session_timeout", "0"},
    {"transaction_timeout", "0", 170000},
    {"default_transaction_read_only", "off"},
    {"client_min_messages", "notice"},
    {"search_path", ""},
    {"TimeZone", "UTC"},
    {"DateStyle", "ISO, YMD"},
    {"IntervalStyle", "postgres"},
    {"standard_conforming_strings", "on"},
    {"bytea_output", "hex"},
    {"extra_float_digits", "1"},
    {"jit", "off"}, // compiling queries of catalogs takes longer than running them
};

std::string question(session const &s, std::string_view with)
{
    std::string text{facts};
    for (auto const &one : settings) {
        if (s.server_version() >= one.since) {
            text += fmt::format(",\n       pg_catalog.set_config('{}', '{}', pooled)", one.name,
                                one.value);
        }
    }
    // For this transaction only when a pooler stands between.
    text += fmt::format("\nFROM pg_catalog.int4ne(pg_catalog.pg_backend_pid(), {}) pooled;\n",
                        s.backend_pid());
    if (!with.empty()) {
        text.append(with).append(";\n");
    }
    return text + "COMMIT";
}

// The results of BEGIN, the facts, what the companion asked if it did not fail, and COMMIT.
std::vector<rows> ask(session &s, companion const *with)
{
    limits const limit{std::chrono::seconds{30}};
    if (with != nullptr) {
        try {
            return s.batch_all(question(s, with->sql), limit);
        } catch (error const &e) {
            if (s.lost() || e.sqlstate().empty()) {
                throw;
            }
            s.rollback();
        }
    }
    return s.batch_all(question(s, {}), limit);
}

void judge_version(int version)
{
    int const major = version / 10000;
    if (major < oldest_server) {
        throw connect_error{
            fmt::format("the server is PostgreSQL {}.{}, too old for pgtend", major,
                        major < 10 ? version / 100 % 100 : version % 10000),
            fmt::format("pgtend works with PostgreSQL {} and later: upgrade the server",
                        oldest_server)};
    }
    if (major > newest_tested_server) {
        log::warning("the server is PostgreSQL {}; this pgtend was tested up to {}", major,
                     newest_tested_server);
    }
}

} // namespace

std::string database_of(std::string const &path)
{
    auto const last = path.rfind('/');
    if (last == std::string::npos || last == 0) {
        return {};
    }
    auto const before = path.rfind('/', last - 1);
    return before == std::string::npos ? "" : path.substr(before + 1, last - before - 1);
}

capabilities probe(session &s, clock &time, companion *with)
{
    judge_version(s.server_version());
    auto const wall = time.now();
    auto const sent = time.steady();
    auto answers = ask(s, with);
    auto const round_trip = std::chrono::duration_cast<microseconds>(time.steady() - sent);
    if (answers.size() < 3 || answers[1].size() != 1) {
        throw error{"the server did not answer the first question about itself",
                    "Is it PostgreSQL, or a pooler in front of one?"};
    }
    auto const &answer = answers[1];
    capabilities out;
    out.server_version = s.server_version();
    out.in_recovery = answer.flag(0, 0);
    out.database = answer.text(0, 1);
    out.user = answer.text(0, 2);
    out.superuser = answer.at(0, 3) == "on";
    out.backend_pid = static_cast<int>(answer.integer(0, 4));
    out.pid_differs = out.backend_pid != s.backend_pid();
    out.server_time = parse_rfc3339(answer.text(0, 5) + ":00"); // "... +00": UTC is set
    out.clock_skew = wall + round_trip / 2 - out.server_time;
    if (with != nullptr) {
        with->answers.assign(std::make_move_iterator(answers.begin() + 2),
                             std::make_move_iterator(answers.end() - 1));
    }
    return out;
}

bool bypasses_row_security(session &s)
{
    return s
        .run("SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles r "
             "WHERE r.rolname OPERATOR(pg_catalog.=) CURRENT_USER")
        .flag(0, 0);
}

} // namespace pgtend::pg

// SPDX-License-Identifier: Apache-2.0
#include "pg/probe.hpp"

#include <fmt/core.h>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace pgtend::pg {
namespace {

// One SELECT, because what it costs a fresh backend is mostly parsing and planning: 0.6 ms of its
// time, where queries of pg_database and pg_roles take 1.3 (PostgreSQL 15). Targets are evaluated
// from left to right (a test holds this), so that what the role says is read before it is set. All
// names are qualified and no operator is used, because until then the search_path may lead
// anywhere.
constexpr char const *facts = R"(BEGIN READ ONLY;
SELECT pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('default_transaction_read_only'),
       pg_catalog.current_database(),
       pg_catalog.pg_relation_filepath(1259),
       {},
       CURRENT_USER,
       pg_catalog.current_setting('is_superuser'),
       pg_catalog.pg_backend_pid(),
       pg_catalog.current_setting('search_path'),
       pg_catalog.current_setting('TimeZone'),
       pg_catalog.clock_timestamp())";

constexpr char const *system_identifier = "(pg_catalog.pg_control_system()).system_identifier";

struct setting {
    char const *name;
    char const *value;
    int since = 0; // version of the server
};
constexpr setting settings[]{
    {"statement_timeout", "0"},
    {"lock_timeout", "0"},
    {"idle_in_transaction_session_timeout", "30s"},
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
};

std::string question(session const &s, char const *identifier)
{
    auto text = fmt::format(fmt::runtime(facts), identifier);
    for (auto const &one : settings) {
        if (s.server_version() >= one.since) {
            // For this transaction only when a pooler stands between.
            text += fmt::format(",\n       pg_catalog.set_config('{}', '{}', "
                                "pg_catalog.int4ne(pg_catalog.pg_backend_pid(), {}))",
                                one.name, one.value, s.backend_pid());
        }
    }
    return text + ";\nCOMMIT";
}

rows ask(session &s)
{
    limits const limit{std::chrono::seconds{30}};
    try {
        return s.batch(question(s, system_identifier), limit);
    } catch (error const &e) {
        s.rollback();
        if (e.sqlstate() != "42501") { // some operators take EXECUTE on pg_control_system away
            throw;
        }
    }
    return s.batch(question(s, "NULL"), limit);
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

capabilities probe(session &s, clock &time)
{
    auto const wall = time.now();
    auto const sent = time.steady();
    auto const answer = ask(s);
    auto const round_trip = std::chrono::duration_cast<microseconds>(time.steady() - sent);
    if (answer.size() != 1) {
        throw error{"the server did not answer the first question about itself",
                    "Is it PostgreSQL 13 or later?"};
    }
    capabilities out;
    out.server_version = s.server_version();
    out.in_recovery = answer.flag(0, 0);
    out.default_read_only = answer.at(0, 1) == "on";
    out.database = answer.text(0, 2);
    out.database_oid = database_of(answer.text(0, 3));
    out.system_identifier = answer.text(0, 4);
    out.user = answer.text(0, 5);
    out.superuser = answer.at(0, 6) == "on";
    out.backend_pid = static_cast<int>(answer.integer(0, 7));
    out.pid_differs = out.backend_pid != s.backend_pid();
    out.search_path = answer.text(0, 8);
    out.time_zone = answer.text(0, 9);
    out.server_time = parse_rfc3339(answer.text(0, 10) + ":00"); // "... +00": UTC is set
    out.clock_skew = wall + round_trip / 2 - out.server_time;
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

// SPDX-License-Identifier: Apache-2.0
#include "pg/probe.hpp"

#include <charconv>
#include <fmt/core.h>

#include "base/error.hpp"
#include "base/log.hpp"

namespace pgtend::pg {
namespace {

// {0}: whether a setting holds for this transaction only, which it does when a pooler stands
// between. Limits of time come first, because the role's would end what follows; the search_path
// is read before it is set, and until then it may lead anywhere: names are qualified, operators
// too. Statements that set return no row, so that the row of the facts remains the last one.
constexpr char const *probe_text = R"(BEGIN READ ONLY;
SELECT WHERE pg_catalog.concat(
    pg_catalog.set_config('statement_timeout', '0', {0}),
    pg_catalog.set_config('lock_timeout', '0', {0}),
    pg_catalog.set_config('idle_in_transaction_session_timeout', '30s', {0}){1}) IS NULL;
SELECT pg_catalog.current_setting('server_version_num'),
       pg_catalog.pg_is_in_recovery(),
       pg_catalog.current_setting('default_transaction_read_only'),
       d.datname, d.oid, {2},
       r.rolname, r.rolsuper, r.rolbypassrls,
       pg_catalog.pg_backend_pid(),
       extract(epoch FROM pg_catalog.clock_timestamp()),
       pg_catalog.current_setting('search_path'),
       pg_catalog.current_setting('TimeZone')
  FROM pg_catalog.pg_database d, pg_catalog.pg_roles r
 WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()
   AND r.rolname OPERATOR(pg_catalog.=) CURRENT_USER;
SELECT WHERE pg_catalog.concat(
    pg_catalog.set_config('search_path', '', {0}),
    pg_catalog.set_config('TimeZone', 'UTC', {0}),
    pg_catalog.set_config('DateStyle', 'ISO, YMD', {0}),
    pg_catalog.set_config('IntervalStyle', 'postgres', {0}),
    pg_catalog.set_config('standard_conforming_strings', 'on', {0}),
    pg_catalog.set_config('bytea_output', 'hex', {0}),
    pg_catalog.set_config('extra_float_digits', '1', {0}),
    pg_catalog.set_config('client_min_messages', 'notice', {0}),
    pg_catalog.set_config('default_transaction_read_only', 'off', {0})) IS NULL;
COMMIT)";

constexpr char const *system_identifier =
    "(SELECT c.system_identifier FROM pg_catalog.pg_control_system() c)";

rows ask(session &s)
{
    auto const local =
        fmt::format("pg_catalog.int4ne(pg_catalog.pg_backend_pid(), {})", s.backend_pid());
    auto const since_17 =
        s.server_version() < 170000
            ? std::string{}
            : fmt::format(",\n    pg_catalog.set_config('transaction_timeout', '0', {})", local);
    auto const text = [&](char const *identifier) {
        return fmt::format(fmt::runtime(probe_text), local, since_17, identifier);
    };
    limits const limit{std::chrono::seconds{30}};
    try {
        return s.batch(text(system_identifier), limit);
    } catch (error const &e) {
        s.rollback();
        if (e.sqlstate() != "42501") { // some operators take EXECUTE on pg_control_system away
            throw;
        }
    }
    return s.batch(text("NULL"), limit);
}

// "1700000000.123456": seconds since 1970 as extract(epoch) gives them, never rounded.
instant parse_epoch(std::string const &text)
{
    auto const point = std::min(text.find('.'), text.size());
    auto fraction = text.substr(std::min(point + 1, text.size()));
    fraction.resize(6, '0');
    auto const number = [](std::string const &digits) {
        long long value = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
        return value;
    };
    return instant{std::chrono::seconds{number(text.substr(0, point))} +
                   microseconds{number(fraction)}};
}

int pid_now(session &s, limits const &limit)
{
    return static_cast<int>(s.run("SELECT pg_catalog.pg_backend_pid()", {}, limit).integer(0, 0));
}

} // namespace

capabilities probe(session &s, clock &time)
{
    auto const wall = time.now();
    auto const sent = time.steady();
    auto const facts = ask(s);
    auto const round_trip = std::chrono::duration_cast<microseconds>(time.steady() - sent);
    if (facts.size() != 1 || facts.width() != 13) {
        throw error{"the server did not answer the first question about itself",
                    "Is it PostgreSQL 13 or later?"};
    }
    capabilities out;
    out.server_version = static_cast<int>(facts.integer(0, 0));
    out.in_recovery = facts.flag(0, 1);
    out.default_read_only = facts.at(0, 2) == "on";
    out.database = facts.text(0, 3);
    out.database_oid = facts.text(0, 4);
    out.system_identifier = facts.text(0, 5);
    out.user = facts.text(0, 6);
    out.superuser = facts.flag(0, 7);
    out.bypasses_row_security = facts.flag(0, 8);
    out.backend_pid = static_cast<int>(facts.integer(0, 9));
    out.pid_differs = out.backend_pid != s.backend_pid();
    out.server_time = parse_epoch(facts.text(0, 10));
    out.clock_skew = wall + round_trip / 2 - out.server_time;
    out.search_path = facts.text(0, 11);
    out.time_zone = facts.text(0, 12);
    return out;
}

pooler find_pooler(session &s, capabilities const &found, connect_options const &second,
                   clock &time, random_source const &random)
{
    if (!found.pid_differs) {
        return pooler::none;
    }
    limits const limit{std::chrono::seconds{5}, second.stop};
    try {
        auto other = connect(second, time, random);
        // A pooler gives the server connection that was used last: ours, if it is free between
        // transactions. Other clients may come between, hence several tries.
        for (int tries = 0; tries < 3; ++tries) {
            auto const ours = pid_now(s, limit);
            if (ours != found.backend_pid) {
                return pooler::transaction;
            }
            other.begin(isolation::read_committed, true);
            auto const theirs = pid_now(other, limit);
            if (theirs == ours || pid_now(s, limit) != ours) {
                return pooler::transaction;
            }
            other.rollback();
        }
    } catch (interrupted const &) {
        throw;
    } catch (error const &e) {
        log::debug("whether the pooler gives sessions or transactions is not known, so "
                   "transactions are assumed: {}",
                   e.what());
        return pooler::transaction;
    }
    return pooler::session;
}

} // namespace pgtend::pg

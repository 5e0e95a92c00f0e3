// SPDX-License-Identifier: Apache-2.0
#include "pg/probe.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <unistd.h>

#include "base/error.hpp"
#include "support/database.hpp"
#include "support/pooler.hpp"
#include "support/proxy.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using test::database;

namespace {

void end(std::string const &script, std::string const &directory) noexcept
{
    try {
        test::run_script(script, "stop " + directory);
    } catch (std::exception const &e) {
        fmt::print(stderr, "{}\n", e.what());
    }
}

// A server of its own, restarted as a standby that follows nobody.
class standby {
  public:
    standby()
    {
        test::run_script("server", "start " + directory_);
        try {
            auto const *as_owner =
                ::getuid() == 0 ? "setpriv --reuid postgres --clear-groups " : "";
            auto const restart =
                fmt::format("cd / && {0}touch {1}/data/standby.signal && "
                            "{0}{2}/pg_ctl -D {1}/data -l {1}/log -w restart >/dev/null",
                            as_owner, directory_, test::server_variable("BIN"));
            REQUIRE(std::system(restart.c_str()) == 0);
        } catch (...) {
            end("server", directory_);
            throw;
        }
    }
    ~standby() { end("server", directory_); }
    standby(standby const &) = delete;
    standby &operator=(standby const &) = delete;
    std::string dsn() const
    {
        auto const exports = test::run_script("server", "start " + directory_);
        auto const port = exports.substr(exports.find("TEST_PORT=") + 10, 5);
        return fmt::format("host={} port={} user=postgres dbname=postgres", directory_, port);
    }

  private:
    std::string directory_ = fmt::format("/tmp/pgtend-standby-{}", ::getpid());
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a direct session: the facts, the settings of a control session, one round trip")
    {
        database const db;
        test::proxy network;
        auto s = test::open(network.dsn(db.name()));
        system_clock time;
        auto const before = network.messages();
        auto const found = pg::probe(s, time);
        CHECK(network.messages() - before == 1);
        CHECK(found.server_version == s.server_version());
        CHECK(found.server_version >= pg::oldest_server * 10000);
        CHECK(!found.in_recovery);
        CHECK(found.database == db.name());
        CHECK(found.user == "postgres");
        CHECK(found.superuser);
        CHECK(pg::bypasses_row_security(s));
        CHECK(found.backend_pid == s.backend_pid());
        CHECK(!found.pid_differs);
        CHECK(found.clock_skew < 100ms);
        CHECK(found.clock_skew > -100ms);
        CHECK(!s.in_transaction());
        auto const setting = [&](std::string const &name) {
            return s.run("SELECT pg_catalog.current_setting($1)", {name}).text(0, 0);
        };
        CHECK(setting("search_path") == "");
        CHECK(setting("TimeZone") == "UTC");
        CHECK(setting("DateStyle") == "ISO, YMD");
        CHECK(setting("statement_timeout") == "0");
        CHECK(setting("idle_in_transaction_session_timeout") == "30s");
        CHECK(setting("idle_session_timeout") == "0");
        CHECK(setting("transaction_read_only") == "off");
        CHECK(setting("jit") == "off");
    }

    TEST_CASE("what a role's settings could spoil")
    {
        database const db;
        auto const role = db.name() + "_role";
        db.psql(fmt::format(
            "CREATE ROLE {0} LOGIN; CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO {0};"
            "CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT "
            "NULL::timestamptz';"
            "CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS $$SELECT "
            "'evil'$$;"
            "CREATE FUNCTION evil.yes(name, name) RETURNS bool LANGUAGE sql AS 'SELECT false';"
            "CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = evil.yes);"
            "CREATE TABLE evil.pg_roles (); CREATE TABLE evil.pg_database ();"
            "ALTER ROLE {0} SET search_path = evil, pg_catalog; ALTER ROLE {0} SET TimeZone = "
            "'Africa/Kinshasa';"
            "ALTER ROLE {0} SET DateStyle = 'German'; ALTER ROLE {0} SET "
            "default_transaction_read_only = on;"
            "ALTER ROLE {0} SET client_min_messages = error; ALTER ROLE {0} SET statement_timeout "
            "= '50ms';"
            "ALTER ROLE {0} SET lock_timeout = '1ms'; ALTER ROLE {0} SET "
            "idle_in_transaction_session_timeout = 0; ALTER ROLE {0} SET idle_session_timeout = "
            "'1h'",
            role));
        auto s = test::open(db.dsn(role));
        system_clock time;
        auto const found = pg::probe(s, time);
        CHECK(found.user == role);
        CHECK(!found.superuser);
        CHECK(!pg::bypasses_row_security(s));
        CHECK(found.clock_skew < 1s);
        CHECK(found.clock_skew > -1s);
        CHECK(s.run("SELECT now() IS NULL").text(0, 0) == "f");
        CHECK(s.run("SELECT pg_sleep(0.1)").size() == 1);
        CHECK(s.run("SHOW transaction_read_only").text(0, 0) == "off");
        CHECK(s.run("SHOW idle_session_timeout").text(0, 0) == "0");
        s.run("DO $$ BEGIN RAISE WARNING 'skipping'; END $$");
        CHECK(s.take_notices().size() == 1);
        db.psql(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
    }

    TEST_CASE("a role that bypasses policies")
    {
        database const db;
        db.psql(fmt::format("CREATE ROLE {}_all LOGIN BYPASSRLS", db.name()));
        {
            auto s = test::open(db.dsn(db.name() + "_all"));
            system_clock time;
            CHECK(!pg::probe(s, time).superuser);
            CHECK(pg::bypasses_row_security(s));
        }
        db.psql(fmt::format("DROP ROLE {}_all", db.name()));
    }

    TEST_CASE("a query that travels with the probe: one message, under its settings")
    {
        database const db;
        test::proxy network;
        auto s = test::open(network.dsn(db.name()));
        system_clock time;
        auto const before = network.messages();
        pg::companion with{"SELECT pg_catalog.current_setting('search_path'), "
                           "pg_catalog.current_setting('transaction_read_only'); SELECT 1 WHERE "
                           "false"};
        CHECK(pg::probe(s, time, &with).database == db.name());
        CHECK(network.messages() - before == 1);
        REQUIRE(with.answers.size() == 2);
        CHECK(with.answers[0].text(0, 0) == "");
        CHECK(with.answers[0].text(0, 1) == "on");
        CHECK(with.answers[1].empty());

        pg::companion failing{"SELECT * FROM nowhere"};
        CHECK(pg::probe(s, time, &failing).database == db.name());
        CHECK(failing.answers.empty());
        CHECK(!s.in_transaction());
        CHECK(s.run("SHOW search_path").text(0, 0) == "");
    }

    TEST_CASE("this host's clock against the server's")
    {
        database const db;
        auto s = db.connect();
        fake_clock time{system_clock{}.now() + 120s};
        auto const ahead = pg::probe(s, time).clock_skew;
        CHECK(ahead > 119s);
        CHECK(ahead < 121s);
        time.set(system_clock{}.now() - 120s);
        auto const behind = pg::probe(s, time).clock_skew;
        CHECK(behind < -119s);
        CHECK(behind > -121s);
    }

    TEST_CASE("a standby says so")
    {
        standby const server;
        auto s = test::open(server.dsn());
        system_clock time;
        CHECK(pg::probe(s, time).in_recovery);
    }

    TEST_CASE("PgBouncer in session mode")
    {
        database const db;
        test::pooler const bouncer{"session", 5};
        auto s = test::open(bouncer.dsn(db));
        system_clock time;
        auto const found = pg::probe(s, time);
        CHECK(found.pid_differs);
        CHECK(!s.in_transaction());
    }

    TEST_CASE("PgBouncer in transaction mode: noticed, also with one server connection, and no "
              "setting leaks")
    {
        for (int const size : {5, 1}) {
            CAPTURE(size);
            database const db;
            test::pooler const bouncer{"transaction", size};
            auto s = test::open(bouncer.dsn(db));
            auto other = test::open(bouncer.dsn(db));
            system_clock time;
            auto const found = pg::probe(s, time);
            CHECK(found.pid_differs);
            // the server connection that the probe ran on
            CHECK(other.run("SELECT pg_backend_pid()").integer(0, 0) == found.backend_pid);
            CHECK(other.run("SHOW search_path").text(0, 0) == "\"$user\", public");
            CHECK(other.run("SHOW idle_in_transaction_session_timeout").text(0, 0) == "0");
        }
    }
}

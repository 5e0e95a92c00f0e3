// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "pg/connect.hpp"
#include "pg/diagnosis.hpp"

using namespace pgtend;
using pg::conninfo;

namespace {

std::string refusal(std::string const &text)
{
    try {
        auto const parsed = conninfo{text};
        return "accepted: " + parsed.display();
    } catch (usage_error const &e) {
        CHECK(e.code() == exit_code::usage);
        CHECK(!e.hint().empty());
        return describe(e);
    }
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("keywords and URIs; the password is never shown")
    {
        conninfo const words{
            "host=db.example port=5433 dbname=app user=me password='top secret' sslpassword=key"};
        CHECK(words.display() == "host=db.example port=5433 dbname=app user=me");
        CHECK(words.get("password") == "top secret");
        CHECK(words.get("service") == "");
        conninfo const uri{"postgresql://me:p%40ss@a:1,b:2/"
                           "app?target_session_attrs=read-write&application_name=a@b"};
        CHECK(uri.display() ==
              "host=a,b port=1,2 dbname=app user=me target_session_attrs=read-write");
        CHECK(uri.get("password") == "p@ss");
        CHECK(conninfo{"postgres://me:1?2@host/db"}.get("password") == "1?2");
        CHECK(conninfo{}.display() == "the default connection");
        CHECK(conninfo{""}.display() == "the default connection");
        CHECK(conninfo{"host=@abstract"}.get("host") == "@abstract");
        CHECK(conninfo{"postgresql:///app?host=/run/x"}.display() == "host=/run/x dbname=app");
    }

    TEST_CASE("set replaces or adds")
    {
        conninfo c{"dbname=a"};
        c.set("dbname", "b");
        c.set("user", "me");
        CHECK(c.display() == "dbname=b user=me");
        CHECK(c.values().size() == 2);
    }

    TEST_CASE("a text that cannot be parsed is never repeated")
    {
        for (std::string const text : {
                 "host=x password=topsecret and blank",
                 "password='topsecret",
                 "topsecret",
                 "passwort=topsecret",
                 "postgresql://me:topsecret@host:port/db",
                 "postgresql://me:topsecret@[::1/db",
                 "postgresql://me:topsec%zzret@host/db",
                 "postgresql://host/db?topsecret=1",
                 // an unencoded character of the password that moves the rest of it into host, port
                 // or database
                 "postgresql://me:1@topsecret@host/db",
                 "postgresql://me:topsecret/a@host/db",
                 "postgresql://me:1/topsecret@host/db",
                 "postgresql://me:1/topsecret@host:1/db",
                 "postgres://me:1/x?topsecret@host:1/db",
                 "postgres://me:topsecret?x/y@host:1/db",
                 "host=x port=topsecret",
             }) {
            CAPTURE(text);
            auto const said = refusal(text);
            CHECK(said.find("accepted") == std::string::npos);
            CHECK(said.find("topsec") == std::string::npos);
        }
        CHECK_THROWS_AS(conninfo(std::string_view{"host=x\0y", 8}), usage_error);
    }

    TEST_CASE("why a connection fails, and whether it may pass")
    {
        struct {
            char const *text;
            char const *sqlstate;
            bool may_pass;
            char const *hint;
        } const cases[] = {
            {"FATAL:  28P01: password authentication failed for user \"x\"\n", "28P01", false,
             "Check role and password"},
            {"FATAL:  28000: no pg_hba.conf entry for host \"::1\"\n", "28000", false,
             "Add a line"},
            {"FATAL:  28000: role \"x\" does not exist\n", "28000", false, "Name an existing role"},
            {"FATAL:  28000: role \"x\" is not permitted to log in\n", "28000", false,
             "ALTER ROLE"},
            {"FATAL:  28000: Peer authentication failed for user \"x\"\n", "28000", false,
             "pg_hba.conf"},
            {"FATAL:  3D000: database \"x\" does not exist\n", "3D000", false, "Check dbname"},
            {"FATAL:  42501: permission denied for database \"x\"\nDETAIL:  User does not have "
             "CONNECT privilege.\n",
             "42501", false, "GRANT CONNECT"},
            {"FATAL:  53300: sorry, too many clients already\n", "53300", true, "max_connections"},
            {"FATAL:  57P03: the database system is starting up\n", "57P03", true, "starting up"},
            {"FATAL:  57P01: terminating connection due to administrator command\n", "57P01", true,
             "restarting"},
            {"FATAL:  55000: database \"x\" is not currently accepting connections\n", "55000",
             false, "ALLOW_CONNECTIONS"},
            {"FATAL:  08P01: no such database: x\n", "08P01", false, "[databases]"},
            {"FATAL:  08P01: query_wait_timeout\n", "08P01", true, "pooler"},
            {"FATAL:  58P01: could not access file \"x\"\n", "58P01", false, ""},
            {"connection to server at \"x\" (1.2.3.4), port 1 failed: Connection refused\n", "",
             true, "Is the server running"},
            {"connection to server on socket \"/x\" failed: No such file or directory\n", "", true,
             "Is the server running"},
            {"connection to server on socket \"/x\" failed: Permission denied\n", "", false,
             "socket"},
            {"connection to server at \"x\", port 1 failed: No route to host\n", "", true,
             "firewall"},
            {"connection to server at \"x\", port 1 failed: Network is unreachable\n", "", true,
             "IPv6"},
            {"could not translate host name \"x\" to address: Name or service not known\n", "",
             false, "not known"},
            {"could not translate host name \"x\" to address: Temporary failure in name "
             "resolution\n",
             "", true, "name server"},
            {"connection to server at \"x\", port 1 failed: fe_sendauth: no password supplied\n",
             "", false, "pgpass"},
            {"connection to server at \"x\", port 1 failed: server does not support SSL, but SSL "
             "was required\n",
             "", false, "no TLS"},
            {"connection to server at \"x\", port 1 failed: SSL error: certificate verify failed\n",
             "", false, "sslrootcert"},
            {"connection to server at \"x\", port 1 failed: session is read-only\n", "", true,
             "failover"},
            {"connection to server at \"x\", port 1 failed: server closed the connection "
             "unexpectedly\n",
             "", true, ""},
            {"invalid sslmode value: \"x\"\n", "", false, "connection string"},
            {"something new\n", "", true, ""},
        };
        for (auto const &c : cases) {
            CAPTURE(c.text);
            auto const d = pg::diagnose(c.text, false);
            CHECK(d.sqlstate == c.sqlstate);
            CHECK(d.may_pass == c.may_pass);
            CHECK(d.hint.find(c.hint) != std::string::npos);
            CHECK((*c.hint != '\0' || d.hint.empty()));
            CHECK(d.message.find('\n') == std::string::npos);
            CHECK(!d.message.empty());
        }
        CHECK(pg::diagnose("no answer from x", true).may_pass);
    }
}

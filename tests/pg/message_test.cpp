// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"
#include "pg/message.hpp"

#include <doctest/doctest.h>

using pgtend::pg::error_text;
using pgtend::pg::parse_message;

TEST_SUITE("nodb")
{
    TEST_CASE("the text of an error at VERBOSE verbosity")
    {
        auto const m = parse_message("ERROR:  42703: column \"x\" does not exist\n"
                                     "LINE 1: SELECT x\n"
                                     "               ^\n"
                                     "HINT:  Perhaps you meant \"y\".\n"
                                     "CONTEXT:  PL/pgSQL function f() line 3 at SQL statement\n"
                                     "LOCATION:  errorMissingColumn, parse_relation.c:3656\n");
        CHECK(m.severity == "ERROR");
        CHECK(m.sqlstate == "42703");
        CHECK(m.primary == "column \"x\" does not exist");
        CHECK(m.detail == "");
        CHECK(m.hint == "Perhaps you meant \"y\".");
        CHECK(m.context == "PL/pgSQL function f() line 3 at SQL statement");
        CHECK(
            error_text(m) ==
            "column \"x\" does not exist\nCONTEXT: PL/pgSQL function f() line 3 at SQL statement");
    }

    TEST_CASE("fields of several lines; names of objects are left out")
    {
        auto const m =
            parse_message("ERROR:  23505: duplicate key\nof two lines\n"
                          "DETAIL:  Key (a)=(1)\nexists.\n"
                          "SCHEMA NAME:  public\nTABLE NAME:  t\nCONSTRAINT NAME:  t_pkey\n"
                          "LOCATION:  _bt_check_unique, nbtinsert.c:664\n");
        CHECK(m.primary == "duplicate key\nof two lines");
        CHECK(m.detail == "Key (a)=(1)\nexists.");
        CHECK(m.context == "");
    }

    TEST_CASE("a severity in the server's language")
    {
        auto const m =
            parse_message("FEHLER:  42P01: Relation »x« existiert nicht\nLOCATION:  f, x.c:1\n");
        CHECK(m.severity == "FEHLER");
        CHECK(m.sqlstate == "42P01");
        CHECK(m.primary == "Relation »x« existiert nicht");
    }

    TEST_CASE("after the prefix of a failed connection; the last of several")
    {
        auto const m = parse_message(
            "connection to server at \"10.0.0.1\", port 5432 failed: FATAL:  57P03: the database "
            "system is "
            "starting up\nLOCATION:  ProcessStartupPacket, postmaster.c:2397\n"
            "connection to server at \"10.0.0.2\", port 5432 failed: FATAL:  28P01: password "
            "authentication failed for user \"x\"\nLOCATION:  auth_failed, auth.c:336\n");
        CHECK(m.severity == "FATAL");
        CHECK(m.sqlstate == "28P01");
        CHECK(m.primary == "password authentication failed for user \"x\"");
    }

    TEST_CASE("what libpq says itself has no SQLSTATE, and becomes one line")
    {
        auto const m = parse_message(
            "server closed the connection unexpectedly\n\tThis probably means the server "
            "terminated abnormally\n\tbefore or while processing the request.\n");
        CHECK(m.sqlstate == "");
        CHECK(m.primary ==
              "server closed the connection unexpectedly This probably means the server terminated "
              "abnormally before or while processing the request.");
        CHECK(parse_message("").primary == "");
        CHECK(parse_message(":  12345: ").sqlstate == "12345");
        CHECK(parse_message("x:  1234: y").sqlstate == "");
        CHECK(parse_message("x:  1234").sqlstate == "");
    }

    TEST_CASE("what stands in a value is not taken for a header")
    {
        auto const m = parse_message("ERROR:  22P02: invalid input: \"the code:  40001: again\"\n"
                                     "DETAIL:  see this:  40P01: there\nLOCATION:  f, x.c:1\n");
        CHECK(m.sqlstate == "22P02");
        CHECK(m.primary == "invalid input: \"the code:  40001: again\"");
        CHECK(m.detail == "see this:  40P01: there");
    }

    TEST_CASE("notices: the first and the last 500 are kept, of a long one head and tail")
    {
        pgtend::pg::notice_log log;
        std::string long_text;
        for (int i = 0; i < 3000; ++i) {
            long_text += "ä";
        }
        log.add({"NOTICE", "00000", "head" + long_text + "tail", "", "", ""});
        auto const one = log.take();
        REQUIRE(one.size() == 1);
        CHECK(one[0].message.size() <= 4096);
        CHECK(pgtend::valid_utf8(one[0].message));
        CHECK(one[0].message.starts_with("headä"));
        CHECK(one[0].message.ends_with("ätail"));
        for (int i = 1; i <= 1001; ++i) {
            log.add({"NOTICE", "00000", std::to_string(i), "", "", ""});
        }
        auto const many = log.take();
        REQUIRE(many.size() == 1000);
        CHECK(many[499].message == "500\n(1 more notices were not kept)");
        CHECK(many[500].message == "502");
        CHECK(many.back().message == "1001");
        CHECK(log.last_words().sqlstate == "");
        log.add({"FATAL", "57P01", "ended", "", "", ""});
        CHECK(log.take().empty());
        CHECK(log.last_words().sqlstate == "57P01");
    }
}

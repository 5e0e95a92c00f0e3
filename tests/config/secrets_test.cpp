// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "config/secret.hpp"
#include "config/support.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("nodb")
{
    TEST_CASE("variables are replaced once, and $${ is ${")
    {
        auto const options = with({{"A", "x"}, {"B_2", "${A}"}, {"EMPTY", ""}, {"BAD", "\xFF"}});
        CHECK(config::expand("a ${A}${B_2} $A $ $$ $${A} {A}", options) ==
              "a x${A} $A $ $$ ${A} {A}");
        for (auto const *bad : {"${UNSET}", "${EMPTY}", "${BAD}", "${A", "${}", "${A-}", "${A:-x}",
                                "${2A}", "${ A}", "$$$${A} ${"}) {
            CAPTURE(bad);
            CHECK_THROWS_AS(config::expand(bad, options), error);
        }
        CHECK(problems("version: 1\ntargets: { a: { dsn: \"${UNSET}\" } }\n") ==
              lines{"2:22: dsn: environment variable UNSET is not set"});
        CHECK(problems("version: 1\ntargets: { a: { passfile: \"~/x\" } }\n").size() == 1);
        CHECK_THROWS_AS(config::expand("${A}", config::load_options{}),
                        error); // no environment at all
    }

    TEST_CASE("a variable that is one value of a conninfo string cannot become several settings")
    {
        auto const options = with({{"PW", "a b' host=evil \\"}, {"ALL", "host=h dbname=d"}});
        CHECK(config::expand_conninfo("user=u password=${PW} dbname=d", options) ==
              "user=u password=a\\ b\\'\\ host=evil\\ \\\\ dbname=d");
        CHECK(config::expand_conninfo("password = '${PW}'", options) ==
              "password = 'a b\\' host=evil \\\\'");
        CHECK(config::expand_conninfo("${ALL} user=u", options) == "host=h dbname=d user=u");
        CHECK(config::expand_conninfo("user=u ${ALL}", options) == "user=u host=h dbname=d");
    }

    TEST_CASE("a variable in the user part of a URI cannot become the host")
    {
        auto const options =
            with({{"PW", "x@evil/"}, {"GOOD", "x%40y"}, {"SERVER", "postgres://h:1/"}});
        CHECK_THROWS_AS(config::expand_conninfo("postgres://u:${PW}@h/d", options), error);
        CHECK(config::expand_conninfo("postgres://u:${GOOD}@h/d", options) ==
              "postgres://u:x%40y@h/d");
        CHECK(config::expand_conninfo("postgres://u@h/${PW}", options) == "postgres://u@h/x@evil/");
        CHECK(config::expand_conninfo("${SERVER}db", options) == "postgres://h:1/db");
        CHECK(problems("version: 1\ntargets: { a: { dsn: \"postgres://u:${PW}@h\" } }\n",
                       {{"PW", "s3cr3t@"}}) ==
              lines{"2:22: dsn: environment variable PW has a character that a URI cannot hold"});
    }

    TEST_CASE("passwords that are written out are found as libpq would read them")
    {
        for (auto const *dsn :
             {"password=x", " password = x", "password='x y'", "password=\\ ", "host=h password=x",
              "host='a b' password=x", "host=password=y password=x", "sslpassword=x",
              "oauth_client_secret=x", "postgres://u:x@h", "postgresql://u:x@h/d",
              "postgresql://u@h/d?a=b&password=x", "postgresql://:x@h"}) {
            CAPTURE(dsn);
            CHECK(config::look_at_conninfo(dsn).password);
        }
        for (auto const *dsn :
             {"password=", "password=''", "host=h", "dbname=password", "host='password=x'",
              "passfile=x", "password=${X}", "password='${X}'", "postgres://u@h",
              "postgres://h:5432/d", "postgres:///d?host=/tmp", "postgres://u:${X}@h", "${X}",
              "user=u ${X}", ""}) {
            CAPTURE(dsn);
            CHECK_FALSE(config::look_at_conninfo(dsn).password);
            CHECK_FALSE(config::look_at_conninfo(dsn).malformed);
        }
        for (auto const *dsn : {"shop", "host=h shop", "host='h", "my db=x", "host=h\\"}) {
            CAPTURE(dsn);
            CHECK(config::look_at_conninfo(dsn).malformed);
        }
    }

    TEST_CASE("SQL about a column called password is SQL")
    {
        CHECK(problems(job_that("cleanup: { table: a.b, where: \"password = 'x') or (true\" }")) ==
              lines{"5:35: where: a ')' closes nothing"});
    }

    TEST_CASE("no message repeats a connection string, wherever it was put by mistake")
    {
        for (auto const *yaml :
             {"targets: \"postgres://u:s3cr3t@h\"", "targets: { a: \"postgres://u:s3cr3t@h\" }",
              "targets: { \"postgres://u:s3cr3t@h\": {} }",
              "targets: { a: { dsn: [ \"password=s3cr3t\" ] } }",
              "targets: { a: { dsn: { password: s3cr3t } } }", "targets: { a: { dsn: s3cr3t } }",
              "targets: { a: { dsn: \"password='s3cr3t\" } }",
              "targets: { a: { \"password=s3cr3t\": x } }",
              "targets: { a: { pooler: \"password=s3cr3t\" } }",
              "targets: { a: { dsn: \"${s3cr3t\" } }",
              "targets: { a: { dsn: password=s3cr3t: x } }", "timezone: postgres://u:s3cr3t@h",
              "targets: { a: { dsn: \"password=s3cr3t\", dsn: \"password=s3cr3t\" } }",
              "jobs: [ { name: \"postgres://u:s3cr3t@h\", schedule: \"password=s3cr3t\", vacuum: { "
              "tables: [\"password=s3cr3t\"] } } ]",
              "\"postgres://u:s3cr3t@h\": x", "targets: { a: { dsn: \"host=x password=s3cr3t }"}) {
            auto const text = std::string{"version: 1\n"} + yaml + "\n";
            CAPTURE(text);
            try {
                load(text);
                FAIL("it loaded");
            } catch (config_error const &e) {
                CHECK(std::string{e.what()}.find("s3cr3t") == std::string::npos);
            }
        }
    }
}

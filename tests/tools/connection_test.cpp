// SPDX-License-Identifier: Apache-2.0
// Connection options as psql has them; several hosts; passwords that are asked for.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/error.hpp"
#include "pg/connect.hpp"
#include "support/database.hpp"
#include "support/hour.hpp"
#include "support/launch.hpp"
#include "support/own_server.hpp"
#include "support/terminal.hpp"

using namespace pgtend;
using test::has;

namespace {

pg::conninfo server()
{
    return pg::conninfo{test::server_dsn()};
}

std::string host()
{
    return server().get("host");
}

std::string port()
{
    return server().get("port");
}

// "done" when a command with these arguments found the table of the test, else what it said.
std::string reached(std::vector<std::string> args, test::environment_changes const &changes)
{
    args.insert(args.end(), {"--connect-timeout", "0s", "vacuum", "run", "public.here"});
    auto const done = test::pgtend(args, changes);
    return done.code == 0 ? "done" : done.err;
}

test::environment_changes const bare{
    {"PGHOST", ""}, {"PGPORT", ""}, {"PGUSER", ""}, {"PGDATABASE", ""}, {"PGPASSWORD", ""}};

test::environment_changes with(test::environment_changes const &more)
{
    auto out = more;
    out.insert(bare.begin(), bare.end());
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("-h -p -U -d, also joined to their values, reach what they name")
    {
        test::database db;
        db.psql("CREATE TABLE here (n int)");
        CHECK(reached({"-h", host(), "-p", port(), "-U", "postgres", "-d", db.name()}, bare) ==
              "done");
        CHECK(reached({"-h" + host(), "-p" + port(), "-Upostgres", "-d" + db.name()}, bare) ==
              "done");
        CHECK(reached({"--host=" + host(), "--port", port(), "--username", "postgres", "--dbname",
                       db.name()},
                      bare) == "done");
        CHECK(reached({"-d", db.dsn()}, bare) == "done");
        CHECK(reached({"-d", fmt::format("postgresql://postgres@/{}?host={}&port={}", db.name(),
                                         host(), port())},
                      bare) == "done");
    }

    TEST_CASE("precedence: a conninfo of -d, then -h -p -U, then the environment")
    {
        test::database db;
        db.psql("CREATE TABLE here (n int)");
        CHECK(reached({"-d", db.dsn(), "-h", "/nowhere", "-p", "1", "-U", "nobody-knows"}, bare) ==
              "done");
        CHECK(reached({"-d", db.name(), "-U", "postgres"},
                      with({{"PGHOST", host()}, {"PGPORT", port()}, {"PGUSER", "nobody-knows"}})) ==
              "done");
        CHECK(reached({}, with({{"PGHOST", host()},
                                {"PGPORT", port()},
                                {"PGUSER", "postgres"},
                                {"PGDATABASE", db.name()}})) == "done");
        CHECK(has(reached({"-d", db.name()}, with({{"PGHOST", "/nowhere"}, {"PGPORT", "1"}})),
                  "/nowhere"));
        auto const wrong = test::pgtend({"-p", "54x2", "init"}, bare);
        CHECK(wrong.code == 2);
        CHECK(has(wrong.err, "port"));
    }

    TEST_CASE("-h -p -U replace what the file says of a target; its password is not sent for "
              "another role")
    {
        test::database db;
        db.psql("CREATE TABLE here (n int)");
        test::scratch files;
        auto const file = [&](std::string const &dsn) {
            return files.write("pgtend.yaml",
                               "version: 1\ntargets:\n  db: { dsn: \"" + dsn + "\" }\n");
        };
        auto const wrong =
            file("host=/nowhere hostaddr=127.0.0.1 port=1 user=nobody-knows dbname=" + db.name());
        CHECK(reached({"-c", wrong, "-h", host(), "-p", port(), "-U", "postgres"}, bare) == "done");
        CHECK(reached({"-c", wrong, "-d", db.dsn()}, bare) == "done");
        CHECK(reached({"-c", wrong, "-t", "db", "-h", host(), "-p", port(), "-U", "postgres"},
                      bare) == "done");
        CHECK(has(reached({"-c", wrong, "-t", "dbb", "-h", host()}, bare), "did you mean 'db'?"));
        auto const login = test::server_variable("LOGIN");
        auto const with_password = file(fmt::format(
            "host=127.0.0.1 port={} user={} password={} dbname={}", test::server_variable("PORT"),
            login, test::server_variable("PASSWORD"), db.name()));
        db.psql("GRANT ALL ON here TO " + login);
        CHECK(!has(reached({"-c", with_password}, bare), "password"));
        CHECK(has(reached({"-c", with_password, "-U", "postgres"}, bare), "no password supplied"));
    }

    TEST_CASE(
        "-W asks on the terminal, once and unseen; without a terminal it says so, and without "
        "-W nothing ever asks")
    {
        test::database db;
        auto const login = test::server_variable("LOGIN");
        db.psql("CREATE TABLE here (n int); ALTER TABLE here OWNER TO " + login);
        std::vector<std::string> const to{"-h", "127.0.0.1", "-p", test::server_variable("PORT"),
                                          "-U", login,       "-d", db.name()};
        auto args = to;
        args.insert(args.end(), {"-W", "vacuum", "run", "public.here"});
        test::terminal person{test::pgtend_words(args), 80, bare};
        person.until("Password: ");
        person.type(test::server_variable("PASSWORD") + "\n");
        auto const done = person.wait();
        CHECK_MESSAGE(done.code == 0, done.out);
        CHECK(has(done.out, "public.here"));
        CHECK(!has(done.out, test::server_variable("PASSWORD")));

        test::terminal wrong{test::pgtend_words(args), 80, bare};
        wrong.until("Password: ");
        wrong.type("not it\n");
        auto const refused = wrong.wait();
        CHECK(refused.code == 4);
        CHECK(has(refused.out, "28P01"));
        CHECK(!has(refused.out, "Password: ")); // not a second time

        auto none = to;
        none.insert(none.end(), {"vacuum", "run", "public.here"});
        test::terminal unasked{test::pgtend_words(none), 80, bare};
        auto const failed = unasked.wait();
        CHECK(failed.code == 4);
        CHECK(has(failed.out, "no password supplied"));
        CHECK(!has(failed.out, "Password: "));
    }

    TEST_CASE("-W without a terminal is an error, at once")
    {
        auto const done = test::pgtend({"-W", "-h", "127.0.0.1", "init"});
        CHECK(done.code == 2);
        CHECK(has(done.err, "no terminal"));
        CHECK(has(done.err, "PGPASSWORD"));
    }

    TEST_CASE("several hosts: target_session_attrs finds the primary, or the standby, from the "
              "command line, the environment and the file")
    {
        test::own_server const primary;
        test::standby const copy{primary};
        auto const part = [](std::string const &dsn, char const *keyword) {
            return pg::conninfo{dsn}.get(keyword);
        };
        auto const hosts = part(copy.dsn(), "host") + "," + part(primary.dsn(), "host");
        auto const ports = part(copy.dsn(), "port") + "," + part(primary.dsn(), "port");
        auto const both = "host=" + hosts + " port=" + ports + " user=postgres dbname=postgres";
        std::vector<std::string> const flags{"-h", hosts, "-p", ports, "-U", "postgres"};

        // The standby comes first: without the attribute it is taken, and nothing is written.
        auto const first = test::pgtend({"-d", both, "init"}, bare);
        CHECK(first.code == 4);
        CHECK(has(first.err, "standby"));
        CHECK(has(first.err, "target_session_attrs=read-write"));
        CHECK(test::pgtend({"-d", both + " target_session_attrs=read-write", "init"}, bare).code ==
              0);
        auto by_flags = flags;
        by_flags.insert(by_flags.end(), {"-d", "postgres", "-v", "init"});
        auto const found = test::pgtend(by_flags, with({{"PGTARGETSESSIONATTRS", "read-write"}}));
        CHECK_MESSAGE(found.code == 0, found.err);
        CHECK(has(found.err, "connected to " + part(primary.dsn(), "host")));

        test::scratch files;
        auto const file = [&](std::string const &attributes) {
            return files.write(
                "pgtend.yaml",
                "version: 1\ntargets:\n  pair: { dsn: \"" + both +
                    " target_session_attrs=" + attributes +
                    "\" }\njobs:\n  - { name: hello, schedule: \"0 * * * *\", sql: { text: "
                    "\"select 1\" } }\n");
        };
        auto const run =
            test::pgtend({"-c", file("read-write"), "-o", "json", "job", "run", "hello"}, bare);
        CHECK_MESSAGE(run.code == 0, run.err);
        copy.catch_up();
        auto const read =
            test::pgtend({"-c", file("standby"), "-v", "-o", "json", "job", "history"}, bare);
        CHECK_MESSAGE(read.code == 0, read.err);
        CHECK(has(read.out, "\"job\": \"hello\""));
        CHECK(has(read.err, "connected to " + part(copy.dsn(), "host")));
        CHECK(test::pgtend({"-c", file("standby"), "job", "run", "hello"}, bare).code == 4);
    }
}

TEST_SUITE("nodb")
{
    TEST_CASE("-d takes what psql's takes")
    {
        auto const of = [](std::string_view text) { return pg::conninfo::of_database(text); };
        CHECK(of("shop").display() == "dbname=shop");
        CHECK(of("two words").get("dbname") == "two words");
        CHECK(of("").display() == "the default connection");
        CHECK(of("dbname=a host=b").display() == "host=b dbname=a");
        CHECK(of("postgresql://b/a").display() == "host=b dbname=a");
        CHECK_THROWS_AS(of("a=b"), usage_error);
        CHECK_THROWS_AS(of({"a\0b", 3}), usage_error);
    }
}

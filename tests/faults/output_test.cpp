// SPDX-License-Identifier: Apache-2.0
// Jobs that talk without end, in one breath, or in bytes that are no text.
#include <algorithm>
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/ground.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::has;

namespace {

constexpr char talking_job[] =
    "  - { name: j, schedule: \"0 * * * *\", sql: { text: \"select public.talk()\" } }\n";

// A function whose body is this, for the job above.
std::string talk(std::string const &body)
{
    return "CREATE OR REPLACE FUNCTION public.talk() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN " +
           body + " END $f$";
}

// kB. Sanitizers have their own idea of memory.
void check_peak(test::finished const &done, long most)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    static_cast<void>(done);
    static_cast<void>(most);
#else
    CHECK(done.peak < most);
#endif
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F35: a gigabyte of notices, and 50,000 warnings: memory stays flat, the history has "
              "head and tail")
    {
        test::ground g{talking_job};
        g.db.psql(talk("FOR i IN 1..250 LOOP RAISE NOTICE '%', repeat('n', 4 * 1024 * 1024); END "
                       "LOOP; FOR i IN 1..50000 LOOP RAISE WARNING 'line % %', i, repeat('w', "
                       "300); END LOOP;"));
        REQUIRE(g.tick(before).code == 0);
        auto const done = g.tick(due);
        CHECK_MESSAGE(done.code == 0, done.err);
        check_peak(done, 60'000);
        CHECK(done.out.size() + done.err.size() < 20'000);
        auto const kept = g.db.value("SELECT output FROM pgtend.run WHERE job = 'j'");
        CHECK(kept.size() <= 8'000);
        CHECK(has(kept, "line 1 "));
        CHECK(has(kept, "line 50000 "));
        CHECK(has(kept, "left out"));
    }

    TEST_CASE("F35: one message of 64 MB, as a warning and as an error: what is kept and said is "
              "short")
    {
        test::ground g{talking_job};
        REQUIRE(g.tick(before).code == 0);
        for (auto const *level : {"WARNING", "EXCEPTION"}) {
            CAPTURE(level);
            g.db.psql(talk(std::string{"RAISE "} + level +
                           " 'begin%end', repeat('€', 22000000) USING DETAIL = repeat('d', "
                           "1000000), HINT = repeat('h', 1000000);"));
            auto const done = g.run({"-o", "json", "job", "run", "j"});
            CHECK(done.code == (level == std::string{"WARNING"} ? 0 : 1));
            CHECK(done.out.size() + done.err.size() < 50'000);
            CHECK(valid_utf8(done.out));
            CHECK(valid_utf8(done.err));
            check_peak(done, 600'000);
        }
        CHECK(g.count("SELECT max(length(output) + length(error) + length(hint)) FROM "
                      "pgtend.run") < 20'000);
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE output LIKE '%begin€%'") == 1);
        CHECK(g.count("SELECT count(*) FROM pgtend.run WHERE error LIKE '%begin€%'") == 1);
        CHECK(g.run({"job", "history"}).out.size() < 20'000);
    }

    TEST_CASE("F35: control characters, and bytes that are no text: the terminal, the history and "
              "JSON stay whole")
    {
        test::ground const g{talking_job};
        auto const run = [&](std::vector<std::string> args) {
            args.insert(args.begin(), {"-o", "json"});
            auto out = g.run(args);
            CHECK(valid_utf8(out.out));
            CHECK(std::none_of(out.out.begin(), out.out.end(),
                               [](char c) { return c > 0 && c < ' ' && c != '\n'; }));
            CHECK(!has(out.err, "\x1b"));
            CHECK(!has(out.err, "\u202e"));
            return out;
        };
        g.db.psql(talk("RAISE WARNING 'red: %', E'\\x1b[31m\\x01\\b\\u009b2J\\u202e';"));
        CHECK(run({"job", "run", "j"}).code == 0);
        g.db.psql(talk("RAISE EXCEPTION 'red: %', E'\\x1b[31m\\x01\\b\\u009b2J\\u202e';"));
        CHECK(run({"job", "run", "j"}).code == 1);
        auto const history = run({"job", "history"});
        CHECK(history.code == 0);
        CHECK(has(history.out, "red: \\\\x1B[31m"));
        auto const table = g.run({"job", "history"});
        CHECK(has(table.out, "red: "));
        CHECK(!has(table.out, "\u202e"));

        // A database without an encoding may hold any bytes; the server does not hand them on.
        auto const name = g.db.name() + "_bytes";
        test::open(test::server_dsn())
            .run("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
        auto const dsn = test::server_dsn() + " dbname=" + name;
        test::open(dsn).run(talk("RAISE WARNING 'bytes: %', E'\\xff\\xfe\\x80';"));
        CHECK(run({"-d", dsn, "init"}).code == 0);
        CHECK(run({"-d", dsn, "job", "run", "j"}).code == 1);
        auto const refused = run({"-d", dsn, "job", "history"});
        CHECK(refused.code == 0);
        CHECK(has(refused.out, "22021"));
        test::open(test::server_dsn()).run("DROP DATABASE " + name + " WITH (FORCE)");
    }
}

// SPDX-License-Identifier: Apache-2.0
// What a person sees: widths of the terminal, colour, and the SQL of -v.
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/launch.hpp"
#include "support/terminal.hpp"

using namespace pgtend;
using test::has;

namespace {

constexpr char good_and_wordy[] =
    "  - { name: good, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"
    "  - { name: bad, schedule: \"0 * * * *\", sql: { text: \"do $$ begin raise exception '注文 "
    "are of no use here, which takes many words to say, and more columns than eighty, or than what "
    "is left beside others on a wide terminal, up to the very end'; end $$\" } }\n";

std::size_t widest(std::string const &text)
{
    std::size_t out = 0;
    for (auto const &line : split(text, '\n')) {
        out = std::max(out, display_width(line));
    }
    return out;
}

std::size_t times(std::string const &text, std::string const &part)
{
    std::size_t out = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++out;
    }
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("tables fit a terminal of 80 and of 200 columns; into a pipe nothing is cut")
    {
        test::ground g{good_and_wordy};
        g.tick(test::before);
        g.tick(test::due);
        for (std::string const command : {"list", "history"}) {
            auto const shown = [&](int columns, test::environment_changes const &changes) {
                test::terminal screen{
                    test::pgtend_words(g.arguments({"--color", "never", "job", command})), columns,
                    changes};
                return screen.wait().out;
            };
            test::environment_changes const unset{{"COLUMNS", ""}};
            auto const narrow = shown(80, unset);
            CHECK(widest(narrow) <= 80);
            CHECK(has(narrow, "too narrow to show: "));
            auto const handheld = shown(40, unset);
            CHECK(widest(handheld) <= 40);
            CHECK(has(handheld, "very end")); // a line for each column, wrapped, not cut
            auto const wide = shown(200, unset);
            CHECK(widest(wide) <= 200);
            CHECK(widest(wide) > 100);
            CHECK(has(wide, "…"));
            CHECK(widest(shown(200, {{"COLUMNS", "80"}})) <= 80);
            CHECK(has(g.run({"job", command}, {{"COLUMNS", "80"}}).out, "very end"));
        }
        test::terminal help{test::pgtend_words({"cleanup", "--help"}), 80};
        CHECK(has(help.wait().out, "Usage: pgtend cleanup"));
    }

    TEST_CASE("colour: on a terminal, unless NO_COLOR is set; --color says otherwise")
    {
        test::ground g{good_and_wordy};
        g.tick(test::before);
        g.tick(test::due);
        auto const on_terminal = [&](std::string const &color,
                                     test::environment_changes const &changes) {
            test::terminal screen{
                test::pgtend_words(g.arguments({"--color", color, "job", "list"})), 200, changes};
            return has(screen.wait().out, "\x1b[31m");
        };
        auto const in_pipe = [&](std::string const &color) {
            return has(g.run({"--color", color, "job", "list"}).out, "\x1b[31m");
        };
        test::environment_changes const unset{{"NO_COLOR", ""}}, set{{"NO_COLOR", "1"}};
        CHECK(on_terminal("auto", unset));
        CHECK_FALSE(on_terminal("auto", set));
        CHECK_FALSE(on_terminal("never", unset));
        CHECK(on_terminal("always", set));
        CHECK_FALSE(in_pipe("auto"));
        CHECK(in_pipe("always"));
        CHECK_FALSE(has(g.run({"--color", "always", "-o", "json", "job", "list"}).out, "\x1b"));
    }

    TEST_CASE("-v shows each statement on stderr with duration and rows; neither a value nor a "
              "password; -q nothing but errors")
    {
        test::ground g{"  - { name: secret, schedule: \"0 * * * *\", sql: { text: \"alter role "
                       "pgtend_login password 'tell-no-one-7f3a'\" } }\n"};
        g.db.psql("CREATE TABLE t (id int PRIMARY KEY, state text); INSERT INTO t SELECT i, 'old' "
                  "FROM generate_series(1, 3) i");
        auto const done = test::pgtend({"-d", g.db.dsn(), "-v", "expire", "public.t", "--where",
                                        "state = 'old'", "--set", "state=whisper"});
        CHECK_MESSAGE(done.code == 0, done.err);
        CHECK(times(done.err, " ms, 1 row: WITH pgtend_changed AS (UPDATE ONLY") == 1);
        CHECK(times(done.err, "connected to ") == 2);
        CHECK(!has(done.err, "whisper"));
        CHECK(!has(done.out, "UPDATE"));
        auto const job = g.run({"-v", "job", "run", "secret"});
        CHECK(job.code == 0);
        CHECK(times(job.err, "alter role pgtend_login password") == 1);
        CHECK(!has(job.err, "tell-no-one"));
        auto const usual = g.run({"job", "run", "secret"});
        CHECK(!has(usual.err, " ms, "));
        auto const quiet = g.run({"-q", "tick", "--now", test::before});
        CHECK(quiet.code == 0);
        CHECK(quiet.err.empty());
        CHECK(has(g.run({"-q", "job", "run", "secrit"}).err, "did you mean 'secret'?"));
    }
}

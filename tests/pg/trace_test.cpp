// SPDX-License-Identifier: Apache-2.0
#include "pg/trace.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/log.hpp"
#include "support/database.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using pg::one_line;

namespace {

std::vector<std::string> traced_lines;

// What follows the backend and the duration.
void keep(log::level level, std::string_view line)
{
    CHECK(level == log::level::debug);
    auto const at = line.find(" ms, ");
    if (at != line.npos) {
        traced_lines.emplace_back(line.substr(at + 5));
    }
}

class traced {
  public:
    traced()
    {
        traced_lines.clear();
        log::set_level(log::level::debug);
        log::set_sink(keep);
    }
    ~traced()
    {
        log::set_sink(nullptr);
        log::set_level(log::level::info);
    }
    traced(traced const &) = delete;
    traced &operator=(traced const &) = delete;
};

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("one line: comments and blanks go, everything quoted stays")
    {
        CHECK(one_line("-- what it does\nSELECT a,\n       b -- more\n  FROM t;\n") ==
              "SELECT a, b FROM t;");
        CHECK(one_line("SELECT 'a  -- b', \"c  /* d\", $$ e  -- f $$, $x$ $$  $x$") ==
              "SELECT 'a  -- b', \"c  /* d\", $$ e  -- f $$, $x$ $$  $x$");
        CHECK(one_line("SELECT 'it''s  it', E'a\\'  -- b', $1, $2::text") ==
              "SELECT 'it''s  it', E'a\\'  -- b', $1, $2::text");
        CHECK(one_line("a /* b /* c */ d */ e") == "a e");
        CHECK(one_line("a /* never ends") == "a");
        CHECK(one_line("'never ends  ") == "'never ends  ");
        CHECK(one_line("").empty());
    }

    TEST_CASE("a password in a statement is hidden")
    {
        CHECK(one_line("ALTER ROLE a\n  PASSWORD 'secret'") == "ALTER ROLE a PASSWORD 'xxxxxx'");
    }
}

TEST_SUITE("db")
{
    TEST_CASE("each statement is told once, with rows or SQLSTATE, and no parameter's value")
    {
        test::database db;
        auto s = db.connect();
        s.run("CREATE TABLE t (n int)");
        traced const on;
        s.run("INSERT INTO t SELECT generate_series(1, $1::int)", {"3"});
        s.run("SELECT n FROM t WHERE n > $1::int", {"1"});
        CHECK_THROWS_AS(s.run("SELECT 1/0"), error);
        s.begin();
        s.batch("SELECT 1; SELECT 2");
        s.count("DELETE FROM t WHERE n = 1");
        s.commit();
        CHECK(traced_lines ==
              std::vector<std::string>{"3 rows: INSERT INTO t SELECT generate_series(1, $1::int)",
                                       "2 rows: SELECT n FROM t WHERE n > $1::int",
                                       "failed with 22012: SELECT 1/0",
                                       "0 rows: BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
                                       "2 rows: SELECT 1; SELECT 2",
                                       "1 row: DELETE FROM t WHERE n = 1", "0 rows: COMMIT"});
    }

    TEST_CASE("nothing is told at the usual level")
    {
        test::database db;
        auto s = db.connect();
        traced const on;
        log::set_level(log::level::info);
        s.run("SELECT 1");
        CHECK(traced_lines.empty());
    }
}

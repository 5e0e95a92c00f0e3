// SPDX-License-Identifier: Apache-2.0
#include "plan/script.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace pgtend;

namespace {

std::string inlined(std::string sql, std::vector<param> parameters)
{
    return plan::inlined({.sql = std::move(sql), .parameters = std::move(parameters)});
}

} // namespace

TEST_SUITE_BEGIN("nodb");

TEST_CASE("parameters become literals")
{
    CHECK(inlined("select $1::bigint, $2", {"5", std::nullopt}) == "select '5'::bigint, NULL");
    CHECK(inlined("select $2||$1", {"a", "b"}) == "select 'b'||'a'");
    CHECK(inlined("select $10", {"1", "2", "3", "4", "5", "6", "7", "8", "9", "ten"}) ==
          "select 'ten'");
    CHECK(inlined("select $1;\n ; ", {"o'x"}) == "select 'o''x'");
    CHECK(inlined("a=$1", {R"(\)"}) == R"(a= E'\\')");
}

TEST_CASE("what only looks like a parameter is left alone")
{
    for (std::string const sql : {
             "select '$1'",
             "select 'a''$1'",
             R"(select "$1", "a""$1")",
             "select a$1 from t",
             "select $q$ $1 $q$",
             "select $$ $1 $$",
             "select 1 -- $1",
             "select /* $1 /* $1 */ $1 */ 2",
             R"(select E'\'$1')",
             R"(select e'\\')",
             "select \xc3\xa9$1",
             "select '$1",
             "select $a$ $1",
             "select 1 /* $1",
             R"(select U&'\0061$1')",
         }) {
        CAPTURE(sql);
        CHECK(inlined(sql, {"never"}) == sql);
    }
    CHECK(inlined(R"(select E'\\'||$1)", {"x"}) == R"(select E'\\'||'x')");
    // Without E a backslash is an ordinary character.
    CHECK(inlined(R"(select '\'||$1)", {"x"}) == R"(select '\'||'x')");
    CHECK(inlined("select 1 -- $1\n, $1", {"x"}) == "select 1 -- $1\n, 'x'");
    CHECK(inlined("select $q$ $1 $q$, $1", {"x"}) == "select $q$ $1 $q$, 'x'");
}

TEST_CASE("a parameter that is not there is an error")
{
    CHECK_THROWS_AS(inlined("select $1", {}), error);
    CHECK_THROWS_AS(inlined("select $2", {"x"}), error);
    CHECK_THROWS_AS(inlined("select $0", {"x"}), error);
    CHECK_THROWS_AS(inlined("select $99999999999999999999", {"x"}), error);
}

TEST_CASE("locks as a comment")
{
    CHECK(plan::lock_summary({.sql = "x"}).empty());
    CHECK(plan::lock_summary({.sql = "x",
                              .locks = {{R"("public"."x")", plan::lock_mode::access_exclusive},
                                        {R"("y")", plan::lock_mode::share}}}) ==
          R"(ACCESS EXCLUSIVE on "public"."x", SHARE on "y")");
}

TEST_SUITE_END();

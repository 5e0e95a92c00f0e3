// SPDX-License-Identifier: Apache-2.0
#include "plan/statement.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"
#include "plan/plan.hpp"

using namespace pgtend;
using plan::lock_mode;

TEST_SUITE_BEGIN("nodb");

TEST_CASE("the conflict table is the manual's")
{
    // Rows and columns from ACCESS SHARE to ACCESS EXCLUSIVE; X conflicts.
    char const *const manual[8] = {
        ".......X", //
        "......XX", //
        "....XXXX", //
        "...XXXXX", //
        "..XX.XXX", //
        "..XXXXXX", //
        ".XXXXXXX", //
        "XXXXXXXX",
    };
    for (int a = 0; a < 8; ++a) {
        for (int b = 0; b < 8; ++b) {
            CAPTURE(a);
            CAPTURE(b);
            CHECK(plan::conflict(static_cast<lock_mode>(a), static_cast<lock_mode>(b)) ==
                  (manual[a][b] == 'X'));
        }
    }
    CHECK(plan::name(lock_mode::share_row_exclusive) == "SHARE ROW EXCLUSIVE");
    CHECK(plan::catalog_name(lock_mode::share_row_exclusive) == "ShareRowExclusiveLock");
}

TEST_CASE("the lock protocol is for what the application would queue behind")
{
    auto const with = [](lock_mode mode) {
        return plan::statement{.sql = "x", .locks = {{"\"t\"", mode}}};
    };
    CHECK(!plan::needs_lock_protocol(plan::statement{.sql = "select 1"}));
    CHECK(!plan::needs_lock_protocol(with(lock_mode::row_exclusive)));
    CHECK(plan::needs_lock_protocol(with(lock_mode::share_update_exclusive)));
    CHECK(plan::needs_lock_protocol(with(lock_mode::access_exclusive)));
}

TEST_CASE("identifiers are always quoted, and refused when PostgreSQL would change them")
{
    CHECK(plan::quote_ident("a") == R"("a")");
    CHECK(plan::quote_ident(R"(a"b)") == R"("a""b")");
    CHECK(plan::quote_ident(R"(";--)") == R"(""";--")");
    CHECK(plan::quote_ident("a.b") == R"("a.b")");
    CHECK(plan::quote({"s", "t"}) == R"("s"."t")");
    CHECK(plan::quote({"", "t"}) == R"("t")");
    CHECK_NOTHROW(plan::quote_ident(std::string(63, 'x')));
    CHECK_THROWS_AS(plan::quote_ident(std::string(64, 'x')), error);
    std::string accents;
    for (int i = 0; i < 32; ++i) {
        accents += "\xc3\xa9"; // 64 bytes in 32 characters
    }
    CHECK_THROWS_AS(plan::quote_ident(accents), error);
    CHECK_THROWS_AS(plan::quote_ident(""), error);
    CHECK_THROWS_AS(plan::quote_ident(std::string_view{"a\0b", 3}), error);
    CHECK_THROWS_AS(plan::quote_ident("\xff"), error);
}

TEST_CASE("literals")
{
    CHECK(plan::quote_literal("a") == "'a'");
    CHECK(plan::quote_literal("it's") == "'it''s'");
    CHECK(plan::quote_literal(R"(a\'b)") == R"( E'a\\''b')");
    CHECK(plan::quote_literal("") == "''");
    CHECK_THROWS_AS(plan::quote_literal(std::string_view{"\0", 1}), error);
}

TEST_CASE("appending a plan moves its conditions along")
{
    plan::plan first;
    first.steps.push_back({.title = "a", .body = plan::transaction{}});
    first.steps.push_back({.title = "b", .body = plan::transaction{}, .after = {0}});
    first.notes = {"one"};
    plan::plan second;
    second.steps.push_back({.title = "c", .body = plan::transaction{}});
    second.steps.push_back({.title = "d", .body = plan::transaction{}, .after = {0}});
    second.notes = {"two"};
    first.append(std::move(second));
    REQUIRE(first.steps.size() == 4);
    CHECK(first.steps[1].after == std::vector<std::size_t>{0});
    CHECK(first.steps[3].after == std::vector<std::size_t>{2});
    CHECK(first.notes == std::vector<std::string>{"one", "two"});
    CHECK(!first.empty());
    CHECK(plan::plan{}.empty());
}

TEST_SUITE_END();

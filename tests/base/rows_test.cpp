// SPDX-License-Identifier: Apache-2.0
#include "base/rows.hpp"

#include <doctest/doctest.h>
#include <memory>
#include <stdexcept>

#include "base/error.hpp"

using namespace pgtend;

TEST_SUITE("nodb")
{
    TEST_CASE("cells by row and column, and nothing beyond")
    {
        rows const r{{"id", "name"}, {"1", "a", param{}, ""}, 2, 0};
        CHECK(r.size() == 2);
        CHECK(r.width() == 2);
        CHECK(r.at(1, 1) == param{""});
        CHECK(r.at(1, 0) == param{});
        CHECK(r.text(1, 0) == "");
        CHECK(r.text(0, "name") == "a");
        CHECK(r.integer(0, "id") == 1);
        CHECK(r.integer(1, "id") == 0);
        CHECK_THROWS_AS(r.at(0, 2), std::out_of_range); // not the first cell of the next row
        CHECK_THROWS_AS(r.at(2, 0), std::out_of_range);
        CHECK_THROWS_AS(r.column("Name"), error);
        CHECK_THROWS_AS(r.integer(0, "name"), error);
        rows const wide{{}, {}, 3, 3};
        CHECK(wide.size() == 3);
        CHECK_THROWS_AS(wide.at(0, 0), std::out_of_range);
        CHECK(rows{}.empty());
    }

    TEST_CASE("a cell lasts as long as a copy of its rows")
    {
        auto const bytes = std::make_shared<std::string const>("a long text, beyond what a small "
                                                               "string keeps within itself");
        std::weak_ptr<std::string const> const watched = bytes;
        std::optional<rows> copy;
        {
            rows const r{{"text"}, {rows::cell{*bytes}}, 1, 1, bytes};
            copy = r;
        }
        auto const cell = copy->at(0, 0);
        CHECK(cell == *bytes);
        CHECK(watched.use_count() == 2);
        copy.reset();
        CHECK(watched.use_count() == 1);
        rows small{{"text"}, {param{"short"}}, 1, 1};
        auto const moved = std::move(small);
        CHECK(moved.at(0, 0) == param{"short"});
    }

    TEST_CASE("numbers and flags")
    {
        rows const r{{"a", "b", "c", "d"}, {"-9223372036854775808", "1.5e3", "t", "12x"}, 1, 0};
        CHECK(r.integer(0, 0) == -9223372036854775807 - 1);
        CHECK(r.real(0, 1) == 1500);
        CHECK(r.flag(0, 2));
        CHECK(!r.flag(0, 0));
        CHECK_THROWS_AS(r.integer(0, 3), error);
        CHECK_THROWS_AS(r.integer(0, 1), error);
        CHECK_THROWS_AS(r.real(0, 2), error);
    }

    TEST_CASE("arrays: there and back")
    {
        std::vector<param> const all{"a",   "",   param{}, "NULL", "null", "with \"quotes\" and \\",
                                     "{,}", "ä b"};
        CHECK(array_literal(all) ==
              R"({"a","",NULL,"NULL","null","with \"quotes\" and \\","{,}","ä b"})");
        CHECK(parse_array(array_literal(all)) == all);
        CHECK(array_literal({}) == "{}");
        CHECK(parse_array("{}").empty());
        CHECK(parse_array("{a,NULL,\"NULL\",2}") == std::vector<param>{"a", param{}, "NULL", "2"});
        for (auto const *bad : {"", "{", "a", "{a", "{a,}", "{,a}", "{\"a}", "{\"a\\}", "{\"a\"b}",
                                "{{1},{2}}", "[2:3]={1,2}", "{a\"b}"}) {
            CAPTURE(bad);
            CHECK_THROWS_AS(parse_array(bad), error);
        }
    }
}

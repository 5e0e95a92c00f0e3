// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "json/reader.hpp"
#include "json/writer.hpp"

using namespace pgtend;

TEST_SUITE("nodb")
{
    TEST_CASE("every kind of value, and members by their path")
    {
        auto const all = json::parse(" { \"a\": [1, -2.5e3, true, false, null, \"x\"], \"b\": { "
                                     "\"c\": { \"d\": 7 } }, \"\": {} } ");
        auto const &items = *all.find("a")->items();
        REQUIRE(items.size() == 6);
        CHECK(*items[0].number() == 1);
        CHECK(*items[1].number() == -2500);
        CHECK(std::get<bool>(items[2].data));
        CHECK(std::holds_alternative<std::monostate>(items[4].data));
        CHECK(*items[5].text() == "x");
        CHECK(*all.follow({"b", "c", "d"})->number() == 7);
        CHECK(all.follow({"b", "x", "d"}) == nullptr);
        CHECK(items[0].find("a") == nullptr);
        CHECK(json::parse("[]").items()->empty());
    }

    TEST_CASE("texts come back as they were written")
    {
        for (std::string const text : {"", "plain", "\"\\/\b\f\n\r\t", "\x01\x1f",
                                       "gr\xc3\xbc\xc3\x9f", "\xf0\x9f\x90\x98"}) {
            CHECK(*json::parse(json::quote(text)).text() == text);
        }
        CHECK(*json::parse("\"\\u00e9 \\ud83d\\ude00 \\ud83d \\ude00\"").text() ==
              "\xc3\xa9 \xf0\x9f\x98\x80 \xef\xbf\xbd \xef\xbf\xbd");
    }

    TEST_CASE("what is not JSON is refused, with its line")
    {
        for (auto const *bad : {"", "{", "[1,", "[1 2]", "{\"a\" 1}", "{a: 1}", "\"x", "\"\\q\"",
                                "\"\\u12\"", "tru", "1 2", "nan", "-", "+1", "[1,]", "{}}"}) {
            CAPTURE(bad);
            CHECK_THROWS_AS(json::parse(bad), error);
        }
        try {
            json::parse("{\n\"a\": x}");
            FAIL("accepted");
        } catch (error const &e) {
            CHECK(e.message() == "not JSON, line 2: a value is wanted");
        }
        CHECK_THROWS_AS(json::parse(std::string(100'000, '[')), error);
    }
}

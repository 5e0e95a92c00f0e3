// SPDX-License-Identifier: Apache-2.0
#include "base/name.hpp"

#include <doctest/doctest.h>

#include "base/error.hpp"

using namespace pgtend;

namespace {

bool refused(std::string_view text)
{
    try {
        parse_qualified_name(text);
    } catch (error const &e) {
        return !e.hint().empty();
    }
    return false;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("names fold as PostgreSQL folds them")
    {
        CHECK(parse_qualified_name("orders") == qualified_name{"", "orders"});
        CHECK(parse_qualified_name("Public.Orders_2$") == qualified_name{"public", "orders_2$"});
        CHECK(parse_qualified_name("\"Mixed Case\".T") == qualified_name{"Mixed Case", "t"});
        CHECK(parse_qualified_name("a.\"b.c\"") == qualified_name{"a", "b.c"});
        CHECK(parse_qualified_name("\"quo\"\"te\"") == qualified_name{"", "quo\"te"});
        CHECK(parse_qualified_name("\"\"\"\"") == qualified_name{"", "\""});
        CHECK(parse_qualified_name("\xC3\x89t\xC3\xA9") ==
              qualified_name{"", "\xC3\x89t\xC3\xA9"}); // only ASCII folds
        CHECK(parse_identifier("\"; drop table x; --\"") == "; drop table x; --");
        CHECK(parse_identifier("Select") == "select");
    }

    TEST_CASE("what is not a name")
    {
        for (auto const *text :
             {"",    ".",   "a.",   ".a",  "a..b",       "a.b.c",     "a b",  "a;b",
              "a-b", "1a",  "a\"b", "\"a", "\"a\"b",     "\"\"",      "a.\"", "$a",
              "a'",  "(a)", " a",   "a ",  "\"a\".\"\"", "\"a\xFF\"", "\xFF"}) {
            CAPTURE(text);
            CHECK(refused(text));
        }
        CHECK(refused(std::string_view{"\"a\0b\"", 5}));
        CHECK_THROWS_AS(parse_identifier("a.b"), error);
    }

    TEST_CASE("63 bytes, not characters")
    {
        CHECK(parse_identifier(std::string(63, 'x')).size() == 63);
        CHECK(refused(std::string(64, 'x')));
        std::string accents;
        for (int i = 0; i < 31; ++i) {
            accents += "\xC3\xA9";
        }
        CHECK(parse_identifier(accents + "x").size() == 63);
        CHECK(refused(accents + "\xC3\xA9"));
    }

    TEST_CASE("for people: quoted only where SQL would need it, and back")
    {
        CHECK(display({"public", "orders"}) == "public.orders");
        CHECK(display({"", "_x$1"}) == "_x$1");
        CHECK(display({"Mixed Case", "a.b"}) == "\"Mixed Case\".\"a.b\"");
        CHECK(display_identifier("quo\"te") == "\"quo\"\"te\"");
        CHECK(display_identifier("1a") == "\"1a\"");
        CHECK(display_identifier("") == "\"\"");
        CHECK(display_identifier("a\nb").find('\n') == std::string::npos); // a terminal shows it
        for (auto const *text : {"a.b", "\"A b\".c", "\"x\"\"y\".\"z\"", "\xC3\xA9.b"}) {
            auto const name = parse_qualified_name(text);
            CHECK(parse_qualified_name(display(name)) == name);
        }
    }
}

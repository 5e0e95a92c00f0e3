// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/lists.hpp"

using namespace pgtend;

TEST_SUITE("nodb")
{
    TEST_CASE("width: wide characters count two, combining ones none")
    {
        CHECK(display_width("") == 0);
        CHECK(display_width("abc") == 3);
        CHECK(display_width("é") == 1);
        CHECK(display_width("e\u0301") == 1); // an accent put onto the e
        CHECK(display_width("注文") == 4);
        CHECK(display_width("주문") == 4);
        CHECK(display_width("🐘") == 2);
        CHECK(display_width("…") == 1);
        CHECK(display_width("ab\xff") == 3); // not UTF-8: one each
    }

    TEST_CASE("cut: never wider than asked for, never within a character")
    {
        CHECK(cut_to_width("abcdef", 6) == "abcdef");
        CHECK(cut_to_width("abcdef", 5) == "abcd…");
        CHECK(cut_to_width("注文注文", 5) == "注文…");
        CHECK(cut_to_width("注文注文", 4) == "注…"); // half a character is none
        CHECK(cut_to_width("e\u0301e\u0301e\u0301", 2) == "e\u0301…");
        CHECK(cut_to_width("abc", 0).empty());
    }

    TEST_CASE("wrap: at blanks, within a word only when it is longer than a line")
    {
        using lines = std::vector<std::string>;
        CHECK(wrap("one two three", 7) == lines{"one two", "three"});
        CHECK(wrap("one two three", 8) == lines{"one two", "three"});
        CHECK(wrap("abcdefghij kl", 4) == lines{"abcd", "efgh", "ij", "kl"});
        CHECK(wrap("注文注文 注", 5) == lines{"注文", "注文", "注"});
        CHECK(wrap("", 5) == lines{""});
    }
}

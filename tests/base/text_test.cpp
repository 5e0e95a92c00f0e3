// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <array>
#include <doctest/doctest.h>
#include <limits>

using namespace pgtend;
using namespace std::string_literals;

TEST_SUITE("nodb")
{
    TEST_CASE("well-formed UTF-8 is told from the rest")
    {
        for (auto const *good : {"", "plain", "caf\u00e9", "\u20ac", "\U0001F600", "\U0010FFFF"}) {
            CHECK(valid_utf8(good));
        }
        CHECK(valid_utf8("a\0b"s));
        // Overlong forms, surrogates, beyond U+10FFFF, cut characters, lone continuation bytes.
        for (auto const *bad : {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF",
                                "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
                                "\xF5\x80\x80\x80", "\xE2\x82", "\x80", "a\xFF", "\xC3"}) {
            CHECK_FALSE(valid_utf8(bad));
        }
        CHECK(code_points("caf\u00e9 \U0001F600") == 6);
    }

    TEST_CASE("lower, trim, split, join, replace")
    {
        CHECK(lower("MON-Fri \u00c9") == "mon-fri \u00c9");
        CHECK(trim(" \t a b\r\n") == "a b");
        CHECK(trim(" \n").empty());
        CHECK(split("a,,b,", ',') == std::vector<std::string>{"a", "", "b", ""});
        CHECK(split("", ',') == std::vector<std::string>{""});
        std::vector<std::string> const parts{"a", "b", "c"};
        CHECK(join(parts, ", ") == "a, b, c");
        CHECK(join({}, ", ").empty());
        CHECK(replace_all("aaa", "a", "aa") == "aaaaaa");
        CHECK(replace_all("abc", "", "x") == "abc");
    }

    TEST_CASE("the nearest word is found, a far one is not")
    {
        constexpr std::array<std::string_view, 5> keys{"schedule", "timezone", "timeout", "table",
                                                       "tables"};
        CHECK(nearest("scheduel", keys) == "schedule"); // two letters changed places: one step
        CHECK(nearest("Timezon", keys) == "timezone");
        CHECK(nearest("tabel", keys) == "table");
        CHECK(nearest("tables", keys) == "tables");
        CHECK_FALSE(nearest("window", keys));
        CHECK_FALSE(nearest("", keys));
        constexpr std::array<std::string_view, 2> letters{"h", "min"};
        CHECK_FALSE(nearest("x", letters));
        CHECK_FALSE(nearest(std::string(1'000'000, 'x'), keys));
    }

    TEST_CASE("head_and_tail keeps its limit and whole characters")
    {
        CHECK(head_and_tail("short", 10) == "short");
        std::string text;
        for (int i = 0; i < 1000; ++i) {
            text += "\u20ac";
        }
        for (std::size_t bytes = 0; bytes < 200; ++bytes) {
            auto const cut = head_and_tail(text, bytes);
            CHECK(cut.size() <= bytes);
            CHECK(valid_utf8(cut));
        }
        auto const cut = head_and_tail("begin" + std::string(1000, '.') + "end", 60);
        CHECK(cut.starts_with("begin"));
        CHECK(cut.ends_with("end"));
        auto const at = cut.find(" ... (");
        REQUIRE(at != std::string::npos);
        auto const left_out = std::stoul(cut.substr(at + 6));
        auto const note = " ... (" + std::to_string(left_out) + " bytes left out) ... ";
        CHECK(left_out + cut.size() - note.size() == 1008);
    }

    TEST_CASE("printable text holds nothing that a terminal obeys")
    {
        CHECK(printable("plain caf\u00e9") == "plain caf\u00e9");
        CHECK(printable("a\n\t\x1b[31m\x7f") == "a\\x0A\\x09\\x1B[31m\\x7F");
        CHECK(printable("a\0b"s) == "a\\x00b");
        CHECK(printable("\xff\xc3") == "\\xFF\\xC3");
        CHECK(printable("\u202Ex\u0085") == "\\xE2\\x80\\xAEx\\xC2\\x85");
    }

    TEST_CASE("quoted input stays short")
    {
        CHECK(in_quotes("a b") == "'a b'");
        CHECK(in_quotes("") == "''");
        CHECK(in_quotes("\n") == "'\\x0A'");
        CHECK(in_quotes(std::string(1'000'000, '\x89')).size() <= 82);
        CHECK(in_quotes(std::string(70, '\x89')).size() <= 82);
    }

    TEST_CASE("numbers of things, and of bytes")
    {
        CHECK(counted(0, "run") == "0 runs");
        CHECK(counted(1, "run") == "1 run");
        CHECK(counted(12345, "run") == "12,345 runs");
        constexpr long long kilo = 1024;
        CHECK(byte_size(0) == "0 B");
        CHECK(byte_size(1023) == "1023 B");
        CHECK(byte_size(kilo) == "1.0 kB");
        CHECK(byte_size(10 * kilo) == "10 kB");
        CHECK(byte_size(kilo * kilo * 3 / 2) == "1.5 MB");
        CHECK(byte_size(12 * kilo * kilo * kilo) == "12 GB");
        CHECK(byte_size(5000 * kilo * kilo * kilo * kilo) == "5000 TB");
    }

    TEST_CASE("thousands")
    {
        CHECK(thousands(0) == "0");
        CHECK(thousands(999) == "999");
        CHECK(thousands(1000) == "1,000");
        CHECK(thousands(-123456) == "-123,456");
        CHECK(thousands(-1234567) == "-1,234,567");
        CHECK(thousands(std::numeric_limits<long long>::min()) == "-9,223,372,036,854,775,808");
    }
}

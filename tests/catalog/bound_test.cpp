// SPDX-License-Identifier: Apache-2.0
#include "catalog/bound.hpp"

#include <doctest/doctest.h>
#include <string>

#include "base/duration.hpp"

using namespace pgtend;
using namespace pgtend::catalog;

namespace {

time_point at(std::string_view rfc3339)
{
    return parse_rfc3339(rfc3339).time_since_epoch().count();
}

std::string constant(int type, std::string const &bytes)
{
    return "({PARTITIONRANGEDATUM :kind 0 :value {CONST :consttype " + std::to_string(type) +
           " :consttypmod -1 :constcollid 0 :constlen 8 :constbyval true :constisnull false "
           ":location 48 :constvalue " +
           bytes + "} :location 48})";
}

std::string tree(std::string const &lower, std::string const &upper)
{
    return "{PARTITIONBOUNDSPEC :strategy r :is_default false :modulus 0 :remainder 0 :listdatums "
           "<> :lowerdatums " +
           lower + " :upperdatums " + upper + " :location 42}";
}

std::string const minvalue = "({PARTITIONRANGEDATUM :kind -1 :value <> :location 48})";
std::string const maxvalue = "({PARTITIONRANGEDATUM :kind 1 :value <> :location -1})";

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("stored bounds")
    {
        auto const january = constant(1184, "8 [ 0 -128 -44 126 -104 -51 2 0 ]");
        CHECK(range_of_tree(tree(january, maxvalue)) ==
              time_range{at("2025-01-01T00:00:00Z"), after_all});
        auto const before = constant(1114, "8 [ -1 -1 -1 -1 -1 -1 -1 -1 ]");
        CHECK(range_of_tree(tree(minvalue, before)) ==
              time_range{before_all, at("1999-12-31T23:59:59.999999Z")});
        CHECK(range_of_tree(tree(constant(1082, "4 [ -1 -1 -1 -1 -1 -1 -1 -1 ]"),
                                 constant(1082, "4 [ -1 -1 -1 127 0 0 0 0 ]"))) ==
              time_range{at("1999-12-31T00:00:00Z"), after_all});
        CHECK(range_of_tree(tree(constant(1184, "8 [ 0 0 0 0 0 0 0 -128 ]"), january)) ==
              time_range{before_all, at("2025-01-01T00:00:00Z")});
    }

    TEST_CASE("stored bounds of a key whose type is a domain")
    {
        auto const january = constant(16385, "8 [ 0 -128 -44 126 -104 -51 2 0 ]");
        CHECK_FALSE(range_of_tree(tree(january, maxvalue)));
        for (auto const *type : {"timestamp with time zone", "timestamp without time zone"}) {
            CHECK(range_of_tree(tree(january, maxvalue), type) ==
                  time_range{at("2025-01-01T00:00:00Z"), after_all});
        }
        auto const day = constant(16385, "4 [ -1 -1 -1 -1 -1 -1 -1 -1 ]");
        CHECK(range_of_tree(tree(day, maxvalue), "date") ==
              time_range{at("1999-12-31T00:00:00Z"), after_all});
        CHECK_FALSE(range_of_tree(tree(day, maxvalue), "bigint"));
    }

    TEST_CASE("dates beyond what a time_point holds")
    {
        auto const far = constant(1082, "4 [ 0 -54 -102 59 0 0 0 0 ]"); // 10^9 days after 2000
        auto const long_ago = constant(1082, "4 [ 0 54 101 -60 -1 -1 -1 -1 ]"); // 10^9 days before
        CHECK(range_of_tree(tree(long_ago, far)) == time_range{before_all, after_all});
    }

    TEST_CASE("stored bounds of other kinds")
    {
        auto const january = constant(1184, "8 [ 0 -128 -44 126 -104 -51 2 0 ]");
        auto const whole = tree(january, maxvalue);
        CHECK(range_of_tree(whole));
        for (std::size_t cut = 0; cut < whole.size() - 14; ++cut) {
            CAPTURE(cut);
            CHECK_FALSE(range_of_tree(std::string_view{whole}.substr(0, cut)));
        }
        CHECK_FALSE(range_of_tree(tree(constant(20, "8 [ 1 0 0 0 0 0 0 0 ]"), maxvalue))); // bigint
        CHECK_FALSE(
            range_of_tree(tree(constant(1184, "8 [ 1 0 0 0 0 0 0 ]"), maxvalue))); // seven bytes
        CHECK_FALSE(range_of_tree(tree(january, minvalue)));
        // MINVALUE and -infinity are one point here: an empty range.
        CHECK(range_of_tree(tree(minvalue, constant(1184, "8 [ 0 0 0 0 0 0 0 -128 ]"))) ==
              time_range{before_all, before_all});
        CHECK_FALSE(range_of_tree(tree(january.substr(0, january.size() - 1) +
                                           " {PARTITIONRANGEDATUM :kind 1 :value <> "
                                           ":location 1})",
                                       maxvalue))); // two columns
        CHECK_FALSE(range_of_tree("{PARTITIONBOUNDSPEC :strategy r :is_default true :modulus 0 "
                                  ":remainder 0 :listdatums <> "
                                  ":lowerdatums <> :upperdatums <> :location 31}"));
        CHECK_FALSE(range_of_tree("{PARTITIONBOUNDSPEC :strategy h :is_default false :modulus 4 "
                                  ":remainder 0 :listdatums <> "
                                  ":lowerdatums <> :upperdatums <> :location 31}"));
    }

    TEST_CASE("printed bounds")
    {
        CHECK(range_of_text(
                  "FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2025-02-01 00:00:00+00')") ==
              time_range{at("2025-01-01T00:00:00Z"), at("2025-02-01T00:00:00Z")});
        CHECK(range_of_text("FOR VALUES FROM (MINVALUE) TO ('2025-01-01')") ==
              time_range{before_all, at("2025-01-01T00:00:00Z")});
        CHECK(range_of_text("FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)") ==
              time_range{at("2025-01-01T00:00:00Z"), after_all});
        for (auto const *text :
             {"FOR VALUES FROM ('a', 1) TO ('b', 2)", "FOR VALUES IN ('a', 'b')", "DEFAULT",
              "FOR VALUES WITH (modulus 4, remainder 0)", "", "FOR VALUES FROM ('2025",
              "FOR VALUES FROM (1) TO (1000)", "FOR VALUES FROM ('it''s') TO ('zz')",
              "FOR VALUES FROM ('2025-01-01') TO ('2025-02-01') and more"}) {
            CAPTURE(text);
            CHECK_FALSE(range_of_text(text));
        }
    }

    TEST_CASE("times as the server prints them")
    {
        CHECK(parse_time("2025-01-01 00:00:00+00") == at("2025-01-01T00:00:00Z"));
        CHECK(parse_time("2025-01-01 01:30:00+05:30") == at("2024-12-31T20:00:00Z"));
        CHECK(parse_time("2025-01-01 00:00:00-03") == at("2025-01-01T03:00:00Z"));
        CHECK(parse_time("1890-01-01 00:53:28+00:53:28") == at("1890-01-01T00:00:00Z"));
        CHECK(parse_time("2025-01-01 00:00:00.25") == at("2025-01-01T00:00:00.25Z"));
        CHECK(parse_time("2025-01-01 00:00:00.000001+00") == at("2025-01-01T00:00:00.000001Z"));
        CHECK(parse_time("2025-03-01") == at("2025-03-01T00:00:00Z"));
        CHECK(parse_time("-infinity") == before_all);
        CHECK(parse_time("infinity") == after_all);
        CHECK(parse_time("294276-12-31 23:59:59+00") == after_all);
        CHECK(parse_time("12025-01-01") > parse_time("9999-12-31"));
        CHECK(parse_time("0044-03-15 BC") < parse_time("0001-01-01"));
        CHECK(parse_time("0001-01-01 00:00:00+00 BC") ==
              *parse_time("0001-01-01 00:00:00+00") - 366LL * 86400 * 1000000);
    }

    TEST_CASE("what is not a time is refused")
    {
        for (auto const *text :
             {"", "12", "abc", "2025-01", "2025-13-01", "2025-01-32", "2025-01-01 00:00",
              "2025-01-01 00:00:00+", "2025-01-01 00:00:00 CET", "2025-01-01x", "-5"}) {
            CAPTURE(text);
            CHECK_FALSE(parse_time(text));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
// What YAML reads otherwise than people do: each is refused, with a hint, at its place.
#include <doctest/doctest.h>

#include "config/scalar.hpp"
#include "config/support.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

struct trap {
    std::string keys; // of a job, in line 6 from column 5
    std::string problem;
    std::string hint;
};

void refused(trap const &t)
{
    CAPTURE(t.keys);
    auto const yaml = job_with(t.keys);
    CHECK(problems(yaml) == lines{t.problem});
    CHECK(hint(yaml) == t.hint);
}

std::string const yes_no = " is a boolean to some YAML readers, a text to others";

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("booleans are true and false")
    {
        CHECK_FALSE(load(job_with("enabled: false")).jobs[0].enabled);
        CHECK(load(job_with("enabled: true")).jobs[0].enabled);
        for (auto const *word : {"yes", "Yes", "YES", "on", "On", "y", "Y", "True", "TRUE"}) {
            refused({std::string{"enabled: "} + word,
                     std::string{"6:14: enabled: '"} + word + "'" + yes_no, "write true"});
        }
        for (auto const *word : {"no", "off", "OFF", "n", "False"}) {
            refused({std::string{"enabled: "} + word,
                     std::string{"6:14: enabled: '"} + word + "'" + yes_no, "write false"});
        }
        refused({"enabled: \"true\"",
                 "6:14: enabled: 'true' in quotes is a text, and true or false is wanted",
                 "write true without quotes"});
        refused(
            {"enabled: 1", "6:14: enabled: '1' is neither true nor false", "write true or false"});
        refused({"enabled: maybe", "6:14: enabled: 'maybe' is neither true nor false",
                 "write true or false"});
        refused({"enabled: [true]", "6:14: enabled: true or false is wanted, not a list", ""});
    }

    TEST_CASE("a comment of SQL does not take in the lines that YAML joins to it")
    {
        std::string const before = "version: 1\ntargets: { a: { dsn: dbname=a } }\ntimezone: UTC\n"
                                   "jobs:\n  - name: j\n    schedule: \"0 0 * * *\"\n",
                          told = "a comment (--) takes in the line after it, because YAML joins "
                                 "the lines";
        for (std::string const text :
             {"        where: >\n          a -- old ones\n          and b\n",
              // The same comment is also there as a line of its own.
              "        where: >\n          a -- and b\n          and b\n\n          -- and b\n",
              // Between two parts of one string, in one, and in one that is code.
              "        where: >\n          a in ('a' -- x\n          , 'b'\n\n          'c')\n",
              "        where: >\n          f('-- x\n          y')\n",
              "        where: >\n          f(E'b -- x\n          y')\n",
              "        where: \"a \\x2d- old\\\n          and b\"\n",
              "        where: \"\\u00e9 and a -- \\\" \u00e9\n          and b\"\n",
              "        where: 'a = ''x'' -- it''s old\n          and b'\n",
              "        where: >-\n          a -- old ones\n          and b\n",
              "        where: \"a -- old ones\n          and b\"\n",
              "        where: 'a -- old ones\n          and b'\n",
              "        where: a -- old ones\n          and b\n"}) {
            CAPTURE(text);
            auto const yaml = before + "    cleanup:\n        table: x.y\n" + text;
            CHECK(problems(yaml) == lines{"9:16: where: " + told});
            CHECK(hint(yaml).starts_with("write the text as a block of lines (|"));
        }
        for (std::string const text :
             {"        where: |\n          a -- old ones\n          and b\n",
              "        where: >\n          a /* old -- ones */\n          and b\n",
              "        where: >\n          a = '-- x'\n          and b\n",
              "        where: \"a -- old ones\"\n", "        where: \"a -- old\\nand b\"\n",
              "        where: a -- old ones\n",
              // Nothing follows, or a line end is kept: behind it, of a blank line, of one further
              // in, of an escape.
              "        where: >-\n          a -- old ones\n",
              "        where: >\n          a and\n          b -- the last\n\n",
              "        where: >\n          -- first\n\n          a\n",
              "        where: >\r\n          -- first\r\n\r\n          a\r\n",
              "        where: >\n          a\n            -- further in\n          and b\n",
              "        where: \"a -- old\\n\\\n          and b\"\n",
              // The comment ends where it did, whatever it is written with.
              "        where: 'a -- it''s old\n\n          and b'\n",
              "        where: \"a -- the \\\"old\\\" \\t \\u00e9 \u00e9 \\x41\\n\\\n          and "
              "b\"\n",
              "        where: >\n          '-- x' =\n          b\n",
              "        where: >\n          f('a\n          b') -- x\n"}) {
            CAPTURE(text);
            CHECK(problems(before + "    cleanup:\n        table: x.y\n" + text) == lines{});
        }
        CHECK(problems(before + "    sql:\n      text: >\n        select 1; -- one\n        "
                                "select 2\n") == lines{"8:13: text: " + told});
        CHECK(problems(before +
                       "    sql:\n      text: >\n        do $x$ begin\n        delete from "
                       "a; -- then the other\n        delete from b;\n\n        end $x$\n") ==
              lines{"8:13: text: " + told});
        CHECK(problems(before +
                       "    sql:\n      text: >\n        do $$ begin execute 'delete from a "
                       "-- old\n        where b'; end $$\n") == lines{"8:13: text: " + told});
    }

    TEST_CASE("numbers have the digits that everybody reads")
    {
        CHECK(load(job_with("retry: { max: 7 }")).jobs[0].policy.retry.max == 7);
        CHECK(load(job_with("retry: { max: 0 }")).jobs[0].policy.retry.max == 0);
        constexpr char digits[] = "write it with the digits 0 to 9 only, without a zero in front";
        refused(
            {"retry: { max: 022 }",
             "6:19: max: '022' is a number of base 8 to some YAML readers, of base 10 to others",
             digits});
        for (auto const *number :
             {"0x10", "0o14", "0b11", "1_0", "+5", "1e1", "1.5e3", ".5", "1.", ".inf", ".NaN"}) {
            refused({std::string{"retry: { max: "} + number + " }",
                     std::string{"6:19: max: '"} + number +
                         "' is a number to some YAML readers, a text to others",
                     digits});
        }
        refused({"retry: { max: 1:30 }",
                 "6:19: max: '1:30' is a number of base 60 to some YAML readers, a text to others",
                 digits});
        refused({"retry: { max: 1.5 }", "6:19: max: '1.5' is not a whole number", ""});
        refused({"retry: { max: five }", "6:19: max: 'five' is not a whole number", ""});
        refused({"retry: { max: \"5\" }",
                 "6:19: max: '5' in quotes is a text, and a number is wanted",
                 "write 5 without quotes"});
        refused({"retry: { max: -1 }", "6:19: max: '-1' is not between 0 and 100", ""});
        refused({"retry: { max: 99999999999999999999 }",
                 "6:19: max: '99999999999999999999' is not between 0 and 100", ""});
        refused({"retry: { max: {} }", "6:19: max: a number is wanted, not a map", ""});
    }

    TEST_CASE("durations have units")
    {
        CHECK(load(job_with("timeout: 1h30m")).jobs[0].policy.timeout == std::chrono::minutes{90});
        CHECK(load(job_with("timeout: '90s'")).jobs[0].policy.timeout == seconds{90});
        CHECK(load(job_with("timeout: 0s")).jobs[0].policy.timeout == seconds{0});
        refused({"timeout: 10", "6:14: timeout: '10' is not a duration: it has no unit",
                 "write 10s or 10min"});
        refused({"timeout: \"10\"", "6:14: timeout: '10' is not a duration: it has no unit",
                 "write 10s or 10min"});
        refused({"timeout: 1e3", "6:14: timeout: '1e3' is not a duration: it has no unit",
                 "write 90s, 10min, 1h30m"});
        refused({"timeout: 12:30:00",
                 "6:14: timeout: '12:30:00' is a number of base 60 to some YAML readers, a text to "
                 "others",
                 "write a duration with units: 12h30m, 90s"});
        refused({"timeout: 8d", "6:14: timeout: '8d' is not between 0s and 7d", ""});
        CHECK(problems(job_with("timeout: 10 parsecs")).size() == 1);
        CHECK(problems(job_with("timeout: -5min")).size() == 1);
    }

    TEST_CASE("a text that YAML may read as something else wants quotes")
    {
        CHECK(load(job_with("target: \"5432\"\ntargets: { \"5432\": {} }")).jobs[0].target ==
              "5432");
        refused({"target: 5432", "6:13: target: '5432' is a number, and a text is wanted",
                 "quote it: \"5432\""});
        refused({"target: 022",
                 "6:13: target: '022' is a number of base 8 to some YAML readers, of base 10 to "
                 "others, and a text is wanted",
                 "quote it: \"022\""});
        refused({"target: 1e3",
                 "6:13: target: '1e3' is a number to some YAML readers, a text to others, and a "
                 "text is wanted",
                 "quote it: \"1e3\""});
        refused({"target: no",
                 "6:13: target: 'no' is a boolean to some YAML readers, a text to others, and a "
                 "text is wanted",
                 "quote it: \"no\""});
        refused({"target: true", "6:13: target: 'true' is a boolean, and a text is wanted",
                 "quote it: \"true\""});
        refused({"target: 2025-01-15",
                 "6:13: target: '2025-01-15' is a date to some YAML readers, a text to others, and "
                 "a text is wanted",
                 "quote it: \"2025-01-15\""});
        refused({"target: [a]", "6:13: target: a text is wanted, not a list", ""});
        refused({"overlap: no",
                 "6:14: overlap: 'no' is a boolean to some YAML readers, a text to others, and one "
                 "of skip or queue is wanted",
                 ""});
        refused({"overlap: sikp", "6:14: overlap: 'sikp' is not one of skip or queue",
                 "did you mean 'skip'?"});
    }

    TEST_CASE("nothing is not a value")
    {
        refused({"timeout:\n    missed: once", "6:5: key 'timeout' is empty",
                 "give it a value, or remove the key"});
        refused(
            {"timeout: ~", "6:5: key 'timeout' is empty", "give it a value, or remove the key"});
        refused(
            {"timeout: null", "6:5: key 'timeout' is empty", "give it a value, or remove the key"});
        CHECK(problems(job_that("vacuum: { tables: [] }")) ==
              lines{"5:23: tables: the list is empty"});
        CHECK(problems(job_that("vacuum: { tables: [public.a, ~] }")) ==
              lines{"5:34: tables: null is not wanted here"});
        CHECK(problems(
                  "version: 1\njobs:\n  -\n  - { name: a, schedule: \"@daily\", vacuum: {} }\n") ==
              lines{"3:3: jobs: item 1 of the list is empty"});
    }

    TEST_CASE("words are classified as YAML 1.1 and 1.2 do")
    {
        using config::classify;
        using config::plain_kind;
        for (auto const *text :
             {"abc",         "10min",     "7 days", "1h30m", "0 2 * * *", "-",    ".",    "1.2.3",
              "12:70:00",    "e5",        "5e",     "0x",    "0xg",       "nope", "onto", "2025-01",
              "2025-01-15x", "127.0.0.1", "--1",    "1:2x",  "+",         "+-5",  "_1"}) {
            CAPTURE(text);
            CHECK(classify(text) == plain_kind::text);
        }
        for (auto const *number : {"0", "5", "-5", "123456789"}) {
            CHECK(classify(number) == plain_kind::integer);
        }
        for (auto const *number : {"0.05", "-1.5", "10.0"}) {
            CHECK(classify(number) == plain_kind::decimal);
        }
        for (auto const *odd :
             {"1e3", "1E+3", "1.5e-3", ".5", "5.", "+1.5", "00.5", ".inf", "-.Inf", ".NaN"}) {
            CAPTURE(odd);
            CHECK(classify(odd) == plain_kind::odd_decimal);
        }
        for (auto const *odd : {"022", "-022", "00", "0x1F", "0o17", "0b101", "1_000", "+5"}) {
            CAPTURE(odd);
            CHECK(classify(odd) == plain_kind::odd_integer);
        }
        for (auto const *time : {"12:30:00", "1:30", "190:20:30.15", "-1:30"}) {
            CHECK(classify(time) == plain_kind::sexagesimal);
        }
        for (auto const *day :
             {"2025-01-15", "2025-1-5", "2025-01-15T10:00:00Z", "2025-01-15 10:00:00"}) {
            CHECK(classify(day) == plain_kind::date);
        }
    }
}

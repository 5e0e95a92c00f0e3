// SPDX-License-Identifier: Apache-2.0
// From text to tree: positions, and what YAML has that a configuration must not have.
#include <doctest/doctest.h>

#include "config/support.hpp"
#include "config/tree.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

config::node tree(std::string const &yaml)
{
    std::vector<diagnostic> found;
    auto out = config::parse_yaml(yaml, "test.yaml", found);
    REQUIRE(found.empty());
    return out;
}

std::string place(config::node const &n)
{
    return std::to_string(n.line) + ":" + std::to_string(n.column);
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("keys and values keep their places, in lines and characters from 1")
    {
        auto const root = tree(
            "# comment\n"
            "a: 1\n"
            "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80: { k\xC3\xB6: \"v\" , z: 'w' }\n" // 3 characters,
                                                                                    // 9 bytes
            "list:\n"
            "  - x\n"
            "  -   { y: z }\n"
            "text: |\n"
            "  several\n"
            "  lines\n"
            "end: >-\n"
            "  folded\n");
        CHECK(place(root) == "2:1");
        CHECK(place(root.entries[0].key) == "2:1");
        CHECK(place(root.entries[0].value) == "2:4");
        CHECK(place(root.entries[1].key) == "3:1");
        CHECK(place(root.entries[1].value) == "3:6");
        CHECK(place(root.entries[1].value.entries[0].key) == "3:8");
        CHECK(place(root.entries[1].value.entries[0].value) == "3:12");
        CHECK(place(root.entries[1].value.entries[1].value) == "3:21");
        CHECK(root.entries[1].value.entries[1].value.style == config::node_style::quoted);
        CHECK(place(root.find("list")->items[0]) == "5:5");
        CHECK(place(root.find("list")->items[1]) == "6:7");
        CHECK(place(*root.find("text")) == "7:7");
        CHECK(root.find("text")->style == config::node_style::block);
        CHECK(root.find("text")->text == "several\nlines\n");
        CHECK(root.find("end")->text == "folded");
        CHECK(root.find("nothing") == nullptr);
    }

    TEST_CASE("an escape that the library does not write as UTF-8 is told")
    {
        CHECK(problems("version: 1\ntimezone: \"UTC\\N\"\n").front() ==
              "2:11: the text is not UTF-8");
        CHECK(problems("version: 1\ntimezone: \"U\\u0054C\"\njobs: []\n") ==
              problems("version: 1\ntimezone: UTC\njobs: []\n"));
    }

    TEST_CASE("a byte order mark is told anywhere but at the beginning")
    {
        std::string const mark = "\xEF\xBB\xBF";
        CHECK(problems(mark + mark + "version: 1\n").front() ==
              "1:2: a byte order mark is allowed only at the very beginning");
        CHECK(problems("version: 1\na: b" + mark + "\n").front().starts_with("2:5: a byte order"));
    }

    TEST_CASE("a byte order mark and CR LF change no place")
    {
        auto const root = tree("\xEF\xBB\xBF"
                               "a: 1\r\nb:\r\n  c: 2\r\n");
        CHECK(place(root.entries[0].key) == "1:1");
        CHECK(place(root.find("b")->entries[0].value) == "3:6");
        CHECK(root.find("b")->entries[0].value.text == "2");
    }

    TEST_CASE("nothing and null are told apart")
    {
        using kind = config::node_kind;
        auto const root = tree("a:\nb: ~\nc: null\nd: NULL\ne: nullify\nf: \"null\"\ng: "
                               "\"\"\nh:\nnull_key: {i: , j: ~}\n");
        CHECK(root.find("a")->kind == kind::missing);
        CHECK(root.find("b")->kind == kind::null);
        CHECK(root.find("c")->kind == kind::null);
        CHECK(root.find("d")->kind == kind::null);
        CHECK(root.find("e")->kind == kind::scalar);
        CHECK(root.find("f")->text == "null");
        CHECK(root.find("g")->kind == kind::scalar);
        CHECK(root.find("h")->kind == kind::missing);
        CHECK(root.find("null_key")->entries[0].value.kind == kind::missing);
        CHECK(root.find("null_key")->entries[1].value.kind == kind::null);
        CHECK(tree("").kind == kind::missing);
        CHECK(tree("# only a comment\n").kind == kind::missing);
        CHECK(place(tree("")) == "1:1");
    }

    TEST_CASE("an unquoted schedule is an alias to YAML: the hint says to quote it")
    {
        for (auto const *schedule : {"*/5 * * * *", "* * * * *", "*"}) {
            CAPTURE(schedule);
            auto const yaml =
                "version: 1\njobs:\n  - name: a\n    schedule: " + std::string{schedule} +
                "\n    vacuum: {}\n";
            CHECK(problems(yaml) == lines{"4:15: a text that begins with * is an alias in YAML"});
            CHECK(hint(yaml) == "quote it: \"*/5 * * * *\"");
        }
        CHECK(problems("schedule: @daily\n") == lines{"1:11: a text cannot begin with @ in YAML"});
        CHECK(problems("a: %x\n") == lines{"1:4: a text cannot begin with % in YAML"});
        CHECK(problems("a: `x`\n") == lines{"1:4: a text cannot begin with ` in YAML"});
    }

    TEST_CASE("a variable between the braces of a map wants quotes")
    {
        auto const yaml = "version: 1\ntargets: { a: { dsn: ${SHOP_DSN}, pooler: auto } }\n";
        CHECK(problems(yaml).size() == 1);
        CHECK(hint(yaml) == "quote a value that has ${...}: braces are YAML's own");
    }

    TEST_CASE("a colon wants a blank behind it")
    {
        for (auto const *job : {"{ vacuum: {tables:[a]} }", "{ vacuum:{} }"}) {
            CAPTURE(job);
            CHECK(hint(std::string{"version: 1\njobs: [ "} + job + " ]\n") ==
                  "a blank must follow the colon");
        }
    }

    TEST_CASE("anchors, aliases, merge keys and tags are refused, all of them at once")
    {
        CHECK(problems("version: 1\n"
                       "defaults: &d\n"
                       "  missed: once\n"
                       "jobs:\n"
                       "  - <<: *d\n"
                       "    name: !!str a\n"
                       "    schedule: ! \"0 2 * * *\"\n"
                       "    vacuum: !special {}\n"
                       "  - *d\n") ==
              lines{"2:11: an anchor (&) is not allowed here",
                    "5:5: a merge key (<<) is not allowed here",
                    "5:9: an alias (*) is not allowed here", "6:11: a tag (!) is not allowed here",
                    "7:15: a tag (!) is not allowed here", "8:13: a tag (!) is not allowed here",
                    "9:5: an alias (*) is not allowed here"});
    }

    TEST_CASE("an alias bomb is a handful of errors, not a billion values")
    {
        std::string bomb = "version: 1\na: &a [x, x]\n";
        for (char c = 'b'; c < 'z'; ++c) {
            auto const last = std::string(1, static_cast<char>(c - 1));
            bomb += std::string(1, c) + ": &" + c + " [*" + last + ", *" + last + "]\n";
        }
        auto const found = problems(bomb);
        CHECK(found.size() == 25 + 48 + 25); // anchors, aliases, unknown keys
    }

    TEST_CASE("a key that is there twice")
    {
        CHECK(problems("version: 1\ntimezone: UTC\n\"timezone\": Europe/Berlin\n") ==
              lines{"3:1: key 'timezone' is there twice"});
        CHECK(hint("version: 1\ntimezone: UTC\ntimezone: UTC\n") ==
              "it is in line 2 already; remove one of them");
        CHECK(problems(job_with("retry: { max: 1, max: 2 }")) ==
              lines{"6:22: key 'max' is there twice"});
        std::string many = "version: 1\ntargets:\n"; // more than a dozen keys take another way
        for (int i = 0; i < 20; ++i) {
            many += "  t" + std::to_string(i % 19) + ": {}\n";
        }
        CHECK(problems(many) == lines{"22:3: key 't0' is there twice"});
    }

    TEST_CASE("one document, not too deep, of keys that are words")
    {
        CHECK(problems("version: 1\n---\nversion: 1\n") ==
              lines{"2:1: a second document begins here"});
        CHECK(problems("version: 1\n...\nx\n").size() == 1);
        CHECK(load("%YAML 1.2\n---\nversion: 1\n").jobs.empty());
        CHECK(problems(std::string(50, '[') + std::string(50, ']')) ==
              lines{"1:33: values are nested deeper than 32 levels"});
        CHECK(problems("version: 1\n? [a]\n: b\n") == lines{"2:3: a key must be a word"});
        CHECK(problems("version: 1\n{a: 1}: b\n").size() == 1);
        CHECK(problems("- a\n") == lines{"1:1: a map is wanted, not a list"});
        CHECK(problems("hello\n") == lines{"1:1: a map is wanted, not a text"});
        CHECK(problems("") == lines{"1:1: the file is empty"});
    }

    TEST_CASE("quotes that are not closed before the end of the file")
    {
        CHECK(problems("version: 1\ntimezone: \"UTC\n") ==
              lines{"2:11: a quoted text is not closed"});
        CHECK(problems("version: 1\ntimezone: 'it''s\n") ==
              lines{"2:11: a quoted text is not closed"});
        CHECK(problems("version: 1\ntimezone: \"x\\\"\n") ==
              lines{"2:11: a quoted text is not closed"});
        CHECK(problems("version: 1\ntimezone: \"UTC") ==
              lines{"2:15: a quoted text is not closed before the end of the file"});
        CHECK(tree("a: \"x\\\\\"").find("a")->text == "x\\");
        CHECK(tree("a: 'it''s'").find("a")->text == "it's");
    }

    TEST_CASE("tabs are not indentation")
    {
        CHECK(problems("version: 1\njobs:\n\t- name: a\n") ==
              lines{"3:1: a tab is used for indentation"});
        CHECK(problems("version: 1\ndefaults:\n  missed: once\n\toverlap: skip\n") ==
              lines{"4:1: a tab is used for indentation"});
        CHECK(problems("version: 1\ndefaults: {\n  \tmissed: once,\n\toverlap: skip }\n") ==
              lines{"3:3: a tab is used for indentation", "4:1: a tab is used for indentation"});
        CHECK(tree("a:\tb # \tc\n").find("a")->text == "b"); // between words they do no harm
    }

    TEST_CASE("bytes that no editor shows")
    {
        CHECK(problems("version: 1\ntimezone: \xC3\xA4\xFF\n") ==
              lines{"2:12: the text is not UTF-8 from here on"});
        CHECK(problems("version: 1\n# \xED\xA0\x80\n") ==
              lines{"2:3: the text is not UTF-8 from here on"});
        CHECK(problems(std::string("v\0e\0", 4)) ==
              lines{"1:2: a control character (0x00) is not allowed"});
        // The library takes 0x04 for the end of the file: what follows would be ignored.
        CHECK(problems("version: 1\n\x04jobs: x\n") ==
              lines{"2:1: a control character (0x04) is not allowed"});
        CHECK(problems("version: 1\rtimezone: UTC\n") ==
              lines{"1:11: a control character (0x0d) is not allowed"});
        CHECK(problems("version: 1\n# \x7F\n") ==
              lines{"2:3: a control character (0x7f) is not allowed"});
        CHECK(problems("version: 1\n# \xE2\x80\xAE x\n") ==
              lines{"2:3: a character that turns the direction of writing is not allowed"});
        CHECK(load("version: 1 # \xE2\x82\xAC\n").jobs.empty());
    }

    TEST_CASE("more than a million bytes")
    {
        auto const comment = "version: 1\n#" + std::string(999'000, 'x') + "\n";
        CHECK(load(comment).jobs.empty());
        CHECK(problems(comment + "#" + std::string(2'000, 'x')) ==
              lines{"0:0: it has more than 1,000,000 bytes"});
    }

    TEST_CASE("other syntax errors keep their place")
    {
        CHECK(problems("version: 1\ntimezone: a: b\n") ==
              lines{"2:12: this is not YAML: illegal map value"});
        CHECK(problems("version: 1\njobs: [a, b\n").size() == 1);
        CHECK(problems("version: 1\n}\n") == lines{"2:1: this is not YAML: illegal flow end"});
        CHECK(problems("version: 1\n- a\n") ==
              lines{"2:1: this is not YAML: end of map not found"});
    }
}

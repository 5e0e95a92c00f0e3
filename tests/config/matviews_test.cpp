// SPDX-License-Identifier: Apache-2.0
// `matviews:` of the file.
#include <doctest/doctest.h>

#include "config/support.hpp"

using namespace pgtend;
using namespace pgtend::test;
using std::chrono::hours;
using std::chrono::minutes;

TEST_SUITE("nodb")
{
    TEST_CASE("every key")
    {
        auto const all =
            load("version: 1\n"
                 "matviews:\n"
                 "  - { name: public.a, max_staleness: 10min, query: \"select 1 as x;\","
                 " unique_index: [x, '\"Y\"'] }\n"
                 "  - name: public.b\n"
                 "    query: |\n"
                 "      -- what it shows\n"
                 "      select 2 as x\n"
                 "    unique_index: { name: b_by_x, columns: [x] }\n"
                 "    with_data: false\n"
                 "    owner: Keeper\n"
                 "    tablespace: fast\n"
                 "  - { name: public.c, max_staleness: 1h }\n");
        REQUIRE(all.matviews.size() == 3);
        auto const &a = all.matviews[0];
        CHECK(a.max_staleness == minutes{10});
        CHECK(a.query == "select 1 as x");
        CHECK(a.unique_index == lines{"x", "Y"});
        CHECK(model::index_name(a) == "a_key");
        CHECK(a.with_data);
        CHECK(a.query_at.line == 3);
        auto const &b = all.matviews[1];
        CHECK(b.query == "-- what it shows\nselect 2 as x");
        CHECK(model::index_name(b) == "b_by_x");
        CHECK(b.unique_index == lines{"x"});
        CHECK_FALSE(b.with_data);
        CHECK(b.owner == "keeper");
        CHECK(b.tablespace == "fast");
        CHECK(all.matviews[2].query.empty());
        CHECK(all.matviews[2].max_staleness == hours{1});
    }

    TEST_CASE("what is refused, and where")
    {
        auto const view = [](std::string const &keys) {
            return "version: 1\nmatviews:\n  - { name: public.a, " + keys + " }\n";
        };
        CHECK(problems("version: 1\nmatviews:\n  - { max_staleness: 1h }\n") ==
              lines{"3:5: a materialized view needs the key 'name'"});
        CHECK(problems("version: 1\nmatviews:\n  - { name: a }\n") ==
              lines{"3:13: name: 'a' has no schema"});
        CHECK(problems(view("max_staleness: 0s")).size() == 1);
        CHECK(problems(view("query: \"select 1; select 2\"")) ==
              lines{"3:30: query: it has more than one statement"});
        CHECK(problems(view("query: \"delete from t\"")) ==
              lines{"3:30: query: it is not a query"});
        CHECK(problems(view("query: \"select 1) as (\"")).size() == 1);
        CHECK(problems(view("query: { text: \"select 1\" }")).size() == 2); // unknown, missing
        CHECK(problems(view("query: { file: nowhere.sql }")).front().starts_with("3:38: '"));
        CHECK(problems(view("unique_index: [x, x]")) ==
              lines{"3:41: unique_index: column x is in the list twice"});
        CHECK(problems(view("unique_index: { name: k }")) ==
              lines{"3:37: 'unique_index' needs the key 'columns'"});
        CHECK(problems(view("unique_indx: [x]")).front().starts_with("3:23: "));
        CHECK(hint(view("unique_indx: [x]")) == "did you mean 'unique_index'?");
        CHECK(problems(view("owner: x")) ==
              lines{"3:5: `owner` of public.a means nothing without `query`"});
        CHECK(problems(view("with_data: false")) ==
              lines{"3:5: `with_data` of public.a means nothing without `query`"});
        CHECK(problems("version: 1\nmatviews:\n  - { name: public.a }\n  - { name: public.a }\n") ==
              lines{"4:5: materialized view public.a is declared twice"});
        CHECK(problems("version: 1\nmatviews:\n  - { name: public." + std::string(60, 'a') +
                       ", unique_index: [x] }\n") ==
              lines{"3:5: the unique index of public." + std::string(60, 'a') +
                    " would have a name of more than 63 bytes"});
    }
}

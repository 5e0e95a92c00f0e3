// SPDX-License-Identifier: Apache-2.0
// What is planned for declared indexes, without a server.
#include <set>

#include "index/support.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

plan::plan plan_from(catalog::index_snapshot const &all, list const &names = {"i"})
{
    std::vector<model::index_policy> declared;
    for (auto const &name : names) {
        declared.push_back(declare(name));
    }
    return index::plan_create(declared, all).work;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a missing index is built, one that is there is noted")
    {
        auto all = snapshot({"i"});
        auto const missing = plan_from(all);
        CHECK(told(missing) == list{"create index public.i on public.t: missing"});
        CHECK(sql_of(missing) ==
              list{"CREATE INDEX CONCURRENTLY \"i\" ON \"public\".\"t\" USING btree (a)"});
        all.indexes.push_back(make_index("10", "i", "1"));
        auto const there = plan_from(all);
        CHECK(there.empty());
        CHECK(there.notes == list{"public.t: index public.i is there"});
    }

    TEST_CASE("an equal index of another name serves; one that is not valid, or of a deferrable "
              "constraint, does not")
    {
        auto all = snapshot({"i"});
        all.indexes.push_back(make_index("10", "other", "1"));
        auto const served = plan_from(all);
        CHECK(served.empty());
        CHECK(served.notes ==
              list{"public.t: index public.other is equal to public.i and serves in its place"});
        all.indexes.back().valid = false;
        CHECK(told(plan_from(all)) == list{"create index public.i on public.t: missing"});
        all.indexes.back().valid = true;
        all.indexes.back().immediate = false;
        CHECK(plan_from(all).steps.size() == 1);
        all.indexes.back().immediate = true;
        all.indexes.back().unique = true;
        CHECK(plan_from(all).steps.size() == 1);
    }

    TEST_CASE("another definition under the name is an error, and nothing is dropped")
    {
        auto all = snapshot({"i"});
        all.indexes.push_back(make_index("10", "i", "1"));
        all.indexes.back().definition = "USING btree (b)";
        auto const refused = plan_from(all);
        CHECK(told(refused) == list{"refused: index public.i of public.t is there with another "
                                    "definition: btree (b), declared: btree (a) [42P07]"});
        CHECK(sql_of(refused) == list{});
        all.indexes.back().definition = "USING btree (a) WITH (fillfactor='70')";
        auto const storage = plan_from(all);
        CHECK(plan::refused(*std::get<std::unique_ptr<plan::task>>(storage.steps[0].body))
                  ->hint()
                  .starts_with("ALTER INDEX \"public\".\"i\" RESET"));
        all.indexes.clear();
        all.wanted[0].taken_by = "index of public.x";
        CHECK(told(plan_from(all)) == list{"refused: index public.i of public.t: the name is taken "
                                           "(index of public.x) [42P07]"});
    }

    TEST_CASE("what an interrupted build left is dropped and built anew, and what REINDEX left "
              "dropped")
    {
        auto all = snapshot({"i", "j"});
        all.indexes.push_back(make_index("10", "i", "1"));
        all.indexes.back().valid = false;
        all.indexes.push_back(make_index("11", "j_ccnew", "1"));
        all.indexes.back().valid = false;
        all.indexes.push_back(make_index("12", "j_ccold", "1")); // valid: somebody's own
        auto const plan = plan_from(all, {"i", "j"});
        CHECK(sql_of(plan) ==
              list{"DROP INDEX CONCURRENTLY \"public\".\"j_ccnew\"",
                   "DROP INDEX CONCURRENTLY \"public\".\"i\"",
                   "CREATE INDEX CONCURRENTLY \"i\" ON \"public\".\"t\" USING btree (a)"});
        CHECK(plan.steps[1].reason.starts_with("invalid since its build was interrupted"));
        CHECK(plan.steps[2].after == std::vector<std::size_t>{1});
        for (std::size_t i = 0; i < 2; ++i) { // only while it is still invalid
            auto const &drop = std::get<plan::standalone>(plan.steps[i].body).body;
            CHECK(drop.still_wanted.find("NOT i.indisvalid") != std::string::npos);
        }
        all.indexes[1].building = true;
        CHECK(sql_of(plan_from(all, {"i", "j"})).size() == 2);
    }

    TEST_CASE(
        "what a deadlock leaves of a build is cleared away before it is tried again, while it "
        "is what was built")
    {
        auto all = snapshot({"i"});
        all.wanted[0].also = {"USING btree (a) WHERE (b)"};
        auto const body = std::get<plan::standalone>(plan_from(all).steps.at(0).body).body;
        REQUIRE(body.clear_up.size() == 1);
        auto const &drop = body.clear_up[0];
        CHECK(drop.sql == "DROP INDEX CONCURRENTLY \"public\".\"i\"");
        CHECK(drop.concurrently);
        for (auto const *part :
             {"NOT i.indisvalid", "USING btree (a)", "USING btree (a) WHERE (b)"}) {
            CHECK_MESSAGE(drop.still_wanted.find(part) != std::string::npos, part);
        }
    }

    TEST_CASE("an invalid index of a partition that is attached already, and declared for the "
              "partition itself, is rebuilt: it cannot be dropped")
    {
        auto all = snapshot({"i"});
        all.indexes.push_back(make_index("10", "i", "1", "t", "99"));
        CHECK(told(plan_from(all)) == list{});
        all.indexes.back().valid = false;
        CHECK(sql_of(plan_from(all)) == list{"REINDEX INDEX CONCURRENTLY \"public\".\"i\""});
    }

    TEST_CASE("a partitioned table: the whole first, leaf by leaf, attached, then asked")
    {
        auto all = snapshot({"i"}, 'p');
        add_table(all, "2", "t_1", "1");
        add_table(all, "3", "t_2", "1", 'p');
        add_table(all, "4", "t_2_a", "3");
        auto const plan = plan_from(all);
        CHECK(sql_of(plan) ==
              list{"CREATE INDEX \"i\" ON ONLY \"public\".\"t\" USING btree (a)",
                   "CREATE INDEX CONCURRENTLY \"t_1_i\" ON \"public\".\"t_1\" USING btree (a)",
                   "ALTER INDEX \"public\".\"i\" ATTACH PARTITION \"public\".\"t_1_i\"",
                   "CREATE INDEX \"t_2_i\" ON ONLY \"public\".\"t_2\" USING btree (a)",
                   "CREATE INDEX CONCURRENTLY \"t_2_a_i\" ON \"public\".\"t_2_a\" USING btree (a)",
                   "ALTER INDEX \"public\".\"t_2_i\" ATTACH PARTITION \"public\".\"t_2_a_i\"",
                   "ALTER INDEX \"public\".\"i\" ATTACH PARTITION \"public\".\"t_2_i\""});
        CHECK(plan.steps[1].reason == "leaf public.t_1 has no index");
        CHECK(plan.steps.back().title == "check index public.i");
        for (std::size_t i = 1; i < plan.steps.size(); ++i) {
            CHECK_FALSE(plan.steps[i].after.empty());
            CHECK(plan.steps[i].lane == plan.steps[0].lane); // builds wait for each other
        }
    }

    TEST_CASE("a name that something else has is not given to the index of a partition")
    {
        auto all = snapshot({"i"}, 'p');
        add_table(all, "2", "t_1", "1");
        add_table(all, "3", "t_2", "1");
        all.indexes.push_back(make_index("31", "t_2_i", "3", "t_2"));
        all.indexes.back().definition = "USING btree (b)";
        using names = std::vector<qualified_name>;
        CHECK(index::plan_create({declare("i")}, all).names ==
              names{{"public", "t_1_i"}, {"public", "t_2_i_1"}});
        all.taken = {{"public", "t_1_i"}};
        CHECK(index::plan_create({declare("i")}, all).names ==
              names{{"public", "t_1_i_1"}, {"public", "t_2_i_1"}});
        auto const plan = plan_from(all);
        CHECK(sql_of(plan).at(1) ==
              "CREATE INDEX CONCURRENTLY \"t_1_i_1\" ON \"public\".\"t_1\" USING btree (a)");
    }

    TEST_CASE("two indexes of one plan never get the same name")
    {
        auto all = snapshot({"x_i", "i"}, 'p');
        add_table(all, "2", "t_1", "1");
        add_table(all, "3", "t_1_x", "1");
        all.wanted[1].definition = "USING btree (b)";
        auto const plan = plan_from(all, {"x_i", "i"});
        std::set<std::string> names;
        int builds = 0;
        for (auto const &sql : sql_of(plan)) {
            if (sql.starts_with("CREATE INDEX CONCURRENTLY ")) {
                ++builds;
                names.insert(sql.substr(0, sql.find(" ON ")));
            }
        }
        CHECK(builds == 4);
        CHECK(names.size() == 4);
    }

    TEST_CASE("an interrupted build of a partitioned table is taken up where it ended")
    {
        auto all = snapshot({"i"}, 'p');
        all.indexes.push_back(make_index("10", "i", "1"));
        all.indexes.back().valid = false;
        all.indexes.back().partitioned = true;
        for (auto const *number : {"1", "2", "3", "4", "5"}) {
            add_table(all, "2" + std::string{number}, "t_" + std::string{number}, "1");
        }
        all.indexes.push_back(make_index("31", "t_1_i", "21", "t_1", "10")); // attached
        all.indexes.push_back(make_index("32", "somebody_s", "22", "t_2"));  // built, not attached
        all.indexes.push_back(make_index("33", "t_3_i", "23", "t_3"));       // left invalid
        all.indexes.back().valid = false;
        all.indexes.push_back(make_index("34", "t_4_i", "24", "t_4", "10")); // attached, invalid
        all.indexes.back().valid = false;
        all.indexes.push_back(make_index("35", "t_5_i", "25", "t_5")); // another one has the name
        all.indexes.back().definition = "USING btree (b)";
        auto const plan = plan_from(all);
        CHECK(sql_of(plan) ==
              list{"ALTER INDEX \"public\".\"i\" ATTACH PARTITION \"public\".\"somebody_s\"",
                   "DROP INDEX CONCURRENTLY \"public\".\"t_3_i\"",
                   "CREATE INDEX CONCURRENTLY \"t_3_i\" ON \"public\".\"t_3\" USING btree (a)",
                   "ALTER INDEX \"public\".\"i\" ATTACH PARTITION \"public\".\"t_3_i\"",
                   "REINDEX INDEX CONCURRENTLY \"public\".\"t_4_i\"",
                   "ALTER INDEX \"public\".\"i\" ATTACH PARTITION \"public\".\"t_4_i\"",
                   "CREATE INDEX CONCURRENTLY \"t_5_i_1\" ON \"public\".\"t_5\" USING btree (a)",
                   "ALTER INDEX \"public\".\"i\" ATTACH PARTITION \"public\".\"t_5_i_1\""});
    }

    TEST_CASE("an index whose partitions are all attached, and which is invalid all the same, is "
              "looked at again")
    {
        auto all = snapshot({"i"}, 'p');
        all.indexes.push_back(make_index("10", "i", "1"));
        all.indexes.back().valid = false;
        all.indexes.back().partitioned = true;
        add_table(all, "2", "t_1", "1");
        all.indexes.push_back(make_index("31", "t_1_i", "2", "t_1", "10"));
        CHECK(sql_of(plan_from(all)) ==
              list{"ALTER INDEX \"public\".\"i\" ATTACH PARTITION \"public\".\"t_1_i\""});
    }

    TEST_CASE("an index that no partition could make valid is refused, also below: again and again "
              "would not help")
    {
        auto all = snapshot({"i"}, 'p');
        all.indexes.push_back(make_index("10", "i", "1"));
        all.indexes.back().valid = false;
        all.indexes.back().partitioned = true;
        add_table(all, "2", "t_1", "1", 'p');
        all.indexes.push_back(make_index("31", "t_1_i", "2", "t_1", "10"));
        all.indexes.back().valid = false;
        all.indexes.back().partitioned = true;
        auto const why =
            list{"refused: index public.t_1_i of public.t_1 is invalid, and there is no "
                 "partition whose index could make it valid []"};
        CHECK(told(plan_from(all)) == why);
        all.indexes.back().parent.clear(); // made, and not attached yet
        CHECK(told(plan_from(all)) == why);
        add_table(all, "3", "t_1_a", "2");
        CHECK(told(plan_from(all)).size() == 4);
    }

    TEST_CASE("what cannot be done says so: rights, foreign partitions, definitions that the "
              "server refuses")
    {
        auto all = snapshot({"i"});
        all.tables[0].may = false;
        all.tables[0].owner = "boss";
        CHECK(told(plan_from(all)) ==
              list{"refused: role worker may not create indexes on public.t: "
                   "it belongs to boss [42501]"});
        all.tables[0].may = true;
        all.tables[0].may_create = false;
        CHECK(told(plan_from(all)) ==
              list{"refused: role worker may not create indexes in schema public [42501]"});

        auto tree = snapshot({"i"}, 'p');
        add_table(tree, "2", "t_far", "1", 'f');
        CHECK(told(plan_from(tree)).at(0).find("t_far is a foreign table") != std::string::npos);
        tree.tables.back().kind = 'r';
        tree.tables.back().may = false;
        tree.tables.back().owner = "boss";
        auto const partly = plan_from(tree); // the others are built; whole it cannot become
        CHECK(partly.steps.size() == 3);
        CHECK(partly.steps.back().after == std::vector<std::size_t>{0, 1});

        auto wrong = snapshot({"i"});
        wrong.wanted[0].problem = "column \"b\" does not exist";
        wrong.wanted[0].sqlstate = "42703";
        CHECK(told(plan_from(wrong)) ==
              list{"refused: index public.i of public.t: column \"b\" does not exist [42703]"});
        wrong.wanted[0].found.problem = "table public.t does not exist";
        CHECK(told(plan_from(wrong)) == list{"refused: table public.t does not exist [42P01]"});
    }

    TEST_CASE("a tablespace that is declared has to be the one")
    {
        auto all = snapshot({"i"});
        all.indexes.push_back(make_index("10", "i", "1"));
        all.indexes.back().tablespace = "slow";
        auto policy = declare("i");
        CHECK(index::plan_create({policy}, all).work.empty());
        policy.tablespace = "fast";
        CHECK(told(index::plan_create({policy}, all).work)
                  .at(0)
                  .find("TABLESPACE slow, declared: "
                        "btree (a) TABLESPACE fast") != std::string::npos);
    }
}

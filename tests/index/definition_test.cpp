// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "index/definition.hpp"

using namespace pgtend;
using namespace pgtend::index;

TEST_SUITE("nodb")
{
    TEST_CASE(
        "a definition falls into its parts where its words are, and not where texts have them")
    {
        auto const all = parts_of("USING gin (to_tsvector('where with (x)'::regconfig, b), "
                                  "\"with\") INCLUDE (c) WITH (fastupdate='off') WHERE (d = ' "
                                  "WITH '::text)");
        CHECK(all.head ==
              "USING gin (to_tsvector('where with (x)'::regconfig, b), \"with\") INCLUDE (c)");
        CHECK(all.storage == "(fastupdate='off')");
        CHECK(all.where == "(d = ' WITH '::text)");
        CHECK(parts_of("USING btree (a)").head == "USING btree (a)");
        CHECK(parts_of("USING btree (a) WHERE active").where == "active");
        CHECK(without_storage("USING btree (a) WITH (fillfactor='70') WHERE (a > 1)") ==
              "USING btree (a) WHERE (a > 1)");
    }

    TEST_CASE("storage parameters are compared as the server reads them")
    {
        auto const same = [](std::string const &a, std::string const &b) {
            return equal_definitions("USING gin (a)" + a, "USING gin (a)" + b);
        };
        CHECK(same(" WITH (fastupdate='off')", " WITH (fastupdate='false')"));
        CHECK(same(" WITH (fastupdate=NO)", " WITH (fastupdate='0')"));
        CHECK(same(" WITH (fastupdate='on') WHERE (b > 1)",
                   " WITH (fastupdate='TRUE') WHERE (b > 1)"));
        CHECK(same(" WITH (fastupdate='on', gin_pending_list_limit='64')",
                   " WITH (gin_pending_list_limit='64', fastupdate='yes')"));
        CHECK_FALSE(same(" WITH (fastupdate='on')", " WITH (fastupdate='off')"));
        CHECK_FALSE(same(" WITH (fastupdate='on')", ""));
        CHECK_FALSE(
            same(" WITH (gin_pending_list_limit='64')", " WITH (gin_pending_list_limit='65')"));
        CHECK_FALSE(same(" WITH (fastupdate='on') WHERE (b > 1)", " WITH (fastupdate='on')"));
    }

    TEST_CASE("plain is what names nothing but columns and their order")
    {
        auto const plain = [](std::string on) {
            model::index_policy out;
            out.on = std::move(on);
            return plain_definition(out);
        };
        CHECK(plain("(a)") == "USING btree (a)");
        CHECK(plain(" ( A , b_2 DESC/* last */, c asc)\n-- all") == "USING btree (a, b_2 DESC, c)");
        for (auto const *each : {"(\"a\")", "(a nulls first)", "(a desc nulls last)", "(lower(a))",
                                 "((a))", "(a text_ops)", "(a collate c)", "(s.a)", "(a) b", "(a,)",
                                 "()", "(\xc3\xa9)", "(a$)"}) {
            CHECK_MESSAGE(plain(each).empty(), each);
        }
        model::index_policy more{.table = {}, .name = "i", .on = "(a)", .at = {}};
        more.method = "gin";
        more.include = {"b", "c"};
        CHECK(plain_definition(more) == "USING gin (a) INCLUDE (b, c)");
        for (auto const change : std::vector<void (*)(model::index_policy &)>{
                 [](auto &p) { p.where = "a > 3"; }, [](auto &p) { p.storage = {"fillfactor=70"}; },
                 [](auto &p) { p.nulls_not_distinct = true; }, [](auto &p) { p.include = {"B"}; },
                 [](auto &p) { p.method = "My"; }}) {
            auto other = more;
            change(other);
            CHECK(plain_definition(other).empty());
        }
    }

    TEST_CASE("a tablespace stands before the condition, names are quoted")
    {
        building what{.name = {"s", "Odd \"name"},
                      .table = {"s", "T"},
                      .table_oid = "7",
                      .definition = "USING btree (a) WITH (fillfactor='70') WHERE (a > 1)",
                      .unique = true,
                      .tablespace = "fast"};
        CHECK(create_statement(what).sql ==
              "CREATE UNIQUE INDEX CONCURRENTLY \"Odd \"\"name\" ON \"s\".\"T\" USING btree (a) "
              "WITH (fillfactor='70') TABLESPACE \"fast\" WHERE (a > 1)");
        CHECK(create_only_statement(what).sql.starts_with(
            "CREATE UNIQUE INDEX \"Odd \"\"name\" ON ONLY \"s\".\"T\" USING btree (a)"));
    }

    TEST_CASE("what blocks writers is tried shortly, what takes long blocks nobody")
    {
        building const what{
            .name = {"s", "i"}, .table = {"s", "t"}, .table_oid = "7", .definition = "USING x (a)"};
        auto const only = create_only_statement(what);
        CHECK(only.in_transaction);
        CHECK(only.lock_timeout <= milliseconds{40});
        CHECK(only.locks.at(0).mode == plan::lock_mode::share);
        auto const attach = attach_statement({"s", "p"}, {"s", "pt"}, {"s", "i"}, {"s", "t"});
        CHECK(attach.lock_timeout <= milliseconds{40});
        for (auto const &each : {create_statement(what), drop_statement(what, "9"),
                                 rebuild_statement({"s", "i"}, "9", {"s", "t"})}) {
            CHECK(each.concurrently);
            CHECK_FALSE(each.in_transaction);
            CHECK(each.locks.at(0).mode == plan::lock_mode::share_update_exclusive);
        }
    }

    TEST_CASE("F26: an index on a partition gets a name of at most 63 bytes, and its own")
    {
        CHECK(partition_index_name("orders_2026_11", "orders_zone", 0) ==
              "orders_2026_11_orders_zone");
        CHECK(partition_index_name("orders_2026_11", "orders_zone", 2) ==
              "orders_2026_11_orders_zone_2");
        std::string const partition(50, 'p'), index(40, 'i');
        auto const cut = partition_index_name(partition, index, 0);
        CHECK(cut.size() == 63);
        CHECK(cut != partition_index_name(partition, index + "2", 0));
        CHECK(cut != partition_index_name(partition, index, 1));
        std::string accents;
        for (int i = 0; i < 30; ++i) {
            accents += "é";
        }
        for (auto const *one : {"", "x"}) {
            auto const name = partition_index_name(one + accents, index, 0);
            CHECK(valid_utf8(name));
            CHECK(name.size() <= 63);
        }
    }

    TEST_CASE("what REINDEX CONCURRENTLY leaves is known by its name")
    {
        CHECK(left_by_reindex("t_a_ccnew"));
        CHECK(left_by_reindex("t_a_ccold12"));
        CHECK_FALSE(left_by_reindex("t_a_ccnewer"));
        CHECK_FALSE(left_by_reindex("t_2026"));
    }
}

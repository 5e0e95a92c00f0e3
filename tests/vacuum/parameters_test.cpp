// SPDX-License-Identifier: Apache-2.0
// Plans of storage parameters, without a server.
#include "vacuum/parameters.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "support/lists.hpp"
#include "vacuum/declared.hpp"
#include "vacuum/parameter_world.hpp"

using namespace pgtend;
using namespace pgtend::test;
using namespace pgtend::vacuum;

TEST_SUITE("nodb")
{
    TEST_CASE("each partition is a step; what is as declared is none")
    {
        world w;
        w.at("b").options = {option("5e-2")};
        auto const made = w.make();
        CHECK(titles(made) == list{"note what new partitions of public.orders get",
                                   "set autovacuum_vacuum_scale_factor of public.a",
                                   "set autovacuum_vacuum_scale_factor of public.plain"});
        CHECK(made.steps[1].reason ==
              "autovacuum_vacuum_scale_factor is not set, declared is 0.05");
        CHECK(made.steps[1].after == std::vector<std::size_t>{0});
        CHECK(made.steps[2].after.empty());
        CHECK(made.notes == list{"1 declared storage parameter is in force"});

        w.at("a").options = w.at("plain").options = {option("0.05")};
        CHECK(w.make().empty());
        CHECK(w.make().notes == list{"3 declared storage parameters are in force"});
    }

    TEST_CASE("the lock comes first, then the original, then the change, in one transaction")
    {
        world w;
        w.ask({{{"public", "plain"}, "4"}});
        w.at("plain").options = {option("0.3"), "fillfactor=70"};
        w.at("plain").toast = "pg_toast_4";
        w.policies[0].parameters.push_back({"toast.autovacuum_enabled", "false"});
        auto const made = w.make();
        REQUIRE(made.steps.size() == 1);
        auto const &body = std::get<plan::transaction>(made.steps[0].body).statements;
        auto const sql = statements(made.steps[0]);
        REQUIRE(sql.size() == 3);
        CHECK(sql[0] == "LOCK TABLE ONLY \"public\".\"plain\" IN SHARE UPDATE EXCLUSIVE MODE");
        CHECK(has(sql[1], "('autovacuum_vacuum_scale_factor', '0.3', '0.05', '0.3')"));
        CHECK(has(sql[1], "('toast.autovacuum_enabled', NULL, 'false', NULL)"));
        CHECK(has(sql[1], "INSERT INTO pgtend.storage_parameter"));
        CHECK(sql[2] == "ALTER TABLE \"public\".\"plain\" SET (autovacuum_vacuum_scale_factor = "
                        "'0.05', toast.autovacuum_enabled = 'false')");
        for (auto const at : {std::size_t{0}, std::size_t{2}}) {
            CHECK(body[at].locks.front().relation == "\"public\".\"plain\"");
            CHECK(body[at].locks.front().mode == plan::lock_mode::share_update_exclusive);
        }
        CHECK(body[2].locks.back().relation == "\"pg_toast\".\"pg_toast_4\"");
    }

    TEST_CASE("the nearest declaration decides")
    {
        world w;
        w.policies.push_back({{{"public", "a"}}, {{parameter, "0.01"}, {"fillfactor", "80"}}});
        w.ask({{{"public", "orders"}, "1"}, {{"public", "plain"}, "4"}, {{"public", "a"}, "2"}});
        declarations const declared{w.policies, w.snapshot, w.ledger};
        CHECK(declared.of("2") ==
              std::vector<model::parameter_setting>{{parameter, "0.01"}, {"fillfactor", "80"}});
        CHECK(declared.of("3") == std::vector<model::parameter_setting>{{parameter, "0.05"}});
        CHECK(declared.of("1") == std::vector<model::parameter_setting>{{parameter, "0.05"}});
        CHECK(declared.of("9").empty());
    }

    TEST_CASE("of chosen tables; what the others declare still counts")
    {
        world w;
        w.policies.push_back({{{"public", "a"}}, {{parameter, "0.01"}}});
        w.ask({{{"public", "orders"}, "1"}, {{"public", "plain"}, "4"}, {{"public", "a"}, "2"}});
        w.snapshot.asked.push_back({{"public", "gone"}, {}, {}, "table public.gone is gone", {}});
        auto const of = [&](std::vector<qualified_name> const &only) {
            return plan_parameters(w.policies, w.snapshot, w.ledger, changed_parameter::is_told,
                                   only);
        };
        w.at("a").options = {option("0.01")};
        auto const below = of({{"public", "orders"}});
        CHECK(titles(below) == list{"note what new partitions of public.orders get",
                                    "set autovacuum_vacuum_scale_factor of public.b"});
        CHECK(below.notes == list{"1 declared storage parameter is in force"});
        w.at("a").options = {};
        auto const one = of({{"public", "a"}});
        CHECK(titles(one) == list{"set autovacuum_vacuum_scale_factor of public.a"});
        CHECK(one.steps.at(0).reason ==
              "autovacuum_vacuum_scale_factor is not set, declared is 0.01");
        CHECK(titles(of({{"public", "gone"}})) ==
              list{"set storage parameters of public.gone: table public.gone is gone"});
        w.policies[0].parameters = {{"autovacuum_vacuum_max_threshold", "1000000"}};
        CHECK(titles(of({{"public", "plain"}})) ==
              list{"set autovacuum_vacuum_max_threshold of public.plain: "
                   "autovacuum_vacuum_max_threshold exists from PostgreSQL 18 on; the server is "
                   "15"});
    }

    TEST_CASE("what somebody changed since is left alone and told; what is as before is set again")
    {
        world w;
        w.ask({{{"public", "plain"}, "4"}});
        w.save("plain", "0.3", "0.05");
        w.at("plain").options = {option("0.01")};
        auto const left = w.make();
        CHECK(left.empty());
        CHECK(
            left.notes ==
            list{"public.plain: autovacuum_vacuum_scale_factor is 0.01, changed by somebody since "
                 "pgtend set it to 0.05 (before: 0.3): left alone; --force sets what is "
                 "declared"});
        // Forced: what it is now is the new original.
        auto const forced = w.make(true);
        REQUIRE(forced.steps.size() == 1);
        CHECK(has(statements(forced.steps[0])[1],
                  "('autovacuum_vacuum_scale_factor', '0.01', '0.05', '0.01')"));

        // Taken off by somebody, and not what it was before.
        w.at("plain").options = {};
        CHECK(w.make().empty());
        CHECK(w.make().notes.size() == 1);

        // As before pgtend came: nobody's wish that is newer than the file.
        w.at("plain").options = {option("0.30")};
        auto const again = w.make();
        REQUIRE(again.steps.size() == 1);
        CHECK(has(statements(again.steps[0])[1],
                  "('autovacuum_vacuum_scale_factor', '0.30', '0.05', '0.3')"));

        // The declaration changed: the first original stays.
        w.at("plain").options = {option("0.05")};
        w.policies[0].parameters[0].value = "0.02";
        auto const changed = w.make();
        REQUIRE(changed.steps.size() == 1);
        CHECK(has(statements(changed.steps[0])[1],
                  "('autovacuum_vacuum_scale_factor', '0.05', '0.02', '0.3')"));
    }

    TEST_CASE("what cannot be done fails by name, and the rest is done")
    {
        world w;
        w.at("a").may_alter = false;
        w.policies[0].parameters.push_back({"autovacuum_vacuum_max_threshold", "1000000"});
        w.snapshot.asked.push_back({{"public", "ordres"},
                                    {},
                                    {},
                                    "table public.ordres does not exist",
                                    "did you mean public.orders?"});
        w.snapshot.tables.push_back(table("stats", "7"));
        w.snapshot.tables.back().kind = 'm';
        w.snapshot.asked.push_back({{"public", "stats"}, {"public", "stats"}, "7", {}, {}});
        auto const made = titles(w.make());
        CHECK(made ==
              list{"set storage parameters of public.ordres: table public.ordres does not exist",
                   "set storage parameters of public.stats: public.stats is a materialized view",
                   "set autovacuum_vacuum_max_threshold of public.orders: "
                   "autovacuum_vacuum_max_threshold exists from PostgreSQL 18 on; the server is 15",
                   "set autovacuum_vacuum_max_threshold of public.plain: "
                   "autovacuum_vacuum_max_threshold exists from PostgreSQL 18 on; the server is 15",
                   "note what new partitions of public.orders get",
                   "set autovacuum_vacuum_scale_factor of public.a: role dba may not change "
                   "public.a: it belongs to app",
                   "set autovacuum_vacuum_scale_factor of public.b",
                   "set autovacuum_vacuum_scale_factor of public.plain"});
        w.snapshot.settings.server_version = 180000;
        auto const newer = w.make();
        CHECK(has(titles(newer).back(), "autovacuum_vacuum_max_threshold"));
        CHECK(statements(newer.steps.back()).back() ==
              "ALTER TABLE \"public\".\"plain\" SET (autovacuum_vacuum_max_threshold = '1000000', "
              "autovacuum_vacuum_scale_factor = '0.05')");
    }

    TEST_CASE("without a ledger nothing is changed")
    {
        world w;
        w.ledger.present = false;
        for (auto const &title : titles(w.make())) {
            CHECK(has(title, "this database has no ledger"));
        }
        CHECK(w.make().steps.size() == 3);
    }

    TEST_CASE("a parameter of a TOAST table that is not there is a note")
    {
        world w;
        w.ask({{{"public", "plain"}, "4"}});
        w.policies[0].parameters = {{"toast.autovacuum_vacuum_threshold", "7"}};
        CHECK(w.make().empty());
        CHECK(w.make().notes == list{"public.plain has no TOAST table, and "
                                     "toast.autovacuum_vacuum_threshold means nothing"});
        w.at("plain").toast = "pg_toast_4";
        CHECK(w.make().steps.size() == 1);
    }

    TEST_CASE("a partition with a value of its own is set also when only the note was made before")
    {
        world w;
        w.at("b").options = {option("0.3")};
        auto const made = w.make();
        auto const &note = std::get<plan::transaction>(made.steps.at(0).body).statements[0];
        CHECK(note.parameters[0] == R"({"1","3"})");
        CHECK(note.parameters[3] == R"({NULL,"0.3"})");
        CHECK(note.parameters[4] == R"({"0.05","0.3"})");
        // What the ledger then has, after a kill.
        w.save("orders", std::nullopt, "0.05", true);
        w.save("b", "0.3", "0.3");
        auto const next = w.make();
        CHECK(titles(next) == list{"set autovacuum_vacuum_scale_factor of public.a",
                                   "set autovacuum_vacuum_scale_factor of public.b",
                                   "set autovacuum_vacuum_scale_factor of public.plain"});
        CHECK(has(statements(next.steps.at(1))[1],
                  "('autovacuum_vacuum_scale_factor', '0.3', '0.05', '0.3')"));
        CHECK(titles(w.back(0, true)) == list{"forget what was saved of public.b",
                                              "forget what new partitions of public.orders got"});
        // Changed meanwhile: theirs, and nothing is said of what pgtend never did.
        w.at("b").options = {option("0.2")};
        CHECK(w.make().notes ==
              list{"public.b: autovacuum_vacuum_scale_factor is 0.2, changed by somebody since "
                   "pgtend saw that it is 0.3: left alone; --force sets what is declared"});
        // What the file names can be forced.
        auto const refused = vacuum::plan_parameters(w.policies, w.snapshot, w.ledger,
                                                     vacuum::changed_parameter::fails);
        auto const step = std::find_if(refused.steps.begin(), refused.steps.end(),
                                       [](auto const &one) { return one.object == "public.b"; });
        REQUIRE(step != refused.steps.end());
        CHECK(has(plan::refused(*step)->hint(), "autovacuum apply --force public.orders"));
    }

    TEST_CASE("a declaration that changes keeps how partitions began")
    {
        world w;
        w.save("orders", std::nullopt, "0.05", true);
        w.policies[0].parameters[0].value = "0.02";
        w.at("a").options = {option("0.05")}; // made with it
        w.at("b").options = {option("0.02")}; // somebody's
        auto const made = w.make();
        CHECK(titles(made)[0] == "note what new partitions of public.orders get");
        auto const &note = std::get<plan::transaction>(made.steps[0].body).statements[0];
        CHECK(note.parameters[0] == R"({"1","2","3"})");
        CHECK(note.parameters[3] == R"({NULL,NULL,"0.02"})");
        CHECK(note.parameters[4] == R"({"0.02","0.05","0.02"})");
        CHECK(has(statements(made.steps[1])[1],
                  "('autovacuum_vacuum_scale_factor', '0.05', '0.02', NULL)"));
    }

    TEST_CASE("hostile names and values stay what they are")
    {
        world w;
        w.ask({{{"public", "plain"}, "4"}});
        auto &table = w.at("plain");
        table.options = {option("0.3'); DROP TABLE x; --")};
        table.name = {"we\"ird", "it's $pgtend$; --"};
        auto const sql = statements(w.make().steps.at(0));
        CHECK(has(sql[0], "LOCK TABLE ONLY \"we\"\"ird\".\"it's $pgtend$; --\" IN"));
        CHECK(has(sql[1], "'0.3''); DROP TABLE x; --'"));
        CHECK(sql[1].starts_with("DO $pgtend1$"));
        CHECK(sql[1].ends_with("$pgtend1$"));
    }
}

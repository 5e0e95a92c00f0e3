// SPDX-License-Identifier: Apache-2.0
// Plans that put storage parameters back, without a server.
#include <doctest/doctest.h>

#include "support/lists.hpp"
#include "vacuum/parameter_world.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("nodb")
{
    TEST_CASE("back: the originals, by SET and RESET, and the ledger forgets")
    {
        world w;
        w.save("a", std::nullopt, "0.05");
        w.save("plain", "0.3", "0.05");
        w.at("a").options = w.at("plain").options = {option("0.05")};
        auto const made = w.back();
        CHECK(titles(made) == list{"put autovacuum_vacuum_scale_factor of public.a back",
                                   "put autovacuum_vacuum_scale_factor of public.plain back"});
        CHECK(made.steps[0].reason == "autovacuum_vacuum_scale_factor is 0.05, and was not set "
                                      "before");
        auto const reset = statements(made.steps[0]);
        CHECK(has(reset[1], "DELETE FROM pgtend.storage_parameter"));
        CHECK(reset[2] == "ALTER TABLE \"public\".\"a\" RESET (autovacuum_vacuum_scale_factor)");
        CHECK(statements(made.steps[1])[2] ==
              "ALTER TABLE \"public\".\"plain\" SET (autovacuum_vacuum_scale_factor = '0.3')");
        // Of one table.
        w.ask({{{"public", "orders"}, "1"}});
        CHECK(titles(w.back(1)) == list{"put autovacuum_vacuum_scale_factor of public.a back"});
        // Nothing of ours.
        w.ledger.saved.clear();
        CHECK(w.back().notes == list{"no storage parameter is set by pgtend"});
    }

    TEST_CASE("back: what somebody changed since is left; what is as before is forgotten")
    {
        world w;
        w.save("a", "0.3", "0.05");
        w.save("plain", "0.3", "0.05");
        w.ledger.saved.push_back({"99", "public.old", {}, parameter, std::nullopt, "0.05", false});
        w.at("a").options = {option("0.01")};
        w.at("plain").options = {option("0.3")};
        auto const made = w.back();
        CHECK(titles(made) ==
              list{"forget what was saved of public.plain", "forget what was saved of public.old"});
        CHECK(statements(made.steps[0]).size() == 1);
        CHECK(made.notes.size() == 1);
        CHECK(has(made.notes[0], "public.a: autovacuum_vacuum_scale_factor is 0.01, changed by "
                                 "somebody since pgtend set it to 0.05 (before: 0.3): left alone"));
        CHECK(titles(w.back(0, true))[0] == "put autovacuum_vacuum_scale_factor of public.a back");
        // Of tables that are named those that are gone are none.
        CHECK(w.back(2).steps.size() == 1);
    }

    TEST_CASE("back: partitions made since have it taken off, others that had it keep it")
    {
        world w;
        w.save("orders", std::nullopt, "0.05", true);
        w.save("b", "0.05", "0.05"); // had it before
        w.at("a").options = w.at("b").options = {option("0.05")};
        auto const made = w.back();
        CHECK(titles(made) == list{"put autovacuum_vacuum_scale_factor of public.a back",
                                   "forget what was saved of public.b",
                                   "forget what new partitions of public.orders got"});
        CHECK(made.steps[2].after == std::vector<std::size_t>{0, 1});
        // With another value it was not made by pgtend: that is nothing to take off, and no change.
        w.at("a").options = {option("0.01")};
        CHECK(titles(w.back(0, true)) == list{"forget what was saved of public.b",
                                              "forget what new partitions of public.orders got"});
        CHECK(has(statements(w.make().steps.at(0))[1],
                  "('autovacuum_vacuum_scale_factor', '0.01', '0.05', '0.01')"));
        // One that is not permitted keeps what tells it from others.
        w.at("a").options = {option("0.05")};
        w.at("a").may_alter = false;
        CHECK(titles(w.back()) == list{"put autovacuum_vacuum_scale_factor of public.a back: role "
                                       "dba may not change public.a: it belongs to app",
                                       "forget what was saved of public.b"});
    }
}

// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "engine/privileges.hpp"
#include "plan/rights.hpp"

using namespace pgtend;
using engine::denied_by;
using kind = engine::denied_object::kind;

namespace {

// "app.t: SELECT DELETE" of each relation called t.
std::string asked(std::string_view sql)
{
    std::string out;
    for (auto const &each : engine::relations_named(sql)) {
        if (each.name == "t") {
            out += (out.empty() ? "" : "; ") + each.schema + ".t:";
            for (auto const privilege : each.privileges) {
                out += " " + std::string{privilege};
            }
        }
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("what a message says was denied")
    {
        auto const table = denied_by("permission denied for table t_b");
        CHECK(table.what == kind::relation);
        CHECK(table.name == "t_b");
        CHECK(!table.owner);
        CHECK(denied_by("permission denied for materialized view \"V w\"\nmore").name == "V w");
        CHECK(denied_by("permission denied for sequence t_id_seq").what == kind::sequence);
        CHECK(denied_by("permission denied for function f").what == kind::routine);
        CHECK(denied_by("permission denied for schema hidden").what == kind::schema);
        CHECK(denied_by("permission denied to set role \"own\"").name == "own");
        CHECK(denied_by("must be owner of table t").owner);
        for (auto const *other : {"permission denied for language c", "keine Berechtigung",
                                  "permission denied to create role", "must be superuser", ""}) {
            CHECK(denied_by(other).what == kind::none);
        }
    }

    TEST_CASE("which privileges a statement asks of a relation, by its words")
    {
        CHECK(asked("select 1 from app.t") == "app.t: SELECT");
        CHECK(asked("INSERT INTO t (a) VALUES ('from t')") == ".t: INSERT");
        CHECK(asked("delete from only \"app\".\"t\" where x") == "app.t: SELECT DELETE");
        CHECK(asked("update app.t set n = 1") == "app.t: SELECT UPDATE");
        CHECK(asked("TRUNCATE TABLE app.t, u") == "app.t: TRUNCATE");
        CHECK(asked("insert into a select 1 -- into t\nfrom app.t") == "app.t: SELECT");
        CHECK(asked("select '").empty());
        CHECK(asked("select \"").empty());
    }

    TEST_CASE("what gives the right to something that belongs to another role")
    {
        plan::belonging what{"TABLE", {"app", "t"}, "Own er"};
        CHECK(plan::owner_right(what, "keeper") ==
              R"(GRANT "Own er" TO "keeper", or run as "Own er")");
        CHECK(plan::maintain_right(what, "keeper", 160000) == plan::owner_right(what, "keeper"));
        CHECK(plan::maintain_right(what, "keeper", 170000) ==
              R"(GRANT MAINTAIN ON "app"."t" TO "keeper")");
        what.owner = "postgres";
        what.to_superuser = true; // nobody becomes one by a hint
        CHECK(plan::owner_right(what, "keeper") ==
              R"(ALTER TABLE "app"."t" OWNER TO "keeper", or run as postgres)");
    }
}

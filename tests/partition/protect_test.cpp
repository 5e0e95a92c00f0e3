// SPDX-License-Identifier: Apache-2.0
// Row level security of partitions that lack it.
#include <doctest/doctest.h>

#include "catalog/load.hpp"
#include "partition/protect.hpp"
#include "partition/support.hpp"
#include "plan/refusal.hpp"
#include "plan/script.hpp"
#include "support/apply.hpp"
#include "support/lists.hpp"
#include "support/role.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

std::vector<catalog::unprotected_partition> look(pg::session &s, std::string const &role = "")
{
    return catalog::load_unprotected_partitions(s, {{"public", "orders"}, {"public", "open"}},
                                                role);
}

list sql(plan::plan const &made)
{
    list out;
    for (auto const &step : made.steps) {
        for (auto const &each : std::get<plan::transaction>(step.body).statements) {
            if (!each.sql.starts_with("LOCK TABLE ONLY ")) {
                out.push_back(each.sql);
            }
            CHECK(plan::lock_summary(each).starts_with("ACCESS EXCLUSIVE on "));
        }
    }
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("partitions without the row level security of their table get it, at any depth")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE orders (at date) PARTITION BY RANGE (at)");
        s.run("CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM ('2026-01-01') TO "
              "('2026-02-01')");
        s.run("CREATE TABLE orders_2 PARTITION OF orders FOR VALUES FROM ('2026-02-01') TO "
              "('2026-03-01') PARTITION BY RANGE (at)");
        s.run("CREATE TABLE \"orders_2\"\"a\" PARTITION OF orders_2 DEFAULT");
        s.run("CREATE TABLE open (at date) PARTITION BY RANGE (at)");
        s.run("CREATE TABLE open_1 PARTITION OF open DEFAULT");
        CHECK(look(s).empty());

        s.run("ALTER TABLE orders ENABLE ROW LEVEL SECURITY");
        s.run("ALTER TABLE orders_1 ENABLE ROW LEVEL SECURITY");
        s.run("ALTER TABLE open_1 ENABLE ROW LEVEL SECURITY"); // more than its table: left alone
        auto made = partition::plan_protection(look(s));
        CHECK(sql(made) ==
              list{"ALTER TABLE \"public\".\"orders_2\" ENABLE ROW LEVEL SECURITY",
                   "ALTER TABLE \"public\".\"orders_2\"\"a\" ENABLE ROW LEVEL SECURITY"});
        CHECK(made.steps[0].title == "enable row level security of public.orders_2");
        s.run("ALTER TABLE orders FORCE ROW LEVEL SECURITY");
        made = partition::plan_protection(look(s));
        CHECK(sql(made).at(0) == "ALTER TABLE \"public\".\"orders_1\" FORCE ROW LEVEL SECURITY");
        CHECK(made.steps[0].title == "force row level security of public.orders_1");
        for (auto const &each : apply(made, s)) {
            CHECK(each.problem.empty());
        }
        CHECK(look(s).empty());
    }

    TEST_CASE("what protects a partition may stand above the table that is asked for, or between")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE top (k int, at date) PARTITION BY LIST (k)");
        s.run("CREATE TABLE orders PARTITION OF top FOR VALUES IN (1) PARTITION BY RANGE (at)");
        s.run("CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM ('2026-01-01') TO "
              "('2026-02-01') PARTITION BY RANGE (at)");
        s.run("CREATE TABLE orders_1a PARTITION OF orders_1 DEFAULT");
        s.run("CREATE TABLE orders_2 PARTITION OF orders DEFAULT");
        s.run("CREATE TABLE other PARTITION OF top DEFAULT");
        s.run("ALTER TABLE orders_1 ENABLE ROW LEVEL SECURITY");
        auto made = partition::plan_protection(look(s));
        CHECK(sql(made) == list{"ALTER TABLE \"public\".\"orders_1a\" ENABLE ROW LEVEL SECURITY"});
        CHECK(made.steps[0].reason ==
              "public.orders_1 has it; who may read the partition by its own name sees every row");
        s.run("ALTER TABLE top ENABLE ROW LEVEL SECURITY");
        s.run("ALTER TABLE orders FORCE ROW LEVEL SECURITY"); // alone it means nothing
        made = partition::plan_protection(look(s));
        CHECK(sql(made) == list{"ALTER TABLE \"public\".\"orders_1a\" ENABLE ROW LEVEL SECURITY",
                                "ALTER TABLE \"public\".\"orders_2\" ENABLE ROW LEVEL SECURITY"});
        CHECK(made.steps[1].reason ==
              "public.top has it; who may read the partition by its own name sees every row");
        s.run("ALTER TABLE top FORCE ROW LEVEL SECURITY");
        made = partition::plan_protection(look(s));
        CHECK(made.steps.size() == 3); // and orders_1
        for (auto const &each : apply(made, s)) {
            CHECK(each.problem.empty());
        }
        CHECK(look(s).empty());
    }

    TEST_CASE("who may not is told what gives the right")
    {
        database const db;
        auto s = db.connect();
        role const other{s, "keeper"};
        s.run("CREATE TABLE orders (at date) PARTITION BY RANGE (at)");
        s.run("CREATE TABLE orders_1 PARTITION OF orders DEFAULT");
        s.run("ALTER TABLE orders ENABLE ROW LEVEL SECURITY");
        auto const made = partition::plan_protection(look(s, other.name()));
        REQUIRE(made.steps.size() == 1);
        auto const *why = plan::refused(made.steps[0]);
        REQUIRE(why != nullptr);
        CHECK(why->sqlstate() == "42501");
        CHECK(why->hint().find("OWNER TO") != std::string::npos);
    }
}

// SPDX-License-Identifier: Apache-2.0
// Where partitions differ from what would be made today, on a real server.
#include <doctest/doctest.h>

#include "partition/drift.hpp"
#include "partition/support.hpp"
#include "support/lists.hpp"
#include "support/role.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

std::vector<partition::difference>
drift(pg::session &s, model::partition_policy const &policy,
      std::set<std::string> const &ignored = {},
      std::vector<model::autovacuum_policy> const &autovacuum = {})
{
    auto const tables = catalog::load_partitioned_tables(s, {policy.table});
    return partition::differences(catalog::load_partition_tree(s, {tables.front().found.oid}),
                                  policy, {}, ignored, autovacuum);
}

list told(std::vector<partition::difference> const &all)
{
    list out;
    for (auto const &each : all) {
        out.push_back(each.partition.name + " " + each.attribute + ": " + each.is);
    }
    return out;
}

void make(pg::session &s)
{
    run_all(s, {"CREATE TABLE orders (id int NOT NULL, note text, ts date NOT NULL, PRIMARY KEY "
                "(id, ts)) PARTITION BY RANGE (ts)",
                "CREATE INDEX by_note ON orders (note)",
                "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; "
                "END'",
                "CREATE TRIGGER touch BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION "
                "touch()",
                "CREATE TRIGGER log AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch()",
                "ALTER TABLE orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
                "ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_pkey",
                "CREATE POLICY \"for all\" ON orders USING (true)"});
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("what partition create makes has no difference, with and without grants")
    {
        database const db;
        auto s = db.connect();
        role const clerk{s, "drift_clerk"};
        make(s);
        s.run("GRANT SELECT, UPDATE (note) ON orders TO " + clerk.name());
        auto policy = policy_for("public.orders");
        policy.storage_parameters = {"autovacuum_vacuum_scale_factor=0.050", "fillfactor=90",
                                     "toast.autovacuum_enabled=off"};
        create_all(s, {policy}, morning);
        CHECK(told(drift(s, policy)) == list{});
        policy.grants = true;
        CHECK(drift(s, policy).size() == 8); // two privileges on each of four
        policy.from = model::parse_date("2026-09");
        create_all(s, {policy}, morning);
        policy.from.reset();
        CHECK(drift(s, policy).size() == 8);
        policy.grants = false; // and now September has what it should not have
        CHECK(told(drift(s, policy)) ==
              list{"orders_2026_09 grants: " + clerk.name() + " may SELECT",
                   "orders_2026_09 grants: " + clerk.name() + " may UPDATE (note)"});
    }

    TEST_CASE("each attribute is told leaf by leaf, and its cure mends it")
    {
        database const db;
        auto s = db.connect();
        role const owner{s, "drift_owner"}, anon{s, "drift_anon"};
        make(s);
        auto policy = policy_for("public.orders");
        policy.storage_parameters = {"fillfactor=90", "toast.autovacuum_enabled=off"};
        create_all(s, {policy}, morning);
        run_all(s,
                {"ALTER TABLE orders_2026_10 DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL "
                 "SECURITY, REPLICA IDENTITY FULL",
                 "ALTER TABLE orders_2026_10 SET UNLOGGED, RESET (fillfactor)",
                 "ALTER TABLE orders_2026_11 DISABLE TRIGGER touch",
                 "ALTER TABLE orders_2026_11 ENABLE ALWAYS TRIGGER log",
                 "CREATE POLICY \"of its own\" ON orders_2026_11 USING (true)",
                 "GRANT SELECT, DELETE ON orders_2026_11 TO " + anon.name() + ", PUBLIC",
                 "GRANT INSERT (note) ON orders_2026_11 TO " + anon.name(),
                 "ALTER TABLE orders_2026_12 SET (fillfactor = 80, toast.autovacuum_enabled = on)",
                 "GRANT CREATE ON SCHEMA public TO " + owner.name(),
                 "ALTER TABLE orders_2027_01 OWNER TO " + owner.name(),
                 "UPDATE pg_index SET indisvalid = false WHERE indexrelid = "
                 "'orders_2027_01_note_idx'::regclass"});
        auto const found = drift(s, policy);
        CHECK(told(found) ==
              list{"orders_2026_10 row_security: off", "orders_2026_10 force_row_security: off",
                   "orders_2026_10 persistence: unlogged",
                   "orders_2026_10 storage_parameters: fillfactor: not set",
                   "orders_2026_10 replica_identity: full",
                   "orders_2026_11 policies: \"of its own\"",
                   "orders_2026_11 grants: everybody may DELETE",
                   "orders_2026_11 grants: everybody may SELECT",
                   "orders_2026_11 grants: " + anon.name() + " may DELETE",
                   "orders_2026_11 grants: " + anon.name() + " may INSERT (note)",
                   "orders_2026_11 grants: " + anon.name() + " may SELECT",
                   "orders_2026_11 triggers: log always", "orders_2026_11 triggers: touch disabled",
                   "orders_2026_12 storage_parameters: fillfactor: 80",
                   "orders_2026_12 storage_parameters: toast.autovacuum_enabled: on",
                   "orders_2027_01 owner: " + owner.name(),
                   "orders_2027_01 indexes: public.orders_2027_01_note_idx is invalid"});
        for (auto const &each : found) {
            CAPTURE(each.cure);
            if (each.attribute == "replica_identity") { // words: the index has a name of its own
                s.run("ALTER TABLE orders_2026_10 REPLICA IDENTITY USING INDEX "
                      "orders_2026_10_pkey");
            } else {
                CHECK_NOTHROW(s.run(each.cure));
            }
        }
        CHECK(told(drift(s, policy)) == list{});
    }

    TEST_CASE("a parameter that autovacuum: declares for the partition itself is not the policy's")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE busy (ts date) PARTITION BY RANGE (ts)");
        auto policy = policy_for("public.busy");
        policy.storage_parameters = {"autovacuum_enabled=true", "fillfactor=90"};
        create_all(s, {policy}, morning);
        run_all(s, {"ALTER TABLE busy_2026_10 SET (autovacuum_enabled = off, fillfactor = 80)",
                    "ALTER TABLE busy_2026_11 SET (autovacuum_enabled = off, fillfactor = 90)",
                    "ALTER TABLE busy_2026_12 SET (autovacuum_enabled = on)"}); // as true
        model::autovacuum_policy own;
        own.tables = {{"public", "busy_2026_10"}, {"public", "others"}};
        own.parameters = {{"autovacuum_enabled", "false"}};
        CHECK(told(drift(s, policy, {}, {own})) ==
              list{"busy_2026_10 storage_parameters: fillfactor: 80",
                   "busy_2026_11 storage_parameters: autovacuum_enabled: off"});
        CHECK(drift(s, policy).size() == 3);
    }

    TEST_CASE("what is below a partition whose detach did not end leaves with it")
    {
        database const db;
        auto s = db.connect();
        run_all(s, {"CREATE TABLE r (k int, ts date NOT NULL) PARTITION BY LIST (k)",
                    "CREATE TABLE r1 PARTITION OF r FOR VALUES IN (1) PARTITION BY RANGE (ts)",
                    "CREATE TABLE r1a PARTITION OF r1 DEFAULT",
                    "ALTER TABLE r ENABLE ROW LEVEL SECURITY"});
        CHECK(told(drift(s, policy_for("public.r"))) ==
              list{"r1 row_security: off", "r1a row_security: off"});
        run_all(s, {"ALTER TABLE r1 ENABLE ROW LEVEL SECURITY",
                    "ALTER TABLE r1a ENABLE ROW LEVEL SECURITY",
                    "CREATE POLICY own ON r1 USING (k > 1)",
                    "CREATE POLICY own ON r1a USING (k > 1)", // as one between
                    "CREATE POLICY less ON r1a AS RESTRICTIVE USING (k > 2)"});
        auto const policies = drift(s, policy_for("public.r"));
        CHECK(told(policies) == list{"r1 policies: own", "r1a policies: less"});
        CHECK(policies.at(0).cure.empty());
        CHECK(policies.at(1).cure.empty());
        run_all(s, {"ALTER TABLE r1 DISABLE ROW LEVEL SECURITY",
                    "ALTER TABLE r1a DISABLE ROW LEVEL SECURITY"});
        auto reader = db.connect();
        reader.begin();
        reader.run("SELECT FROM r");
        s.run("SET lock_timeout = '100ms'");
        CHECK_THROWS(s.run("ALTER TABLE r DETACH PARTITION r1 CONCURRENTLY"));
        CHECK(told(drift(s, policy_for("public.r"))) == list{});
    }

    TEST_CASE("a parameter that is not set is not one that is true")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE set (ts date) PARTITION BY RANGE (ts)");
        create_all(s, {policy_for("public.set")}, morning);
        auto policy = policy_for("public.set");
        policy.storage_parameters = {"vacuum_truncate=true", "vacuum_index_cleanup=on"};
        auto const found = told(drift(s, policy));
        CHECK(found.at(0) == "set_2026_10 storage_parameters: vacuum_truncate: not set");
        CHECK(found.at(1) == "set_2026_10 storage_parameters: vacuum_index_cleanup: not set");
    }

    TEST_CASE("a table without a TOAST table cannot keep parameters of one")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE slim (ts date) PARTITION BY RANGE (ts)");
        auto policy = policy_for("public.slim");
        policy.storage_parameters = {"toast.autovacuum_enabled=off"};
        create_all(s, {policy}, morning);
        CHECK(told(drift(s, policy)) == list{});
    }

    TEST_CASE("indexes that are not there, triggers and an identity of its own; what is ignored")
    {
        database const db;
        auto s = db.connect();
        make(s);
        auto const policy = policy_for("public.orders");
        create_all(s, {policy}, morning);
        run_all(s, {"CREATE INDEX by_ts ON ONLY orders (ts)", // no partition has its part
                    "CREATE TRIGGER own BEFORE DELETE ON orders_2026_12 FOR EACH ROW EXECUTE "
                    "FUNCTION touch()",
                    "CREATE UNIQUE INDEX other ON orders_2026_12 (id)",
                    "ALTER TABLE orders_2026_12 REPLICA IDENTITY USING INDEX other"});
        auto const found = drift(s, policy);
        CHECK(told(found) == list{"orders indexes: public.by_ts is invalid",
                                  "orders_2026_10 indexes: none", "orders_2026_11 indexes: none",
                                  "orders_2026_12 replica_identity: an index of its own",
                                  "orders_2026_12 indexes: none",
                                  "orders_2026_12 triggers: own of its own",
                                  "orders_2027_01 indexes: none"});
        CHECK(found[1].should == "one attached to public.by_ts");
        CHECK(told(drift(s, policy, {"indexes", "triggers"})) ==
              list{"orders_2026_12 replica_identity: an index of its own"});
    }

    TEST_CASE("row level security that is forced above and not enabled there forces no partition")
    {
        database const db;
        auto s = db.connect();
        run_all(s,
                {"CREATE TABLE root (k text, ts date NOT NULL) PARTITION BY LIST (k)",
                 "CREATE TABLE eu PARTITION OF root FOR VALUES IN ('eu') PARTITION BY RANGE (ts)",
                 "ALTER TABLE root FORCE ROW LEVEL SECURITY",
                 "ALTER TABLE eu ENABLE ROW LEVEL SECURITY"});
        auto const policy = policy_for("public.eu");
        create_all(s, {policy}, morning);
        CHECK(s.run("SELECT DISTINCT relrowsecurity || ' ' || relforcerowsecurity FROM pg_class "
                    "WHERE relname LIKE 'eu_2%' AND relkind = 'r'")
                  .text(0, 0) == "true false");
        CHECK(told(drift(s, policy)) == list{});
        run_all(s, {"CREATE TABLE top (k text, ts date NOT NULL) PARTITION BY LIST (k)",
                    "CREATE TABLE mid PARTITION OF top FOR VALUES IN ('x') PARTITION BY RANGE (ts)",
                    "ALTER TABLE top ENABLE ROW LEVEL SECURITY",
                    "ALTER TABLE mid FORCE ROW LEVEL SECURITY"});
        create_all(s, {policy_for("public.mid")}, morning);
        CHECK(told(drift(s, policy_for("public.mid"))) == list{}); // protected, as from above
        // As protected by one between: what lies below it should be so, too, and nobody is told to
        // open it.
        run_all(s, {"ALTER TABLE top DISABLE ROW LEVEL SECURITY",
                    "ALTER TABLE mid ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY"});
        auto const between = drift(s, policy_for("public.top"));
        CHECK(told(between) == list{"mid row_security: on"});
        CHECK(between.at(0).cure.empty());
        run_all(s, {"ALTER TABLE mid_2026_11 DISABLE ROW LEVEL SECURITY"});
        auto const opened = drift(s, policy_for("public.top"));
        REQUIRE(opened.size() == 2);
        CHECK(opened[1].cure == "ALTER TABLE \"public\".\"mid_2026_11\" ENABLE ROW LEVEL SECURITY");
        s.run("CREATE TABLE plain (ts date NOT NULL) PARTITION BY RANGE (ts)");
        s.run("ALTER TABLE plain FORCE ROW LEVEL SECURITY");
        create_all(s, {policy_for("public.plain")}, morning);
        CHECK(told(drift(s, policy_for("public.plain"))) == list{});
    }

    TEST_CASE("what lies deeper is compared as well; a partition whose detach did not end is not")
    {
        database const db;
        auto s = db.connect();
        make(s);
        run_all(s, {"CREATE TABLE deep PARTITION OF orders FOR VALUES FROM ('2020-01-01') TO "
                    "('2021-01-01') PARTITION BY RANGE (ts)",
                    "CREATE TABLE deeper PARTITION OF deep DEFAULT",
                    "CREATE TABLE gone PARTITION OF orders FOR VALUES FROM ('2021-01-01') TO "
                    "('2022-01-01')",
                    "UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = "
                    "'gone'::regclass"});
        auto const found = told(drift(s, policy_for("public.orders"), {"replica_identity"}));
        CHECK(found == list{"deep row_security: off", "deep force_row_security: off",
                            "deeper row_security: off", "deeper force_row_security: off"});
    }

    TEST_CASE("names that are not plain, in every place where they are told or quoted")
    {
        database const db;
        auto s = db.connect();
        run_all(s, {"CREATE SCHEMA \"Odd one\"",
                    "CREATE TABLE \"Odd one\".\"t\"\"x\" (ts date) PARTITION BY RANGE (ts)",
                    "CREATE TABLE \"Odd one\".\"p, q\" PARTITION OF \"Odd one\".\"t\"\"x\" DEFAULT",
                    "CREATE POLICY \"a b c\" ON \"Odd one\".\"p, q\"",
                    "GRANT SELECT (ts) ON \"Odd one\".\"p, q\" TO PUBLIC"});
        model::partition_policy policy;
        policy.table = {"Odd one", "t\"x"};
        auto const found = drift(s, policy);
        REQUIRE(told(found) ==
                list{"p, q policies: \"a b c\"", "p, q grants: everybody may SELECT (ts)"});
        for (auto const &each : found) {
            CHECK_NOTHROW(s.run(each.cure));
        }
        CHECK(drift(s, policy).empty());
    }
}

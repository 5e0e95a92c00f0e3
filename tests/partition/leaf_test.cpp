// SPDX-License-Identifier: Apache-2.0
// What a new partition is like, asked of a real server.
#include <doctest/doctest.h>

#include "partition/support.hpp"
#include "support/lists.hpp"
#include "support/role.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("db")
{
    TEST_CASE("a partition is made like its parent, and closed to those whom default privileges "
              "would let in")
    {
        database const db;
        auto s = db.connect();
        role const owner{s, "leaf_owner"}, anon{s, "leaf_anon"}, clerk{s, "leaf_clerk"};
        run_all(
            s,
            {
                "CREATE TABLE users (id int PRIMARY KEY)",
                "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO " + anon.name() +
                    ", PUBLIC",
                "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY, user_id int NOT NULL "
                "REFERENCES users, "
                "amount numeric(12,2) DEFAULT 1 CHECK (amount > 0), twice numeric GENERATED ALWAYS "
                "AS (amount * 2) "
                "STORED, note text COLLATE \"C\", created_at timestamptz NOT NULL DEFAULT now(), "
                "PRIMARY KEY (id, "
                "created_at)) PARTITION BY RANGE (created_at)",
                "ALTER TABLE orders ALTER note SET STORAGE EXTERNAL, ALTER note SET STATISTICS 77",
                "ALTER TABLE orders ALTER user_id SET (n_distinct = 42)",
                "CREATE UNIQUE INDEX ON orders (user_id, created_at) WHERE amount > 5",
                "CREATE INDEX by_note ON orders (lower(note)) WITH (fillfactor = 60)",
                "CREATE STATISTICS orders_stats ON user_id, amount FROM orders",
                "CREATE TABLE items (order_id bigint, at timestamptz, FOREIGN KEY (order_id, at) "
                "REFERENCES orders ON "
                "DELETE CASCADE)",
                "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := "
                "NEW.note || ''!''; "
                "RETURN NEW; END'",
                "CREATE TRIGGER touch BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION "
                "touch()",
                "ALTER TABLE orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, REPLICA "
                "IDENTITY FULL",
                "CREATE POLICY mine ON orders USING (true)",
                "COMMENT ON TABLE orders IS 'it''s the \\ orders'",
                "COMMENT ON COLUMN orders.note IS 'free text'",
                "GRANT SELECT, UPDATE (note) ON orders TO " + clerk.name(),
                "GRANT CREATE, USAGE ON SCHEMA public TO " + owner.name(),
                "ALTER TABLE orders OWNER TO " + owner.name(),
            });
        auto wanted = policy_for("public.orders");
        wanted.storage_parameters = {"autovacuum_vacuum_scale_factor=0.05",
                                     "toast.autovacuum_enabled=off"};
        create_all(s, {wanted}, morning);

        auto const leaf = [&](std::string const &what) {
            return value(s, "SELECT " + what +
                                " FROM pg_class c WHERE oid = 'orders_2026_12'::regclass");
        };
        CHECK(value(s, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'orders'::regclass") ==
              "4");
        CHECK(leaf("relrowsecurity AND relforcerowsecurity") == "t");
        CHECK(leaf("relreplident") == "f");
        CHECK(leaf("relowner = '" + owner.name() + "'::regrole") == "t");
        CHECK(leaf("obj_description(oid)") == "it's the \\ orders");
        CHECK(leaf("col_description(oid, 5)") == "free text");
        CHECK(leaf("reloptions::text") == "{autovacuum_vacuum_scale_factor=0.05}");
        CHECK(value(s, "SELECT reloptions::text FROM pg_class WHERE oid = (SELECT reltoastrelid "
                       "FROM pg_class WHERE oid = "
                       "'orders_2026_12'::regclass)") == "{autovacuum_enabled=off}");
        // Only its owner: neither default privileges, nor the parent's grants, which a policy may
        // ask for.
        CHECK(leaf("array_agg(DISTINCT a.grantee::regrole::text)::text FROM pg_class c, "
                   "aclexplode(c.relacl) a WHERE c.oid = "
                   "'orders_2026_12'::regclass --") == "{" + owner.name() + "}");
        CHECK(leaf("has_table_privilege('" + anon.name() + "', oid, 'SELECT')") == "f");
        CHECK(leaf("has_any_column_privilege('" + clerk.name() + "', oid, 'SELECT')") == "f");
        // Each index of the parent has its own in the leaf, valid, and none is there twice.
        CHECK(
            value(
                s,
                "SELECT count(*) FROM pg_index p JOIN pg_inherits i ON i.inhparent = p.indexrelid "
                "JOIN pg_index l ON "
                "l.indexrelid = i.inhrelid WHERE p.indrelid = 'orders'::regclass AND l.indrelid = "
                "'orders_2026_12'::regclass AND l.indisvalid") == "3");
        CHECK(
            value(s, "SELECT count(*) FROM pg_index WHERE indrelid = 'orders_2026_12'::regclass") ==
            "3");
        CHECK(value(s, "SELECT count(*) FROM pg_statistic_ext WHERE stxrelid = "
                       "'orders_2026_12'::regclass") == "1");
        auto const attribute = [&](std::string const &name, std::string const &what) {
            return value(s, "SELECT " + what +
                                " FROM pg_attribute WHERE attrelid = 'orders_2026_12'::regclass "
                                "AND attname = '" +
                                name + "'");
        };
        CHECK(attribute("note", "attstattarget") == "77");
        CHECK(attribute("note", "attstorage") == "e");
        CHECK(attribute("note", "attcollation = '\"C\"'::regcollation") == "t");
        CHECK(attribute("user_id", "'n_distinct=42' = ANY (attoptions)") == "t");
        CHECK(attribute("twice", "attgenerated") == "s");
        CHECK(value(s, "SELECT string_agg(DISTINCT contype::text, '' ORDER BY contype::text) FROM "
                       "pg_constraint WHERE conrelid "
                       "= 'orders_2026_12'::regclass AND contype <> 'n'") == "cfp");
        // It works: identity, generated column, trigger, foreign keys in both directions.
        run_all(s, {"INSERT INTO users VALUES (1)",
                    "INSERT INTO orders (user_id, amount, note, created_at) VALUES (1, 21, 'a', "
                    "'2026-12-31 23:59:59+00')",
                    "INSERT INTO items SELECT id, created_at FROM orders"});
        CHECK(value(s, "SELECT tableoid::regclass || ' ' || id || ' ' || twice || ' ' || note FROM "
                       "orders") == "orders_2026_12 1 42.00 a!");
        CHECK_THROWS_AS(s.run("DELETE FROM users"), error);
        s.run("DELETE FROM orders");
        CHECK(value(s, "SELECT count(*) FROM items") == "0");
    }

    TEST_CASE("grants, when the policy asks for them")
    {
        database const db;
        auto s = db.connect();
        role const clerk{s, "leaf_clerk"}, anon{s, "leaf_anon"};
        run_all(s, {"CREATE TABLE t (a int, ts date) PARTITION BY RANGE (ts)",
                    "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO " + anon.name(),
                    "GRANT SELECT ON t TO PUBLIC",
                    "GRANT INSERT ON t TO " + clerk.name() + " WITH GRANT OPTION",
                    "GRANT UPDATE (a) ON t TO " + clerk.name()});
        auto wanted = policy_for("public.t");
        wanted.grants = true;
        create_all(s, {wanted}, morning);
        auto const acl = [&](std::string const &table) {
            return value(
                s, "SELECT array_agg(x ORDER BY x)::text FROM (SELECT unnest(relacl)::text FROM "
                   "pg_class WHERE oid = '" +
                       table +
                       "'::regclass UNION ALL SELECT attname || ':' || unnest(attacl)::text FROM "
                       "pg_attribute WHERE attrelid = '" +
                       table + "'::regclass AND attnum > 0) g(x)");
        };
        CHECK(acl("t") == acl("t_2026_10"));
    }

    TEST_CASE("replica identity by an index, and none")
    {
        database const db;
        auto s = db.connect();
        run_all(s, {"CREATE SCHEMA \"a $pgtend$ b\"",
                    "CREATE TABLE \"a $pgtend$ b\".t (k int NOT NULL, ts date NOT NULL) PARTITION "
                    "BY RANGE (ts)",
                    "CREATE UNIQUE INDEX \"k'ey\" ON \"a $pgtend$ b\".t (k, ts)",
                    "CREATE UNIQUE INDEX other ON \"a $pgtend$ b\".t (ts, k)",
                    "ALTER TABLE \"a $pgtend$ b\".t REPLICA IDENTITY USING INDEX \"k'ey\"",
                    "CREATE TABLE nothing (ts date) PARTITION BY RANGE (ts)",
                    "ALTER TABLE nothing REPLICA IDENTITY NOTHING"});
        create_all(s, {policy_for("\"a $pgtend$ b\".t"), policy_for("public.nothing")}, morning);
        CHECK(column(s, "SELECT p.relname FROM pg_index x JOIN pg_inherits i ON i.inhrelid = "
                        "x.indexrelid JOIN pg_class p ON "
                        "p.oid = i.inhparent WHERE x.indisreplident AND x.indrelid IN (SELECT "
                        "inhrelid FROM pg_inherits)") == list(4, "k'ey"));
        CHECK(column(s, "SELECT DISTINCT relreplident FROM pg_class WHERE relispartition AND "
                        "relname LIKE 'nothing%' AND "
                        "relkind = 'r'") == list{"n"});
    }

    TEST_CASE("a published table's partitions replicate updates at once")
    {
        database const db;
        auto s = db.connect();
        run_all(s, {"CREATE TABLE t (a int, ts date) PARTITION BY RANGE (ts)",
                    "ALTER TABLE t REPLICA IDENTITY FULL", "CREATE PUBLICATION p FOR TABLE t"});
        create_all(s, {policy_for("public.t")}, morning);
        s.run("INSERT INTO t VALUES (1, '2026-10-14')");
        s.run("UPDATE t SET a = 2"); // refused when the leaf has no replica identity
        CHECK(column(s, "SELECT tablename FROM pg_publication_tables ORDER BY 1") ==
              list{"t_2026_10", "t_2026_11", "t_2026_12", "t_2027_01"});
    }

    TEST_CASE("hostile names through and through")
    {
        database const db;
        auto s = db.connect();
        // Quotes, comment signs, line ends, dots, percent signs, reserved and mixed case words, an
        // emoji, 63 bytes.
        list const names{"o'r\"d;--",
                         "two\nlines",
                         "a.b",
                         "50%s $1",
                         "SELECT",
                         "MiXed",
                         "\xf0\x9f\x92\xa3 \\ x",
                         std::string(51, 'x')};
        std::vector<model::partition_policy> policies;
        s.run("CREATE SCHEMA \"s\"\"'; DROP SCHEMA public; --\"");
        for (auto const &name : names) {
            qualified_name const table{"s\"'; DROP SCHEMA public; --", name};
            auto const quoted = plan::quote(table), column_name = plan::quote_ident(name + " ts");
            s.run("CREATE TABLE " + quoted + " (" + column_name + " timestamptz NOT NULL, " +
                  plan::quote_ident(name) + " text, UNIQUE (" + column_name + ", " +
                  plan::quote_ident(name) + ")) PARTITION BY RANGE (" + column_name + ")");
            s.run("CREATE TABLE " +
                  plan::quote({table.schema, "d" + std::to_string(policies.size())}) +
                  " PARTITION OF " + quoted + " DEFAULT");
            auto wanted = policy_for("public.x");
            wanted.table = table;
            wanted.key = name + " ts";
            wanted.name_pattern = "{table}_%I_{yyyy}{mm}";
            policies.push_back(wanted);
        }
        create_all(s, policies, morning);
        CHECK(value(s, "SELECT count(*) FROM pg_inherits WHERE inhparent IN (SELECT oid FROM "
                       "pg_class WHERE relkind = 'p')") == std::to_string(names.size() * 5));
        CHECK(due(s, policies, morning).tables.empty());
        auto const later = morning + std::chrono::hours{24 * 92};
        policies[7].name_pattern = "{table}_____{yyyy}_{mm}"; // 63 bytes
        CHECK(count_done(apply(plan_partitions(s, policies, later), s)) == names.size() * 3);
        policies[7].name_pattern = "{table}______{yyyy}_{mm}"; // 64: PostgreSQL would cut it
        auto const all =
            apply(plan_partitions(s, policies, later + std::chrono::hours{24 * 31}), s);
        CHECK(count_done(all) == names.size() - 1);
        CHECK(all.back().problem.find("has 64 bytes") != std::string::npos);
    }

    TEST_CASE("identity, LIKE and dropped columns, on every version")
    {
        database const db;
        auto s = db.connect();
        run_all(s, {"CREATE TABLE t (gone int, id int GENERATED BY DEFAULT AS IDENTITY (START "
                    "100), x serial, ts timestamp NOT "
                    "NULL) PARTITION BY RANGE (ts)",
                    "ALTER TABLE t DROP COLUMN gone"});
        create_all(s, {policy_for("public.t", "2026-09")}, morning);
        run_all(s, {"INSERT INTO t (ts) VALUES ('2026-09-30 23:59:59.999999'), ('2026-10-01')"});
        CHECK(column(s, "SELECT tableoid::regclass || ' ' || id || ' ' || x FROM t ORDER BY ts") ==
              list{"t_2026_09 100 1", "t_2026_10 101 2"});
    }

    // What only some servers know is in a new partition as well, under the names of the parent's.
    TEST_CASE("columns and constraints of newer versions")
    {
        database const db;
        auto s = db.connect();
        run_all(s, {"CREATE TABLE t (id int NOT NULL, ts timestamptz NOT NULL, n int, doubled int "
                    "GENERATED ALWAYS AS (n * 2) STORED) PARTITION BY RANGE (ts)"});
        if (s.server_version() >= 150000) {
            run_all(s, {"ALTER TABLE t ADD CONSTRAINT once UNIQUE NULLS NOT DISTINCT (n, ts)"});
        }
        if (s.server_version() >= 170000) {
            run_all(s, {"CREATE EXTENSION btree_gist", "CREATE INDEX ON t (n)",
                        "ALTER TABLE t ADD stay tstzrange NOT NULL DEFAULT '(,)'",
                        "ALTER TABLE t ADD EXCLUDE USING gist (ts WITH =, stay WITH &&)"});
        }
        if (s.server_version() >= 180000) {
            run_all(s, {"ALTER TABLE t ADD tripled int GENERATED ALWAYS AS (n * 3) VIRTUAL",
                        "ALTER TABLE t ADD PRIMARY KEY (id, ts, stay WITHOUT OVERLAPS)",
                        "ALTER TABLE t ADD CONSTRAINT must NOT NULL n",
                        "ALTER TABLE t ADD CONSTRAINT hope CHECK (n > 0) NOT ENFORCED"});
        }
        create_all(s, {policy_for("public.t")}, morning);
        auto const of = [&](std::string const &table) {
            return column(s, "SELECT concat_ws(' ', a.attname, a.attnotnull, a.attgenerated, "
                             "pg_get_expr(d.adbin, d.adrelid)) FROM pg_attribute a LEFT JOIN "
                             "pg_attrdef d ON d.adrelid = attrelid AND adnum = attnum WHERE "
                             "attrelid = '" +
                                 table + "'::regclass AND attnum > 0 ORDER BY attnum");
        };
        CHECK(of("t_2026_10") == of("t"));
        auto const constraints = [&](std::string const &table) {
            return column(s, "SELECT concat_ws(' ', contype, pg_get_constraintdef(oid), CASE WHEN "
                             "contype IN ('c', 'n') THEN conname END) FROM pg_constraint WHERE "
                             "conrelid = '" +
                                 table + "'::regclass ORDER BY 1");
        };
        CHECK(constraints("t_2026_10") == constraints("t"));
        auto const indexes = [&](std::string const &table) {
            return value(s, "SELECT count(*) FROM pg_index WHERE indrelid = '" + table +
                                "'::regclass");
        };
        CHECK(indexes("t_2026_10") == indexes("t"));
        run_all(s, {"INSERT INTO t (id, ts, n) VALUES (1, '2026-10-20', 7)"});
        CHECK(value(s, "SELECT doubled FROM t_2026_10") == "14");
    }
}

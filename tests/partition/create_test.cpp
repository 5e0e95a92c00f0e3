// SPDX-License-Identifier: Apache-2.0
#include "partition/create.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"
#include "plan/refusal.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::partition;
using test::list;

namespace {

due_table orders()
{
    due_table out;
    out.policy.table = {"public", "orders"};
    out.table = {"public", "orders"};
    out.oid = "4711";
    out.key = "created_at";
    out.partitions.push_back(
        {{"orders_2026_12", "2026-12-01 00:00:00+00", "2027-01-01 00:00:00+00"},
         "2026-12",
         "premake 3 asks for 2026-12"});
    return out;
}

catalog::creation_facts plain()
{
    catalog::creation_facts out;
    out.table_oid = "4711";
    out.owner = out.role = "app";
    out.taken_by.resize(1);
    out.rows_in_default.resize(1);
    return out;
}

std::vector<std::string> creation_sql(due_table const &table, catalog::creation_facts const &facts)
{
    std::vector<std::string> out;
    for (auto const &each : create_statements(table, table.partitions.front().what, facts)) {
        out.push_back(each.sql);
    }
    return out;
}

plan::plan plan_of(due_table const &table, catalog::creation_facts const &facts)
{
    demand due;
    due.tables.push_back(table);
    return plan_create(due, {facts});
}

error creation_refusal(due_table const &table, catalog::creation_facts const &facts)
{
    auto const made = plan_of(table, facts);
    REQUIRE(made.steps.size() == 1);
    auto const *body = std::get_if<std::unique_ptr<plan::task>>(&made.steps.front().body);
    REQUIRE(body != nullptr);
    auto const *why = plan::refused(**body);
    REQUIRE(why != nullptr);
    return *why;
}

std::string const create_sql =
    "CREATE TABLE \"public\".\"orders_2026_12\" (LIKE \"public\".\"orders\" "
    "INCLUDING ALL EXCLUDING "
    "IDENTITY)";
std::string const attach_sql = "ALTER TABLE \"public\".\"orders\" ATTACH PARTITION "
                               "\"public\".\"orders_2026_12\" FOR VALUES FROM "
                               "('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00')";

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a plain table: create and attach, nothing else")
    {
        CHECK(creation_sql(orders(), plain()) == list{create_sql, attach_sql});
        auto const made = plan_of(orders(), plain());
        REQUIRE(made.steps.size() == 1);
        auto const &step = made.steps.front();
        CHECK(step.title == "create partition public.orders_2026_12");
        CHECK(step.reason == "premake 3 asks for 2026-12");
        CHECK(step.object == "public.orders");
        CHECK(step.lane == "public.orders");
        CHECK(step.after.empty());
        CHECK(made.notes.empty());
        for (auto const &each : std::get<plan::transaction>(step.body).statements) {
            CHECK(each.in_transaction);
        }
    }

    TEST_CASE(
        "locks: the parent goes on, the default partition and the ends of foreign keys are named")
    {
        auto table = orders();
        auto facts = plain();
        auto const locks_of = [&] {
            return create_statements(table, table.partitions.front().what, facts).back().locks;
        };
        auto locks = locks_of();
        REQUIRE(locks.size() == 1);
        CHECK(locks[0].relation == "\"public\".\"orders\"");
        CHECK(locks[0].mode == plan::lock_mode::share_update_exclusive);

        table.default_partition = {"public", "orders_rest"};
        facts.references = {{"public", "users"}, {"auth", "users"}};
        facts.referenced_by = {{"public", "items"}, {"public", "users"}};
        locks = locks_of();
        REQUIRE(locks.size() == 5);
        CHECK(locks[1].relation == "\"public\".\"orders_rest\"");
        CHECK(locks[1].mode == plan::lock_mode::access_exclusive);
        CHECK(locks[2].relation == "\"auth\".\"users\"");
        CHECK(locks[3].relation == "\"public\".\"items\"");
        CHECK(locks[4].relation == "\"public\".\"users\"");
        CHECK(locks[4].mode == plan::lock_mode::share_row_exclusive);
        facts.server_version = 140000;
        locks = locks_of();
        REQUIRE(locks.size() == 4); // 14 does not lock items
        CHECK(locks[3].relation == "\"public\".\"users\"");

        auto const first = create_statements(table, table.partitions.front().what, facts).front();
        REQUIRE(first.locks.size() == 1);
        CHECK(first.locks.front().mode == plan::lock_mode::access_share);
    }

    TEST_CASE("what the parent has and LIKE leaves out")
    {
        auto facts = plain();
        facts.role = "deploy";
        facts.is_owner = false;
        facts.row_security = facts.force_row_security = true;
        facts.replica_identity = 'f';
        facts.access_method = "heap";
        facts.tablespace = "Fast disks";
        facts.comment = "it's \\ here";
        facts.columns = {{"status", 500, {"n_distinct=7"}}};
        facts.default_grantees = {"", "anon", "authenticated"};
        auto table = orders();
        table.policy.storage_parameters = {"autovacuum_vacuum_scale_factor=0.05",
                                           "toast.autovacuum_enabled = off"};
        CHECK(creation_sql(table, facts) ==
              list{create_sql + " USING \"heap\" WITH (autovacuum_vacuum_scale_factor = '0.05', "
                                "toast.autovacuum_enabled = 'off') "
                                "TABLESPACE \"Fast disks\"",
                   "ALTER TABLE \"public\".\"orders_2026_12\" ALTER COLUMN \"status\" SET "
                   "STATISTICS 500, ALTER COLUMN "
                   "\"status\" SET (n_distinct = '7'), ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL "
                   "SECURITY, REPLICA IDENTITY "
                   "FULL, OWNER TO \"app\"",
                   "REVOKE ALL ON TABLE \"public\".\"orders_2026_12\" FROM PUBLIC, \"anon\", "
                   "\"authenticated\"",
                   "COMMENT ON TABLE \"public\".\"orders_2026_12\" IS  E'it''s \\\\ here'",
                   attach_sql});
        CHECK(plan_of(table, facts).notes.size() == 1); // row level security without policies
    }

    TEST_CASE("indexes that exclude are left to ATTACH")
    {
        auto facts = plain();
        facts.excludes = true;
        auto const with = create_sql.substr(0, create_sql.size() - 1) + " EXCLUDING INDEXES)";
        CHECK(creation_sql(orders(), facts) == list{with, attach_sql});
    }

    TEST_CASE("a storage parameter that the server is too old for")
    {
        auto facts = plain();
        facts.server_version = 170004;
        auto table = orders();
        table.policy.storage_parameters = {"fillfactor=90",
                                           "toast.autovacuum_vacuum_max_threshold=5"};
        auto const refused = creation_refusal(table, facts);
        CHECK(refused.message() ==
              "public.orders: storage parameter toast.autovacuum_vacuum_max_threshold exists from "
              "PostgreSQL 18 on, and the server is PostgreSQL 17");
        CHECK(refused.hint() == "take it out of storage_parameters: of this table");
        facts.server_version = 180000;
        CHECK(creation_sql(table, facts).front() ==
              create_sql +
                  " WITH (fillfactor = '90', toast.autovacuum_vacuum_max_threshold = '5')");
    }

    TEST_CASE("grants only when the policy asks for them")
    {
        auto facts = plain();
        facts.grants = {{"", "SELECT", "", false},
                        {"clerk", "SELECT", "", false},
                        {"clerk", "UPDATE", "status", false},
                        {"chief", "DELETE", "", true}};
        auto table = orders();
        CHECK(creation_sql(table, facts).size() == 2);
        table.policy.grants = true;
        auto const made = creation_sql(table, facts);
        REQUIRE(made.size() == 5);
        CHECK(made[1] == "GRANT SELECT ON TABLE \"public\".\"orders_2026_12\" TO PUBLIC");
        CHECK(made[2] ==
              "GRANT DELETE ON TABLE \"public\".\"orders_2026_12\" TO \"chief\" WITH GRANT OPTION");
        CHECK(made[3] == "GRANT SELECT, UPDATE (\"status\") ON TABLE \"public\".\"orders_2026_12\" "
                         "TO \"clerk\"");
    }

    TEST_CASE("replica identity of an index: set after the attach, by the parent's index")
    {
        auto facts = plain();
        facts.replica_identity = 'i';
        facts.replica_index = {"public", "orders_key"};
        auto const made = creation_sql(orders(), facts);
        REQUIRE(made.size() == 3);
        CHECK(made[1] == attach_sql);
        CHECK(made[2].starts_with("DO $pgtend$ BEGIN EXECUTE"));
        CHECK(made[2].find("'\"public\".\"orders_key\"'::pg_catalog.regclass") !=
              std::string::npos);

        facts.replica_index.name = "a$pgtend$b";
        CHECK(creation_sql(orders(), facts)[2].starts_with("DO $pgtend1$ "));
        facts.replica_index = {}; // dropped
        CHECK(creation_sql(orders(), facts).size() == 2);
        CHECK(plan_of(orders(), facts).notes.size() == 1);
        facts.replica_identity = 'n';
        CHECK(creation_sql(orders(), facts)[1] ==
              "ALTER TABLE \"public\".\"orders_2026_12\" REPLICA IDENTITY NOTHING");
    }

    TEST_CASE("storage parameters cannot carry SQL")
    {
        for (auto const *text : {"fillfactor", "fill factor=70", "x) --=1", "=70", "9x=1",
                                 "Fillfactor=70", "toast.=1", "a..b=1", "fillfactor;=1"}) {
            CAPTURE(text);
            auto table = orders();
            table.policy.storage_parameters = {text};
            CHECK_THROWS_AS(creation_sql(table, plain()), error);
            CHECK(creation_refusal(table, plain()).message().find("is not a storage parameter") !=
                  std::string::npos);
        }
        auto table = orders();
        table.policy.storage_parameters = {"fillfactor=70) --'"};
        CHECK(creation_sql(table, plain()).front() ==
              create_sql + " WITH (fillfactor = '70) --''')");
    }

    TEST_CASE("hostile names are quoted, and long ones refused")
    {
        auto table = orders();
        table.table = {"s\"x", "o'r\n;--"};
        table.partitions.front().what.name = "\xf0\x9f\x92\xa3\"; DROP TABLE x; --";
        CHECK(creation_sql(table, plain()).front() ==
              "CREATE TABLE \"s\"\"x\".\"\xf0\x9f\x92\xa3\"\"; DROP TABLE x; --\" (LIKE "
              "\"s\"\"x\".\"o'r\n;--\" INCLUDING ALL EXCLUDING IDENTITY)");
        table.partitions.front().what.name = std::string(64, 'x');
        CHECK(creation_refusal(table, plain()).message().find("64 bytes") != std::string::npos);
    }

    TEST_CASE("missing rights name the statement that gives them")
    {
        auto facts = plain();
        facts.role = "tend";
        facts.is_owner = false;
        facts.may_act_as_owner = false;
        auto why = creation_refusal(orders(), facts);
        CHECK(why.message() ==
              "role tend may not add partitions to public.orders: it belongs to app");
        CHECK(why.hint().starts_with("GRANT \"app\" TO \"tend\""));
        facts.owner_is_superuser = true; // not to be given away
        CHECK(creation_refusal(orders(), facts).hint() ==
              "ALTER TABLE \"public\".\"orders\" OWNER TO \"tend\", or run as app");
        facts.owner_is_superuser = false;
        CHECK(why.sqlstate() == "42501");
        facts.may_act_as_owner = true;
        facts.may_create_in_schema = false;
        CHECK(creation_refusal(orders(), facts).hint() ==
              "GRANT CREATE ON SCHEMA \"public\" TO \"tend\"");
        facts.may_create_in_schema = true;
        facts.owner_may_create = false;
        CHECK(creation_refusal(orders(), facts).hint() ==
              "GRANT CREATE ON SCHEMA \"public\" TO \"app\"");
        facts.is_owner = true; // no ALTER ... OWNER TO then
        CHECK(plan_of(orders(), facts).steps.front().body.index() == 0);
    }

    TEST_CASE("a name that is taken")
    {
        auto facts = plain();
        facts.taken_by = {"index"};
        auto const why = creation_refusal(orders(), facts);
        CHECK(why.message() == "public.orders_2026_12 exists already (index)");
        CHECK(why.sqlstate() == "42P07");
    }

    TEST_CASE("two policies that would make one name")
    {
        auto other = orders();
        other.table.name = "payments";
        other.oid = "4712";
        demand due;
        due.tables = {orders(), other};
        auto facts = plain();
        auto other_facts = plain();
        other_facts.table_oid = "4712";
        auto const made = plan_create(due, {facts, other_facts});
        REQUIRE(made.steps.size() == 2);
        CHECK(made.steps[0].body.index() == 0);
        CHECK(made.steps[1].reason == "public.orders_2026_12 would be created twice by this plan");
    }

    TEST_CASE("rows of the default partition in the range")
    {
        auto table = orders();
        table.default_partition = {"public", "orders_rest"};
        auto facts = plain();
        facts.rows_in_default = {1234};
        auto const why = creation_refusal(table, facts);
        CHECK(why.message() == "1,234 rows of public.orders in the default partition "
                               "public.orders_rest lie in the range of "
                               "public.orders_2026_12");
        CHECK(why.hint().find("\"created_at\" >= '2026-12-01 00:00:00+00'") != std::string::npos);
        facts.rows_in_default = {0};
        CHECK(plan_of(table, facts).steps.front().body.index() == 0);
        facts.rows_in_default = {std::nullopt};
        facts.default_bytes = 1LL << 30;
        CHECK(plan_of(table, facts).notes.front().find("(1024 MB)") != std::string::npos);
    }

    TEST_CASE("a table that is gone, and one that is temporary")
    {
        demand due;
        due.tables = {orders()};
        CHECK(plan_create(due, {}).steps.front().reason == "public.orders is gone");
        auto facts = plain();
        facts.temporary = true;
        CHECK(creation_refusal(orders(), facts).message().find("temporary") != std::string::npos);
    }

    TEST_CASE("a refusal is one failing step with its words in the dry run")
    {
        auto facts = plain();
        facts.taken_by = {"view"};
        auto made = plan_of(orders(), facts);
        auto &body = *std::get<std::unique_ptr<plan::task>>(made.steps.front().body);
        CHECK(body.describe().until.find("exists already") != std::string::npos);
        CHECK_THROWS_WITH_AS(body.next({}), "public.orders_2026_12 exists already (view)", error);
    }
}

// SPDX-License-Identifier: Apache-2.0
// Creating partitions on a real server: locks, bounds, what happens meanwhile, rights.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "partition/support.hpp"
#include "support/lists.hpp"
#include "zone/zone.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

list problems(std::vector<applied> const &all)
{
    list out;
    for (auto const &each : all) {
        if (!each.problem.empty()) {
            out.push_back(each.sqlstate + " " + each.title);
        }
    }
    return out;
}

std::map<std::string, plan::lock_mode> declared(plan::step const &step)
{
    std::map<std::string, plan::lock_mode> out;
    for (auto const &each : std::get<plan::transaction>(step.body).statements) {
        for (auto const &lock : each.locks) {
            auto &mode = out[lock.relation];
            mode = std::max(mode, lock.mode);
        }
    }
    return out;
}

plan::lock_mode mode_of(std::string const &catalog_name)
{
    for (int i = 0; i <= static_cast<int>(plan::lock_mode::access_exclusive); ++i) {
        if (plan::catalog_name(static_cast<plan::lock_mode>(i)) == catalog_name) {
            return static_cast<plan::lock_mode>(i);
        }
    }
    FAIL("unknown lock mode " << catalog_name);
    return {};
}

// The strongest lock of this backend on each table, but for those on new partitions and weak ones.
std::map<std::string, plan::lock_mode> held(pg::session &s)
{
    auto const found =
        s.run(R"(SELECT format('"%s"."%s"', n.nspname, c.relname), l.mode FROM pg_locks l
        JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE l.pid = pg_backend_pid() AND c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\_%'
          AND c.xmin <> pg_current_xact_id()::xid)");
    std::map<std::string, plan::lock_mode> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto const mode = mode_of(found.text(i, 1));
        if (mode >= plan::lock_mode::share_update_exclusive) {
            auto &strongest = out[found.text(i, std::size_t{0})];
            strongest = std::max(strongest, mode);
        }
    }
    return out;
}

list lines(std::map<std::string, plan::lock_mode> const &locks)
{
    list out;
    for (auto const &[relation, mode] : locks) {
        out.push_back(relation + " " + std::string{plan::name(mode)});
    }
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("the locks that are held are those that the plan declares")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE SCHEMA auth");
        s.run("CREATE TABLE auth.users (id int PRIMARY KEY)");
        s.run("CREATE TABLE t (id int, u int REFERENCES auth.users, ts timestamptz NOT NULL, "
              "PRIMARY KEY (id, ts)) "
              "PARTITION BY RANGE (ts)");
        s.run("CREATE TABLE child (id int, ts timestamptz, FOREIGN KEY (id, ts) REFERENCES t)");
        s.run("CREATE TABLE rest PARTITION OF t DEFAULT");
        s.run("CREATE TABLE bystander PARTITION OF t FOR VALUES FROM ('2020-01-01') TO "
              "('2021-01-01')");
        auto const work = plan_partitions(s, {policy_for("public.t")}, morning);
        bool seen = false;
        auto const all = apply(work, s, [&](plan::step const &step) {
            auto const expected = declared(step);
            auto const actual = held(s);
            for (auto const &[relation, mode] : actual) {
                CAPTURE(relation);
                REQUIRE(expected.contains(relation));
                CHECK(plan::name(expected.at(relation)) == plan::name(mode));
            }
            CHECK(actual.at("\"public\".\"t\"") == plan::lock_mode::share_update_exclusive);
            CHECK(actual.at("\"public\".\"rest\"") == plan::lock_mode::access_exclusive);
            CHECK(actual.at("\"auth\".\"users\"") == plan::lock_mode::share_row_exclusive);
            // Other partitions are not locked at all, however many there are.
            CHECK(value(s,
                        "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation = "
                        "'bystander'::regclass") == "0");
            seen = true;
        });
        CHECK(problems(all) == list{});
        CHECK(seen);
    }

    TEST_CASE(
        "foreign keys to the table itself, to partitioned tables, and a default partition that "
        "is partitioned: all locks are declared, and none that is not taken")
    {
        database const db;
        auto s = db.connect();
        for (auto const *made :
             {"CREATE TABLE ref (id int, ts date, PRIMARY KEY (id, ts)) PARTITION BY RANGE (ts)",
              "CREATE TABLE ref_1 PARTITION OF ref FOR VALUES FROM ('2020-01-01') TO "
              "('2040-01-01') "
              "PARTITION BY RANGE (ts)",
              "CREATE TABLE ref_1_1 PARTITION OF ref_1 DEFAULT",
              "CREATE TABLE t (id int, ts date, r int, r_ts date, up int, up_ts date, FOREIGN KEY "
              "(r, "
              "r_ts) REFERENCES ref, PRIMARY KEY (id, ts)) PARTITION BY RANGE (ts)",
              "ALTER TABLE t ADD FOREIGN KEY (up, up_ts) REFERENCES t",
              "CREATE TABLE t_old PARTITION OF t FOR VALUES FROM ('2000-01-01') TO ('2001-01-01') "
              "PARTITION BY RANGE (ts)",
              "CREATE TABLE t_old_1 PARTITION OF t_old DEFAULT",
              "CREATE TABLE rest PARTITION OF t DEFAULT PARTITION BY RANGE (ts)",
              "CREATE TABLE rest_1 PARTITION OF rest FOR VALUES FROM ('2010-01-01') TO "
              "('2040-01-01')",
              "CREATE TABLE inc (id int, ts date, FOREIGN KEY (id, ts) REFERENCES t) PARTITION BY "
              "RANGE (ts)",
              "CREATE TABLE inc_1 PARTITION OF inc DEFAULT"}) {
            s.run(made);
        }
        bool seen = false;
        auto const all = apply(plan_partitions(s, {policy_for("public.t")}, morning), s,
                               [&](plan::step const &step) {
                                   auto expected = declared(step), actual = held(s);
                                   // A partition that is made by this plan is one of the table from
                                   // then on.
                                   auto const made = [](auto const &each) {
                                       return each.first.find("t_2026") != std::string::npos ||
                                              each.first.find("t_2027") != std::string::npos;
                                   };
                                   std::erase_if(expected, made);
                                   std::erase_if(actual, made);
                                   CHECK(lines(expected) == lines(actual));
                                   seen = true;
                                   s.run("SELECT 1");
                               });
        CHECK(problems(all) == list{});
        CHECK(seen);
        // Rows below such a default partition are found before anything is tried.
        s.run("INSERT INTO t VALUES (1, '2027-02-05')");
        auto const later =
            plan_partitions(s, {policy_for("public.t")}, morning + std::chrono::hours{24 * 31});
        REQUIRE(later.steps.size() == 1);
        CHECK(later.steps.front().reason.find(
                  "1 row of public.t in the default partition public.rest") == 0);
    }

    TEST_CASE("open readers and writers of the table are not in the way, nor the other way round")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (a int, ts timestamptz NOT NULL) PARTITION BY RANGE (ts)");
        s.run("CREATE TABLE t_now PARTITION OF t FOR VALUES FROM ('2026-10-01 00:00+00') TO "
              "('2026-11-01 00:00+00')");
        auto other = db.connect();
        other.begin();
        other.run("SELECT count(*) FROM t");
        other.run("INSERT INTO t VALUES (1, '2026-10-14')");
        s.run("SET lock_timeout = '1s'");
        auto late = db.connect();
        late.run("SET lock_timeout = '1s'");
        auto const all = apply(plan_partitions(s, {policy_for("public.t")}, morning), s,
                               [&](plan::step const &) {
                                   late.run("INSERT INTO t VALUES (2, '2026-10-15')");
                                   late.run("SELECT count(*) FROM t");
                               });
        CHECK(problems(all) == list{});
        CHECK(all.size() == 3);
        other.commit();
        CHECK(value(s, "SELECT count(*) FROM t") == "4");
    }

    TEST_CASE("nothing due: no plan, and no lock on any table")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (ts timestamptz NOT NULL) PARTITION BY RANGE (ts)");
        CHECK(count_done(apply(plan_partitions(s, {policy_for("public.t")}, morning), s)) == 4);
        auto other = db.connect(); // everything is locked by somebody else
        other.begin();
        other.run("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
        s.run("SET lock_timeout = '100ms'");
        s.begin();
        auto const work = plan_partitions(s, {policy_for("public.t")}, morning);
        CHECK(work.empty());
        CHECK(work.notes == list{"public.t: 4 partitions, none of the 4 wanted is missing"});
        CHECK(held(s).empty());
        s.rollback();
    }

    TEST_CASE("bounds do not depend on the session's settings, neither read nor written")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (ts timestamptz NOT NULL) PARTITION BY RANGE (ts)");
        auto wanted = policy_for("public.t", "2026-01");
        wanted.time_zone = "Europe/Berlin";
        s.run("SET TimeZone = 'Asia/Kathmandu'");
        s.run("SET DateStyle = 'German'");
        auto const work = plan_partitions(s, {wanted}, morning);
        CHECK(value(s, "SHOW TimeZone") == "Asia/Kathmandu");
        CHECK(problems(apply(work, s)) == list{});
        s.run("SET TimeZone = 'America/Lima'");
        s.run("SET DateStyle = 'Postgres, DMY'");
        CHECK(due(s, {wanted}, morning).tables.empty());
        // The server's own idea of Berlin's midnights.
        CHECK(value(s, "SELECT count(*) FROM generate_series(timestamp '2026-01-01', timestamp "
                       "'2027-01-01', '1 month') m "
                       "JOIN pg_class c ON c.relname = to_char(m, '\"t\"_YYYY_MM') WHERE "
                       "pg_get_expr(relpartbound, oid) LIKE "
                       "format('FOR VALUES FROM (%L) TO (%L)', m AT TIME ZONE 'Europe/Berlin', (m "
                       "+ interval '1 month') AT "
                       "TIME ZONE 'Europe/Berlin')") == "13");
    }

    TEST_CASE(
        "rows of the default partition: told with their number, other ranges and tables go on")
    {
        database const db;
        auto s = db.connect();
        for (auto const *name : {"a", "b"}) {
            s.run(std::string{"CREATE TABLE "} + name +
                  " (ts timestamptz NOT NULL) PARTITION BY RANGE (ts)");
            s.run(std::string{"CREATE TABLE "} + name + "_rest PARTITION OF " + name + " DEFAULT");
        }
        s.run("INSERT INTO a SELECT timestamptz '2026-11-01 00:00+00' + n * interval '1 hour' FROM "
              "generate_series(0, 41) n");
        s.run("INSERT INTO a VALUES ('2026-12-01 00:00+00'), ('2019-01-01')");
        std::vector const policies{policy_for("public.a"), policy_for("public.b")};
        auto const work = plan_partitions(s, policies, morning);
        s.run("INSERT INTO b VALUES ('2027-01-31')"); // after the plan: found by the server
        auto const all = apply(work, s);
        CHECK(problems(all) == list{"23514 create partition public.a_2026_11",
                                    "23514 create partition public.a_2026_12",
                                    "23514 create partition public.b_2027_01"});
        CHECK(count_done(all) == 5);
        CHECK(all[1].problem.starts_with(
            "42 rows of public.a in the default partition public.a_rest"));
        CHECK(all[2].problem.starts_with("1 row of public.a"));
        // The way that the hint shows: other ranges exist now, and once the rows are out, these do
        // as well.
        s.run("CREATE TABLE aside AS WITH out AS (DELETE FROM a_rest WHERE ts >= '2026-11-01 "
              "00:00+00' RETURNING *) TABLE out"
              " WITH NO DATA");
        s.run("WITH out AS (DELETE FROM a_rest WHERE ts >= '2026-11-01 00:00+00' RETURNING *) "
              "INSERT INTO aside TABLE out");
        s.run("DELETE FROM b_rest");
        CHECK(problems(apply(plan_partitions(s, policies, morning), s)) == list{});
        CHECK(due(s, policies, morning).tables.empty());
    }

    TEST_CASE("a default partition that somebody locks is not waited for: its rows stay uncounted")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE a (ts timestamptz NOT NULL) PARTITION BY RANGE (ts)");
        s.run("CREATE TABLE a_rest PARTITION OF a DEFAULT");
        s.run("INSERT INTO a VALUES ('2026-11-01')");
        auto holder = db.connect();
        holder.begin();
        holder.run("LOCK TABLE a_rest IN ACCESS EXCLUSIVE MODE");
        auto const missing = due(s, {policy_for("public.a")}, morning);
        auto const facts = catalog::load_creation_facts(s, partition::requests(missing), "",
                                                        {.timeout = seconds{10}});
        REQUIRE(facts.size() == 1);
        for (auto const &each : facts.front().rows_in_default) {
            CHECK_FALSE(each.has_value());
        }
        CHECK_FALSE(s.in_transaction());
    }

    TEST_CASE("a partition made by hand meanwhile, a table dropped meanwhile: the rest goes on")
    {
        database const db;
        auto s = db.connect();
        for (auto const *name : {"a", "b", "c"}) {
            s.run(std::string{"CREATE TABLE "} + name +
                  " (ts date NOT NULL) PARTITION BY RANGE (ts)");
        }
        auto const work = plan_partitions(
            s, {policy_for("public.a"), policy_for("public.b"), policy_for("public.c")}, morning);
        s.run("CREATE TABLE a_2026_10 PARTITION OF a FOR VALUES FROM ('2026-10-01') TO "
              "('2026-11-01')");
        s.run("CREATE TABLE other PARTITION OF a FOR VALUES FROM ('2026-12-15') TO ('2026-12-16')");
        s.run("DROP TABLE b");
        auto const all = apply(work, s);
        CHECK(problems(all) == list{"42P07 create partition public.a_2026_10",
                                    "42P17 create partition public.a_2026_12",
                                    "42P01 create partition public.b_2026_10",
                                    "42P01 create partition public.b_2026_11",
                                    "42P01 create partition public.b_2026_12",
                                    "42P01 create partition public.b_2027_01"});
        CHECK(count_done(all) == 6);
        // Nothing half made is left behind.
        CHECK(value(s, "SELECT count(*) FROM pg_class WHERE relname = 'a_2026_12'") == "0");
        auto const again = plan_partitions(
            s, {policy_for("public.a"), policy_for("public.b"), policy_for("public.c")}, morning);
        REQUIRE(again.steps.size() == 2);
        CHECK(again.steps[0].reason.find("partition public.other (from 2026-12-15 to 2026-12-16) "
                                         "covers a part of 2026-12") != std::string::npos);
        CHECK(again.steps[1].reason == "partitioned table public.b does not exist");
    }

    TEST_CASE("names that are taken are seen before")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (ts date NOT NULL) PARTITION BY RANGE (ts)");
        s.run("CREATE TABLE o (ts date NOT NULL) PARTITION BY RANGE (ts)");
        s.run("CREATE TABLE t_2026_10 PARTITION OF o FOR VALUES FROM ('2026-10-01') TO "
              "('2026-11-01')");
        s.run("CREATE INDEX t_2026_11 ON t (ts)");
        s.run("CREATE TYPE t_2026_12 AS ENUM ('x')");
        s.run("CREATE SCHEMA elsewhere");
        s.run("CREATE TABLE elsewhere.t_2027_01 ()");
        auto const all = apply(plan_partitions(s, {policy_for("public.t")}, morning), s);
        CHECK(problems(all) == list{"42P07 create partition public.t_2026_10",
                                    "42P07 create partition public.t_2026_11",
                                    "42P07 create partition public.t_2026_12"});
        CHECK(all[0].problem == "public.t_2026_10 exists already (partition of public.o)");
        CHECK(all[1].problem == "public.t_2026_11 exists already (index)");
        CHECK(all[2].problem == "public.t_2026_12 exists already (type)");
        // The array type of another table moves out of the way: no reason to refuse.
        s.run("CREATE TABLE \"t_2027_02\" ()");
        s.run("CREATE TABLE a (ts date NOT NULL) PARTITION BY RANGE (ts)");
        auto wanted = policy_for("public.a");
        wanted.premake = 0;
        wanted.from = model::parse_date("2027-02");
        wanted.name_pattern = "_t_{yyyy}_{mm}";
        CHECK(problems(apply(plan_partitions(s, {wanted}, parse_rfc3339("2027-02-03T00:00:00Z")),
                             s)) == list{});
    }

    TEST_CASE("rights are looked at first, of the role that will work")
    {
        database const db;
        auto s = db.connect();
        auto const suffix = std::to_string(s.backend_pid());
        auto const owner = "part_owner_" + suffix, worker = "part_worker_" + suffix;
        s.run("CREATE ROLE " + owner);
        s.run("CREATE ROLE " + worker + " LOGIN");
        s.run("CREATE SCHEMA app AUTHORIZATION " + owner);
        s.run("CREATE TABLE app.t (ts date NOT NULL) PARTITION BY RANGE (ts)");
        s.run("ALTER TABLE app.t OWNER TO " + owner);
        std::vector const policies{policy_for("app.t")};
        {
            auto w = open(db.dsn(worker));
            auto const why = [&] {
                return plan_partitions(w, policies, morning).steps.at(0).reason;
            };
            CHECK(why() ==
                  "role " + worker + " may not add partitions to app.t: it belongs to " + owner);
            s.run("GRANT " + owner + " TO " + worker);
            CHECK(problems(apply(plan_partitions(w, policies, morning), w)) == list{});
            CHECK(value(s, "SELECT count(*) FROM pg_class WHERE relispartition AND relowner = '" +
                               owner + "'::regrole") == "4");
            s.run("REVOKE CREATE ON SCHEMA app FROM " + owner);
            auto const later = morning + std::chrono::hours{24 * 31};
            CHECK(plan_partitions(w, policies, later).steps.at(0).reason ==
                  "role " + worker + " may not create tables in schema app");
            s.run("GRANT CREATE ON SCHEMA app TO " + worker);
            auto const later_why = plan_partitions(w, policies, later).steps.at(0).reason;
            CHECK(later_why ==
                  owner + ", the owner of app.t, may not own new tables in schema app");
            // What the planner foresaw is what the server says.
            auto const missing = due(w, policies, later);
            auto facts = catalog::load_creation_facts(w, partition::requests(missing), "");
            facts.front().owner_may_create = true;
            CHECK(problems(apply(partition::plan_create(missing, facts), w)) ==
                  list{"42501 create partition app.t_2027_02"});
        }
        CHECK_THROWS_WITH_AS(catalog::load_creation_facts(s, {{"1", {}}}, "no_such_role"),
                             "role no_such_role does not exist", error);
        auto const as_worker = due(s, policies, parse_rfc3339("2028-01-01T00:00:00Z"));
        CHECK(
            catalog::load_creation_facts(s, partition::requests(as_worker), worker).front().role ==
            worker);
        s.run("DROP OWNED BY " + owner + ", " + worker + " CASCADE");
        s.run("DROP ROLE " + owner + ", " + worker);
    }

    TEST_CASE("a detach that did not end")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (ts date NOT NULL) PARTITION BY RANGE (ts)");
        CHECK(count_done(apply(plan_partitions(s, {policy_for("public.t")}, morning), s)) == 4);
        auto reader = db.connect();
        reader.begin(pg::isolation::repeatable_read);
        reader.run("SELECT count(*) FROM t");
        s.run("SET lock_timeout = '50ms'");
        CHECK_THROWS_AS(s.run("ALTER TABLE t DETACH PARTITION t_2026_11 CONCURRENTLY"), error);
        reader.rollback();
        auto const work = plan_partitions(s, {policy_for("public.t")}, morning);
        REQUIRE(work.steps.size() == 1);
        CHECK(work.steps[0].reason ==
              "public.t: 2026-11 is held by public.t_2026_11, whose concurrent detach did not end");
        CHECK(work.notes.size() == 1);
    }

    TEST_CASE(
        "after the plan is carried out, nothing is due: whatever the policy, the zone, the time")
    {
        database const db;
        auto s = db.connect();
        std::mt19937 random{20261014};
        auto const pick = [&](int least, int most) {
            return std::uniform_int_distribution{least, most}(random);
        };
        list const zones{"UTC",
                         "Europe/Berlin",
                         "America/Havana",
                         "Africa/Cairo",
                         "Africa/Kinshasa",
                         "Pacific/Apia",
                         "Asia/Kathmandu",
                         "Australia/Lord_Howe",
                         "America/Sao_Paulo"};
        list const types{"timestamptz", "timestamp", "date"};
        for (int round = 0; round < 60; ++round) {
            auto const type = types.at(static_cast<std::size_t>(pick(0, 2)));
            auto const table = "t" + std::to_string(round);
            s.run("CREATE TABLE " + table + " (ts " + type + " NOT NULL) PARTITION BY RANGE (ts)");
            auto wanted = policy_for("public." + table);
            wanted.every = static_cast<model::step>(pick(type == "date" ? 1 : 0, 5));
            wanted.time_zone =
                zones.at(static_cast<std::size_t>(pick(0, static_cast<int>(zones.size()) - 1)));
            wanted.premake = pick(0, 12);
            auto const hours = wanted.every == model::step::hour  ? 1
                               : wanted.every == model::step::day ? 24
                                                                  : 24 * 7;
            auto const at = instant{seconds{pick(1'000'000'000, 2'000'000'000)}};
            if (pick(0, 1) == 1) {
                auto const begin = zone::load(wanted.time_zone)
                                       .to_civil(at - std::chrono::hours{pick(0, 15 * hours)})
                                       .civil;
                wanted.from = model::date{begin.year, begin.month, begin.day};
            }
            CAPTURE(round);
            CAPTURE(wanted.time_zone);
            CAPTURE(model::name(wanted.every));
            CAPTURE(to_rfc3339(at));
            CHECK(problems(apply(plan_partitions(s, {wanted}, at), s)) == list{});
            CHECK(due(s, {wanted}, at).tables.empty());
            // Bounds follow each other without gaps, and a row of now finds its place.
            CHECK(
                value(s, "WITH b AS (SELECT regexp_match(pg_get_expr(relpartbound, oid), $$FROM "
                         "\\('(.*)'\\) TO "
                         "\\('(.*)'\\)$$) m FROM pg_class WHERE relispartition AND relname LIKE '" +
                             table +
                             "\\_%') SELECT count(*) FROM b WHERE NOT EXISTS (SELECT FROM b o "
                             "WHERE o.m[1] = "
                             "b.m[2])") == "1");
            s.run("SET TimeZone = '" + wanted.time_zone + "'");
            s.run("INSERT INTO " + table + " VALUES ('" + to_rfc3339(at) + "'::timestamptz)");
            s.run("RESET TimeZone");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
// Checks on a real server: what they may take, what they may not, and that none fails.
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "check/evaluate.hpp"
#include "support/database.hpp"

using namespace pgtend;

namespace {

std::vector<check::outcome> run(pg::session &s, std::vector<check::rule const *> const &rules,
                                std::vector<model::check_threshold> const &set = {})
{
    pg::limits const limit{.timeout = std::chrono::seconds{10}};
    check::evidence with{s, {}, system_clock().now(), limit};
    return check::evaluate(s, rules, set, with, limit);
}

check::rule of_query(std::string_view query)
{
    return {.id = "test.one", .title = "t", .why = "w", .fix = "f", .query = query};
}

constexpr std::string_view nothing_else =
    "NULL::float8 AS value, NULL::text AS fix, NULL::text AS severity, NULL::text AS needs";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a query that fails is unseen with its reason, and the next one runs all the same")
    {
        test::database const db;
        auto s = db.connect();
        auto const broken = of_query("SELECT 1/0 AS object");
        auto const whole =
            std::string{"SELECT 'o' AS object, 'm' AS message, "} + std::string{nothing_else};
        auto const good = of_query(whole);
        auto const found = run(s, {&broken, &good});
        REQUIRE(found.size() == 2);
        CHECK(found[0].skipped());
        CHECK(found[0].unseen ==
              std::vector<std::string>{"it failed: division by zero (SQLSTATE 22012)"});
        REQUIRE(found[1].findings.size() == 1);
        CHECK(found[1].findings[0].object == "o");
        CHECK(!s.in_transaction());
    }

    TEST_CASE("a check cannot write, and does not wait for a lock")
    {
        test::database const db;
        db.psql("CREATE TABLE t (n int); CREATE TABLE u (n int)");
        auto holder = db.connect();
        holder.begin();
        holder.run("LOCK TABLE t");
        auto s = db.connect();
        auto const writes = of_query(
            "WITH x AS (INSERT INTO public.u VALUES (1) RETURNING 1) SELECT 'o' AS object FROM x");
        auto const waits = of_query("SELECT n::text AS object FROM public.t");
        auto const begin = std::chrono::steady_clock::now();
        auto const found = run(s, {&writes, &waits});
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{5});
        CHECK(found[0].unseen.at(0).find("25006") != std::string::npos);
        CHECK(found[1].unseen.at(0).find("55P03") != std::string::npos);
    }

    TEST_CASE(
        "thresholds of the file replace the catalogue's; severity and value come from the row")
    {
        test::database const db;
        auto s = db.connect();
        auto one = of_query("SELECT 'o' AS object, 'm' AS message, $1::float8 + $2::float8 AS "
                            "value, NULL::text AS fix, "
                            "'error' AS severity, NULL::text AS needs");
        one.first = {"warning", 50, "%"};
        one.second = {"error", 75, "%"};
        auto const usual = run(s, {&one});
        CHECK(usual[0].findings.at(0).value == 125.0);
        CHECK(usual[0].findings.at(0).severity == check::severity::error);
        auto const set = run(s, {&one}, {{.id = "test.one", .key = "error", .value = 0.5}});
        CHECK(set[0].findings.at(0).value == 50.5);
    }

    TEST_CASE("what a row says it needs is unseen, in part when there are findings as well")
    {
        test::database const db;
        auto s = db.connect();
        auto const one = of_query(
            "SELECT 'o' AS object, 'm' AS message, NULL::float8 AS value, NULL::text AS fix, "
            "NULL::text AS severity, n AS needs FROM (VALUES (NULL), ('pg_monitor')) v (n)");
        auto const found = run(s, {&one});
        CHECK(found[0].findings.size() == 1);
        CHECK(found[0].unseen == std::vector<std::string>{"pg_monitor"});
        CHECK(!found[0].skipped());
        CHECK(!found[0].passed());
    }

    TEST_CASE("indexes that could not be compared, or were not counted for long, are unseen; what "
              "checks share is timed apart")
    {
        test::database const db;
        db.psql("CREATE TABLE public.t AS SELECT i AS a, i AS b FROM generate_series(1, 2000) i; "
                "CREATE INDEX one ON public.t (a); CREATE INDEX two ON public.t (a, b)");
        auto s = db.connect(), holder = db.connect();
        s.run("VACUUM ANALYZE public.t");
        holder.begin();
        holder.run("LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE");
        pg::limits const limit{.timeout = std::chrono::seconds{10}};
        check::evidence with{s, {}, system_clock().now(), limit};
        auto const found =
            check::evaluate(s, check::chosen({.only = {"index"}, .skip = {}}), {}, with, limit);
        std::string told;
        for (auto const &each : found) {
            CHECK(each.findings.empty());
            told += std::string{each.of->id} + (each.passed() ? " " : "? ");
            CHECK(each.elapsed < std::chrono::milliseconds{500});
        }
        CHECK(told == "index.invalid index.leftover index.duplicate? index.redundant? "
                      "index.unused? index.foreign_key index.bloat index.seq_scans ");
        auto const who = "pid " + std::to_string(holder.backend_pid());
        CHECK(found[2].unseen.at(0) == "the end of the ACCESS EXCLUSIVE lock on public.t: " + who);
        CHECK(found[4].unseen.at(0).starts_with("scans of 30 d: scans were counted for "));
        REQUIRE(with.fetches().size() == 1);
        CHECK(with.fetches()[0].of == "indexes");
        CHECK(with.fetches()[0].elapsed > std::chrono::milliseconds{900}); // it waited for the lock
    }

    TEST_CASE("what is fetched for several checks and fails is not fetched again for each")
    {
        test::database const db;
        auto s = db.connect();
        int asked = 0;
        check::sources from;
        from.partitions = [&]() -> std::vector<partition::table_status> {
            ++asked;
            throw error{"no luck", "", "XX000"};
        };
        check::evidence with{s, from, system_clock().now(), {}};
        auto const found = check::evaluate(
            s, check::chosen({.only = {"partition.runway", "partition.drift"}, .skip = {}}), {},
            with, {});
        REQUIRE(found.size() == 2);
        CHECK(found[0].unseen == std::vector<std::string>{"it failed: no luck (SQLSTATE XX000)"});
        CHECK(found[1].unseen == found[0].unseen);
        CHECK(asked == 1);
    }

    TEST_CASE("what is read by functions finds nothing in a fresh database, whoever looks")
    {
        test::database const db;
        for (auto const &user : {std::string{"postgres"}, test::server_variable("LOGIN")}) {
            CAPTURE(user);
            auto s = test::open(db.dsn(user));
            for (auto const &each :
                 run(s, check::chosen({.only = {"index", "matview"}, .skip = {"matview.stale"}}))) {
                INFO(std::string{each.of->id});
                CHECK(each.passed());
            }
        }
    }
}

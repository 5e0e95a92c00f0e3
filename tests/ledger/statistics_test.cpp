// SPDX-License-Identifier: Apache-2.0
// What runs have in common, and which of them are asked for.
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "ledger/support.hpp"
#include "sql/queries.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using ledger::run_status;

namespace {

// Runs of "a": one a minute from minute 0 on, the n-th of which took n seconds.
void add_runs(test::ledger_database &l, int count)
{
    l.control.run(
        "INSERT INTO pgtend.run (job, slot, status, started, finished, rows) SELECT 'a', "
        "t, 'succeeded', t, t + n * interval '1 s', n FROM generate_series(1, $1::int) n, "
        "LATERAL (SELECT $2::timestamptz + (n - 1) * interval '1 min') s(t)",
        {std::to_string(count), to_rfc3339(test::minute(0))});
}

void add_run(test::ledger_database &l, std::string const &job, std::string const &status,
             int minute, std::string const &error = {})
{
    l.control.run("INSERT INTO pgtend.run (job, slot, status, started, finished, error) VALUES "
                  "($1::text, $3::timestamptz, $2::text, $3::timestamptz, CASE WHEN $2::text <> "
                  "'running' THEN $3::timestamptz + interval '1 h' END, $4::text)",
                  {job, status, to_rfc3339(test::minute(minute)), error});
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("statistics: percentiles are values of the sample, as percentile_disc has them")
    {
        test::ledger_database l{{"a", "b"}};
        add_runs(l, 100);
        auto const all = l.book.statistics({});
        REQUIRE(all.size() == 1);
        CHECK(all[0].job == "a");
        CHECK(all[0].runs == 100);
        CHECK(all[0].succeeded == 100);
        CHECK(all[0].p50 == microseconds{50s});
        CHECK(all[0].p95 == microseconds{95s});
        CHECK(all[0].p99 == microseconds{99s});
        CHECK(all[0].longest == microseconds{100s});
        CHECK(all[0].rows == 5050);
        CHECK(all[0].last_started == test::minute(99));
        CHECK_FALSE(all[0].last_failure.has_value());
    }

    TEST_CASE("statistics: each status is counted; durations are of runs that ended by themselves")
    {
        test::ledger_database l{{"a", "b"}};
        add_runs(l, 3);
        for (std::string const status : {"lost", "interrupted", "skipped", "running"}) {
            add_run(l, "a", status, 200, status == "lost" ? "gone" : "");
        }
        add_run(l, "b", "failed", 1, "first");
        add_run(l, "b", "timed_out", 2, "second");
        add_run(l, "b", "succeeded", 3);
        auto const all = l.book.statistics({});
        REQUIRE(all.size() == 2);
        auto const &a = all[0], &b = all[1];
        CHECK(a.runs == 7);
        CHECK(a.succeeded == 3);
        CHECK(a.lost == 1);
        CHECK(a.interrupted == 1);
        CHECK(a.skipped == 1);
        CHECK(a.running == 1);
        CHECK(a.longest == microseconds{3s}); // and not the hour of those that broke off
        CHECK(a.last_failure_status == run_status::interrupted);
        CHECK(b.failed == 1);
        CHECK(b.timed_out == 1);
        CHECK(b.longest == microseconds{1h});
        CHECK(b.last_failure == test::minute(2));
        CHECK(b.last_failure_status == run_status::timed_out);
        CHECK(b.last_failure_error == "second");
        CHECK(l.book.statistics({.job = "b"}).size() == 1);
        auto const early =
            l.book.statistics({.job = {}, .since = test::minute(1), .until = test::minute(2)});
        REQUIRE(early.size() == 2);
        CHECK(early[0].runs == 1);
        CHECK(early[1].last_failure_error == "first");
        CHECK(l.book.statistics({.job = "nobody"}).empty());
        add_run(l, "c", "skipped", 5);
        CHECK_FALSE(l.book.statistics({.job = "c"}).at(0).p50.has_value());
    }

    TEST_CASE("history: until, how long they took, and all that went wrong")
    {
        test::ledger_database l{{"a"}};
        add_runs(l, 10);
        auto const early = l.book.history({.job = {}, .until = test::minute(3)});
        REQUIRE(early.size() == 3);
        CHECK(early[0].slot == test::minute(2));
        CHECK(l.book.history({.job = {}, .since = test::minute(2), .until = test::minute(3)})
                  .size() == 1);
        CHECK(l.book.history({.job = {}, .took = 8s}).size() == 3);
        CHECK(l.book.history({.job = {}, .took = 8s + 1us}).size() == 2);
        for (std::string const status :
             {"failed", "skipped", "lost", "running", "timed_out", "interrupted"}) {
            add_run(l, "a", status, 0);
        }
        auto const wrong = l.book.history({.job = {}, .failed = true});
        std::string order;
        for (auto const &row : wrong) {
            order += std::string{ledger::name(row.status)} + " ";
        }
        CHECK(order == "interrupted timed_out lost failed ");
        CHECK(l.book.history({.job = {}, .limit = 2, .failed = true}).size() == 2);
        CHECK(l.book.history({.job = "b", .failed = true}).empty());
        // One that goes on took as long as until now.
        CHECK(l.book.history({.job = {}, .status = run_status::running, .took = 1h}).size() == 1);
        l.control.run("UPDATE pgtend.run SET started = clock_timestamp() WHERE status = 'running'");
        CHECK(l.book.history({.job = {}, .status = run_status::running, .took = 1h}).empty());
    }

    TEST_CASE("statistics of one job, and of a short time, look at few of many runs")
    {
        test::ledger_database l;
        l.control.run(
            "INSERT INTO pgtend.run (job, status, started, finished) SELECT 'job-' || n % "
            "100, 'succeeded', t, t FROM generate_series(1, 20000) n, LATERAL (SELECT "
            "now() - (20000 - n) * interval '1 min') s(t)");
        l.control.run("VACUUM (ANALYZE) pgtend.run");
        l.control.run("SET plan_cache_mode = force_custom_plan");
        l.control.run(fmt::format("PREPARE asked AS {}", sql::ledger_statistics));
        for (std::string const arguments :
             {"('job-7', NULL, NULL)", "(NULL, now() - interval '1 h', NULL)"}) {
            auto const lines = l.control.run("EXPLAIN EXECUTE asked" + arguments);
            std::string plan;
            for (std::size_t i = 0; i < lines.size(); ++i) {
                plan += lines.text(i, 0) + "\n";
            }
            INFO(plan);
            CHECK(plan.find("Seq Scan") == std::string::npos);
        }
    }
}

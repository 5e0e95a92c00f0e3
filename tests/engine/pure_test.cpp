// SPDX-License-Identifier: Apache-2.0
// The parts of the engine that need no server.
#include <doctest/doctest.h>

#include <chrono>

#include "engine/hints.hpp"
#include "engine/notices.hpp"
#include "engine/recording.hpp"
#include "engine/schedule.hpp"
#include "engine/settings.hpp"
#include "workbench.hpp"

using namespace pgtend;
using namespace pgtend::test;
using engine::step_status;

TEST_SUITE_BEGIN("nodb");

TEST_CASE("the opening is one message: BEGIN, the fence, the settings, the role last")
{
    engine::work_settings settings{
        .time_zone = "Africa/Kinshasa", .search_path = "app, public", .role = "it's"};
    engine::fence guard{{sql("select 1 from lease where job = $1 for key share; ")}};
    guard.opening[0].parameters = {"o'x"};
    auto const text = engine::opening_text(settings, guard,
                                           {.note_transaction_id = true,
                                            .lock_timeout = microseconds{1500},
                                            .statement_timeout = seconds{2},
                                            .server_version = 150000});
    auto const at = [&](std::string_view part) {
        CAPTURE(part);
        CHECK(text.find(part) != std::string::npos);
        return text.find(part);
    };
    CHECK(text.starts_with(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = '2000ms'; "
        "SET LOCAL lock_timeout = '2ms'; WITH fence_0 AS MATERIALIZED (select 1 "
        "from "
        "lease where job = 'o''x' for key share\n) SELECT pg_catalog.pg_current_xact_id(), "));
    CHECK(text.ends_with(" FROM fence_0"));
    CHECK(at("set_config('role', 'it''s', true)") >
          at("set_config('search_path', 'app, public', true)"));
    at("set_config('TimeZone', 'Africa/Kinshasa', true)");
    at("set_config('row_security', 'off', true)");
    // lock_timeout was rounded up: 0 would mean for ever.
    CHECK(text.find("'transaction_timeout'") == std::string::npos);

    auto const reading =
        engine::opening_text({}, guard, {.read_only = true, .server_version = 170000});
    CHECK(reading.starts_with("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY; SET LOCAL "));
    CHECK(reading.find("; SELECT '', ") != std::string::npos);
    CHECK(reading.find("fence") == std::string::npos);
    CHECK(reading.find("set_config('transaction_timeout', '0', true)") != std::string::npos);
    CHECK(reading.find("search_path") == std::string::npos);
    CHECK(reading.find("'role'") == std::string::npos);
}

TEST_CASE("settings of the session are taken back one by one, the role first")
{
    engine::work_settings const settings{.search_path = "app", .role = "x"};
    auto const set = engine::session_settings_text(settings, {});
    auto const reset = engine::session_reset_text(settings, {});
    CHECK(reset.starts_with("RESET role; "));
    for (std::size_t at = set.find("set_config('"); at != std::string::npos;
         at = set.find("set_config('", at + 1)) {
        auto const name = set.substr(at + 12, set.find('\'', at + 12) - at - 12);
        CAPTURE(name);
        CHECK(reset.find("RESET " + name + ";") != std::string::npos);
    }
    CHECK(set.find("true") == std::string::npos);
    CHECK(set.starts_with("SET statement_timeout = '0ms'; SET lock_timeout = '0ms'; SELECT "));
    CHECK(reset.ends_with("RESET statement_timeout; RESET lock_timeout; "));
    CHECK(set.find("set_config('client_connection_check_interval', '0', false)") !=
          std::string::npos);
}

TEST_CASE("what says that work was skipped, and what does not")
{
    auto const vacuum = [] {
        auto s = sql("vacuum t");
        s.in_transaction = false;
        return s;
    }();
    auto const fails = [&](pg::notice n, plan::statement const &by, bool english = true) {
        return engine::skipped_work({n}, by, english).has_value();
    };
    CHECK(fails(
        {"WARNING", "01000", R"(skipping "t" --- only table or database owner can vacuum it)"},
        vacuum));
    CHECK(fails({"WARNING", "01000", R"(permission denied to vacuum "t", skipping it)"}, vacuum));
    CHECK(fails({"WARNING", "55P03", R"(skipping vacuum of "t" --- lock not available)"}, vacuum));
    CHECK(fails({"WARNING", "42P01", R"(skipping vacuum of "t" --- relation no longer exists)"},
                vacuum));
    CHECK(!fails({"WARNING", "01000", "oldest xmin is far in the past\nClose open transactions"},
                 vacuum));
    CHECK(fails({"WARNUNG", "01000", "irgendetwas"}, vacuum,
                false)); // no English: any warning counts
    CHECK(!fails({"WARNUNG", "01000", "irgendetwas"}, sql("select 1"), false));
    CHECK(fails({"NOTICE", "42622", "identifier will be truncated"}, sql("create table x")));
    CHECK(fails({"NOTICE", "42P07", R"(relation "t" already exists, skipping)"},
                sql("create table x")));
    CHECK(fails({"NOTICE", "42710", R"(extension "x" already exists, skipping)"}, sql("create")));
    auto free = sql("create table if not exists x");
    free.may_skip = true;
    CHECK(!fails({"NOTICE", "42P07", R"(relation "t" already exists, skipping)"}, free));
    CHECK(fails({"NOTICE", "42622", "identifier will be truncated"}, free));
    CHECK(fails({"WARNING", "01000", R"(permission denied to analyze "t", skipping it)"}, free));
    CHECK(!fails({"NOTICE", "00000", R"(table "t" does not exist, skipping)"},
                 sql("drop table if exists t")));
    CHECK(!fails({"NOTICE", "00000", "skipping breakfast"}, sql("select f()")));
    CHECK(!fails({"WARNING", "01000", "low on fuel"}, sql("select f()")));

    std::vector<pg::notice> many;
    for (int i = 1; i <= 50; ++i) {
        many.push_back({"WARNING", "01000", std::to_string(i)});
    }
    many.push_back({"NOTICE", "00000", "n"});
    auto const told = engine::warnings(many);
    REQUIRE(told.size() == 21);
    CHECK(told[9] == "server warning: 10");
    CHECK(told[10] == "... at least 30 more warnings left out ...");
    CHECK(told[20] == "server warning: 50");
    CHECK(engine::warnings({{"NOTICE", "00000", "n"}}).empty());
}

TEST_CASE("hints")
{
    auto const statement = sql("delete from t");
    auto const hint = [&](std::string const &state, engine::work_settings const &settings = {}) {
        return engine::with_hint(error{"x", {}, state}, &statement, settings, nullptr).hint();
    };
    CHECK(hint("42501", {.role = "app"}).find("the role app") != std::string::npos);
    CHECK(hint("42P01", {.search_path = "app"}).find("search_path: app") != std::string::npos);
    CHECK(hint("53100").find("disk") != std::string::npos);
    CHECK(hint("25006").find("primary") != std::string::npos);
    CHECK(hint("23505").empty());
    auto const kept =
        engine::with_hint(error{"x", "the server's own", "42P01", "s"}, &statement, {}, nullptr);
    CHECK(kept.hint() == "the server's own");
    CHECK(kept.statement() == "s");
    CHECK(engine::with_hint(error{"x", {}, "42501"}, nullptr, {}, nullptr)
              .hint()
              .find("--print-grants") != std::string::npos);
}

namespace {

plan::plan lanes(std::vector<std::pair<std::string, std::vector<std::size_t>>> const &steps)
{
    plan::plan p;
    for (auto const &[lane, after] : steps) {
        p.steps.push_back(step(std::to_string(p.steps.size()), {}));
        p.steps.back().lane = lane;
        p.steps.back().after = after;
    }
    return p;
}

} // namespace

TEST_CASE("a schedule hands lanes to workers and keeps them there")
{
    auto const p = lanes({{"a", {}}, {"b", {}}, {"a", {}}, {"b", {0}}, {"c", {}}});
    std::vector<engine::step_result> results(p.steps.size());
    std::vector<std::string> skipped;
    engine::schedule s{p, 7, results,
                       [&](engine::step_result const &r) { skipped.push_back(r.title); }};
    CHECK(s.workers() == 3);
    auto const ok = [&](std::size_t i) {
        s.done(i, {.title = std::to_string(i),
                   .object = {},
                   .status = step_status::succeeded,
                   .tally = {}});
    };
    CHECK(s.next(0) == 0);
    CHECK(s.next(1) == 1);
    ok(1);
    CHECK(s.next(1) == 4); // 3 waits for 0, so the free lane is begun
    ok(0);
    CHECK(s.next(0) == 2); // its own lane first
    ok(4);
    CHECK(s.next(1) == 3);
    CHECK(!s.next(2));
    ok(2);
    ok(3);
    CHECK(!s.next(0));
    CHECK(!s.next(1));
    CHECK(skipped.empty());
}

TEST_CASE("what depends on a failure is skipped, all the way; what was not begun at the end too")
{
    auto const p = lanes({{"a", {}}, {"a", {0}}, {"b", {1}}, {"a", {}}, {"c", {}}});
    std::vector<engine::step_result> results(p.steps.size());
    engine::schedule s{p, 1, results, [](engine::step_result const &) {}};
    CHECK(s.next(0) == 0);
    s.done(0, {.title = "0", .object = {}, .status = step_status::failed, .tally = {}});
    CHECK(s.next(0) == 3);
    CHECK(results[1].problem->message() == "not begun, because '0' did not succeed");
    s.stop();
    CHECK(!s.next(0));
    s.skip_the_rest("the end");
    CHECK(results[4].problem->message() == "the end");
    CHECK(results[2].status == step_status::skipped);
    auto const wrong = lanes({{"a", {1}}, {"b", {}}});
    CHECK_THROWS_AS(engine::schedule(wrong, 1, results, [](engine::step_result const &) {}), error);
}

TEST_CASE("a plan of 50,000 lanes costs no time")
{
    plan::plan p;
    for (int i = 0; i < 50'000; ++i) {
        p.steps.push_back(step("s", {}));
        p.steps.back().lane = std::to_string(i);
    }
    std::vector<engine::step_result> results(p.steps.size());
    auto const start = std::chrono::steady_clock::now();
    engine::schedule s{p, 4, results, [](engine::step_result const &) {}};
    int count = 0;
    while (auto const index = s.next(0)) {
        s.done(*index, {.title = {}, .object = {}, .status = step_status::succeeded, .tally = {}});
        ++count;
    }
    CHECK(count == 50'000);
    CHECK(since(start) < seconds{2});
}

TEST_CASE("20,000 lanes that lock one relation are one lane, and cost no time")
{
    plan::plan p;
    for (int i = 0; i < 20'000; ++i) {
        p.steps.push_back(step(
            "s",
            {{.sql = "SELECT 1", .locks = {{"\"users\"", plan::lock_mode::share_row_exclusive}}}}));
        p.steps.back().lane = std::to_string(i);
    }
    std::vector<engine::step_result> results(p.steps.size());
    auto const start = std::chrono::steady_clock::now();
    engine::schedule const s{p, 4, results, [](engine::step_result const &) {}};
    CHECK(s.workers() == 1);
    CHECK(since(start) < seconds{2});
}

TEST_CASE("recording: outcomes are scripted, what was asked for is kept")
{
    engine::recording rec{[](plan::statement const &s) -> engine::scripted {
        if (s.sql.find("fail") != std::string::npos) {
            return {.failed = plan::failure{"23505", "no"}};
        }
        return {.result = rows{{}, {}, 0, 3}, .elapsed = milliseconds{7}};
    }};
    int call = 0;
    std::vector<std::string> heard;
    plan::plan p =
        one(task("t", [&](plan::outcome const &last, plan::tally &t) -> std::optional<plan::work> {
            heard.push_back(last.failed ? last.failed->sqlstate
                                        : std::to_string(last.elapsed.count()));
            t.rows += last.results.empty() ? 0 : last.results[0].affected();
            auto parameter = sql("delete $1::int");
            parameter.parameters = {"5"};
            switch (call++) {
            case 0:
                return plan::work{.statements = {parameter, sql("two")},
                                  .pause_before = seconds{1}};
            case 1:
                return plan::work{.statements = {sql("one"), sql("fail"), sql("never")}};
            default:
                return {};
            }
        }));
    p.steps.push_back(step("fails", {sql("fail")}));
    p.steps.push_back(step("depends", {sql("x")}));
    p.steps[2].after = {1};
    p.steps.push_back(step("goes on", {sql("y")}, 0));
    auto const r = rec.run(std::move(p));
    CHECK(heard == std::vector<std::string>{"0", "14000", "23505"});
    CHECK(rec.sql() ==
          std::vector<std::string>{"delete '5'::int", "two", "one", "fail", "fail", "y"});
    CHECK(rec.log()[0].committed);
    CHECK(rec.log()[0].pause_before == seconds{1});
    CHECK(!rec.log()[1].committed);
    CHECK(r.steps[0].tally.rows == 3);
    CHECK(r.steps[1].problem->sqlstate() == "23505");
    CHECK(r.steps[2].status == step_status::skipped);
    CHECK(r.steps[3].tally.rows == 3);

    engine::recording endless{[](plan::statement const &) { return engine::scripted{}; }, 50};
    auto const stuck =
        endless.run(one(task("x", [](auto const &, auto &) -> std::optional<plan::work> {
            return plan::work{.statements = {sql("again")}};
        })));
    CHECK(stuck.ended_by);
    CHECK(endless.log().size() == 50);
}

TEST_CASE("totals and the first problem")
{
    engine::result r;
    r.steps.push_back(
        {.title = "a",
         .object = {},
         .status = step_status::succeeded,
         .tally = {.rows = 2, .left = 1, .batches = 1, .expected = 5, .notes = {"n"}}});
    r.steps.push_back({.title = "b",
                       .object = {},
                       .status = step_status::skipped,
                       .tally = {},
                       .problem = error{"skipped"}});
    r.steps.push_back({.title = "c",
                       .object = {},
                       .status = step_status::failed,
                       .tally = {.rows = 3},
                       .problem = error{"failed"}});
    CHECK(r.total().rows == 5);
    CHECK(r.total().expected == 5);
    CHECK(r.total().notes.size() == 1);
    CHECK(!r.succeeded());
    CHECK(r.first_problem()->message() == "failed");
    r.steps.pop_back();
    CHECK(!r.succeeded());
    CHECK(r.first_problem() == nullptr);
    r.ended_by = {engine::cause::lease_lost, error{"ended"}};
    CHECK(r.first_problem()->message() == "ended");
}

TEST_SUITE_END();

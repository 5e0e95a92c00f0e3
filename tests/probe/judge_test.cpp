// SPDX-License-Identifier: Apache-2.0
// From what was seen to what is said, without a network.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "probe/judge.hpp"
#include "support/run.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

instant const now{seconds{1'767'225'600}}; // 2026-01-01T00:00:00Z

probe::http_seen answered(std::vector<int> times_ms)
{
    probe::http_seen out;
    for (auto const each : times_ms) {
        out.samples.push_back({.answer = {.status = 200, .time = milliseconds{each}}});
    }
    return out;
}

rows pgbouncer_rows(std::vector<std::string> names,
                    std::vector<std::vector<std::string>> const &all)
{
    std::vector<param> cells;
    for (auto const &row : all) {
        for (auto const &cell : row) {
            cells.push_back(cell == "-" ? param{} : param{cell});
        }
    }
    return {std::move(names), std::move(cells), all.size(), 0};
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("percentiles are values that were measured: nearest rank")
    {
        std::vector<double> hundred;
        for (int i = 100; i > 0; --i) {
            hundred.push_back(i);
        }
        CHECK(probe::percentile(hundred, 50) == 50);
        CHECK(probe::percentile(hundred, 95) == 95);
        CHECK(probe::percentile(hundred, 99) == 99);
        CHECK(probe::percentile(hundred, 100) == 100);
        CHECK(probe::percentile({7}, 50) == 7);
        CHECK(probe::percentile({1, 2, 3}, 50) == 2);
        auto const v = probe::judge(model::http_probe{}, answered({100, 200, 300, 4000}), now);
        CHECK(number(v, "p50") == doctest::Approx(0.2));
        CHECK(number(v, "p95") == doctest::Approx(4));
    }

    TEST_CASE(
        "limits: the worse of the two that is crossed; one whose metric has no value is unseen")
    {
        model::probe p{.name = "it", .kind = model::http_probe{}};
        p.limits = {{.metric = "p95", .warning = 1, .error = 2}};
        auto const said = [&](int ms) {
            auto v = probe::judge(model::http_probe{}, answered({ms}), now);
            probe::apply_limits(p, v);
            return words_of(v);
        };
        CHECK(said(1000).empty()); // not beyond
        CHECK(said(1500) == list{"warning p95 is 1.5 s, the limit is 1 s"});
        CHECK(said(2500) == list{"error p95 is 2.5 s, the limit is 2 s"});
        p.limits = {{.metric = "certificate", .error = 1}};
        CHECK(said(1) == list{"unseen certificate of it: no certificate was seen"});
    }

    TEST_CASE("a certificate's days have limits without being asked for")
    {
        model::probe const p{.name = "it", .kind = model::connect_probe{.host = {}, .tls = true}};
        auto const said = [&](int days) {
            auto v = probe::judge(model::connect_probe{.host = {}, .tls = true},
                                  {.certificate_end = now + std::chrono::hours{24 * days}}, now);
            probe::apply_limits(p, v);
            return words_of(v);
        };
        CHECK(said(22).empty());
        CHECK(said(20) == list{"warning certificate is 20 d, the least is 21 d"});
        CHECK(said(6) == list{"error certificate is 6 d, the least is 7 d"});
    }

    TEST_CASE("answers are told by what is wrong with them, and how often")
    {
        model::http_probe of{.url = {}, .expect_headers = {{"Cache-Control", "*max-age=*"}}};
        auto seen = answered({1, 1, 1});
        seen.samples[0].answer.headers = {{"cache-control", "public, max-age=60"}};
        seen.samples[1].answer.headers = {{"cache-control", "no-store"}};
        seen.samples[2].answer.status = 503;
        auto const v = probe::judge(of, seen, now);
        CHECK(words_of(v) ==
              list{"error 1 of 3: answers 503, expected 2xx",
                   "error 1 of 3: header Cache-Control is 'no-store', expected '*max-age=*'"});
        CHECK(number(v, "error_rate") == doctest::Approx(66.67).epsilon(0.001));
        seen = answered({1});
        seen.samples[0].answer.status = 302;
        seen.samples[0].answer.redirect = "https://user:s3cr3t@other.example/x?token=s3cr3t";
        CHECK(
            words_of(probe::judge({}, seen, now)) ==
            list{"error answers 302, expected 2xx; the redirect to https://other.example/x is not "
                 "followed, which is for `follow:` to allow"});
    }

    TEST_CASE("hits of an interval, not since the server began; without lookups there is no ratio")
    {
        model::redis_probe const of;
        auto const seen = [](int hits, int misses) {
            probe::redis_seen out;
            out.before = {{"keyspace_hits", "1000000"},
                          {"keyspace_misses", "10"},
                          {"evicted_keys", "5"},
                          {"used_memory", "500"},
                          {"maxmemory", "1000"}};
            out.after = out.before;
            out.after["keyspace_hits"] = std::to_string(1'000'000 + hits);
            out.after["keyspace_misses"] = std::to_string(10 + misses);
            out.after["evicted_keys"] = "9";
            return out;
        };
        auto const v = probe::judge(of, seen(1, 3));
        CHECK(number(v, "hit_ratio") == 25);
        CHECK(number(v, "evictions") == 4);
        CHECK(number(v, "memory") == 50);
        auto const idle = probe::judge(of, seen(0, 0));
        CHECK(number(idle, "hit_ratio") == -1);
        CHECK(idle.absent.at("hit_ratio") == "no key was looked up within 1 s");
        auto restarted = seen(1, 1);
        restarted.after["keyspace_hits"] = "3";
        CHECK(number(probe::judge(of, restarted), "hit_ratio") == -1);
        auto boundless = seen(1, 1);
        boundless.after["maxmemory"] = "0";
        CHECK(number(probe::judge(of, boundless), "memory") == -1);
    }

    TEST_CASE("a rate limit: refused too late, too early, without headers, with others")
    {
        model::rate_limit_probe const of{.url = {},
                                         .tiers = {{.name = "t", .limit = 2, .over = 2}}};
        net::http_answer const in{
            .status = 200, .headers = {{"x-ratelimit-limit", "2"}}, .body = {}, .redirect = {}};
        net::http_answer const out{.status = 429,
                                   .headers = {{"x-ratelimit-limit", "2"}, {"retry-after", "1"}},
                                   .body = {},
                                   .redirect = {}};
        auto const said = [&](std::vector<net::http_answer> answers) {
            return words_of(probe::judge(of, {{.name = "t", .answers = std::move(answers)}}));
        };
        CHECK(said({in, in, out}).empty());
        CHECK(said({in, in, in, out}).empty()); // the bucket may fill meanwhile
        CHECK(said({in, in, in, in}) == list{"error t: 4 requests passed, and the limit is 2"});
        CHECK(is_fault(said({in, out}), "warning t: refused after 1 requests, and 2 must pass"));
        auto bare_in = in, bare_out = out;
        bare_in.headers.clear();
        bare_out.headers.clear();
        CHECK(said({bare_in, bare_in, bare_out}).size() == 2);
        auto told = in;
        told.headers = {{"ratelimit-policy", "\"default\";q=9;w=60"}};
        CHECK(said({told, told, out}) ==
              list{"warning t: headers tell a limit of 9, and 2 is declared"});
        auto broken = in;
        broken.status = 500;
        CHECK(said({in, broken}) ==
              list{"error t: request 2 is answered 500, which is neither let through nor 429"});
    }

    TEST_CASE("k6: both forms of a summary; one that is old says nothing any more")
    {
        model::k6_probe const of{.file = "k6.json", .max_age = std::chrono::hours{24}};
        auto const judged = [&](std::string const &text, microseconds age = seconds{60}) {
            return probe::judge(of, {text, now - age}, now);
        };
        auto const exported = judged("{\"metrics\": {"
                                     "\"http_req_duration\": {\"avg\": 1, \"p(95)\": 412.5}, "
                                     "\"http_req_failed\": {\"passes\": 3, \"value\": 0.03}, "
                                     "\"vus_max\": {\"value\": 9000, \"max\": 10000}, "
                                     "\"http_reqs\": {\"count\": 100}}}");
        CHECK(number(exported, "p95") == doctest::Approx(0.4125));
        CHECK(number(exported, "error_rate") == doctest::Approx(3));
        CHECK(number(exported, "users") == 10'000);
        CHECK(number(exported, "requests") == 100);
        CHECK(number(exported, "age") == 60);
        CHECK(exported.faults.empty());
        auto const handled = judged("{\"metrics\": {"
                                    "\"http_req_duration\": {\"values\": {\"p(95)\": 500}}, "
                                    "\"http_req_failed\": {\"values\": {\"rate\": 0.5}}, "
                                    "\"vus_max\": {\"values\": {\"value\": 7}}}}");
        CHECK(number(handled, "p95") == doctest::Approx(0.5));
        CHECK(number(handled, "error_rate") == 50);
        CHECK(number(handled, "users") == 7);
        CHECK(handled.absent.contains("requests"));
        auto const old = judged("{\"metrics\": {}}", std::chrono::hours{25});
        CHECK(old.partial);
        CHECK(is_fault(words_of(old), "error the summary is"));
        CHECK(is_fault(words_of(judged("no json")), "error k6.json is no summary of k6"));
        CHECK(is_fault(words_of(judged("[]")), "error k6.json is no summary of k6"));
    }

    TEST_CASE("pgbench: what it prints")
    {
        model::pgbench_probe const of{.file = "b", .max_age = std::chrono::hours{24}};
        auto const text = "pgbench (15.13)\ntransaction type: <builtin: TPC-B (sort of)>\n"
                          "number of clients: 10\nnumber of threads: 1\n"
                          "number of transactions actually processed: 990/1000\n"
                          "number of failed transactions: 10 (1.000%)\n"
                          "latency average = 12.500 ms\ninitial connection time = 9 ms\n"
                          "tps = 812.345 (without initial connection time)\n";
        auto const v = probe::judge(of, {text, now}, now);
        CHECK(v.faults.empty());
        CHECK(number(v, "latency") == doctest::Approx(0.0125));
        CHECK(number(v, "tps") == doctest::Approx(812.345));
        CHECK(number(v, "users") == 10);
        CHECK(number(v, "error_rate") == 1);
        CHECK(is_fault(words_of(probe::judge(of, {"tps = 1\n", now}, now)), "error b is not what"));
    }

    TEST_CASE("a header that comes twice is one with both values")
    {
        auto seen = answered({1});
        seen.samples[0].answer.headers = {
            {"cache-control", "public"}, {"vary", "x"}, {"cache-control", "max-age=60"}};
        auto const said = [&](std::string const &wanted) {
            return words_of(probe::judge(
                model::http_probe{.url = {}, .expect_headers = {{"Cache-Control", wanted}}}, seen,
                now));
        };
        CHECK(said("*max-age=*").empty());
        CHECK(said("public, max-age=60").empty());
        CHECK(said("private") ==
              list{"error header Cache-Control is 'public, max-age=60', expected 'private'"});
    }

    TEST_CASE("numbers that are none are not there")
    {
        auto const v = probe::judge(model::pgbench_probe{.file = "b", .max_age = seconds{60}},
                                    {"latency average = -nan ms\ntps = inf\n", now}, now);
        CHECK(is_fault(words_of(v), "error b is not what pgbench prints"));
        auto const info = probe::parse_info("used_memory:nan\r\nmaxmemory:100\r\n");
        probe::redis_seen const seen{.before = info, .after = info, .refused = {}, .queues = {}};
        CHECK(number(probe::judge(model::redis_probe{.url = {}}, seen), "used_memory") == -1);
    }

    TEST_CASE("log: what is yet to come, and a part that begins too late, say nothing")
    {
        model::log_probe const of{
            .file = "app.log", .line = "up", .within = std::chrono::hours{24}};
        auto const said = [&](std::string const &text, bool cut) {
            return words_of(probe::judge(of, {text, now, cut}, now));
        };
        CHECK(is_fault(said("2026-01-01T00:30:00 up\n", false), "unseen the time of the line 'up'",
                       "2026-01-01T00:30:00Z is yet to come"));
        CHECK(said("2026-01-01T00:00:30Z up\n", false).empty()); // clocks differ a little
        CHECK(said("2025-12-31T20:00:00Z up\n2026-01-01T00:30:00Z up\n", false).empty());
        std::string const late = "2025-12-31T20:00:00Z down\n", early = "2025-12-30T00:00:00Z x\n";
        CHECK(is_fault(said(late, true), "unseen all of app.log within 1 d"));
        CHECK(is_fault(said(late, false), "error no line"));
        CHECK(is_fault(said(early + late, true), "error no line"));
    }

    TEST_CASE("log: the line, and when; a line of the past is no line of today")
    {
        model::log_probe const of{
            .file = "app.log", .line = "[Circuit Breaker: *]", .within = std::chrono::hours{24}};
        auto const said = [&](std::string const &text) {
            return words_of(probe::judge(of, {text, now}, now));
        };
        CHECK(said("2025-12-31T12:00:00Z [Circuit Breaker: Supabase] CLOSED\n").empty());
        CHECK(said("2025-12-31 12:00:00,123 x\n  [Circuit Breaker: Supabase]\n").empty());
        CHECK(said("{\"time\":1767222000000,\"msg\":\"[Circuit Breaker: x]\"}\n").empty());
        CHECK(said("2025-12-30T23:00:00-02:00 [Circuit Breaker: x]").empty());
        CHECK(is_fault(said("2025-12-30T23:00:00Z [Circuit Breaker: x]\n"), "error no line",
                       "the last one was at 2025-12-30T23:00:00Z"));
        CHECK(is_fault(said("2025-12-31T12:00:00Z all is well\n"), "error no line",
                       "none in app.log"));
        CHECK(is_fault(said("[Circuit Breaker: x]\n"), "unseen the time"));
        CHECK(is_fault(said(""), "error no line"));
        CHECK(!probe::time_in("2025-13-45T99:00:00Z"));
        CHECK(!probe::time_in("x 2025-12-31"));
    }

    TEST_CASE("PgBouncer: its mode, who waits, and more connections than the server has")
    {
        model::pgbouncer_probe const of{.dsn = {}, .pool_mode = "transaction"};
        probe::pgbouncer_seen seen;
        seen.config = pgbouncer_rows({"key", "value"}, {{"pool_mode", "transaction"}});
        seen.databases = pgbouncer_rows(
            {"name", "pool_size", "reserve_pool", "pool_mode", "max_connections"},
            {{"shop", "60", "5", "-", "0"}, {"pgbouncer", "2", "0", "statement", "0"}});
        seen.pools = pgbouncer_rows(
            {"database", "user", "cl_active", "cl_waiting", "sv_active", "sv_idle", "sv_used",
             "sv_tested", "sv_login", "maxwait", "maxwait_us"},
            {{"shop", "app", "10", "3", "5", "1", "0", "0", "0", "2", "500000"},
             {"shop", "job", "1", "0", "1", "0", "0", "0", "0", "0", "0"},
             {"pgbouncer", "pgbouncer", "1", "0", "0", "0", "0", "0", "0", "0", "0"}});
        seen.server_connections = 130;
        auto const v = probe::judge(of, seen);
        CHECK(v.faults.empty());
        CHECK(number(v, "waiting") == 3);
        CHECK(number(v, "clients") == 14);
        CHECK(number(v, "servers") == 7);
        CHECK(number(v, "max_wait") == 2.5);
        CHECK(number(v, "pool_size") == 130);
        seen.server_connections = 129;
        CHECK(words_of(probe::judge(of, seen)) ==
              list{"warning its pools may open 130 server connections, and the server takes 129"});
        seen.server_connections.reset();
        seen.config = pgbouncer_rows({"key", "value"}, {{"pool_mode", "session"}});
        CHECK(words_of(probe::judge(of, seen)) ==
              list{"error pool_mode is session, and transaction is declared"});
    }

    TEST_CASE("Prometheus: scalars, vectors, nothing, what is no number, errors")
    {
        auto const judged = [](std::string const &data, int status = 200) {
            net::http_answer answer{.status = status, .headers = {}, .body = {}, .redirect = {}};
            answer.body = "{\"status\":\"success\",\"data\":" + data + "}";
            return probe::judge(model::prometheus_probe{}, answer);
        };
        CHECK(number(judged(R"({"resultType":"scalar","result":[1,"0.25"]})"), "value") == 0.25);
        auto const two = judged(R"({"resultType":"vector","result":[
            {"metric":{"__name__":"up","job":"a"},"value":[1,"1"]},
            {"metric":{"job":"b"},"value":[1,"0"]}]})");
        CHECK(number(two, "value", "job=a") == 1);
        CHECK(number(two, "value", "job=b") == 0);
        CHECK(!two.partial);
        CHECK(words_of(judged(R"({"resultType":"vector","result":[]})")) ==
              list{"unseen a value: the query gives no series"});
        CHECK(words_of(judged(R"({"resultType":"scalar","result":[1,"NaN"]})")) ==
              list{"unseen a value: the query gives one that is no number"});
        CHECK(is_fault(words_of(judged("1", 500)), "error answers 500"));
    }
}

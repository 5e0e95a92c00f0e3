// SPDX-License-Identifier: Apache-2.0
// The validations and objectives of schedules/kwenda.yaml, against services that are as they have
// to be, that are not, and that are not there.
#include <cstdlib>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <thread>

#include "base/clock.hpp"
#include "base/duration.hpp"
#include "base/text.hpp"
#include "support/annotated.hpp"
#include "support/hour.hpp"
#include "support/lists.hpp"
#include "support/pooler.hpp"
#include "support/services.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

std::string reference()
{
    auto const *root = std::getenv("PGTEND_SOURCE");
    std::ifstream file{std::string{root == nullptr ? "." : root} + "/schedules/kwenda.yaml"};
    std::string const text{std::istreambuf_iterator<char>{file}, {}};
    return replace_all(text, "interval: 10s", "interval: 300ms");
}

// What Prometheus answers.
std::string scalar(std::string const &value)
{
    return R"("{\"resultType\":\"scalar\",\"result\":[1,\")" + value + R"(\"]}")";
}

struct state {
    std::string booking = R"("limits": {"": 20, "Bearer c": 60, "Bearer d": 120, "Bearer p": 300,
                             "Bearer a": 600})";
    std::string web = R"("headers": {"Cache-Control": "public, max-age=60"})";
    std::string uptime = "99.95", users = "10000";
    std::chrono::hours log_age{0};
};

struct world {
    database db;
    scratch files;
    redis_server cache;
    pooler pool{"transaction"};

    world()
    {
        files.write("kwenda.yaml", reference());
        for (auto const *queue : {"notifications", "dispatch", "analytics", "images"}) {
            cache.ask(fmt::format("HSET bull:{}:meta opts.maxLenEvents 10000\n", queue));
        }
        files.write("pgbench.txt",
                    "number of clients: 10\nnumber of transactions actually processed: 1000/1000\n"
                    "number of failed transactions: 0 (0.000%)\nlatency average = 4.5 ms\n"
                    "tps = 2200.5 (without initial connection time)\n");
    }

    // With its rate limits, which count from its start.
    void build(web const &server, state const &is) const
    {
        server.plan(fmt::format(
            R"json({{"/bookings/quote": {{{}}}, "/wallet/balance": {{"limits": {{"Bearer c": 30}}}},
                 "/auth/login": {{"status": 401, "limits": {{"": 5}}}}, "/health": {{}},
                 "/functions/v1/fare-estimate": {{}}, "/": {{{}}},
                 "queries": {{"100 * avg_over_time(probe_success{{job='kwenda-api'}}[30d])": {},
                              "sum(pg_stat_activity_count)": {}, "sum(realtime_channels)": {}}}}})json",
            is.booking, is.web, scalar(is.uptime), scalar("120"), scalar("800")));
        files.write("k6.json", R"json({"metrics": {"http_req_duration": {"p(95)": 412},
                                   "http_req_failed": {"value": 0.001},
                                   "vus_max": {"value": )json" +
                                   is.users + "}}}");
        auto const at = std::chrono::floor<seconds>(system_clock{}.now() - is.log_age);
        files.write("app.log", to_rfc3339(at) + " [Circuit Breaker: Supabase] CLOSED\n");
    }

    environment_changes surroundings(web const &server) const
    {
        return {{"KWENDA_DSN", db.dsn()},
                {"KWENDA_API", server.url("")},
                {"KWENDA_WEB", server.url("")},
                {"KWENDA_PROMETHEUS", server.url("")},
                {"KWENDA_CLIENT_TOKEN", "c"},
                {"KWENDA_DRIVER_TOKEN", "d"},
                {"KWENDA_PARTNER_TOKEN", "p"},
                {"KWENDA_ADMIN_TOKEN", "a"},
                {"KWENDA_REDIS_URL", cache.url("watcher", "watch-s3cr3t")},
                {"KWENDA_LOG", files.path() + "/app.log"},
                {"KWENDA_K6_SUMMARY", files.path() + "/k6.json"},
                {"KWENDA_PGBENCH", files.path() + "/pgbench.txt"},
                {"KWENDA_PGBOUNCER", pool.console()}};
    }

    finished check(std::string const &form, environment_changes const &around) const
    {
        return test::pgtend({"-c", files.path() + "/kwenda.yaml", "-o", form, "check", "--strict",
                             "--only", "probe", "--only", "objective"},
                            around);
    }
    // While somebody uses the cache.
    finished check_in_use(std::string const &form, environment_changes const &around) const
    {
        cache.ask("SET here 1\n");
        std::jthread const traffic{[&](std::stop_token const &stop) {
            while (!stop.stop_requested()) {
                cache.ask("GET here\nGET here\nGET here\nGET here\nGET here\n");
            }
        }};
        return check(form, around);
    }
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("services that are as they have to be pass, and every objective is met")
    {
        world const w;
        web const server;
        w.build(server, {});
        auto const done = w.check_in_use("text", w.surroundings(server));
        CAPTURE(done.out);
        CHECK(done.code == 0);
        CHECK(has(done.out, "kwenda: 0 errors, 0 warnings, 0 infos; 9 of 9 checks passed"));
        std::size_t met = 0;
        for (auto const &line : split(done.out, '\n')) {
            met += line.ends_with("  met") ? 1 : 0;
        }
        CHECK(met == 9);
        CHECK(server.count("/bookings/quote") == 20 + 60 + 120 + 300 + 600 + 5);
    }

    TEST_CASE("each that is not is found by name, and nothing else")
    {
        world const w;
        web const server;
        w.build(server, {.booking = "", // everything passes, without a word of a limit
                         .web = "",
                         .uptime = "99.5",
                         .users = "800",
                         .log_age = std::chrono::hours{2}});
        auto around = w.surroundings(server);
        around["KWENDA_REDIS_URL"] = w.cache.url("watcher", "another");
        auto const done = w.check_in_use("github", around);
        CHECK(done.code == 3);
        CHECK(annotated(done.out) == list{"error probe.http: web", "error probe.redis: redis",
                                          "error probe.rate_limit: booking-limit/anonymous",
                                          "warning probe.rate_limit: booking-limit/anonymous",
                                          "error probe.rate_limit: booking-limit/client",
                                          "warning probe.rate_limit: booking-limit/client",
                                          "error probe.rate_limit: booking-limit/driver",
                                          "warning probe.rate_limit: booking-limit/driver",
                                          "error probe.rate_limit: booking-limit/partner",
                                          "warning probe.rate_limit: booking-limit/partner",
                                          "error probe.rate_limit: booking-limit/admin",
                                          "warning probe.rate_limit: booking-limit/admin",
                                          "error probe.log: circuit-breaker",
                                          "error objective.met: users at once",
                                          "error objective.met: uptime percentage of 30 days"});
        CHECK(has(done.out, "WRONGPASS"));
        CHECK(has(done.out, "has no header Cache-Control"));
    }

    TEST_CASE("what nobody has said is skipped with its variable, and nothing passes")
    {
        world const w;
        environment_changes none;
        for (auto const &[name, value] : w.surroundings(web{})) {
            none[name] = "";
        }
        none["KWENDA_DSN"] = w.db.dsn();
        auto const done = w.check("text", none);
        CHECK(done.code == 3);
        CHECK(has(done.out, "0 of 9 checks passed, 9 skipped"));
        CHECK(has(done.out,
                  "needs api, fare-estimate: environment variable KWENDA_API is not set; web: "
                  "environment variable KWENDA_WEB is not set\n"));
        for (auto const *name :
             {"KWENDA_API", "KWENDA_WEB", "KWENDA_REDIS_URL", "KWENDA_LOG", "KWENDA_K6_SUMMARY",
              "KWENDA_PGBENCH", "KWENDA_PGBOUNCER", "KWENDA_PROMETHEUS"}) {
            CAPTURE(name);
            CHECK(has(done.out, "environment variable " + std::string{name} + " is not set"));
        }
        CHECK(!has(done.out, "  met"));
    }

    TEST_CASE("what cannot be reached is found, and nothing passes")
    {
        world const w;
        web const server;
        auto around = w.surroundings(server);
        for (auto const *name : {"KWENDA_API", "KWENDA_WEB", "KWENDA_PROMETHEUS"}) {
            around[name] = "http://127.0.0.1:1";
        }
        for (auto const *name : {"KWENDA_LOG", "KWENDA_K6_SUMMARY", "KWENDA_PGBENCH"}) {
            around[name] = w.files.path() + "/nowhere";
        }
        around["KWENDA_REDIS_URL"] = "redis://127.0.0.1:1";
        around["KWENDA_PGBOUNCER"] = "host=127.0.0.1 port=1 dbname=pgbouncer";
        auto const done = w.check("text", around);
        CHECK(done.code == 3);
        CHECK(has(done.out, "0 of 9 checks passed, 1 skipped")); // the objectives: no number
        CHECK(!has(done.out, "  met"));
    }
}

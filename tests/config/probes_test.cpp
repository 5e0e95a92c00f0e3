// SPDX-License-Identifier: Apache-2.0
// probes:, attestations:, objectives:
#include <doctest/doctest.h>
#include <sys/stat.h>

#include "config/support.hpp"
#include "support/process.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

std::string probes(std::string const &text)
{
    return "version: 1\nprobes:\n" + text;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("the sections in full")
    {
        auto const all = load(probes(
            "  - name: shop\n"
            "    http:\n"
            "      url: https://shop.example.org/\n"
            "      method: POST\n"
            "      headers: { Accept: text/html }\n"
            "      user: watcher\n"
            "      password: ${PW}\n"
            "      ca_file: ca.pem\n"
            "      samples: 20\n"
            "      follow: [www.example.org]\n"
            "      expect: { status: [200, 204], headers: { Cache-Control: \"max-age=*\" }, body: "
            "\"*ok*\" }\n"
            "    timeout: 5s\n"
            "    limits: { p95: 500ms, certificate: { warning: 30d, error: 7d } }\n"
            "  - name: cache\n"
            "    redis: { url: \"rediss://${HOST}:6380/1\", password_file: pw, interval: 2s, "
            "queues: "
            "[mail] }\n"
            "  - { name: port, tcp: { host: localhost, port: 22 } }\n"
            "  - { name: cert, tls: { host: localhost, port: 443 } }\n"
            "  - name: limiter\n"
            "    rate_limit:\n"
            "      url: https://shop.example.org/api\n"
            "      tiers: [{ name: anonymous, limit: 30 }, { name: client, limit: 5, over: 9, "
            "headers: "
            "{ Authorization: \"Bearer ${T}\" } }]\n"
            "  - { name: load, k6: { file: k6.json, max_age: 30d } }\n"
            "  - { name: bench, pgbench: { file: bench.txt } }\n"
            "  - { name: breaker, log: { file: app.log, line: \"[Circuit Breaker\", within: 1d } "
            "}\n"
            "  - { name: pool, pgbouncer: { dsn: \"dbname=pgbouncer password=${PW}\", pool_mode: "
            "transaction } }\n"
            "  - { name: errors, prometheus: { url: \"http://prometheus:9090\", query: up } }\n"
            "attestations:\n"
            "  - { name: WAF, by: Jo, on: 2026-01-02, evidence: OPS-1, until: 2027-01-31 }\n"
            "  - name: nobody yet\n"
            "objectives:\n"
            "  - { name: quick, probe: shop, metric: p95, target: \"< 500ms\" }\n"));
        REQUIRE(all.probes.size() == 10);
        auto const &shop = std::get<model::http_probe>(all.probes[0].kind);
        CHECK(shop.method == "POST");
        CHECK(shop.as.password == "${PW}"); // a tick needs none of them: replaced when it runs
        CHECK(shop.samples == 20);
        CHECK(shop.status == std::vector<int>{200, 204});
        CHECK(shop.expect_headers.size() == 1);
        CHECK(all.probes[0].timeout == seconds{5});
        REQUIRE(all.probes[0].limits.size() == 2);
        CHECK(all.probes[0].limits[0].error == 0.5);
        CHECK(all.probes[0].limits[1].warning == 30 * 86'400.0);
        CHECK(all.probes[0].at.line == 3);
        CHECK(std::get<model::redis_probe>(all.probes[1].kind).queues == lines{"mail"});
        CHECK(std::get<model::connect_probe>(all.probes[3].kind).tls);
        auto const &tiers = std::get<model::rate_limit_probe>(all.probes[4].kind).tiers;
        REQUIRE(tiers.size() == 2);
        CHECK(tiers[0].over == 3); // a tenth
        CHECK(tiers[1].over == 9);
        CHECK(std::get<model::pgbench_probe>(all.probes[6].kind).max_age ==
              std::chrono::hours{24 * 90});
        CHECK(all.attestations[0].until == model::date{2027, 1, 31});
        CHECK(!all.attestations[1].on);
        CHECK(all.objectives[0].target == 0.5);
    }

    TEST_CASE("what is wrong is told at its place, with what was meant")
    {
        CHECK(problems(probes("  - { name: a, http: { ulr: \"http://x\" } }\n")) ==
              lines{"3:24: unknown key 'ulr' in 'http'"});
        CHECK(hint(probes("  - { name: a, http: { ulr: \"http://x\" } }\n")) ==
              "did you mean 'url'?");
        CHECK(problems(probes("  - { name: a, htp: { url: \"http://x\" } }\n")).size() == 2);
        CHECK(problems(probes("  - { name: a }\n")) == lines{"3:5: the probe has no kind"});
        CHECK(problems(probes("  - { name: a, tcp: { host: h, port: 1 }, tls: { host: h, port: 1 } "
                              "}\n")) == lines{"3:43: a probe has one kind"});
        CHECK(problems(probes("  - { name: a, http: { url: \"redis://x\" } }\n")) ==
              lines{"3:29: url: an address of http or https is wanted, not of redis"});
        CHECK(problems(probes("  - { name: a, http: { url: shop.example.org } }\n")) ==
              lines{"3:29: url: it is not an address: it has no scheme"});
        CHECK(problems(probes("  - { name: a, tcp: { host: \"localhost:1\", port: 2 } }\n")) ==
              lines{"3:29: host: it is not a host alone"});
        CHECK(problems(probes("  - { name: a, tcp: { host: \"::1\", port: 2 } }\n")).empty());
        CHECK(problems(probes("  - { name: a, http: { url: \"http://x\" }, limits: { p59: 1s } "
                              "}\n")) == lines{"3:53: a probe of kind http has no metric 'p59'"});
        CHECK(hint(probes("  - { name: a, http: { url: \"http://x\" }, limits: { p59: 1s } }\n")) ==
              "did you mean 'p50'?");
        CHECK(problems(probes("  - { name: a, http: { url: \"http://x\" }, limits: { p95: 500 } "
                              "}\n"))
                  .size() == 1);
        CHECK(problems(probes("  - { name: a, rate_limit: { url: \"http://x\", tiers: [{ name: t, "
                              "limit: 1001 }] } }\n"))
                  .size() == 1);
        CHECK(problems(probes("  - { name: a, tcp: { host: h, port: 1 } }\n  - { name: a, tcp: { "
                              "host: h, port: 2 } }\n")) == lines{"4:5: probe 'a' is there twice"});
        std::string const one = probes("  - { name: shop, http: { url: \"http://x\" } }\n");
        CHECK(problems(one + "objectives: [{ name: o, probe: shpo, metric: p95, target: \"< 1s\" "
                             "}]\n") == lines{"4:32: there is no probe 'shpo'"});
        CHECK(problems(one + "objectives: [{ name: o, probe: shop, metric: p59, target: \"< 1s\" "
                             "}]\n") == lines{"4:46: a probe of kind http has no metric 'p59'"});
        CHECK(problems(one + "objectives: [{ name: o, probe: shop, metric: p95, target: 1s }]\n") ==
              lines{"4:59: target: '1s' is not a target"});
    }

    TEST_CASE("a secret that is written out wants a private file; one of a variable does not")
    {
        auto const in_open_file = [](std::string const &kind) {
            scratch const files;
            auto const path = files.write("pgtend.yaml", probes("  - { name: a, " + kind + " }\n"));
            ::chmod(path.c_str(), 0644);
            try {
                config::load_file(path, {});
                return true;
            } catch (config_error const &e) {
                CHECK(std::string{e.what()}.find("s3cr3t") == std::string::npos);
                return false;
            }
        };
        for (auto const *kind :
             {"http: { url: \"http://x\", password: s3cr3t }",
              "http: { url: \"http://u:s3cr3t@x\" }",
              "http: { url: \"http://x\", headers: { Authorization: Bearer s3cr3t } }",
              "http: { url: \"http://x\", headers: { X-Api-Key: \"s3cr3t${X}\" } }",
              "redis: { url: \"redis://:s3cr3t@x\" }", "pgbouncer: { dsn: \"password=s3cr3t\" }"}) {
            CAPTURE(kind);
            CHECK(!in_open_file(kind));
            CHECK(problems(probes("  - { name: a, " + std::string{kind} + " }\n")) == lines{});
        }
        for (auto const *kind :
             {"http: { url: \"http://x\", password: \"${PW}\" }",
              "http: { url: \"http://u:${PW}@x\", headers: { Authorization: \"Bearer ${C}\", "
              "Cookie: \"${C}\", Accept: text } }",
              "redis: { url: \"${REDIS_URL}\" }", "pgbouncer: { dsn: \"password=${PW}\" }"}) {
            CAPTURE(kind);
            CHECK(in_open_file(kind));
        }
    }

    TEST_CASE("no message repeats an address or a password")
    {
        for (auto const *kind :
             {"http: { url: \"ftp://u:s3cr3t@x\" }", "http: { url: \"http://u:s3cr3t@x y\" }",
              "http: { url: [\"http://u:s3cr3t@x\"] }",
              "http: { url: \"http://x\", password: [s3cr3t] }",
              "http: { url: \"http://x\", password: \"s3cr3t${\" }",
              "redis: \"redis://u:s3cr3t@x\"", "pgbouncer: { dsn: \"s3cr3t\" }",
              "http: { url: \"http://x\", headers: { \"pass word\": s3cr3t } }"}) {
            CAPTURE(kind);
            auto const found = problems(probes("  - { name: a, " + std::string{kind} + " }\n"));
            CHECK(!found.empty());
            for (auto const &each : found) {
                CHECK(each.find("s3cr3t") == std::string::npos);
            }
        }
    }
}

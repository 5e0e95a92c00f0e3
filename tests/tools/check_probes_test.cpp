// SPDX-License-Identifier: Apache-2.0
// check, with probes, attestations and objectives, as a pipeline calls it.
#include <cstdlib>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "support/database.hpp"
#include "support/hour.hpp"
#include "support/pooler.hpp"
#include "support/process.hpp"
#include "support/services.hpp"

using namespace pgtend;
using test::has;

namespace {

struct probed_scene {
    test::database db;
    test::scratch files;

    test::finished run(std::vector<std::string> args, std::string const &sections,
                       test::environment_changes const &environment = {}) const
    {
        auto const config = files.write(
            "pgtend.yaml",
            fmt::format("version: 1\ntargets:\n  db: {{ dsn: \"{}\" }}\n{}", db.dsn(), sections));
        args.insert(args.begin(), {"-c", config});
        return test::pgtend(args, environment);
    }
};

// An area in which nothing is declared is skipped, since it is asked for.
std::vector<std::string> const around_areas{"check",       "--only", "probe",    "--only",
                                            "attestation", "--only", "objective"};

std::vector<std::string> in_form(std::string const &form, std::vector<std::string> more = {})
{
    std::vector<std::string> out{"-o", form};
    out.insert(out.end(), around_areas.begin(), around_areas.end());
    out.insert(out.end(), more.begin(), more.end());
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE(
        "probes, objectives and attestations in every form; --fail-on, waivers and --skip hold")
    {
        probed_scene const s;
        test::web const server;
        auto const sections = fmt::format(
            "probes:\n"
            "  - name: shop\n"
            "    http: {{ url: \"{}\", samples: 3, expect: {{ headers: {{ X-None: \"*\" }} }} }}\n"
            "objectives:\n"
            "  - {{ name: quick, probe: shop, metric: p95, target: \"< 10s\" }}\n"
            "  - {{ name: impossible, probe: shop, metric: size, target: \"<= 1B\" }}\n"
            "  - {{ name: certified, probe: shop, metric: certificate, target: \">= 1d\" }}\n"
            "attestations:\n"
            "  - {{ name: WAF rules configured }}\n",
            server.url("/ok?token=s3cr3t"));
        auto const text = s.run(in_form("text"), sections);
        CHECK(text.code == 3);
        CHECK(has(text.out, "db: 3 errors, 0 warnings, 0 infos; 0 of 3 checks passed\n"));
        CHECK(has(text.out, "has no header X-None"));
        CHECK(has(text.out, "size of shop is 11 B, the objective is <= 1 B"));
        CHECK(has(text.out, "WAF rules configured"));
        CHECK(has(text.out, "certificate of shop for certified: no certificate was seen"));
        for (auto const *row : {"quick", "impossible", "certified"}) {
            CHECK(has(text.out, row));
        }
        CHECK(server.count("/ok") == 3); // the probe ran once, for itself and for its objectives
        auto const json = s.run(in_form("json"), sections);
        CHECK(has(json.out, "\"status\": \"met\""));
        CHECK(has(json.out, "\"status\": \"missed\""));
        CHECK(has(json.out, "\"status\": \"unseen\""));
        auto const markdown = s.run(in_form("markdown"), sections);
        CHECK(has(markdown.out, "| impossible | &lt;= 1 B | 11 B | missed |"));
        for (auto const *form :
             {"text", "json", "markdown", "junit", "sarif", "github", "nagios"}) {
            CAPTURE(form);
            auto const done = s.run(in_form(form), sections);
            CHECK(!has(done.out + done.err, "s3cr3t"));
            CHECK(has(done.out, "impossible") != (std::string{form} == "nagios"));
        }
        CHECK(s.run(in_form("text", {"--fail-on", "never"}), sections).code == 0);
        CHECK(s.run({"check", "--only", "probe", "--skip", "probe.http"}, sections).code == 0);
        auto const waived = s.run(
            in_form("text"),
            sections +
                "checks:\n  waive:\n"
                "    - { id: probe.http, object: shop, because: soon, until: 2999-01-01 }\n"
                "    - { id: objective.met, object: imp*, because: soon, until: 2999-01-01 }\n"
                "    - { id: attestation.current, because: soon, until: 2999-01-01 }\n");
        CHECK(waived.code == 0);
        CHECK(has(waived.out, "3 findings waived"));
    }

    TEST_CASE("what cannot be seen is skipped with its reason, and --strict fails")
    {
        probed_scene const s;
        std::string const sections =
            "probes:\n"
            "  - { name: cache, redis: { url: \"${NO_SUCH_VARIABLE}\" } }\n"
            "objectives:\n"
            "  - { name: hits, probe: cache, metric: hit_ratio, target: \"> 80%\" }\n";
        auto const skipped = s.run(around_areas, sections);
        CHECK(skipped.code == 0);
        CHECK(has(skipped.out, "0 of 3 checks passed, 3 skipped"));
        CHECK(has(skipped.out, "environment variable NO_SUCH_VARIABLE is not set"));
        CHECK(has(skipped.out, "unseen"));
        auto strict = around_areas;
        strict.emplace_back("--strict");
        CHECK(s.run(strict, sections).code == 3);
        auto const none = s.run({"check", "--only", "probe.redis", "--strict"}, "");
        CHECK(none.code == 3);
        CHECK(has(none.out, "needs a probe of kind redis"));
    }

    TEST_CASE("secrets come from variables and files, and none is ever told")
    {
        probed_scene const s;
        test::redis_server const server;
        auto const secret = s.files.write("pw", "watch-s3cr3t\n");
        auto const probe = [&](std::string const &how) {
            return "probes:\n  - { name: cache, redis: { " + how + ", interval: 50ms } }\n";
        };
        auto const by_file =
            probe(fmt::format("url: \"{}\", user: watcher, password_file: pw", server.url()));
        auto const by_variable = probe("url: \"${CACHE}\"");
        auto const well = [&](test::finished const &done) {
            CHECK(!has(done.out + done.err, "s3cr3t"));
            return done.code == 0 && has(done.out, "1 of 3 checks passed, 2 skipped");
        };
        CHECK(well(s.run(around_areas, by_file)));
        CHECK(well(
            s.run(around_areas, by_variable, {{"CACHE", server.url("watcher", "watch-s3cr3t")}})));
        CHECK(well(s.run(
            around_areas,
            probe(fmt::format("url: \"redis://watcher:${{PW}}@127.0.0.1:{}\"", server.port())),
            {{"PW", "watch-s3cr3t"}})));
        for (auto const *form : {"text", "json", "sarif", "junit"}) {
            auto const wrong =
                s.run(in_form(form), by_variable, {{"CACHE", server.url("watcher", "bad-s3cr3t")}});
            CHECK(wrong.code == 3);
            CHECK(has(wrong.out, "WRONGPASS"));
            CHECK(!has(wrong.out + wrong.err, "s3cr3t"));
        }
        ::chmod(secret.c_str(), 0644);
        auto const open = s.run(around_areas, by_file);
        CHECK(has(open.out, "group or others may read"));
        CHECK(!has(open.out + open.err, "s3cr3t"));
        auto const injected = s.run(
            around_areas,
            probe(fmt::format("url: \"redis://watcher:${{PW}}@127.0.0.1:{}\"", server.port())),
            {{"PW", "x@evil-s3cr3t.example/"}});
        CHECK(has(injected.out, "has a character that a URI cannot hold"));
        CHECK(!has(injected.out + injected.err, "s3cr3t"));
    }

    TEST_CASE("files: k6, pgbench, a log; missing ones are findings")
    {
        probed_scene const s;
        s.files.write("k6.json", "{\"metrics\": {\"http_req_duration\": {\"p(95)\": 412}, "
                                 "\"http_req_failed\": {\"value\": 0.001}, "
                                 "\"vus_max\": {\"value\": 10000}}}");
        s.files.write("app.log", "2026-01-01T00:00:00Z [Circuit Breaker: Supabase] CLOSED\n");
        std::string const sections =
            "probes:\n"
            "  - { name: load, k6: { file: k6.json }, limits: { error_rate: 1%, users: 10000 } }\n"
            "  - { name: breaker, log: { file: app.log, line: \"[Circuit Breaker: Supabase]\", "
            "within: 3650d } }\n"
            "objectives:\n"
            "  - { name: p95 under load, probe: load, metric: p95, target: \"< 500ms\" }\n";
        auto const good = s.run(around_areas, sections);
        CHECK(good.code == 0);
        CHECK(has(good.out, "3 of 4 checks passed, 1 skipped"));
        CHECK(has(good.out, "412 ms"));
        auto const missing =
            s.run(around_areas, "probes:\n  - { name: bench, pgbench: { file: none.txt } }\n");
        CHECK(missing.code == 3);
        CHECK(has(missing.out, "there is no file"));

        std::string const said =
            "probes:\n  - { name: load, k6: { file: \"${SUMMARY}/k6.json\" } }\n";
        auto const where = [&](std::string const &folder) {
            return s.run({"check", "--only", "probe.k6", "--strict"}, said, {{"SUMMARY", folder}});
        };
        CHECK(where(s.files.path()).code == 0);
        auto const unset = where("");
        CHECK(unset.code == 3);
        CHECK(has(unset.out, "environment variable SUMMARY is not set"));
        auto const relative = where("tmp");
        CHECK(relative.code == 3);
        CHECK(has(relative.out, "${SUMMARY}/k6.json has no absolute path"));
    }

    TEST_CASE("PgBouncer's console and Prometheus")
    {
        probed_scene const s;
        test::pooler const pool{"transaction"};
        test::web const server;
        auto const sections = [&](std::string const &mode, std::string const &query) {
            return fmt::format(
                "probes:\n"
                "  - {{ name: pool, pgbouncer: {{ dsn: \"{}\", pool_mode: {} }}, limits: {{ "
                "waiting: 0 }} }}\n"
                "  - {{ name: errors, prometheus: {{ url: \"http://localhost:{}\", query: '{}' }}, "
                "limits: {{ value: 1 }} }}\n",
                pool.console(), mode, server.port(), query);
        };
        constexpr char half[] = R"({"resultType":"scalar","result":[1,"0.5"]})";
        auto const good = s.run(around_areas, sections("transaction", half));
        CHECK(good.code == 0);
        CHECK(has(good.out, "2 of 4 checks passed, 2 skipped"));
        auto const bad = s.run(around_areas, sections("session", "broken("));
        CHECK(bad.code == 3);
        CHECK(has(bad.out, "pool_mode is transaction, and session is declared"));
        CHECK(has(bad.out, "answers 400: parse error"));
    }
}

TEST_SUITE("nodb")
{
    TEST_CASE("the program starts without libcurl: it is loaded by the first probe that needs it")
    {
        auto const *binary = std::getenv("PGTEND_BINARY");
        REQUIRE(binary != nullptr);
        auto const needs = [&](std::string const &library) {
            return std::system(
                       ("ldd '" + std::string{binary} + "' | grep -q " + library).c_str()) == 0;
        };
        CHECK(needs("libpq"));
        CHECK(!needs("libcurl"));
        CHECK(!needs("libhiredis"));
    }
}

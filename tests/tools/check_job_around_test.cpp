// SPDX-License-Identifier: Apache-2.0
// Jobs of the kind check look at what stands around the database, and at whether jobs can work, and
// are bounded all the same.
#include <csignal>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/ground.hpp"
#include "support/hour.hpp"
#include "support/role.hpp"
#include "support/services.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

// A job whose table is not there, a check of everything around, and what it looks at.
std::string const tidy_and_gate =
    "  - { name: tidy, schedule: \"0 * * * *\", cleanup: { table: public.gone, where: \"true\" } "
    "}\n"
    "  - { name: gate, schedule: \"0 * * * *\", timeout: 2s, check: { profile: around } }\n";
std::string around_profile(std::string const &probes)
{
    return "checks:\n  profiles:\n    around: { only: [preflight, probe, attestation, objective] "
           "}\n"
           "attestations:\n  - name: restored\n"
           "probes:\n" +
           probes;
}

std::string const kept = "SELECT string_agg(f->>'check' || ' ' || (f->>'object'), ', ' ORDER BY "
                         "f->>'check') FROM pgtend.readiness, jsonb_array_elements(findings) f";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a check job looks at jobs, probes and objectives, and --diff compares them")
    {
        web const server;
        ground const g{tidy_and_gate,
                       around_profile(fmt::format("  - {{ name: shop, http: {{ url: \"{}\" }}, "
                                                  "limits: {{ size: 1B }} }}\n"
                                                  "  - {{ name: cache, redis: {{ url: "
                                                  "\"${{NO_SUCH_VARIABLE}}\" }} }}\n"
                                                  "objectives:\n  - {{ name: small, probe: shop, "
                                                  "metric: size, target: \"<= 2B\" }}\n",
                                                  server.url("/ok")))};
        auto const run = g.run({"job", "run", "gate"});
        CHECK(run.code == 3);
        CHECK(g.runs("gate") == "succeeded/1");
        CHECK(server.count("/ok") == 1);
        CHECK(g.db.value(kept) == "attestation.current restored, objective.met small, "
                                  "preflight.statement tidy: public.gone, probe.http shop");
        CHECK(has(run.out, "4 errors, 0 warnings, 0 infos; 1 checks skipped"));
        auto const diff = g.run({"check", "--profile", "around", "--diff"});
        CHECK(has(diff.out, "0 new, 0 gone, 4 as before"));
        g.db.psql("CREATE TABLE public.gone (n int PRIMARY KEY)");
        CHECK(has(g.run({"check", "--profile", "around", "--diff"}).out,
                  "0 new, 1 gone, 3 as before"));

        // What the job's profile does not look at is neither new nor as before.
        g.db.psql("CREATE TABLE public.bare (n int)");
        auto const other = g.run({"-o", "sarif", "check", "--profile", "around", "--diff", "--only",
                                  "table", "--only", "attestation"});
        CHECK(has(other.out, "table.primary_key:public.bare"));
        CHECK(has(other.out, "\"baselineState\": \"unchanged\""));
        CHECK(!has(other.out, "\"baselineState\": \"new\""));
        CHECK(has(
            g.run({"-o", "json", "check", "--profile", "around", "--diff", "--only", "table"}).out,
            "\"new\": null"));
    }

    TEST_CASE("a probe that hangs does not outlive the job's timeout, and nothing is kept")
    {
        web const server;
        ground const g{tidy_and_gate,
                       around_profile(fmt::format("  - {{ name: shop, http: {{ url: \"{}\" }}, "
                                                  "timeout: 50s }}\n",
                                                  server.url("/hang")))};
        auto const begin = std::chrono::steady_clock::now();
        auto const run = g.run({"job", "run", "gate"});
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{10});
        CHECK(run.code == 1);
        CHECK(g.runs("gate") == "timed_out/1");
        CHECK(has(run.err, "the run's time limit is over"));
        CHECK(g.count("SELECT count(*) FROM pgtend.readiness") == 0);
    }

    TEST_CASE("a second signal ends it in the middle of a probe")
    {
        web const server;
        auto patient = tidy_and_gate;
        patient.replace(patient.find("timeout: 2s"), 11, "timeout: 5min");
        ground const g{patient,
                       around_profile(fmt::format("  - {{ name: shop, http: {{ url: \"{}\" }}, "
                                                  "timeout: 50s }}\n",
                                                  server.url("/hang")))};
        process run{g.arguments({"job", "run", "gate"})};
        eventually("the probe has asked", [&] { return server.count("/hang") == 1; });
        run.signal(SIGTERM);
        run.signal(SIGINT); // another one, since two of a kind may be one
        auto const begin = std::chrono::steady_clock::now();
        CHECK(run.wait().code == 130);
        CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{10});
        CHECK(g.runs("gate").starts_with("interrupted"));
    }

    TEST_CASE(
        "a check job is no obstacle itself, but a profile that is not there is; dry runs work")
    {
        ground const g{tidy_and_gate,
                       around_profile("  - { name: none, tcp: { host: 127.0.0.1, port: 1 } }\n")};
        auto const found = g.run({"-t", "db", "-o", "json", "schedule", "check"});
        CHECK(has(found.out, "public.gone"));
        CHECK(!has(found.out, "\"gate\",\n      \"at\""));
        auto const dry = g.run({"--dry-run", "job", "run", "gate"});
        CHECK(dry.code == 0);
        CHECK(g.count("SELECT count(*) FROM pgtend.readiness") == 0);
    }

    TEST_CASE("--print-grants: with what it says of check, a bare role sees all that can be given")
    {
        ground const g{
            "  - { name: gate, schedule: \"0 * * * *\", check: { profile: all } }\n",
            "checks:\n  profiles:\n    all: { only: [config, security, connection, declared, "
            "vacuum, job] }\n"};
        auto admin = g.db.connect();
        role const bare{admin, "gate_keeper", "LOGIN"};
        auto const skipped = [&] {
            auto const run = g.run({"-d", g.db.dsn(bare.name()), "job", "run", "gate"});
            CAPTURE(run.err);
            CHECK((run.code == 0 || run.code == 3));
            auto const end = run.out.rfind(" checks skipped");
            REQUIRE(end != std::string::npos);
            return std::stoi(run.out.substr(run.out.rfind(' ', end - 1)));
        };
        auto const printed = g.run({"init", "--print-grants", bare.name()}).out;
        g.db.psql(printed);
        CHECK(skipped() > 1);
        // The statements of the lines that begin with its kind, up to the next kind.
        auto const begin = printed.find("--   check ");
        REQUIRE(begin != std::string::npos);
        auto const lines = printed.substr(begin, printed.find("--   role:", begin) - begin);
        int given = 0;
        for (auto at = lines.find("GRANT "); at != std::string::npos;
             at = lines.find("GRANT ", at)) {
            auto const end = lines.find(';', at);
            g.db.psql(lines.substr(at, end - at));
            at = end;
            ++given;
        }
        CHECK(given == 2);
        CHECK(skipped() == 1); // MD5 passwords: a superuser's
    }
}

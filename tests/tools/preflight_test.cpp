// SPDX-License-Identifier: Apache-2.0
// schedule check with a database, and the same as checks. Kwenda as it is meant to be, and as it
// was found: every lie by name, and nothing else.
#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "support/called.hpp"
#include "support/database.hpp"
#include "support/hour.hpp"
#include "support/lists.hpp"
#include "support/own_server.hpp"
#include "support/pooler.hpp"
#include "support/process.hpp"

using namespace pgtend;
using test::has;
using test::list;

namespace {

std::string source(std::string const &file)
{
    auto const *root = std::getenv("PGTEND_SOURCE");
    std::ifstream in{std::string{root == nullptr ? "." : root} + "/" + file};
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::string value_of(std::string const &line)
{
    auto const at = line.find(": \"");
    return at == std::string::npos ? "" : line.substr(at + 3, line.rfind('"') - at - 3);
}

// "error preflight.refused job object" of each finding in the JSON, but for those of severity info.
list findings_in(std::string const &json)
{
    list out;
    std::istringstream in{json.substr(std::min(json.find("\"findings\": ["), json.size()))};
    std::string severity, check, job;
    for (std::string line; std::getline(in, line) && line != "  ],";) {
        auto const text = std::string{trim(line)};
        if (text.starts_with("\"severity\"")) {
            severity = value_of(text);
        } else if (text.starts_with("\"check\"")) {
            check = value_of(text);
        } else if (text.starts_with("\"job\"")) {
            job = value_of(text);
        } else if (text.starts_with("\"object\"") && severity != "info") {
            out.push_back(severity + " " + check + " " + job + " " + value_of(text));
        }
    }
    return out;
}

// A server with the reference schema, after `apply`, and the reference configuration.
struct kwenda {
    test::own_server server;
    test::scratch files;
    std::string dsn;
    std::string config = source("schedules/kwenda.yaml");

    kwenda()
    {
        server.psql("CREATE DATABASE kwenda");
        dsn = replace_all(server.dsn(), "dbname=postgres", "dbname=kwenda");
        for (auto const *part : {"01_foundation", "02_transport", "03_commerce", "04_operation",
                                 "05_triggers", "06_security", "07_views"}) {
            psql(source(fmt::format("sql/kwenda/{}.sql", part)));
        }
    }

    void psql(std::string const &statements) const { test::open(dsn).batch(statements); }

    test::finished run(list args) const
    {
        auto const file = files.write("kwenda.yaml", config);
        args.insert(args.begin(), {"-c", file});
        return test::pgtend(args, {{"KWENDA_DSN", dsn}});
    }
    list look() const
    {
        auto const done = run({"-t", "kwenda", "-o", "json", "schedule", "check"});
        INFO(done.err);
        CHECK(has(done.out, "\"verdicts\": ["));
        return findings_in(done.out);
    }
};

// A database, and a file with these jobs.
struct shop_at_work {
    test::database db;
    test::scratch files;

    explicit shop_at_work(std::string const &schema) { db.psql(schema); }

    std::string config(std::string const &jobs, std::string const &dsn = "") const
    {
        return files.write("pgtend.yaml", "version: 1\ntargets:\n  db: { dsn: \"" +
                                              (dsn.empty() ? db.dsn() : dsn) + "\" }\n" + jobs);
    }
    test::called run(std::string const &jobs, list args, std::string const &dsn = "") const
    {
        args.insert(args.begin(), {"-c", config(jobs, dsn)});
        return test::call(args);
    }
};

std::string const lying{R"(jobs:
  - name: good
    schedule: "0 1 * * *"
    cleanup: { table: public.t, where: "id < 0" }
  - name: bad
    schedule: "0 2 * * *"
    expire:
      table: public.t
      where: "id = 1"
      set:
        id: 2
        state: system
)"};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE(
        "a verdict for each job; a finding with file, line, column, reason and remedy; exit 3")
    {
        shop_at_work const s{"CREATE TABLE public.t (id int, state text CHECK (state = 'open'))"};
        auto const text = s.run(lying, {"-t", "db", "schedule", "check"});
        CHECK(text.code == 3);
        CHECK(has(text.out, "jobs that cannot work"));
        CHECK(has(text.out, "pgtend.yaml:15:9: public.t.state: CHECK t_state_check of public.t"));
        CHECK(has(text.out, "ALTER TABLE \"public\".\"t\" DROP CONSTRAINT \"t_state_check\""));
        CHECK(findings_in(s.run(lying, {"-t", "db", "-o", "json", "schedule", "check"}).out) ==
              list{"error preflight.refused bad public.t.state"});
        auto const good = lying.substr(0, lying.find("  - name: bad"));
        CHECK(s.run(good, {"-t", "db", "schedule", "check"}).code == 0);
        auto const nobody = s.run(
            good, {"-h", "/nowhere", "--connect-timeout", "0s", "-t", "db", "schedule", "check"});
        CHECK(nobody.code == 4);
    }

    TEST_CASE("as checks: the same findings, which can be waived; skipped without a file")
    {
        shop_at_work const s{"CREATE TABLE public.t (id int, state text CHECK (state = 'open'))"};
        auto const found = s.run(lying, {"check", "--only", "preflight"});
        CHECK(found.code == 3);
        CHECK(has(found.out, "preflight.refused"));
        CHECK(has(found.out, "bad: public.t.state"));
        auto const waived =
            s.run(lying + "checks:\n  waive:\n    - { id: preflight.refused, object: \"bad: *\", "
                          "because: x, until: 2999-01-01 }\n",
                  {"check", "--only", "preflight"});
        CHECK(waived.code == 0);
        auto const blind = test::call({"-d", s.db.dsn(), "check", "--only", "preflight"});
        CHECK(blind.code == 0);
        CHECK(has(blind.out, "needs a configuration file"));
    }

    TEST_CASE("a check of jobs that saw a part only tells what the rest needs")
    {
        shop_at_work const s{"CREATE TABLE public.t (id int)"};
        auto holder = s.db.connect();
        holder.begin();
        holder.run("LOCK TABLE public.t");
        auto const found =
            s.run("jobs:\n  - { name: j, schedule: \"@daily\", cleanup: { table: public.t, where: "
                  "\"id = 1\" } }\n",
                  {"check", "--only", "preflight.statement", "--strict"});
        CHECK(found.code == 3);
        CHECK(has(found.out, "55P03"));
    }

    TEST_CASE("through a pooler in transaction mode: the same answers, and what cannot pass it")
    {
        shop_at_work const s{"CREATE TABLE public.t (id int, state text CHECK (state = 'open'))"};
        test::pooler const between{"transaction"};
        auto const jobs =
            lying + "  - { name: dust, schedule: \"0 3 * * *\", vacuum: { tables: [public.t] } }\n";
        auto const found =
            s.run(jobs, {"-t", "db", "-o", "json", "schedule", "check"}, between.dsn(s.db));
        INFO(found.err);
        CHECK(findings_in(found.out) == list{"error preflight.refused bad public.t.state",
                                             "error preflight.transaction dust vacuum"});
    }

    TEST_CASE("Kwenda as it is meant to be: no error, no warning")
    {
        kwenda k;
        CHECK(k.look().empty()); // without partitions, too
        auto const applied = k.run(
            {"apply", "--yes", "--only", "partitions", "--only", "indexes", "--only", "matviews"});
        INFO(applied.out, applied.err);
        REQUIRE(applied.code == 0);
        CHECK(k.look().empty());
        auto const checked = k.run({"check", "--only", "preflight", "--fail-on", "warning"});
        INFO(checked.out);
        CHECK(checked.code == 0);

        // As it was found.
        k.psql("DROP MATERIALIZED VIEW public.admin_dashboard_stats; "
               "ALTER TABLE public.transport_bookings DROP CONSTRAINT "
               "transport_bookings_cancellation_type_check, ADD CHECK (cancellation_type IN "
               "('customer', 'driver', 'admin')); "
               "ALTER TABLE public.delivery_orders DROP CONSTRAINT "
               "delivery_orders_cancellation_type_check, ADD CHECK (cancellation_type IN "
               "('customer', 'driver', 'admin')); "
               "ALTER TABLE public.driver_locations RENAME last_ping TO pinged_at; "
               "DROP TABLE public.route_cache; "
               "CREATE SCHEMA cron; CREATE TABLE cron.job (jobid bigint, schedule text, command "
               "text, database text, active bool); INSERT INTO cron.job VALUES (4, '0 * * * *', "
               "'update promo_codes set is_active = false where valid_until < now()', 'kwenda', "
               "true)");
        k.config =
            replace_all(k.config, "event_type = 'login_failed'", "event_type = 'failed_login'");
        CHECK(k.look() ==
              list{"error preflight.statement refresh-dashboard public.admin_dashboard_stats",
                   "error preflight.statement cleanup-driver-locations public.driver_locations",
                   "warning preflight.twice expire-promos cron.job 4",
                   "error preflight.refused cancel-expired-bookings "
                   "public.transport_bookings.cancellation_type",
                   "error preflight.refused cancel-expired-deliveries "
                   "public.delivery_orders.cancellation_type",
                   "error preflight.statement cleanup-cache public.route_cache"});
        auto const hints = k.run({"-t", "kwenda", "schedule", "check"});
        CHECK(hints.code == 3);
        CHECK(has(hints.out, "watch: no row can ever match its conditions"));
        // The five VACUUMs in one command are refused when the file is read.
        k.config = replace_all(k.config, "\njobs:\n",
                               "\njobs:\n  - { name: five, schedule: \"0 3 * * *\", sql: { text: "
                               "\"vacuum public.profiles; vacuum public.drivers\" } }\n");
        auto const five = k.run({"-t", "kwenda", "schedule", "check"});
        CHECK(five.code == 2);
        CHECK(has(five.err, "VACUUM"));
    }
}

TEST_SUITE("nodb")
{
    TEST_CASE("without a database nothing is asked of one")
    {
        test::scratch files;
        auto const config = files.write(
            "pgtend.yaml", "version: 1\ntargets:\n  db: { dsn: \"host=/nowhere\" }\n" + lying);
        auto const done = test::call({"-c", config, "-o", "json", "schedule", "check"});
        CHECK(done.code == 0);
        CHECK(!has(done.out, "verdicts"));
        CHECK(!has(done.out, "findings"));
    }
}

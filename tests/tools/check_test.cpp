// SPDX-License-Identifier: Apache-2.0
// check: as a person, a pipeline and a monitoring system call it.
#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <set>

#include "base/text.hpp"
#include "check/rule.hpp"
#include "support/called.hpp"
#include "support/database.hpp"
#include "support/hour.hpp"
#include "support/process.hpp"

using namespace pgtend;

namespace {

using test::has;

// A database with an index that is there twice and a view that was never filled; the file declares
// an index that is not there.
struct neglected_shop {
    test::database db;
    test::scratch files;

    explicit neglected_shop(std::string const &more = "")
    {
        db.psql(
            more.empty()
                ? "CREATE TABLE public.orders (id int PRIMARY KEY, zone int); CREATE INDEX one ON "
                  "public.orders (zone); CREATE INDEX two ON public.orders (zone); CREATE "
                  "MATERIALIZED "
                  "VIEW public.sums AS SELECT count(*) AS n FROM public.orders WITH NO DATA"
                : more);
    }

    // `checks`: what stands below it, indented by two.
    test::finished run(std::vector<std::string> args, std::string const &checks = "",
                       std::string const &indexes = "") const
    {
        auto const config = files.write(
            "pgtend.yaml", fmt::format("version: 1\ntargets:\n  db: {{ dsn: \"{}\" }}\n{}{}",
                                       db.dsn(), indexes.empty() ? "" : "indexes:\n" + indexes,
                                       checks.empty() ? "" : "checks:\n" + checks));
        args.insert(args.begin(), {"-c", config});
        return test::pgtend(args);
    }
};

constexpr char missing[] =
    "  - { table: public.orders, name: orders_id_zone, on: \"(id, zone)\" }\n";
std::vector<std::string> const mine{"--skip", "config",   "--skip", "connection",
                                    "--skip", "security", "--skip", "backup",
                                    "--skip", "vacuum",   "--skip", "performance"};

std::vector<std::string> check_with(std::vector<std::string> before,
                                    std::vector<std::string> after = {})
{
    before.emplace_back("check");
    before.insert(before.end(), mine.begin(), mine.end());
    before.insert(before.end(), after.begin(), after.end());
    return before;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("findings by severity with what to do; exit 3 from --fail-on on")
    {
        neglected_shop const s;
        auto const found = s.run(check_with({}), "", missing);
        CHECK(found.code == 3);
        CHECK(has(found.out, "db: 2 errors, 1 warning,"));
        CHECK(has(found.out, "declared.indexes"));
        CHECK(has(found.out, "pgtend apply --only indexes public.orders"));
        CHECK(has(found.out, "REFRESH MATERIALIZED VIEW public.sums"));
        CHECK(has(found.out, "pgtend index drop public.two"));
        CHECK(found.out.find("error  declared.indexes") <
              found.out.find("warning  index.duplicate"));
        CHECK(s.run(check_with({}, {"--fail-on", "never"})).code == 0);
        auto const only_warnings = s.run({"check", "--only", "index"});
        CHECK(only_warnings.code == 0);
        CHECK(s.run({"check", "--only", "index", "--fail-on", "warning"}).code == 3);
        CHECK(s.run({"check", "--only", "index"}, "  fail_on: warning\n").code == 3);
        auto const mistyped = s.run({"check", "--only", "indx"});
        CHECK(mistyped.code == 2);
        CHECK(has(mistyped.err, "did you mean index?"));
    }

    TEST_CASE("every lie of a file is found, and after apply none is left")
    {
        neglected_shop const s;
        CHECK(s.run({"check", "--only", "declared"}, "", missing).code == 3);
        CHECK(s.run({"apply", "--yes"}, "", missing).code == 0);
        auto const clean = s.run({"check", "--only", "declared"}, "", missing);
        CHECK(clean.code == 0);
        CHECK(has(clean.out, "4 of 4 checks passed"));
    }

    TEST_CASE("what one statement mends is told once, with how many more there are")
    {
        neglected_shop const s{
            "CREATE TABLE public.events (at timestamptz NOT NULL) PARTITION BY RANGE (at); "
            "CREATE TABLE public.orders (id int, zone int)"};
        std::string const declared{missing +
                                   std::string{"partitions:\n  - { table: public.events, key: at, "
                                               "every: month, from: 2026-01 }\n"}};
        auto const text = s.run({"check", "--only", "declared"}, "", declared);
        auto const remedy = std::string{"pgtend apply --only partitions public.events"};
        auto const first = text.out.find(remedy);
        REQUIRE(first != std::string::npos);
        CHECK(text.out.find(remedy, first + 1) == std::string::npos);
        CHECK(has(text.out, "create partition public.events_2026_01: "));
        CHECK(has(text.out, " more of it\n"));
        CHECK(!has(text.out, "create partition public.events_2026_02"));
        CHECK(has(s.run({"-o", "json", "check", "--only", "declared"}, "", declared).out,
                  "create partition public.events_2026_02"));
    }

    TEST_CASE(
        "a difference is as bad as its check says, and the file's search_path holds as for plan")
    {
        neglected_shop const s{
            "CREATE SCHEMA app; CREATE FUNCTION app.twice(int) RETURNS int LANGUAGE sql "
            "IMMUTABLE AS 'SELECT $1'; "
            "CREATE TABLE public.orders (id int PRIMARY KEY, zone int); CREATE INDEX "
            "doubled ON public.orders "
            "(app.twice(zone))"};
        std::string const declared{
            "  - { table: public.orders, name: doubled, on: \"(twice(zone))\" }\n"};
        std::string const path{"defaults: { search_path: \"app, public\" }\n"};
        CHECK(s.run({"plan"}, "", declared + path).code == 0);
        CHECK(s.run({"check", "--only", "declared.indexes"}, "", declared + path).code == 0);
        std::string const parameters{
            "autovacuum:\n  - { tables: [public.orders], vacuum_scale_factor: 0.05 }\n"};
        auto const tuned =
            s.run({"-o", "json", "check", "--only", "declared"}, "", declared + path + parameters);
        CHECK(tuned.code == 0); // a warning
        CHECK(has(tuned.out, "\"warnings\": 1,"));
        CHECK(s.run({"-o", "junit", "check", "--list"}).code == 2);
    }

    TEST_CASE("without a file what is declared is skipped, and --strict fails")
    {
        neglected_shop const s;
        std::vector<std::string> args{"-d", s.db.dsn(), "check", "--only", "declared"};
        auto const skipped = test::pgtend(args, {{"PGTEND_CONFIG", ""}});
        CHECK(skipped.code == 0);
        CHECK(has(skipped.out, "needs a configuration file"));
        args.emplace_back("--strict");
        CHECK(test::pgtend(args, {{"PGTEND_CONFIG", ""}}).code == 3);
    }

    TEST_CASE("waivers and thresholds of the file; a wrong id there is an error with its place")
    {
        neglected_shop const s;
        auto const waived =
            s.run(check_with({"-o", "json"}), "  waive:\n    - { id: matview.populated, object: "
                                              "public.*, because: soon, until: 2999-01-31 }\n");
        CHECK(waived.code == 0);
        CHECK(has(waived.out, "\"because\": \"soon\""));
        CHECK(has(waived.out, "\"errors\": 0"));
        auto const wrong = s.run(
            {"check"}, "  waive:\n    - { id: matview.populate, because: x, until: 2027-01-01 }\n");
        CHECK(wrong.code == 2);
        CHECK(has(wrong.err, "pgtend.yaml:6:7: there is no check 'matview.populate'"));
        CHECK(has(wrong.err, "did you mean matview.populated?"));
    }

    TEST_CASE("nothing that a catalog may hold breaks a form of output")
    {
        neglected_shop const s{
            "CREATE TABLE public.\"a|<b>&\n::error::\x1b[31m%`*\" (id int PRIMARY KEY, n "
            "int); CREATE INDEX "
            "\"x]]>\n::warning::\" ON public.\"a|<b>&\n::error::\x1b[31m%`*\" (n); CREATE "
            "INDEX y ON "
            "public.\"a|<b>&\n::error::\x1b[31m%`*\" (n)"};
        for (auto const *form :
             {"text", "markdown", "junit", "sarif", "github", "nagios", "json"}) {
            CAPTURE(form);
            auto const done = s.run({"-o", form, "check", "--only", "index"});
            CHECK(done.out.find('\x1b') == std::string::npos);
            bool const raw = done.out.find("<b>") != std::string::npos;
            CHECK((!raw || std::string{form} != "junit"));
            CHECK(done.out.find("\n::error::") == std::string::npos);
            CHECK(done.out.find("\n::warning::") == std::string::npos);
            auto const parses = [&](std::string const &how) {
                auto const file = s.files.write("out", done.out);
                return std::system((how + " < '" + file + "'").c_str()) == 0;
            };
            if (std::string{form} == "junit") {
                CHECK(parses("python3 -c 'import sys,xml.dom.minidom as m; "
                             "m.parseString(sys.stdin.buffer.read())'"));
            }
            if (std::string{form} == "sarif" || std::string{form} == "json") {
                CHECK(parses("python3 -c 'import sys,json; json.load(sys.stdin)'"));
            }
            if (std::string{form} == "nagios") {
                CHECK(std::count(done.out.begin(), done.out.end(), '|') == 1);
                CHECK(std::count(done.out.begin(), done.out.end(), '\n') == 1);
                CHECK(done.code == 1);
            }
        }
    }
}

TEST_SUITE("nodb")
{
    TEST_CASE("--list and --explain need no database")
    {
        auto const all = test::call({"check", "--list"});
        CHECK(all.code == 0);
        CHECK(has(all.out, "index.invalid"));
        std::set<std::string_view> ids;
        for (auto const &each :
             check::catalogue()) { // one that asks older servers otherwise as well
            CAPTURE(std::string{each.id});
            CHECK(ids.insert(each.id).second);
        }
        auto const one = test::call({"check", "--explain", "index.invalid"});
        CHECK(one.code == 0);
        CHECK(has(one.out, "serves no query"));
        auto const unreachable =
            test::call({"-h", "/nowhere", "--connect-timeout", "0s", "-o", "nagios", "check"});
        CHECK(unreachable.code == 3);
        CHECK(has(unreachable.out, "PGTEND UNKNOWN - "));
        auto const none = test::call({"check", "--explain", "index.invald"});
        CHECK(none.code == 2);
        CHECK(has(none.err, "did you mean index.invalid?"));
    }
}

// SPDX-License-Identifier: Apache-2.0
// check as a gate: only what is new fails, what a job kept is compared with, and profiles.
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include "support/annotated.hpp"
#include "support/hour.hpp"
#include "support/lists.hpp"
#include "tools/support.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

constexpr char gate_job[] =
    "  - { name: gate, schedule: \"0 * * * *\", check: { profile: tables } }\n"
    "  - { name: other, schedule: \"0 * * * *\", check: { profile: indexes } }\n";
constexpr char profiles[] = "checks:\n"
                            "  profiles:\n"
                            "    tables: { only: [table], fail_on: warning }\n"
                            "    indexes: { only: [index], thresholds: { vacuum.horizon: { "
                            "warning: 5 } } }\n";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("a baseline: what it has does not fail, what is new does, what is gone is told")
    {
        ground const g;
        g.db.psql("CREATE TABLE public.old (n int); CREATE TABLE public.older (n int)");
        auto const file = g.files.path() + "/known.json";
        auto const check = [&](list more) {
            more.insert(more.begin(), {"check", "--only", "table", "--fail-on", "warning"});
            return g.run(more);
        };
        CHECK(check({}).code == 3);
        CHECK(check({"--write-baseline", file}).code == 0);
        CHECK(text_of(file) == "{\n  \"schema\": \"pgtend/check-baseline/1\",\n  \"findings\": [\n"
                               "    {\"check\":\"table.primary_key\",\"object\":\"public.old\","
                               "\"severity\":\"warning\"},\n"
                               "    {\"check\":\"table.primary_key\",\"object\":\"public.older\","
                               "\"severity\":\"warning\"}\n"
                               "  ]\n}\n");
        CHECK(check({"--baseline", file}).code == 0);

        g.db.psql("DROP TABLE public.older; CREATE TABLE public.\"New\" (n int)");
        auto const found = check({"--baseline", file});
        CHECK(found.code == 3);
        CHECK(has(found.out, "1 new, 1 gone, 1 as before"));
        CHECK(has(found.out, "public.\"New\": has no primary key"));
        CHECK(!has(found.out, "public.old: has no primary key"));
        CHECK(has(found.out, "public.older: table.primary_key"));
        // What another check has is not gone because it did not run.
        auto const others = g.run({"check", "--only", "index", "--baseline", file});
        CHECK(others.code == 0);
        CHECK(has(others.out, "0 new, 0 gone, 0 as before"));
    }

    TEST_CASE("a baseline is written as a whole or not at all; one that is none is refused")
    {
        ground const g;
        auto const file = g.files.write("known.json", "what was there before");
        auto const in_the_way = g.files.path() + "/missing/known.json";
        auto const refused = g.run({"check", "--only", "table", "--write-baseline", in_the_way});
        CHECK(refused.code == 1);
        CHECK(has(refused.err, "cannot be written: No such file or directory"));
        auto const cut = g.run({"check", "--only", "table", "--baseline", file});
        CHECK(cut.code == 2);
        CHECK(has(cut.err, "known.json:1:1"));
        auto const wrong = g.files.write("v9.json", "{\"schema\": \"pgtend/check-baseline/9\", "
                                                    "\"findings\": []}");
        auto const newer = g.run({"check", "--only", "table", "--baseline", wrong});
        CHECK(newer.code == 2);
        CHECK(has(newer.err, "this is no baseline that this pgtend reads"));
        CHECK(g.run({"check", "--only", "table", "--write-baseline", file}).code == 0);
        CHECK(text_of(file).starts_with("{\n  \"schema\""));
        int files = 0;
        for ([[maybe_unused]] auto const &each :
             std::filesystem::directory_iterator{g.files.path()}) {
            ++files;
        }
        CHECK(files ==
              3); // the configuration, and two that were written here: nothing is left over
        CHECK(g.run({"check", "--baseline", file, "--diff"}).code == 2);
    }

    TEST_CASE("a baseline takes the place of a file only; a link to one stays")
    {
        ground const g;
        auto const pipe = g.files.path() + "/pipe";
        REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
        auto const refused = g.run({"check", "--only", "table", "--write-baseline", pipe});
        CHECK(refused.code == 1);
        CHECK(has(refused.err, "it is no regular file"));
        CHECK(std::filesystem::is_fifo(pipe));
        auto const file = g.files.write("known.json", "");
        auto const link = g.files.path() + "/link.json";
        std::filesystem::create_symlink("known.json", link);
        CHECK(g.run({"check", "--only", "table", "--write-baseline", link}).code == 0);
        CHECK(std::filesystem::is_symlink(link));
        CHECK(text_of(file).starts_with("{\n  \"schema\""));
    }

    TEST_CASE("what got worse since the baseline fails")
    {
        ground const g;
        auto const file = g.files.write(
            "known.json", "{\"schema\": \"pgtend/check-baseline/1\", \"findings\": [{\"check\": "
                          "\"table.primary_key\", \"object\": \"public.t\", \"severity\": "
                          "\"info\"}]}");
        g.db.psql("CREATE TABLE public.t (n int)");
        list const asked{"check", "--only", "table", "--fail-on", "warning", "--baseline", file};
        auto const worse = g.run(asked);
        CHECK(worse.code == 3);
        CHECK(has(worse.out, "1 new, 0 gone, 0 as before"));
    }

    TEST_CASE("a check job keeps what it found, and --diff tells what changed since")
    {
        ground const g{gate_job, profiles};
        auto const diff = [&] { return g.run({"check", "--profile", "tables", "--diff"}); };
        auto const none = diff();
        CHECK(none.code == 2);
        CHECK(has(none.err, "no job has kept what its check found"));

        g.db.psql("CREATE TABLE public.first (n int)");
        auto const run = g.run({"job", "run", "gate"});
        CHECK(run.code == 3); // findings, as of a watch
        CHECK(g.runs("gate") == "succeeded/1");
        CHECK(g.db.value("SELECT rows || ' ' || output FROM pgtend.run") ==
              "1 warning: table.primary_key: public.first: has no primary key\n0 errors, 1 "
              "warnings, 0 infos; 0 checks skipped");
        CHECK(g.run({"job", "run", "other"}).code == 0);
        CHECK(g.db.value("SELECT string_agg(job || ' ' || profile || ' ' || warnings || ' ' || "
                         "jsonb_array_length(findings), ', ' ORDER BY id) FROM pgtend.readiness") ==
              "gate tables 1 1, other indexes 0 0");

        CHECK(has(diff().out, "0 new, 0 gone, 1 as before"));
        g.db.psql("DROP TABLE public.first; CREATE TABLE public.second (n int)");
        auto const changed = diff();
        CHECK(changed.code == 3);
        CHECK(has(changed.out, "since gate, 2"));
        CHECK(has(changed.out, "1 new, 1 gone, 0 as before"));
        CHECK(has(changed.out, "public.second: new: has no primary key"));
        CHECK(has(changed.out, "public.first: table.primary_key"));
        g.db.psql("ALTER TABLE public.second ADD PRIMARY KEY (n)");
        CHECK(g.run({"job", "run", "gate"}).code == 0);
        CHECK(has(diff().out, "0 new, 0 gone, 0 as before"));
    }

    TEST_CASE("of each job the newest hundred stay")
    {
        ground const g{gate_job, profiles};
        CHECK(g.run({"job", "run", "gate"}).code == 0);
        g.db.psql("INSERT INTO pgtend.readiness (job, profile, errors, warnings, infos, skipped, "
                  "findings) SELECT job, '', 0, 0, 0, 0, '[]' FROM generate_series(1, 150), "
                  "(VALUES ('gate'), ('kept')) v (job)");
        CHECK(g.run({"job", "run", "gate"}).code == 0);
        CHECK(g.count("SELECT count(*) FROM pgtend.readiness WHERE job = 'gate'") == 100);
        CHECK(g.count("SELECT count(*) FROM pgtend.readiness WHERE job = 'kept'") == 150);
        CHECK(g.db.value("SELECT profile FROM pgtend.readiness WHERE job = 'gate' ORDER BY id DESC "
                         "LIMIT 1") == "tables");
    }

    TEST_CASE("a tick runs it, fenced as every job; one that cannot keep what it found fails")
    {
        ground const g{gate_job, profiles};
        CHECK(g.tick(before).code == 0);
        CHECK(g.tick(due).code == 0);
        CHECK(g.runs("gate") == "succeeded/1");
        CHECK(g.count("SELECT count(*) FROM pgtend.readiness") == 2);
        g.db.psql("DROP TABLE pgtend.readiness");
        auto const failed = g.run({"job", "run", "gate"});
        CHECK(failed.code == 1);
        CHECK(has(failed.err, "readiness"));
    }

    TEST_CASE("a job none of whose checks could be made fails")
    {
        ground const g{"  - { name: gate, schedule: \"0 * * * *\", check: { profile: outside } }\n",
                       "checks: { profiles: { outside: { only: [probe, objective] } } }\n"};
        auto const run = g.run({"job", "run", "gate"});
        CHECK(run.code == 1);
        CHECK_MESSAGE(has(run.err, "could be made: probe."), run.err);
        CHECK(g.count("SELECT count(*) FROM pgtend.readiness") == 0);
    }

    TEST_CASE("strict: what cannot be seen fails the check, and a job tells it")
    {
        ground const g{"  - { name: gate, schedule: \"0 * * * *\", check: { profile: all } }\n",
                       "checks:\n"
                       "  strict: true\n"
                       "  profiles:\n"
                       "    all: { only: [table, probe.redis] }\n"
                       "    most: { only: [table, probe.redis], strict: false }\n"};
        CHECK(g.run({"check", "--profile", "all"}).code == 3);
        CHECK(g.run({"check", "--profile", "most"}).code == 0);
        auto const run = g.run({"job", "run", "gate"});
        CHECK(run.code == 3); // as with findings
        CHECK(g.runs("gate") == "succeeded/1");
        auto const told = run.out + run.err;
        CHECK_MESSAGE(has(told, "skipped: probe.redis: needs a probe of kind redis"), told);
    }

    TEST_CASE("a profile decides what runs and what fails")
    {
        ground const g{"", profiles};
        g.db.psql("CREATE TABLE public.t (n int)");
        CHECK(g.run({"check", "--only", "table"}).code == 0);
        CHECK(g.run({"check", "--profile", "tables"}).code == 3);
        CHECK(g.run({"check", "--profile", "tables", "--fail-on", "error"}).code == 0);
        CHECK(findings(g, list{"--profile", "tables"}) ==
              list{"warning table.primary_key: public.t"});
        CHECK(findings(g, list{"--profile", "indexes"}).empty());
        // Who looks at nothing has found nothing: no answer.
        auto const nothing = g.run({"check", "--profile", "tables", "--skip", "table"});
        CHECK(nothing.code == 2);
        CHECK(has(nothing.err, "no check is left to look at"));
        auto const mistyped = g.run({"check", "--profile", "tabels"});
        CHECK(mistyped.code == 2);
        CHECK(has(mistyped.err, "did you mean tables?"));
    }
}

// SPDX-License-Identifier: Apache-2.0
// Files that are edited while jobs run, or just before one is due, and hosts with different ones.
#include <doctest/doctest.h>

#include "support/ground.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::before;
using test::due;
using test::eventually;
using test::next_hour;

namespace {

std::string job(std::string const &name, std::string const &schedule, std::string const &text)
{
    return "  - { name: " + name + ", schedule: \"" + schedule + "\", sql: { text: \"" + text +
           "\" } }\n";
}

// Writes the jobs over those of `file`, in the folder of the test's own file.
std::string edit(test::ground const &g, std::string const &file, std::string const &jobs)
{
    return g.files.write(file, "version: 1\ntargets:\n  db: { dsn: \"" + g.db.dsn() +
                                   "\" }\njobs:\n" + jobs);
}

// Runs until the table `gate` has a row.
constexpr char gate[] =
    "CREATE TABLE gate (open boolean); CREATE TABLE hit (job text);"
    "CREATE FUNCTION pass(job text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN WHILE NOT EXISTS "
    "(SELECT FROM public.gate) LOOP PERFORM pg_sleep(0.02); END LOOP; INSERT INTO public.hit "
    "VALUES (job); END $$";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F25: jobs removed, renamed and made wrong while they run: running ones finish, the "
              "removed one runs no more and keeps its history")
    {
        test::ground g{job("gone", "0 * * * *", "select public.pass('gone')") +
                       job("old-name", "0 * * * *", "select public.pass('old')")};
        g.db.psql(gate);
        REQUIRE(g.tick(before).code == 0);
        test::process runner{g.arguments({"tick", "--now", due})};
        eventually("both run", [&] {
            return g.count("SELECT count(*) FROM pgtend.run WHERE status = 'running'") == 2;
        });

        // A file that is wrong runs nothing, and disturbs nobody.
        edit(g, "pgtend.yaml", "  - { name: x, schedule: \"61 * * * *\" }\n");
        auto const wrong = g.tick("2026-01-01T01:01:10Z");
        CHECK(wrong.code == 2);
        CHECK(wrong.err.find("pgtend.yaml:5:") != std::string::npos);

        edit(g, "pgtend.yaml", job("new-name", "0 * * * *", "select public.pass('new')"));
        CHECK(g.tick("2026-01-01T01:02:10Z").code == 0);
        CHECK(g.tick("2026-01-01T01:03:10Z").code == 0);
        CHECK(g.runs("new-name") == ""); // from its first tick on: not 01:00 again
        CHECK(g.runs("gone") == "running/1");
        g.db.psql("INSERT INTO gate VALUES (true)");
        CHECK(runner.wait().code == 0);
        CHECK(g.runs("gone") == "succeeded/1");
        CHECK(g.runs("old-name") == "succeeded/1");

        CHECK(g.tick(next_hour).code == 0);
        CHECK(g.runs("gone") == "succeeded/1");
        CHECK(g.runs("old-name") == "succeeded/1");
        CHECK(g.runs("new-name") == "succeeded/1");
        CHECK(g.db.value("SELECT string_agg(job, ' ' ORDER BY job) FROM hit") == "gone new old");
        auto const history = g.run({"job", "history"});
        CHECK(history.code == 0);
        for (auto const *name : {"gone", "old-name", "new-name"}) {
            CHECK(history.out.find(name) != std::string::npos);
        }
    }

    TEST_CASE("F20: two hosts with different files, one edited a minute before the job is due: it "
              "runs once, and each is told of the other")
    {
        for (bool const edited_first : {true, false}) {
            CAPTURE(edited_first);
            test::ground g;
            g.db.psql("CREATE TABLE hit (n int)");
            auto const jobs = [](std::string const &schedule) {
                return job("nightly", schedule, "insert into public.hit values (1)");
            };
            auto const a = edit(g, "a.yaml", jobs("0 2 * * *"));
            auto const b = edit(g, "b.yaml", jobs("0 2 * * *"));
            std::string said_a, said_b;
            auto const both = [&](std::string const &minute) {
                auto const tick = [&](std::string const &file, std::string &said,
                                      std::string const &second) {
                    auto const done = test::pgtend(
                        {"-c", file, "tick", "--now", "2026-01-01T" + minute + ":" + second + "Z"});
                    CHECK_MESSAGE(done.code == 0, done.err);
                    said = done.err;
                };
                if (edited_first) {
                    tick(b, said_b, "05");
                    tick(a, said_a, "10");
                } else {
                    tick(a, said_a, "05");
                    tick(b, said_b, "10");
                }
            };
            auto const runs = [&] {
                return g.db.value("SELECT coalesce(string_agg(to_char(slot AT TIME ZONE 'UTC', "
                                  "'HH24:MI') || ' ' || status, ', ' ORDER BY id), '') FROM "
                                  "pgtend.run");
            };
            both("01:57");
            both("01:58");
            CHECK(said_a.find("different file") == std::string::npos);
            edit(g, "b.yaml", jobs("0,30 2 * * *"));
            both("01:59");
            both("02:00");
            for (auto const &[said, own, other] :
                 {std::tuple{said_a, a, b}, std::tuple{said_b, b, a}}) {
                CHECK(said.find("different file") != std::string::npos);
                CHECK_MESSAGE(said.find(own) != std::string::npos, said);
                CHECK_MESSAGE(said.find(other) != std::string::npos, said);
            }
            CHECK(runs() == "02:00 succeeded");
            both("02:01");
            both("02:29");
            both("02:30");
            both("02:31");
            CHECK(runs() == "02:00 succeeded, 02:30 succeeded");
            CHECK(g.count("SELECT count(*) FROM hit") == 2);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
// Files that are edited while jobs run, or just before one is due, and hosts with different ones.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <set>

#include "base/duration.hpp"
#include "faults/schedules.hpp"
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

    TEST_CASE("F20, F25: two hosts whose files are edited just before a job is due, one of them or "
              "both: each slot of a file that is in force runs once, and each is told of the other")
    {
        struct schedule {
            std::vector<int> minutes, hours;
            char const *zone = "UTC";
            oracle::schedule cron() const
            {
                using oracle::wall;
                return test::daily_at(test::only(&wall::minute, minutes),
                                      test::only(&wall::hour, hours));
            }
        };
        struct edit_of {
            schedule before, after;
        };
        edit_of const edits[] = {
            {{{0}, {2}}, {{0, 30}, {2}}},                                // a time more
            {{{0}, {2}}, {{5}, {2}}},                                    // a little later
            {{{45}, {7}, "Asia/Kathmandu"}, {{45}, {7}, "Asia/Kolkata"}} // 02:00, 02:15
        };
        auto const at = [](int minute, int second) {
            return parse_rfc3339("2026-01-01T01:00:00Z") + std::chrono::minutes{minute} +
                   seconds{second};
        };
        for (auto const &[before, after] : edits) {
            for (bool const edited_first : {true, false}) {
                for (bool const both_edited : {true, false}) {
                    CAPTURE(after.cron().text());
                    CAPTURE(after.zone);
                    CAPTURE(edited_first);
                    CAPTURE(both_edited);
                    test::ground g;
                    g.db.psql("CREATE TABLE hit (n int)");
                    struct host {
                        std::string name, config = {}, said = {};
                        schedule const *now = nullptr;
                        std::int64_t looked = 0;
                    };
                    host a{.name = "a.yaml"}, b{.name = "b.yaml"};
                    std::set<std::int64_t> expected;
                    auto const have = [&](host &h, schedule const &what) {
                        h.config = edit(g, h.name,
                                        fmt::format("  - {{ name: nightly, schedule: \"{}\", "
                                                    "timezone: {}, sql: {{ text: \"insert into "
                                                    "public.hit values (1)\" }} }}\n",
                                                    what.cron().text(), what.zone));
                        h.now = &what;
                    };
                    auto const tick = [&](host &h, instant now) {
                        auto const done =
                            test::pgtend({"-c", h.config, "tick", "--now", to_rfc3339(now)});
                        CHECK_MESSAGE(done.code == 0, done.err);
                        h.said = done.err;
                        auto const begin = test::epoch(now) / 60 * 60 - 86'400;
                        auto const walls =
                            oracle::walls(h.now->zone, begin, test::epoch(now) + 1, 60);
                        if (h.looked != 0) { // what came since
                            auto const more =
                                oracle::due(h.now->cron(), walls, begin, 60, h.looked + 1);
                            expected.insert(more.begin(), more.end());
                        }
                        h.looked = test::epoch(now);
                    };
                    auto const tick_both = [&](int minute) {
                        tick(edited_first ? b : a, at(minute, 5));
                        tick(edited_first ? a : b, at(minute, 10));
                    };
                    auto const check = [&] {
                        CHECK(g.db.value("SELECT coalesce(string_agg(extract(epoch FROM "
                                         "slot)::bigint || ' ' || status, ', ' ORDER BY slot, "
                                         "id), '') FROM pgtend.run") ==
                              (expected.empty()
                                   ? ""
                                   : fmt::format("{} succeeded",
                                                 fmt::join(expected, " succeeded, "))));
                        CHECK(g.count("SELECT count(*) FROM hit") ==
                              static_cast<long long>(expected.size()));
                    };
                    have(a, before);
                    have(b, before);
                    tick_both(57);
                    tick_both(58);
                    CHECK(a.said.find("different file") == std::string::npos);
                    have(b, after);
                    tick_both(59);
                    check();
                    if (both_edited) {
                        have(a, after);
                    }
                    tick_both(60);
                    for (auto const &[here, other] : {std::pair{a, b}, std::pair{b, a}}) {
                        if (both_edited) {
                            break;
                        }
                        CHECK(here.said.find("different file") != std::string::npos);
                        CHECK_MESSAGE(here.said.find(here.config) != std::string::npos, here.said);
                        CHECK_MESSAGE(here.said.find(other.config) != std::string::npos, here.said);
                    }
                    check();
                    for (int const minute : {61, 64, 65, 66, 74, 75, 76, 89, 90, 91}) {
                        tick_both(minute);
                        check();
                    }
                    CHECK(!expected.empty());
                }
            }
        }
    }
}

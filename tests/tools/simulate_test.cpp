// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/called.hpp"
#include "support/ground.hpp"
#include "support/hour.hpp"

using namespace pgtend;
using test::has;

namespace {

constexpr char berlin_shop[] = R"(version: 1
timezone: Europe/Berlin
jobs:
  - { name: vacuum-nightly, schedule: "0 3 * * *", timeout: 3h, vacuum: { tables: [public.orders] } }
  - { name: expire-orders, schedule: "*/5 * * * *", expire: { table: public.orders, where: "old", set: { state: gone } } }
  - { name: stats, schedule: "30 2 * * *", refresh: { matview: public.stats } }
  - { name: report, schedule: "0 6 * * 1", sql: { text: "select 1" } }
  - { name: later, schedule: "0 6 * * 1", enabled: false, sql: { text: "select 1" } }
)";

struct shop_file {
    test::scratch files;
    std::string config = files.write("shop.yaml", berlin_shop);

    test::called simulate(std::vector<std::string> const &more, int columns = 0,
                          std::vector<std::string> first = {}) const
    {
        first.insert(first.end(), {"-c", config, "schedule", "simulate"});
        first.insert(first.end(), more.begin(), more.end());
        return test::call(first, {.columns = columns, .environment = {{"NO_COLOR", "1"}}});
    }
};

std::string line_with(std::string const &text, std::string const &begin, std::size_t from = 0)
{
    auto const at = text.find("\n" + begin, from);
    return at == std::string::npos ? "" : text.substr(at + 1, text.find('\n', at + 1) - at - 1);
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("schedule simulate: runs, collisions, the busiest minute, and what is only assumed")
    {
        shop_file const f;
        auto const done = f.simulate({"--takes", "vacuum-nightly=2h", "--takes", "30s"});
        CHECK(done.code == 0);
        CHECK(done.err.empty());
        CHECK(has(line_with(done.out, "runs "), "290")); // 288, 1, 1
        CHECK(has(line_with(done.out, "collisions "), "24"));
        CHECK(has(line_with(done.out, "busiest minute"), "2 runs begun, 2 at once"));
        CHECK(has(line_with(done.out, "vacuum-nightly"), "given"));
        CHECK(has(line_with(done.out, "public.orders"), "24"));
        CHECK(has(done.out, "not known in full (SQL, or every table that is due): report"));
        CHECK(has(done.out, "disabled in the file: later"));
        CHECK(has(done.out, "how long 3 jobs take is assumed"));
        CHECK(f.simulate({"--fail-on", "collision"}).code == 3);
        CHECK(
            f.simulate({"--fail-on", "collision", "--from", "2026-01-01T12:00:00Z", "--for", "2h"})
                .code == 0);
    }

    TEST_CASE("schedule simulate: a night on which clocks change")
    {
        shop_file const f;
        auto const spring =
            f.simulate({"--from", "2026-03-29T00:00:00+01:00", "--for", "23h"}, 0, {"-o", "json"});
        CHECK(has(spring.out, "\"slot\": \"2026-03-29T01:00:00Z\"")); // stats, after the gap
        CHECK(has(spring.out, "\"run_count\": 278"));                 // 23 * 12, 1, 1
        CHECK(has(spring.out, "\"timezone\": \"Europe/Berlin\""));
        auto const autumn =
            f.simulate({"--from", "2026-10-25T00:00:00+02:00", "--for", "25h"}, 0, {"-o", "json"});
        CHECK(has(autumn.out, "\"run_count\": 302"));
    }

    TEST_CASE("schedule simulate: the timeline fits 80 and 200 columns, for a day and a month")
    {
        shop_file const f;
        for (int const columns : {80, 200}) {
            for (auto const *ahead : {"1d", "31d", "366d"}) {
                auto const done = f.simulate({"--for", ahead}, columns);
                CHECK(done.code == 0);
                for (auto const &line : split(done.out, '\n')) {
                    INFO(line);
                    CHECK((line.starts_with("note:") ||
                           code_points(line) <= static_cast<std::size_t>(columns)));
                }
                CHECK(done.out.find('\x1b') == std::string::npos);
            }
        }
        auto const day = f.simulate({"--takes", "vacuum-nightly=2h"}, 80);
        auto const timeline = day.out.find("\nruns begun");
        // A cell is 30 min from 01:00 in Berlin on: at 03:00 it begins, and goes on until 05:00.
        CHECK(line_with(day.out, "vacuum-nightly", timeline) ==
              "vacuum-nightly  ....1---........................................");
        CHECK(line_with(day.out, "expire-orders", timeline).ends_with("6666666"));
    }

    TEST_CASE(
        "schedule simulate: JSON lists the runs, up to a limit, and counts what it leaves out")
    {
        shop_file const f;
        auto const all = f.simulate({"--for", "1d"}, 0, {"-o", "json"});
        CHECK(has(all.out, "\"schema\": \"pgtend/schedule-simulate/1\""));
        CHECK(has(all.out, "\"runs_left_out\": 0"));
        CHECK(has(all.out, "\"takes_known\": \"assumed\""));
        auto const few = f.simulate({"--for", "1d", "--limit", "10"}, 0, {"-o", "json"});
        CHECK(has(few.out, "\"runs_left_out\": 280"));
        CHECK(few.out.size() < all.out.size() / 4);
    }

    TEST_CASE("schedule simulate: what is wrong is said")
    {
        shop_file const f;
        CHECK(has(f.simulate({"--takes", "vacum-nightly=2h"}).err, "did you mean"));
        CHECK(f.simulate({"--takes", "stats=long"}).code == 2);
        CHECK(f.simulate({"--for", "400d"}).code == 2);
        CHECK(f.simulate({"--for", "10s"}).code == 2);
        CHECK(f.simulate({"--from", "tomorrow"}).code == 2);
    }
}

TEST_SUITE("db")
{
    TEST_CASE("schedule simulate --measured: durations are those of the history")
    {
        test::ground g{"  - { name: known, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"
                       "  - { name: new, schedule: \"0 * * * *\", sql: { text: \"select 1\" } }\n"};
        g.db.psql("INSERT INTO pgtend.run (job, slot, status, started, finished) SELECT 'known', "
                  "now(), 'succeeded', now() - interval '1 h', now() - interval '1 h' + n * "
                  "interval '1 s' FROM generate_series(1, 100) n");
        auto const done = g.run({"-o", "json", "schedule", "simulate", "--measured"});
        CHECK(done.code == 0);
        CHECK(has(done.out, "\"takes\": 95"));
        CHECK(has(done.out, "\"takes_known\": \"history\""));
        CHECK(has(done.out, "\"takes_known\": \"assumed\""));
        auto const said =
            g.run({"-o", "json", "schedule", "simulate", "--measured", "--takes", "known=7min"});
        CHECK(has(said.out, "\"takes\": 420"));
        CHECK(has(said.out, "\"takes_known\": \"given\""));
    }
}

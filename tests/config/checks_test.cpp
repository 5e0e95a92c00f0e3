// SPDX-License-Identifier: Apache-2.0
// checks: what check fails on, skips and accepts for a time.
#include <doctest/doctest.h>

#include "config/baseline.hpp"
#include "config/support.hpp"
#include "support/process.hpp"

using namespace pgtend;
using namespace pgtend::test;

TEST_SUITE("nodb")
{
    TEST_CASE("the section in full")
    {
        auto const all = load("version: 1\n"
                              "checks:\n"
                              "  fail_on: warning\n"
                              "  skip: [performance, index.unused]\n"
                              "  thresholds: { vacuum.horizon: { warning: 5000000, error: 7.5 } }\n"
                              "  waive:\n"
                              "    - { id: index.duplicate, object: \"public.*\", because: kept, "
                              "until: 2027-01-31 }\n");
        CHECK(all.checks.fail_on == "warning");
        CHECK(all.checks.skip == std::vector<std::string>{"performance", "index.unused"});
        REQUIRE(all.checks.thresholds.size() == 2);
        CHECK(all.checks.thresholds[0].id == "vacuum.horizon");
        CHECK(all.checks.thresholds[0].value == 5'000'000);
        CHECK(all.checks.thresholds[1].key == "error");
        CHECK(all.checks.thresholds[1].value == 7.5);
        REQUIRE(all.checks.waive.size() == 1);
        CHECK(all.checks.waive[0].object == "public.*");
        CHECK(all.checks.waive[0].until == model::date{2027, 1, 31});
        CHECK(all.checks.waive[0].at.line == 7);
    }

    TEST_CASE("what is wrong in it, all at once")
    {
        CHECK(problems("version: 1\n"
                       "checks:\n"
                       "  fail_on: info\n"
                       "  thresholds: { vacuum.horizon: { warning: many } }\n"
                       "  waive:\n"
                       "    - { id: index.unused, until: 2027-02-30 }\n"
                       "  waiver: []\n")
                  .size() == 5);
    }

    TEST_CASE("profiles, and jobs that name one")
    {
        auto const file = [](std::string const &profile, std::string const &body) {
            return "version: 1\n"
                   "targets: { db: { dsn: \"dbname=x\" } }\n"
                   "checks:\n"
                   "  profiles:\n"
                   "    production: " +
                   body +
                   "\njobs:\n"
                   "  - { name: gate, schedule: \"@daily\", check: { profile: " +
                   profile + " } }\n";
        };
        auto const all = load(file("production", "{ only: [job], skip: [job.clock], fail_on: "
                                                 "warning, strict: true, thresholds: { job.runner: "
                                                 "{ error: 60 } } }"));
        REQUIRE(all.checks.profiles.size() == 1);
        auto const &one = all.checks.profiles[0];
        CHECK(one.name == "production");
        CHECK(one.only == std::vector<std::string>{"job"});
        CHECK(one.skip == std::vector<std::string>{"job.clock"});
        CHECK(one.fail_on == "warning");
        CHECK(one.strict == true);
        CHECK_FALSE(all.checks.strict);
        CHECK(one.thresholds.at(0).value == 60);
        CHECK(one.at.line == 5);
        CHECK(std::get<model::check_action>(all.jobs.at(0).action).profile == "production");
        CHECK(problems(file("producton", "{ only: [job] }")) ==
              std::vector<std::string>{"7:57: job 'gate' names an unknown profile 'producton'"});
        CHECK(problems(file("production", "[]")).size() == 1);
        CHECK(problems(file("production", "{ fail_on: info, onyl: [job] }")).size() == 2);
    }

    TEST_CASE("a baseline is read back as it was written, and a wrong one has its place")
    {
        test::scratch const files;
        auto const good = config::read_baseline(files.write(
            "good", "{\"schema\": \"pgtend/check-baseline/1\", \"findings\": [{\"check\": "
                    "\"index.unused\", \"object\": \"a\\n\\u001b\\\"\\\\: b\"}, {\"check\": "
                    "\"x.y\", \"object\": \"o\", \"detail\": \"d\", \"count\": 3}]}"));
        REQUIRE(good.entries.size() == 2);
        CHECK(good.entries[0].key == model::finding_key{"index.unused", "a\n\x1b\"\\: b"});
        CHECK(good.entries[0].count == 1);
        CHECK(good.entries[1].key == model::finding_key{"x.y", "o", "d"});
        CHECK(good.entries[1].count == 3);
        for (auto const *text :
             {"", "[]", "{\"findings\": []}", "{\"schema\": \"pgtend/check-baseline/1\"}",
              "{\"schema\": \"pgtend/check-baseline/1\", \"findings\": [{\"check\": \"x\"}]}",
              "{\"schema\": \"pgtend/check/1\", \"findings\": []}"}) {
            CAPTURE(text);
            CHECK_THROWS_AS(config::read_baseline(files.write("bad", text)), config_error);
        }
        CHECK_THROWS_AS(config::read_baseline(files.path() + "/gone"), config_error);
    }
}

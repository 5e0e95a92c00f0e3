// SPDX-License-Identifier: Apache-2.0
// What only the whole file shows; and the small rules of jobs and policies.
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "model/configuration.hpp"

using namespace pgtend;
using namespace pgtend::model;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

job make(std::string name, int line)
{
    job out;
    out.name = std::move(name);
    out.at = {"f.yaml", line, 3};
    out.action = vacuum_action{};
    return out;
}

partition_policy over(std::string table, step every, std::string pattern, int line)
{
    partition_policy out;
    out.table = {"public", std::move(table)};
    out.key = "at";
    out.every = every;
    out.name_pattern = std::move(pattern);
    out.at = {"f.yaml", line, 3};
    return out;
}

std::vector<std::string> problems(configuration const &all)
{
    std::vector<std::string> out;
    for (auto const &d : validate(all)) {
        out.push_back(to_string(d.at) + ": " + d.message);
    }
    return out;
}

using lines = std::vector<std::string>;

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("names are used once, in the order of their places")
    {
        configuration all;
        all.jobs = {make("b", 9), make("a", 3), make("a", 7),
                    make("b", 5), make("", 1),  make("", 2)};
        CHECK(problems(all) ==
              lines{"f.yaml:5:3: job 'b' is there twice", "f.yaml:7:3: job 'a' is there twice"});
        all.jobs.clear();
        target t;
        t.name = "main";
        all.targets = {t, t};
        CHECK(validate(all).size() == 1);
    }

    TEST_CASE("a job's target and tables exist")
    {
        configuration all;
        target main;
        main.name = "main";
        all.targets = {main};
        all.partitions = {over("orders", step::month, "", 1)};
        all.jobs = {make("a", 3), make("b", 4), make("c", 5)};
        all.jobs[0].target = "mian";
        all.jobs[0].target_at = {"f.yaml", 3, 20};
        all.jobs[1].target = "main";
        all.jobs[2].action = partition_action{{{"public", "orders"}, {"public", "order"}}};
        CHECK(problems(all) ==
              lines{"f.yaml:3:20: job 'a' names an unknown target 'mian'",
                    "f.yaml:5:3: job 'c' names public.order, which has no partition policy"});
        CHECK(validate(all)[0].hint == "did you mean 'main'?");
        CHECK(validate(all)[1].hint == "did you mean 'public.orders'?");
    }

    TEST_CASE("names of partitions do not collide")
    {
        configuration all;
        all.partitions = {over("a", step::month, "x_{yyyy}_{mm}", 1),
                          over("b", step::month, "x_{yyyy}_{mm}", 2)};
        CHECK(problems(all) ==
              lines{"f.yaml:2:3: partitions of public.b may get the names of those of public.a"});
        all.partitions[1].name_pattern = "y_{yyyy}_{mm}";
        CHECK(problems(all).empty());
        all.partitions[1] =
            over("b", step::year, "x_2025_{yyyy}", 2); // x_2025_2025 is longer than x_2025_01
        CHECK(problems(all).empty());
        all.partitions[1] = over("b", step::day, "x_{yyyy}{mm}{dd}", 2);
        CHECK(problems(all).empty());
        all.partitions[0].name_pattern = "x_{yyyy}{mm}01"; // meets the first of each month
        CHECK(problems(all).size() == 1);
        all.partitions[1].table.schema = "other";
        CHECK(problems(all).empty());
        all.partitions = {over("a", step::year, "", 1),
                          over("a_2025", step::month, "", 2)}; // a partition named as a table
        CHECK(problems(all) ==
              lines{"f.yaml:1:3: partitions of public.a may get the name of public.a_2025"});
        all.partitions = {over("a", step::year, "", 1), over("a", step::month, "", 2)};
        CHECK(problems(all) == lines{"f.yaml:2:3: table public.a has two partition policies"});
    }

    TEST_CASE("partition policies by themselves")
    {
        configuration all;
        all.partitions = {over(std::string(60, 'x'), step::month, "", 1),
                          over("b", step::month, "{table}_{yyyy}", 2), over("c", step::hour, "", 3),
                          over("d", step::week, "", 4)};
        all.partitions[1].name_at = {"f.yaml", 2, 40};
        all.partitions[2].time_zone = "Europe/Berlin";
        all.partitions[3].from = date{2025, 1, 1}; // a Wednesday
        auto const found = problems(all);
        REQUIRE(found.size() == 4);
        CHECK(found[0].find("has 68 bytes") != std::string::npos);
        CHECK(
            found[1].find(
                "f.yaml:2:40: partitions of public.b: the name pattern does not tell one month") ==
            0);
        CHECK(found[2].find("partitions by the hour need") != std::string::npos);
        CHECK(found[3].find("is not where a week begins") != std::string::npos);
        all.partitions = {over("d", step::week, "", 4), over("e", step::quarter, "", 5),
                          over("f", step::year, "", 6)};
        all.partitions[0].from = date{2024, 12, 30};
        all.partitions[1].from = date{2025, 4, 1};
        all.partitions[2].from = date{2025, 1, 1};
        CHECK(problems(all).empty());
        all.partitions[1].from = date{2025, 5, 1};
        all.partitions[2].from = date{2025, 2, 1};
        CHECK(problems(all).size() == 2);
    }

    TEST_CASE("a max_age that could have no effect")
    {
        configuration all;
        all.jobs = {make("a", 1)};
        auto &job = all.jobs[0];
        job.schedule = cron::expression::parse("0 2 * * 1-5"); // three days over the weekend
        job.policy.max_age = hours{72};
        job.max_age_at = {"f.yaml", 1, 50};
        CHECK(problems(all).empty());
        job.policy.max_age = hours{73};
        CHECK(
            problems(all) ==
            lines{"f.yaml:1:50: max_age: 3d1h is longer than the 3d between two slots of job 'a'"});
        job.policy.missed = missed::all;
        CHECK(problems(all).empty());
        job.policy.missed = missed::once;
        job.max_age_at = {}; // from defaults: at most the interval counts
        CHECK(problems(all).empty());
    }

    TEST_CASE("how long, and how late, a run may be")
    {
        run_policy policy;
        CHECK(time_limit(policy) == minutes{10});
        policy.window = hours{2};
        CHECK(time_limit(policy) == hours{2});
        CHECK(effective_max_age(policy, minutes{5}) == minutes{5});
        CHECK(effective_max_age(policy, hours{24 * 7}) == hours{24});
        policy.max_age = hours{12};
        CHECK(effective_max_age(policy, minutes{5}) == minutes{5});
        CHECK(effective_max_age(policy, hours{24}) == hours{12});
        policy.missed = missed::all;
        CHECK(effective_max_age(policy, minutes{5}) == hours{12});
    }

    TEST_CASE("kinds, and which may be repeated")
    {
        CHECK(kind(refresh_action{}) == "refresh");
        CHECK(kind(cleanup_action{}) == "cleanup");
        CHECK(kind(expire_action{}) == "expire");
        CHECK(kind(vacuum_action{}) == "vacuum");
        CHECK(kind(vacuum_action{{}, false, true}) == "analyze");
        CHECK(kind(partition_action{}) == "partition");
        CHECK(kind(sql_action{}) == "sql");
        CHECK(kind(watch_action{}) == "watch");
        CHECK(idempotent(cleanup_action{}));
        CHECK_FALSE(idempotent(sql_action{}));
        CHECK(idempotent(sql_action{"select 1", true, true}));
        CHECK(name(missed::once) == "once");
        CHECK(name(overlap::queue) == "queue");
        CHECK(name(pooler::automatic) == "auto");
    }

    TEST_CASE("names of jobs")
    {
        for (auto const *good : {"a", "0", "refresh-dashboard", "a_b-c9"}) {
            CHECK_NOTHROW(check_job_name(good));
        }
        CHECK_NOTHROW(check_job_name(std::string(63, 'a')));
        for (auto const *bad : {"", "-a", "_a", "A", "a b", "a.b", "a'b", "\xC3\xA9", "a\n"}) {
            CAPTURE(bad);
            CHECK_THROWS_AS(check_job_name(bad), error);
        }
        CHECK_THROWS_AS(check_job_name(std::string(64, 'a')), error);
    }

    TEST_CASE("finding by name offers the nearest")
    {
        configuration all;
        all.jobs = {make("vacuum-nightly", 1)};
        CHECK(all.find_job("vacuum-nightly").at.line == 1);
        try {
            all.find_job("vacuum-nightyl");
            FAIL("found");
        } catch (usage_error const &e) {
            CHECK(e.message() == "unknown job 'vacuum-nightyl'");
            CHECK(e.hint() == "did you mean 'vacuum-nightly'?");
        }
        CHECK_THROWS_AS(all.find_target("x"), usage_error);
    }
}

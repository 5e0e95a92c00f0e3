// SPDX-License-Identifier: Apache-2.0
// Attestations and objectives, and which of the checks of what the file declares run at all.
#include <algorithm>
#include <doctest/doctest.h>

#include "check/evaluate.hpp"
#include "check/support.hpp"
#include "support/database.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using test::list;
using test::new_year;

namespace {

using status = check::objective_result::status;

model::objective at_most(double target)
{
    return {.name = "quick", .probe = "shop", .metric = "p95", .target = target};
}
model::probe const shop{.name = "shop", .kind = model::http_probe{}};

// Of these checks: "error object: message" and "needs what".
list told_by(std::string const &id, check::sources const &from, instant at = new_year)
{
    test::database const db;
    auto s = db.connect();
    check::evidence with{s, from, at, {}};
    list out;
    for (auto const &one :
         check::evaluate(s, check::chosen({.only = {id}, .skip = {}}), {}, with, {})) {
        for (auto const &each : one.findings) {
            out.push_back(std::string{name(each.severity)} + " " + each.object + ": " +
                          each.message);
        }
        for (auto const &each : one.unseen) {
            out.push_back("needs " + each);
        }
    }
    return out;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("an attestation without a part of it, of the future, or over is a finding")
    {
        model::date const day{2025, 12, 1}, today{2026, 1, 1}, yesterday{2025, 12, 31},
            tomorrow{2026, 1, 2};
        std::vector<model::attestation> const all{
            {.name = "good", .by = "Jo", .evidence = "OPS-1", .on = day, .until = today},
            {.name = "bare"},
            {.name = "no evidence", .by = "Jo", .on = day, .until = tomorrow},
            {.name = "over", .by = "Jo", .evidence = "OPS-1", .on = day, .until = yesterday},
            {.name = "future", .by = "Jo", .evidence = "OPS-1", .on = tomorrow, .until = tomorrow}};
        CHECK(told_by("attestation", {.attestations = all}) ==
              list{"error bare: nobody has attested it",
                   "error no evidence: it does not say: evidence",
                   "error over: what Jo attested ended on 2025-12-31",
                   "error future: it was done on 2026-01-02, which is not yet"});
        // Where it was written the day has begun.
        CHECK(told_by("attestation", {.attestations = std::span{all}.last(1)},
                      new_year + std::chrono::hours{11}) == list{});
        CHECK(told_by("attestation", {}) == list{"needs attestations: in the file"});
    }

    TEST_CASE(
        "probes run once, their faults and what they did not see are told, objectives weighed")
    {
        std::vector<model::probe> const probes{shop,
                                               {.name = "cache", .kind = model::redis_probe{}}};
        std::vector<model::objective> const objectives{at_most(1), at_most(0.1)};
        int runs = 0;
        check::sources const from{
            .probes = probes, .objectives = objectives, .run_probe = [&](model::probe const &) {
                ++runs;
                probe::verdict v;
                v.values = {{"p95", 0.5}};
                v.wrong("is broken");
                v.doubtful("is slow", "part");
                v.unseen = {"the rest"};
                return v;
            }};
        CHECK(told_by("probe.http", from) ==
              list{"error shop: is broken", "warning shop/part: is slow", "needs the rest"});
        CHECK(runs == 1);
        CHECK(told_by("objective", from) ==
              list{"error quick: p95 of shop is 500 ms, the objective is <= 100 ms"});
        CHECK(runs == 2); // of two objectives, once
        CHECK(told_by("probe.tcp", from) ==
              list{"needs a probe of kind tcp under probes: of the file"});
    }
}

TEST_SUITE("nodb")
{
    TEST_CASE("an objective is met by a number that is whole, missed by any, and else unseen")
    {
        probe::verdict v;
        CHECK(check::weigh(at_most(1), shop, v).is == status::unseen);
        v.absent["p95"] = "it slept";
        CHECK(check::weigh(at_most(1), shop, v).why == "it slept");
        v.absent.clear();
        v.wrong("it is down");
        CHECK(check::weigh(at_most(1), shop, v).why == "it is down");
        v.values = {{"p95", 0.5}, {"p95", 0.9}};
        CHECK(check::weigh(at_most(0.9), shop, v).is == status::met);
        CHECK(check::weigh(at_most(0.8), shop, v).is == status::missed); // by the worst of them
        v.partial = true;
        CHECK(check::weigh(at_most(1), shop, v).is == status::unseen);
        CHECK(check::weigh(at_most(0.8), shop, v).is == status::missed);
    }

    TEST_CASE("what the file does not declare does not run, unless it is asked for")
    {
        std::vector<model::probe> const probes{shop};
        auto const left = [&](check::choice const &which, check::sources const &from) {
            auto rules = check::chosen(which);
            check::drop_undeclared(rules, which, from);
            list out;
            for (auto const *each : rules) {
                if (each->declared != nullptr) {
                    out.emplace_back(each->id);
                }
            }
            return out;
        };
        check::sources const some{.probes = probes};
        CHECK(left({}, {}).empty());
        CHECK(left({}, some) == list{"probe.http"});
        CHECK(left({.only = {"probe"}, .skip = {}}, some) == list{"probe.http"});
        CHECK(left({.only = {"probe"}, .skip = {"probe.http"}}, some).size() == 9);
        CHECK(left({.only = {"probe"}, .skip = {}}, {}).size() == 10);
        CHECK(left({.only = {"probe.redis"}, .skip = {}}, some) == list{"probe.redis"});
        CHECK(left({.only = {"attestation"}, .skip = {}}, some) == list{"attestation.current"});
    }
}

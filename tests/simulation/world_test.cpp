// SPDX-License-Identifier: Apache-2.0
// Days of runners in virtual time, with everything that may break. PGTEND_SEED repeats one scenario
// exactly; PGTEND_HOURS makes the run longer or shorter.
#include <ctime>
#include <doctest/doctest.h>

#include "seeds.hpp"
#include "world.hpp"

using namespace pgtend;
using simulation::bug;

namespace {

using time_point = std::chrono::steady_clock::time_point;

double seconds_since(time_point began)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

// What there is to break, and what there is to be done about it. In less than ten thousand hours
// some of it may stay away.
constexpr char const *every_fault[] = {
    "COMMIT unknown",    "answer lost",          "carried out late", "clock set back",
    "clock set forward", "control session lost", "hanging server",   "host down",
    "killed runner",     "no session for work",  "schedule edited",  "server down",
    "skewed host",       "stalled host",         "tick missing",     "work session lost"};
constexpr char const *every_deed[] = {"breaker opened",
                                      "missed slot made up for",
                                      "run marked as lost",
                                      "run stopped by its runner",
                                      "slot before the watermark",
                                      "slot of a lost runner taken over",
                                      "slot passed over",
                                      "slot tried again",
                                      "tried after a pause",
                                      "turned away by the fence"};
constexpr double enough_hours = 10'000;
// For ten thousand hours, of the processor: other programs are not what is measured.
constexpr double longest = 120;

// On average a defect is found within three thousand hours at most.
constexpr double longest_hunt = 60'000;

template <class Names>
void check_all(std::map<std::string, long> const &seen, Names const &names,
               std::string const &where)
{
    for (auto const *name : names) {
        auto const found = seen.find(name);
        CHECK_MESSAGE((found != seen.end() && found->second > 0),
                      "never: " << std::string{name} << where);
    }
    CHECK_MESSAGE(seen.size() <= std::size(names), "one kind is not listed in this test" << where);
}

// Scenarios from one seed on, until so many hours are simulated or one fails.
simulation::chronicle simulate(std::uint64_t seed, double hours, bug planted = bug::none)
{
    simulation::quiet const quiet;
    simulation::chronicle all;
    for (; all.hours < hours && all.violation.empty(); ++seed) {
        auto const one = simulation::simulate(seed, planted);
        all.add(one);
        all.violation = one.violation;
    }
    return all;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("days of runners: each slot as its policy says, whatever breaks")
    {
        auto const *given = std::getenv("PGTEND_HOURS");
        auto const hours =
            (given == nullptr ? enough_hours : std::atof(given)) / simulation::slower;
        bool const alone = std::getenv("PGTEND_SEED") != nullptr;
        auto const began = std::clock();
        simulation::chronicle total;
        std::string seeds;
        for (auto const seed : simulation::seeds({1})) {
            auto const share = seed == 1 ? hours / 10 : hours - total.hours; // most of it is new
            auto const since = std::chrono::steady_clock::now();
            auto const all = simulate(seed, alone ? 1 : share);
            CHECK_MESSAGE(all.violation.empty(), all.violation);
            MESSAGE("from PGTEND_SEED=" << seed << " on: " << all.text() << "; "
                                        << seconds_since(since) << " s");
            total.add(all);
            seeds += " PGTEND_SEED=" + std::to_string(seed);
        }
        if (alone) {
            return;
        }
        CHECK(total.hours >= hours);
        if (total.hours >= enough_hours) {
            check_all(total.faults, every_fault, ", from" + seeds + " on");
            check_all(total.deeds, every_deed, ", from" + seeds + " on");
        }
        if (simulation::slower == 1) {
            auto const took = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
            CHECK(took < longest * std::max(1.0, total.hours / enough_hours));
        }
    }

    TEST_CASE("each planted defect is found by chance too")
    {
        auto seeds = simulation::seeds({1});
        if (simulation::slower > 1) {
            seeds.resize(1);
        }
        for (auto const each :
             {bug::no_fence, bug::claim_after_work, bug::watermark_by_lock, bug::same_token,
              bug::finish_by_run, bug::no_failures, bug::step_unchecked}) {
            for (auto const seed : seeds) {
                auto const began = std::chrono::steady_clock::now();
                auto const found = simulate(seed, longest_hunt, each);
                CHECK_MESSAGE(!found.violation.empty(), "defect " << static_cast<int>(each)
                                                                  << " is not found from "
                                                                     "PGTEND_SEED="
                                                                  << seed << " on");
                MESSAGE("defect " << static_cast<int>(each) << " after " << found.hours
                                  << " hours from PGTEND_SEED=" << seed << " on, "
                                  << seconds_since(began) << " s: " << found.violation);
            }
        }
    }
}

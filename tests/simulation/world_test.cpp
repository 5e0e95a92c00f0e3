// SPDX-License-Identifier: Apache-2.0
// Days of runners in virtual time, with everything that may break. PGTEND_SEED repeats one scenario
// exactly; PGTEND_HOURS makes the run longer or shorter.
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
        auto const hours = given == nullptr ? 10'000.0 : std::atof(given);
        bool const alone = std::getenv("PGTEND_SEED") != nullptr;
        for (auto const seed : simulation::seeds({1, 1'000'000})) {
            auto const began = std::chrono::steady_clock::now();
            auto const all = simulate(seed, alone ? 1 : hours / 3 / simulation::slower);
            CHECK_MESSAGE(all.violation.empty(), all.violation);
            MESSAGE("from PGTEND_SEED=" << seed << " on: " << all.text() << "; "
                                        << seconds_since(began) << " s");
        }
    }

    TEST_CASE("each planted defect is found by chance too")
    {
        for (auto const each :
             {bug::no_fence, bug::claim_after_work, bug::watermark_by_lock, bug::same_token,
              bug::finish_by_run, bug::no_failures, bug::step_unchecked}) {
            auto const began = std::chrono::steady_clock::now();
            auto const found = simulate(1, 20'000, each);
            CAPTURE(static_cast<int>(each));
            CHECK_FALSE(found.violation.empty());
            MESSAGE("defect " << static_cast<int>(each) << " after " << found.hours << " hours, "
                              << seconds_since(began) << " s: " << found.violation);
        }
    }
}

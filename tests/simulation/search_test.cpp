// SPDX-License-Identifier: Apache-2.0
// All interleavings of two runners over one slot. Each planted defect must be found.
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "search.hpp"
#include "seeds.hpp"

using namespace pgtend;
using simulation::bug;

namespace {

void check_clean(std::string const &what, simulation::search_options const &options)
{
    simulation::quiet const quiet;
    auto const began = std::chrono::steady_clock::now();
    auto const found = simulation::search(options);
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
    CHECK_MESSAGE(found.violation.empty(),
                  what << ": " << found.violation << "\n  " << join(found.story, "\n  "));
    MESSAGE(what << ": " << found.states << " states, " << found.endings << " endings, "
                 << took.count() << " s");
}

// With a fault somewhere, and the lease running out once; without one, twice.
void check_clean(std::string const &what, simulation::nature work)
{
    if (simulation::slower > 1) {
        work.batches = 1;
        check_clean(what + ", one fault", {.work = work, .faults = 1, .advances = 1});
        return;
    }
    check_clean(what + ", one fault", {.work = work, .faults = 1, .advances = 1});
    work.batches = 1;
    check_clean(what + ", no fault", {.work = work, .faults = 0, .advances = 2});
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("whatever the order of statements: work in transactions")
    {
        check_clean("idempotent", {.batches = 2});
        check_clean("not idempotent", {.batches = 2, .idempotent = false});
    }

    TEST_CASE("whatever the order of statements: work outside transactions")
    {
        check_clean("idempotent", {.batches = 1, .outside = true});
        check_clean("not idempotent", {.batches = 2, .outside = true, .idempotent = false});
    }

    TEST_CASE("each planted defect is found")
    {
        simulation::quiet const quiet;
        for (auto const each : {bug::no_fence, bug::claim_after_work, bug::watermark_by_lock,
                                bug::same_token, bug::finish_by_run}) {
            auto const found = simulation::search({.planted = each});
            CAPTURE(static_cast<int>(each));
            CHECK_FALSE(found.violation.empty());
            MESSAGE("defect " << static_cast<int>(each) << " after " << found.states
                              << " states: " << found.violation);
        }
    }
}

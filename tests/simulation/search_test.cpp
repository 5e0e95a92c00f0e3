// SPDX-License-Identifier: Apache-2.0
// All interleavings of two runners over one slot. Each planted defect must be found.
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "search.hpp"
#include "seeds.hpp"

using namespace pgtend;
using simulation::bug;

namespace {

// `states`: so many it has to visit, a little less than there are. One that never began, or to
// which most steps were closed, would find nothing wrong as well.
void check_clean(std::string const &what, simulation::search_options const &options,
                 std::size_t states)
{
    simulation::quiet const quiet;
    auto const began = std::chrono::steady_clock::now();
    auto const found = simulation::search(options);
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
    CHECK_MESSAGE(found.violation.empty(),
                  what << ": " << found.violation << "\n  " << join(found.story, "\n  "));
    CHECK_MESSAGE(found.states >= states, what << ": only " << found.states << " states");
    CHECK_MESSAGE(found.endings >= 90, what << ": only " << found.endings << " endings");
    MESSAGE(what << ": " << found.states << " states, " << found.endings << " endings, "
                 << took.count() << " s");
}

struct extent {
    std::size_t one_fault, no_fault;
    std::size_t one_batch; // with one fault
};

// With a fault somewhere, and the lease running out once; without one, twice.
void check_clean(std::string const &what, simulation::nature work, extent const &states)
{
    if (simulation::slower > 1) {
        work.batches = 1;
        check_clean(what + ", one fault", {.work = work, .faults = 1, .advances = 1},
                    states.one_batch);
        return;
    }
    check_clean(what + ", one fault", {.work = work, .faults = 1, .advances = 1}, states.one_fault);
    work.batches = 1;
    check_clean(what + ", no fault", {.work = work, .faults = 0, .advances = 2}, states.no_fault);
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("whatever the order of statements: work in transactions")
    {
        check_clean("idempotent", {.batches = 2}, {465'000, 170'000, 250'000});
        check_clean("not idempotent", {.batches = 2, .idempotent = false},
                    {250'000, 65'000, 160'000});
    }

    TEST_CASE("whatever the order of statements: work outside transactions")
    {
        check_clean("idempotent", {.batches = 1, .outside = true}, {240'000, 157'000, 240'000});
        check_clean("not idempotent", {.batches = 2, .outside = true, .idempotent = false},
                    {220'000, 78'000, 172'000});
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

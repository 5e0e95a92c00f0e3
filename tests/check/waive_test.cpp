// SPDX-License-Identifier: Apache-2.0
// The catalogue, and findings that somebody accepted.
#include <doctest/doctest.h>
#include <set>

#include "base/error.hpp"
#include "check/support.hpp"
#include "check/waive.hpp"

using namespace pgtend;
using test::new_year;
using test::rule_of;

namespace {

std::vector<check::outcome> two_unused()
{
    check::finding const one{.severity = check::severity::info,
                             .object = "public.idx_a",
                             .message = "never scanned",
                             .value = {},
                             .fix = {}};
    auto other = one;
    other.object = "sales.idx_b";
    std::vector<check::outcome> out(1);
    out[0].of = rule_of("index.unused");
    out[0].findings = {one, other};
    return out;
}

model::check_policy with(model::waiver waiver)
{
    model::check_policy out;
    waiver.because = "kept for the year-end report";
    out.waive = {std::move(waiver)};
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("every rule has an area, a title, a reason and a way out, and a query or a function")
    {
        std::set<std::string_view> seen;
        for (auto const &each : check::catalogue()) {
            INFO(std::string{each.id});
            CHECK(each.id.find('.') != std::string_view::npos);
            CHECK(seen.insert(each.id).second);
            for (auto const text : {each.title, each.why, each.fix}) {
                CHECK(!text.empty());
                CHECK(text.back() != '.');
            }
            CHECK(each.query.empty() == (each.look != nullptr));
        }
    }

    TEST_CASE("chosen by id or by area; a mistyped one gets the nearest")
    {
        auto const all = check::chosen({});
        auto const indexes = check::chosen({.only = {"index"}, .skip = {"index.unused"}});
        CHECK(indexes.size() > 3);
        CHECK(indexes.size() < all.size());
        for (auto const *each : indexes) {
            CHECK(area(*each) == "index");
            CHECK(each->id != "index.unused");
        }
        try {
            check::chosen({.only = {"index.unsed"}, .skip = {}});
            FAIL("accepted");
        } catch (usage_error const &e) {
            CHECK(e.hint() == "did you mean index.unused?");
        }
    }

    TEST_CASE("* stands for any text")
    {
        CHECK(check::matches("*", ""));
        CHECK(check::matches("public.*", "public.idx"));
        CHECK(check::matches("*.idx_*_b", "public.idx_a_b_b"));
        CHECK(!check::matches("public.*", "sales.idx"));
        CHECK(!check::matches("idx", "idx_a"));
        CHECK(check::matches("a*b*c", "a_b_b_c"));
        CHECK(!check::matches("a*b*c", "a_b_b"));
    }

    TEST_CASE("a waiver takes what it names, and nothing else")
    {
        auto outcomes = two_unused();
        auto const policy = with({.id = "index.unused",
                                  .object = "public.*",
                                  .until = {.year = 2026, .month = 1, .day = 1}});
        auto const waiving = check::waive(outcomes, policy, new_year);
        REQUIRE(waiving.accepted.size() == 1);
        CHECK(waiving.accepted[0].what.object == "public.idx_a");
        CHECK(waiving.accepted[0].by->because == "kept for the year-end report");
        REQUIRE(outcomes[0].findings.size() == 1);
        CHECK(outcomes[0].findings[0].object == "sales.idx_b");
        CHECK(waiving.faults.empty());
    }

    TEST_CASE("one that is over waives nothing, and is told; one that matches nothing is told")
    {
        auto outcomes = two_unused();
        auto const over = check::waive(
            outcomes, with({.id = "index.unused", .until = {.year = 2025, .month = 12, .day = 31}}),
            new_year);
        CHECK(over.accepted.empty());
        CHECK(outcomes[0].findings.size() == 2);
        REQUIRE(over.faults.size() == 1);
        CHECK(over.faults[0].message == "the waiver of index.unused ended on 2025-12-31");
        auto const vain = check::waive(
            outcomes, with({.id = "index.unused", .object = "gone", .until = {.year = 2027}}),
            new_year);
        REQUIRE(vain.faults.size() == 1);
        CHECK(vain.faults[0].message.find("matches nothing") != std::string::npos);
        outcomes[0].unseen = {"pg_read_all_stats"}; // perhaps it would match what is not seen
        CHECK(check::waive(outcomes,
                           with({.id = "index.unused", .object = "gone", .until = {.year = 2027}}),
                           new_year)
                  .faults.empty());
        // A check that did not run says nothing of its waivers.
        CHECK(
            check::waive(outcomes, with({.id = "index.invalid", .until = {.year = 2027}}), new_year)
                .faults.empty());
    }

    TEST_CASE("ids and thresholds that do not exist are errors with their place in the file")
    {
        auto policy = with({.id = "index.unsed", .until = {.year = 2027}, .at = {"f.yaml", 3, 5}});
        policy.thresholds = {
            {.id = "vacuum.horizon", .key = "waring", .value = 1, .at = {"f.yaml", 9, 7}},
            {.id = "gone.away", .key = "x", .value = 1, .at = {"f.yaml", 10, 7}}};
        policy.skip = {"nothing"};
        try {
            check::validate(policy);
            FAIL("accepted");
        } catch (config_error const &e) {
            REQUIRE(e.diagnostics().size() == 4);
            CHECK(e.diagnostics()[0].at.line == 3);
            CHECK(e.diagnostics()[0].hint == "did you mean index.unused?");
            CHECK(e.diagnostics()[1].at.line == 9);
            CHECK(e.diagnostics()[1].message == "vacuum.horizon has no threshold 'waring'");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
// What is new since something was remembered, and what a profile decides.
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "check/compare.hpp"
#include "check/profile.hpp"
#include "check/support.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using test::list;
using test::rule_of;

namespace {

check::finding of(std::string object, std::string detail = {})
{
    return {.severity = check::severity::warning,
            .object = std::move(object),
            .message = "12 MB",
            .detail = std::move(detail)};
}

std::vector<check::outcome> outcomes_of(std::vector<check::finding> findings)
{
    std::vector<check::outcome> out(1);
    out[0].of = rule_of("index.unused");
    out[0].findings = std::move(findings);
    return out;
}

list objects(std::vector<check::finding> const &all)
{
    list out;
    for (auto const &each : all) {
        out.push_back(each.object);
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("what a baseline has is taken out; what is gone is told; sizes do not matter")
    {
        auto before = outcomes_of({of("public.a"), of("public.b")});
        check::waiving none;
        auto const baseline = check::baseline_of(before, none);
        auto now = outcomes_of({of("public.b"), of("public.c")});
        now[0].findings[0].message = "15 MB";
        now[0].findings[0].value = 15;
        auto const compared = check::take_known(now, none, baseline);
        CHECK(objects(now[0].findings) == list{"public.c"});
        REQUIRE(compared.unchanged.size() == 1);
        CHECK(compared.unchanged[0].what.object == "public.b");
        REQUIRE(compared.gone.size() == 1);
        CHECK(compared.gone[0] == model::finding_key{"index.unused", "public.a"});
    }

    TEST_CASE("of several with one key as many are known as there were; a detail tells them apart")
    {
        check::waiving none;
        auto const two = check::baseline_of(outcomes_of({of("t"), of("t")}), none);
        REQUIRE(two.entries.size() == 1);
        CHECK(two.entries[0].count == 2);
        auto three = outcomes_of({of("t"), of("t"), of("t")});
        check::take_known(three, none, two);
        CHECK(three[0].findings.size() == 1);
        auto one = outcomes_of({of("t")});
        CHECK(check::take_known(one, none, two).gone.size() == 1);
        auto const first = check::baseline_of(outcomes_of({of("t", "p_1")}), none);
        auto other = outcomes_of({of("t", "p_2")});
        CHECK(check::take_known(other, none, first).gone.size() == 1);
        CHECK(other[0].findings.size() == 1);
    }

    TEST_CASE("what is worse than it was is new; what is less bad is known")
    {
        check::waiving none;
        auto const baseline = check::baseline_of(outcomes_of({of("a"), of("a", "p")}), none);
        auto worse = outcomes_of({of("a"), of("a", "p")});
        worse[0].findings[0].severity = check::severity::error;
        auto marked = worse;
        auto const compared = check::take_known(worse, none, baseline);
        REQUIRE(worse[0].findings.size() == 1);
        CHECK(worse[0].findings[0].detail.empty());
        CHECK(compared.unchanged.size() == 1);
        CHECK(compared.gone.empty());
        check::mark_new(marked, none, baseline);
        CHECK(marked[0].findings[0].fresh);
        CHECK(!marked[0].findings[1].fresh);
        auto better = outcomes_of({of("a"), of("a", "p")});
        better[0].findings[0].severity = check::severity::info;
        CHECK(check::take_known(better, none, baseline).unchanged.size() == 2);
    }

    TEST_CASE("nothing is gone of a check that did not run, or did not see everything")
    {
        check::waiving none;
        auto const baseline = check::baseline_of(outcomes_of({of("a")}), none);
        std::vector<check::outcome> nothing;
        CHECK(check::take_known(nothing, none, baseline).gone.empty());
        auto blind = outcomes_of({});
        blind[0].unseen = {"pg_read_all_stats"};
        CHECK(check::take_known(blind, none, baseline).gone.empty());
        auto sees = outcomes_of({});
        CHECK(check::take_known(sees, none, baseline).gone.size() == 1);
    }

    TEST_CASE("a waiver's fault is known by what it says, wherever it stands in the file")
    {
        check::waiving faults;
        faults.faults = {of("f.yaml:3:5")};
        std::vector<check::outcome> none;
        auto const baseline = check::baseline_of(none, faults);
        faults.faults = {of("f.yaml:9:5")};
        CHECK(check::take_known(none, faults, baseline).unchanged.size() == 1);
        CHECK(faults.faults.empty());
    }

    TEST_CASE("marked as new, and nothing is taken out")
    {
        check::waiving none;
        auto const baseline = check::baseline_of(outcomes_of({of("a")}), none);
        auto now = outcomes_of({of("a"), of("b")});
        auto const compared = check::mark_new(now, none, baseline);
        REQUIRE(now[0].findings.size() == 2);
        CHECK(!now[0].findings[0].fresh);
        CHECK(now[0].findings[1].fresh);
        CHECK(compared.unchanged.size() == 1);
    }

    TEST_CASE("a profile is stronger than the rest of the file, the command line than both")
    {
        model::check_policy policy;
        policy.skip = {"backup"};
        policy.thresholds = {{.id = "vacuum.horizon", .key = "warning", .value = 1}};
        policy.profiles = {
            {.name = "production",
             .only = {"vacuum", "backup"},
             .skip = {"vacuum.workers"},
             .fail_on = "warning",
             .strict = true,
             .thresholds = {{.id = "vacuum.horizon", .key = "warning", .value = 2}}}};
        auto const plain = check::judge_by(policy, "", {});
        CHECK(plain.fail_on == "error");
        CHECK_FALSE(plain.strict);
        CHECK(plain.which.only.empty());
        CHECK(plain.which.skip == list{"backup"});
        auto const set = check::judge_by(policy, "production", {.only = {}, .skip = {"index"}});
        CHECK(set.fail_on == "warning");
        CHECK(set.strict);
        CHECK(set.which.only == list{"vacuum", "backup"});
        CHECK(set.which.skip == list{"index", "backup", "vacuum.workers"});
        CHECK(set.thresholds.at(0).value == 2);
        CHECK(check::judge_by(policy, "production", {.only = {"index"}, .skip = {}}).which.only ==
              list{"index"});
        try {
            check::judge_by(policy, "producton", {});
            FAIL("accepted");
        } catch (usage_error const &e) {
            CHECK(e.hint() == "did you mean production?");
        }
    }
}

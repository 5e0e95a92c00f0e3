// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <set>

#include "base/error.hpp"
#include "model/probe.hpp"

using namespace pgtend;
using model::unit;

TEST_SUITE("nodb")
{
    TEST_CASE("amounts as people write them, and as they are shown")
    {
        CHECK(model::parse_amount("500ms", unit::time) == doctest::Approx(0.5));
        CHECK(model::parse_amount("30d", unit::time) == 2'592'000);
        CHECK(model::parse_amount("1%", unit::percent) == 1);
        CHECK(model::parse_amount("99.9 %", unit::percent) == 99.9);
        CHECK(model::parse_amount("20kB", unit::bytes) == 20'480);
        CHECK(model::parse_amount("300", unit::count) == 300);
        for (auto const &[bad, of] :
             {std::pair{"500", unit::time}, std::pair{"x", unit::count},
              std::pair{"-1", unit::count}, std::pair{"1s", unit::percent},
              std::pair{"3 cats", unit::bytes}, std::pair{"", unit::count},
              std::pair{"nan", unit::count}, std::pair{"0.8", unit::percent}}) {
            CAPTURE(bad);
            CHECK_THROWS_AS(model::parse_amount(bad, of), error);
        }
        CHECK(model::show_amount(0.25, unit::time) == "250 ms");
        CHECK(model::show_amount(1e300, unit::time) == model::show_amount(9e12, unit::time));
        CHECK(model::show_amount(99.95, unit::percent) == "99.95 %");
        CHECK(model::show_amount(12'300, unit::bytes) == "12 kB");
        CHECK(model::show_amount(12'300, unit::count) == "12,300");
    }

    TEST_CASE("a target is a relation and an amount; on the boundary the sign decides")
    {
        using relation = model::objective::relation;
        auto const is = [](std::string const &target, double actual) {
            model::objective o;
            std::tie(o.is, o.target) = model::parse_target(target, unit::count);
            return model::is_met(o, actual);
        };
        CHECK(model::parse_target("<= 500ms", unit::time) == std::pair{relation::at_most, 0.5});
        CHECK(model::parse_target(">99.9%", unit::percent) == std::pair{relation::more, 99.9});
        CHECK(is("<= 5", 5));
        CHECK(!is("< 5", 5));
        CHECK(is(">= 5", 5));
        CHECK(!is("> 5", 5));
        CHECK(is("> 5", 6));
        CHECK(!is("<= 5", 6));
        CHECK_THROWS_AS(model::parse_target("5", unit::count), error);
        CHECK_THROWS_AS(model::parse_target("= 5", unit::count), error);
        CHECK_THROWS_AS(model::parse_target("<=", unit::count), error);
    }

    TEST_CASE("every kind has a name of its own, and metrics with names of their own")
    {
        std::set<std::string_view> kinds;
        for (auto const &kind : std::initializer_list<model::probe_kind>{
                 model::http_probe{}, model::connect_probe{},
                 model::connect_probe{.host = {}, .tls = true}, model::redis_probe{},
                 model::rate_limit_probe{}, model::k6_probe{}, model::pgbench_probe{},
                 model::log_probe{}, model::pgbouncer_probe{}, model::prometheus_probe{}}) {
            CHECK(kinds.insert(model::name(kind)).second);
            std::set<std::string_view> names;
            for (auto const &each : model::metrics(kind)) {
                CHECK(names.insert(each.name).second);
                CHECK(model::find_metric(kind, each.name) == &each);
            }
            CHECK(!names.empty());
            CHECK(model::find_metric(kind, "nothing") == nullptr);
        }
        CHECK(model::find_metric(model::connect_probe{}, "certificate") == nullptr);
    }
}

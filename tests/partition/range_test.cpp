// SPDX-License-Identifier: Apache-2.0
#include "partition/range.hpp"

#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "catalog/bound.hpp"

using namespace pgtend;
using namespace pgtend::partition;
using model::step;

namespace {

catalog::time_point at(std::string_view rfc3339)
{
    return parse_rfc3339(rfc3339).time_since_epoch().count();
}

key_axis instants(char const *zone_name)
{
    return {key_kind::instant, zone::load(zone_name)};
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("periods of the calendar")
    {
        civil_time const t{2026, 8, 19, 14, 35, 12}; // a Wednesday
        CHECK(start_of(step::hour, t) == civil_time{2026, 8, 19, 14});
        CHECK(start_of(step::day, t) == civil_time{2026, 8, 19});
        CHECK(start_of(step::week, t) == civil_time{2026, 8, 17});
        CHECK(start_of(step::week, {2026, 8, 17}) == civil_time{2026, 8, 17});
        CHECK(start_of(step::week, {2026, 8, 23, 23}) == civil_time{2026, 8, 17});
        CHECK(start_of(step::month, t) == civil_time{2026, 8, 1});
        CHECK(start_of(step::quarter, t) == civil_time{2026, 7, 1});
        CHECK(start_of(step::year, t) == civil_time{2026, 1, 1});

        CHECK(next_start(step::hour, {2026, 12, 31, 23}) == civil_time{2027, 1, 1, 0});
        CHECK(next_start(step::day, {2028, 2, 28}) == civil_time{2028, 2, 29});
        CHECK(next_start(step::week, {2026, 12, 28}) == civil_time{2027, 1, 4});
        CHECK(next_start(step::month, {2026, 12, 1}) == civil_time{2027, 1, 1});
        CHECK(next_start(step::quarter, {2026, 10, 1}) == civil_time{2027, 1, 1});
        CHECK(next_start(step::year, {2026, 1, 1}) == civil_time{2027, 1, 1});
    }

    TEST_CASE("labels name the period")
    {
        CHECK(label(step::hour, {2026, 12, 5, 7}) == "2026-12-05 07h");
        CHECK(label(step::day, {2026, 12, 5}) == "2026-12-05");
        CHECK(label(step::week, {2024, 12, 30}) == "2025-w01");
        CHECK(label(step::week, {2026, 12, 28}) == "2026-w53");
        CHECK(label(step::month, {2026, 12, 1}) == "2026-12");
        CHECK(label(step::quarter, {2026, 10, 1}) == "2026-q4");
        CHECK(label(step::year, {2026, 1, 1}) == "2026");
    }

    TEST_CASE("a midnight in a zone")
    {
        auto const berlin = instants("Europe/Berlin");
        CHECK(berlin.point({2026, 1, 1}) == at("2025-12-31T23:00:00Z"));
        CHECK(berlin.text({2026, 1, 1}) == "2026-01-01 00:00:00+01");
        CHECK(berlin.text({2026, 7, 1}) == "2026-07-01 00:00:00+02");
        CHECK(instants("Asia/Kolkata").text({2026, 1, 1}) == "2026-01-01 00:00:00+05:30");
        CHECK(instants("America/St_Johns").text({2026, 1, 1}) == "2026-01-01 00:00:00-03:30");
        CHECK(instants("UTC").text({2026, 1, 1}) == "2026-01-01 00:00:00+00");
        for (auto const month : {1, 4, 7, 10}) {
            CAPTURE(month);
            CHECK(catalog::parse_time(berlin.text({2026, month, 1})) ==
                  berlin.point({2026, month, 1}));
        }
    }

    TEST_CASE("a midnight that clocks skip is the moment of the change")
    {
        // Cairo, 2023-04-28: 00:00 becomes 01:00. Beirut's autumn: 24:00 becomes 23:00 of the same
        // day.
        auto const cairo = instants("Africa/Cairo");
        CHECK(cairo.point({2023, 4, 28}) == at("2023-04-27T22:00:00Z"));
        CHECK(cairo.text({2023, 4, 28}) == "2023-04-28 01:00:00+03");
    }

    TEST_CASE("a midnight that happens twice is the first")
    {
        // Havana, 2023-11-05: at 01:00 clocks go back to 00:00.
        auto const havana = instants("America/Havana");
        CHECK(havana.point({2023, 11, 5}) == at("2023-11-05T04:00:00Z"));
        CHECK(havana.text({2023, 11, 5}) == "2023-11-05 00:00:00-04");
    }

    TEST_CASE("a day that clocks skip is an empty range")
    {
        auto const apia = instants("Pacific/Apia"); // 2011-12-30 did not happen
        CHECK(apia.point({2011, 12, 30}) == apia.point({2011, 12, 31}));
        CHECK(apia.point({2011, 12, 29}) < apia.point({2011, 12, 30}));
    }

    TEST_CASE("hours through a change of clocks: one lasts two hours, one does not exist")
    {
        auto const berlin = instants("Europe/Berlin");
        constexpr catalog::time_point hour = 3'600'000'000;
        CHECK(berlin.point({2026, 10, 25, 3}) - berlin.point({2026, 10, 25, 2}) == 2 * hour);
        CHECK(berlin.point({2026, 3, 29, 3}) - berlin.point({2026, 3, 29, 2}) == 0);
        CHECK(berlin.point({2026, 3, 29, 2}) - berlin.point({2026, 3, 29, 1}) == hour);
    }

    TEST_CASE("points never go back, and each bound's text reads as its point")
    {
        for (auto const *name :
             {"Europe/Berlin", "America/Havana", "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut",
              "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca"}) {
            CAPTURE(name);
            auto const axis = instants(name);
            auto previous = catalog::before_all;
            for (civil_time t{2010, 1, 1}; t < civil_time{2030, 1, 1};
                 t = next_start(step::hour, t)) {
                auto const point = axis.point(t);
                REQUIRE(point >= previous);
                if (t.hour == 0) {
                    REQUIRE(catalog::parse_time(axis.text(t)) == point);
                }
                previous = point;
            }
        }
    }

    TEST_CASE("keys without a zone")
    {
        key_axis const plain{key_kind::civil, zone::load("Africa/Cairo")};
        CHECK(plain.text({2023, 4, 28}) == "2023-04-28 00:00:00");
        CHECK(plain.point({2023, 4, 28}) == catalog::parse_time("2023-04-28 00:00:00"));
        key_axis const date{key_kind::date, zone::load("Africa/Cairo")};
        CHECK(date.text({2023, 4, 28}) == "2023-04-28");
        CHECK(date.text(date.point({2023, 4, 28})) == "2023-04-28");
        CHECK(plain.text(catalog::after_all) == "MAXVALUE or infinity");
        CHECK(plain.text(plain.point({2023, 4, 28}) + 250'000) == "2023-04-28 00:00:00.250000");
        CHECK(instants("Europe/Berlin").text(at("2026-07-01T00:00:00.5Z")) ==
              "2026-07-01 02:00:00.500000+02");
        CHECK(date.civil(parse_rfc3339("2023-04-28T22:30:00Z")) == civil_time{2023, 4, 29, 1, 30});
    }

    TEST_CASE("types of keys")
    {
        CHECK(kind_of("timestamp with time zone") == key_kind::instant);
        CHECK(kind_of("timestamp without time zone") == key_kind::civil);
        CHECK(kind_of("date") == key_kind::date);
        CHECK_FALSE(kind_of("bigint"));
        CHECK_FALSE(kind_of("uuid"));
        CHECK_FALSE(kind_of(""));
    }
}

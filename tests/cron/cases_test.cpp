// SPDX-License-Identifier: Apache-2.0
// Fixed cases: what is due when, across the changes of the clocks of several zones.
#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "cron/expression.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::cron;
using namespace std::chrono_literals;
using test::list;

namespace {

// The next `count` due instants after `from`, in the zone's own time.
std::vector<std::string> due(char const *zone_name, std::string_view text, char const *from,
                             int count = 3, day_match days = day_match::vixie)
{
    auto const in = zone::load(zone_name);
    auto const e = expression::parse(text, days);
    std::vector<std::string> out;
    std::vector<instant> instants;
    for (auto at = e.next(parse_rfc3339(from), in); at && count-- > 0; at = e.next(*at, in)) {
        out.push_back(in.format(*at));
        instants.push_back(*at);
    }
    // previous() walks the same way back.
    for (std::size_t i = instants.size(); i-- > 0;) {
        CHECK(e.previous(instants[i], in) == instants[i]);
        CHECK(e.previous(instants[i] + 1us, in) == instants[i]);
        if (i > 0) {
            CHECK(e.previous(instants[i] - 1us, in) == instants[i - 1]);
        }
    }
    return out;
}

struct due_case {
    char const *zone, *text, *from;
    list next;
};

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("twenty-five cases that two independent engines agree on")
    {
        due_case const cases[] = {
            {"Europe/Berlin",
             "30 2 * * *",
             "2026-03-28T12:00:00Z",
             {"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00",
              "2026-03-31T02:30:00+02:00"}},
            {"Europe/Berlin",
             "30 2 * * *",
             "2026-10-24T12:00:00Z",
             {"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00",
              "2026-10-27T02:30:00+01:00"}},
            {"Europe/Berlin",
             "*/15 2 * * *",
             "2026-03-28T12:00:00Z",
             {"2026-03-30T02:00:00+02:00", "2026-03-30T02:15:00+02:00",
              "2026-03-30T02:30:00+02:00"}},
            {"Europe/Berlin",
             "*/30 2 * * *",
             "2026-10-24T12:00:00Z",
             {"2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00",
              "2026-10-25T02:00:00+01:00"}},
            {"Europe/Berlin",
             "0,30 2 * * *",
             "2026-10-24T12:00:00Z",
             {"2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00",
              "2026-10-26T02:00:00+01:00"}},
            {"Europe/Berlin",
             "30 * * * *",
             "2026-10-24T23:45:00Z",
             {"2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00",
              "2026-10-25T03:30:00+01:00"}},
            {"Europe/Berlin",
             "0 */2 * * *",
             "2026-03-28T23:30:00Z",
             {"2026-03-29T04:00:00+02:00", "2026-03-29T06:00:00+02:00",
              "2026-03-29T08:00:00+02:00"}},
            {"Europe/Berlin",
             "0 1-4 * * *",
             "2026-03-28T23:30:00Z",
             {"2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00",
              "2026-03-29T04:00:00+02:00"}},
            {"Europe/Berlin",
             "0 1-4 * * *",
             "2026-10-24T22:30:00Z",
             {"2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00",
              "2026-10-25T03:00:00+01:00"}},
            {"America/New_York",
             "30 1 * * *",
             "2026-10-31T12:00:00Z",
             {"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00",
              "2026-11-03T01:30:00-05:00"}},
            {"America/New_York",
             "30 2 * * *",
             "2026-03-07T12:00:00Z",
             {"2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00",
              "2026-03-10T02:30:00-04:00"}},
            {"Africa/Cairo",
             "0 0 * * *",
             "2026-04-23T12:00:00Z",
             {"2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00",
              "2026-04-26T00:00:00+03:00"}},
            {"Africa/Cairo",
             "30 23 * * *",
             "2026-10-29T12:00:00Z",
             {"2026-10-29T23:30:00+03:00", "2026-10-30T23:30:00+02:00",
              "2026-10-31T23:30:00+02:00"}},
            {"Australia/Lord_Howe",
             "15 2 * * *",
             "2026-10-03T00:00:00Z",
             {"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00",
              "2026-10-06T02:15:00+11:00"}},
            {"Australia/Lord_Howe",
             "45 1 * * *",
             "2026-04-04T00:00:00Z",
             {"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30",
              "2026-04-07T01:45:00+10:30"}},
            {"America/Santiago",
             "0 0 * * *",
             "2026-09-05T12:00:00Z",
             {"2026-09-06T01:00:00-03:00", "2026-09-07T00:00:00-03:00",
              "2026-09-08T00:00:00-03:00"}},
            {"America/Nuuk",
             "30 23 * * *",
             "2026-03-28T12:00:00Z",
             {"2026-03-29T00:00:00-01:00", "2026-03-29T23:30:00-01:00",
              "2026-03-30T23:30:00-01:00"}},
            {"Pacific/Apia",
             "0 9 * * *",
             "2011-12-29T12:00:00Z",
             {"2011-12-29T09:00:00-10:00", "2011-12-31T09:00:00+14:00",
              "2012-01-01T09:00:00+14:00"}},
            {"Europe/Berlin",
             "0 1 L * *",
             "2027-10-30T12:00:00Z",
             {"2027-10-31T01:00:00+02:00", "2027-11-30T01:00:00+01:00",
              "2027-12-31T01:00:00+01:00"}},
            {"UTC",
             "0 0 29 2 *",
             "2096-02-29T00:00:00Z",
             {"2104-02-29T00:00:00+00:00", "2108-02-29T00:00:00+00:00",
              "2112-02-29T00:00:00+00:00"}},
            {"UTC",
             "0 12 13 * fri",
             "2026-02-12T00:00:00Z",
             {"2026-02-13T12:00:00+00:00", "2026-02-20T12:00:00+00:00",
              "2026-02-27T12:00:00+00:00"}},
            {"UTC",
             "0 12 */2 * fri",
             "2026-02-12T00:00:00Z",
             {"2026-02-13T12:00:00+00:00", "2026-02-27T12:00:00+00:00",
              "2026-03-13T12:00:00+00:00"}},
            {"UTC",
             "0 0 LW * *",
             "2026-01-01T00:00:00Z",
             {"2026-01-30T00:00:00+00:00", "2026-02-27T00:00:00+00:00",
              "2026-03-31T00:00:00+00:00"}},
            {"UTC",
             "0 0 31W * *",
             "2026-01-31T12:00:00Z",
             {"2026-03-31T00:00:00+00:00", "2026-05-29T00:00:00+00:00",
              "2026-07-31T00:00:00+00:00"}},
            {"UTC",
             "@every 90m",
             "2026-01-01T00:00:00Z",
             {"2026-01-01T01:30:00+00:00", "2026-01-01T03:00:00+00:00",
              "2026-01-01T04:30:00+00:00"}},
        };
        for (auto const &c : cases) {
            CAPTURE(c.text);
            CHECK(due(c.zone, c.text, c.from) == c.next);
        }
    }

    TEST_CASE("where clocks change")
    {
        // Each row of the table of engines: what is due on the day itself.
        CHECK(due("Europe/Berlin", "*/15 2 * * *", "2026-10-24T22:00:00Z", 9).at(7) ==
              "2026-10-25T02:45:00+01:00");
        CHECK(due("Europe/Berlin", "*/15 2 * * *", "2026-10-24T22:00:00Z", 9).at(8) ==
              "2026-10-26T02:00:00+01:00");
        // Four skipped times are one run.
        CHECK(due("Europe/Berlin", "0,15,30,45 2 * * *", "2026-03-28T12:00:00Z", 2) ==
              list{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"});
        // And one with the regular run at the end of the gap.
        CHECK(due("Europe/Berlin", "0,30 2,3 * * *", "2026-03-28T12:00:00Z") ==
              list{"2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00",
                   "2026-03-30T02:00:00+02:00"});
        // A cadence follows real time: no hole in the repeated hour, none after the skipped one.
        CHECK(due("Europe/Berlin", "*/30 * * * *", "2026-10-24T23:59:00Z", 5) ==
              list{"2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00",
                   "2026-10-25T02:00:00+01:00", "2026-10-25T02:30:00+01:00",
                   "2026-10-25T03:00:00+01:00"});
        CHECK(due("Europe/Berlin", "*/30 * * * *", "2026-03-29T00:29:00Z") ==
              list{"2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00",
                   "2026-03-29T03:30:00+02:00"});
        // `from` inside the gap's edge, inside the second pass, and exactly at a due instant.
        CHECK(due("Europe/Berlin", "30 2 * * *", "2026-03-29T01:00:00Z", 1) ==
              list{"2026-03-30T02:30:00+02:00"});
        CHECK(due("Europe/Berlin", "30 2 * * *", "2026-03-29T00:59:59.999999Z", 1) ==
              list{"2026-03-29T03:00:00+02:00"});
        CHECK(due("Europe/Berlin", "30 2 * * *", "2026-10-25T01:10:00Z", 1) ==
              list{"2026-10-26T02:30:00+01:00"});
        CHECK(due("Europe/Berlin", "30 2 * * *", "2026-10-25T00:30:00Z", 1) ==
              list{"2026-10-26T02:30:00+01:00"});
        CHECK(due("Europe/Berlin", "30 2 * * *", "2026-10-25T00:29:59.5Z", 1) ==
              list{"2026-10-25T02:30:00+02:00"});
        // 30 December 2011 did not exist in Apia: neither a clock nor a cadence schedule has
        // anything to do on it.
        CHECK(due("Pacific/Apia", "*/30 9 * * *", "2011-12-29T20:00:00Z", 2) ==
              list{"2011-12-31T09:00:00+14:00", "2011-12-31T09:30:00+14:00"});
        CHECK(due("Pacific/Apia", "0 0 30 * *", "2011-11-30T12:00:00Z", 2) ==
              list{"2012-01-30T00:00:00+14:00", "2012-03-30T00:00:00+14:00"});
        // The wall decides what the last day of a month is, not "24 hours ahead".
        CHECK(due("Europe/Berlin", "0 0 $ * *", "2027-10-30T12:00:00Z", 1) ==
              list{"2027-10-31T00:00:00+02:00"});
        CHECK(due("Europe/Berlin", "0 23 $ * *", "2030-03-29T12:00:00Z", 1) ==
              list{"2030-03-31T23:00:00+02:00"});
        // Engines were seen to stand still here.
        CHECK(due("America/New_York", "30 2 * * *", "2026-03-08T06:59:59Z", 2) ==
              list{"2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"});
    }

    TEST_CASE("far years: tzdata's rules go on")
    {
        CHECK(due("Europe/Berlin", "0 12 1 1,7 *", "2038-01-01T00:00:00Z", 2) ==
              list{"2038-01-01T12:00:00+01:00", "2038-07-01T12:00:00+02:00"});
        CHECK(due("Europe/Berlin", "30 2 * * *", "2050-03-26T12:00:00Z", 2) ==
              list{"2050-03-27T03:00:00+02:00", "2050-03-28T02:30:00+02:00"});
        CHECK(due("America/New_York", "30 2 * * *", "2100-03-13T12:00:00Z", 2) ==
              list{"2100-03-14T03:00:00-04:00", "2100-03-15T02:30:00-04:00"});
        CHECK(due("Europe/Berlin", "30 2 * * *", "2399-03-27T12:00:00Z", 2) ==
              list{"2399-03-28T03:00:00+02:00", "2399-03-29T02:30:00+02:00"});
        // Beyond what Abseil lists as changes (400 years after 2037).
        CHECK(due("Europe/Berlin", "30 2 * * *", "2799-03-27T12:00:00Z", 2) ==
              list{"2799-03-28T03:00:00+02:00", "2799-03-29T02:30:00+02:00"});
        CHECK(due("UTC", "0 0 29 2 *", "2100-01-01T00:00:00Z", 1) ==
              list{"2104-02-29T00:00:00+00:00"});
        // Gaps of 40 years between runs are real.
        CHECK(due("UTC", "0 0 * 2 fri#5", "2026-01-01T00:00:00Z") ==
              list{"2036-02-29T00:00:00+00:00", "2064-02-29T00:00:00+00:00",
                   "2092-02-29T00:00:00+00:00"});
        CHECK(due("UTC", "0 0 * 2 fri#5", "2092-02-29T00:00:00Z", 1) ==
              list{"2104-02-29T00:00:00+00:00"});
        // The ends of what can be written.
        CHECK(due("UTC", "0 0 31 12 *", "9998-12-31T00:00:00Z") ==
              list{"9999-12-31T00:00:00+00:00"});
        auto const daily = expression::parse("0 0 * * *");
        CHECK(daily.next(instant::min(), zone{}) == parse_rfc3339("0001-01-01T00:00:00Z"));
        CHECK(daily.previous(instant::max(), zone{}) == parse_rfc3339("9999-12-31T00:00:00Z"));
        CHECK_FALSE(daily.next(instant::max(), zone{}));
        CHECK_FALSE(daily.previous(instant::min(), zone{}));
        CHECK(expression::parse("@every 1h").next(instant::min(), zone{}) ==
              parse_rfc3339("0001-01-01T00:00:00Z"));
        CHECK_FALSE(
            expression::parse("@every 1h").next(parse_rfc3339("9999-12-31T23:30:00Z"), zone{}));
    }

    TEST_CASE("a schedule that only means skipped times ends, and does not search for ever")
    {
        // The last Sunday in March at 2 o'clock is always in Berlin's gap.
        auto const e = expression::parse("*/30 2 * 3 sunL");
        auto const berlin = zone::load("Europe/Berlin");
        CHECK_FALSE(e.next(parse_rfc3339("2026-01-01T00:00:00Z"), berlin));
        CHECK(e.previous(parse_rfc3339("2026-01-01T00:00:00Z"), berlin) ==
              parse_rfc3339("1980-03-30T01:30:00Z"));
        CHECK(e.next(parse_rfc3339("2026-01-01T00:00:00Z"), zone{}));
        // As a clock schedule it is due at the end of the gap.
        CHECK(due("Europe/Berlin", "0,30 2 * 3 sunL", "2026-01-01T00:00:00Z", 1) ==
              list{"2026-03-29T03:00:00+02:00"});
    }

    TEST_CASE("the day rule, and the key that states it")
    {
        auto const days = [](char const *text, day_match match) {
            list out;
            for (auto const &d : due("UTC", text, "2026-01-01T00:00:00Z", 4, match)) {
                out.push_back(d.substr(5, 5));
            }
            return out;
        };
        // Plain fields: either suffices. With a star's text: both.
        CHECK(days("0 0 13 * 5", day_match::vixie) == list{"01-02", "01-09", "01-13", "01-16"});
        CHECK(days("0 0 */2 * 5", day_match::vixie) == list{"01-09", "01-23", "02-13", "02-27"});
        CHECK(days("0 0 1 * */2", day_match::vixie) ==
              list{"02-01", "03-01", "08-01", "09-01"}); // Sunday, Tuesday, ...
        // A full list has no flag: either suffices, so every day.
        CHECK(days("0 0 13 * 0-6", day_match::vixie) == list{"01-02", "01-03", "01-04", "01-05"});
        CHECK(days("0 0 1-31 * 5", day_match::vixie) == list{"01-02", "01-03", "01-04", "01-05"});
        CHECK(days("0 0 13 * 5", day_match::all) ==
              list{"02-13", "03-13", "11-13", "08-13"}); // 2026, 2026, 2026, 2027
        CHECK(days("0 0 */2 * 5", day_match::any) == list{"01-02", "01-03", "01-05", "01-07"});
        CHECK(days("0 0 * * 5", day_match::any) == list{"01-02", "01-09", "01-16", "01-23"});
        CHECK(days("0 0 ? * 5", day_match::any) == list{"01-02", "01-09", "01-16", "01-23"});
        CHECK(days("0 0 13 * ?", day_match::vixie) == list{"01-13", "02-13", "03-13", "04-13"});
        CHECK(days("0 0 13 * ?", day_match::all) == list{"01-13", "02-13", "03-13", "04-13"});
        CHECK(days("0 0 */2 * *", day_match::vixie) == list{"01-03", "01-05", "01-07", "01-09"});
        CHECK(days("0 0 L * fri#1", day_match::vixie) == list{"01-02", "01-31", "02-06", "02-28"});
    }

    TEST_CASE("fields")
    {
        auto const first = [](char const *text, char const *from = "2026-01-01T00:00:00Z") {
            return due("UTC", text, from, 1).at(0).substr(0, 19);
        };
        CHECK(first("5 4 * * sun") == "2026-01-04T04:05:00");
        CHECK(first("5 4 * * 7/5") == "2026-01-04T04:05:00");
        CHECK(first("5 4 * * */7") == "2026-01-04T04:05:00");
        CHECK(first("5 4 * * 7") == "2026-01-04T04:05:00");
        CHECK(first("5 4 * * Sunday") == "2026-01-04T04:05:00");
        CHECK(first("5 4 * FEB *") == "2026-02-01T04:05:00");
        CHECK(first("5 4 * apr-Jun/2 *", "2026-04-30T23:00:00Z") == "2026-06-01T04:05:00");
        CHECK(first("0 0 * * fri-sun/2", "2026-01-02T00:00:00Z") == "2026-01-04T00:00:00");
        CHECK(first("0 0 * * 5-0") == "2026-01-02T00:00:00");
        CHECK(first("0 0 * * 5-7", "2026-01-03T00:00:00Z") == "2026-01-04T00:00:00");
        CHECK(first("50/5 * * * *") == "2026-01-01T00:50:00");
        CHECK(first("0 0 L-2 * *") == "2026-01-29T00:00:00");
        CHECK(first("0 0 15W * *", "2026-02-01T00:00:00Z") == "2026-02-16T00:00:00"); // a Sunday
        CHECK(first("0 0 1W * *", "2026-07-31T12:00:00Z") ==
              "2026-08-03T00:00:00"); // Saturday the 1st: Monday the 3rd
        CHECK(first("0 0 31w * *", "2026-04-30T00:00:00Z") ==
              "2026-05-29T00:00:00"); // April has none, May's is a Sunday
        CHECK(first("0 0 * * friL") == "2026-01-30T00:00:00");
        CHECK(first("0 0 * * 5l") == "2026-01-30T00:00:00");
        CHECK(first("0 0 * * 0L") == "2026-01-25T00:00:00");
        CHECK(first("0 0 * * mon#5") == "2026-03-30T00:00:00");
        CHECK(first("0 0 $,15 * *") == "2026-01-15T00:00:00");
        CHECK(first("0 0 15,$ * *", "2026-01-16T00:00:00Z") == "2026-01-31T00:00:00");
        CHECK(first("10 30 2 * * *") == "2026-01-01T02:30:10");
        CHECK(first("*/20 * * * * *") == "2026-01-01T00:00:20");
        CHECK(first("  30\t2 * * *  ") == "2026-01-01T02:30:00");
        CHECK(first("@HOURLY") == "2026-01-01T01:00:00");
        CHECK(first("@weekly") == "2026-01-04T00:00:00");
        CHECK(first("@annually") == "2027-01-01T00:00:00");
        CHECK(first("@Midnight") == "2026-01-02T00:00:00");
        CHECK(first("30 seconds") == "2026-01-01T00:00:30");
        CHECK(first("1 second") == "2026-01-01T00:00:01");
        CHECK(first("@every 366d") == "2026-02-12T00:00:00"); // 56 x 366 days after 1970-01-01
        CHECK(first("@every 1d2h3m4s", "1970-01-01T00:00:00Z") == "1970-01-02T02:03:04");
        CHECK(first("@every 1h", "1969-12-31T22:30:00Z") == "1969-12-31T23:00:00");
        // The zone does not matter for intervals.
        CHECK(expression::parse("@every 24h").next(instant{}, zone::load("Asia/Tokyo")) ==
              instant{24h});
    }

    TEST_CASE("kinds")
    {
        CHECK(expression::parse("30 2 * * *").kind() == timing::clock);
        CHECK(expression::parse("0-59 2 * * *").kind() ==
              timing::clock); // all minutes, but not by a star
        CHECK(expression::parse("*/5 2 * * *").kind() == timing::cadence);
        CHECK(expression::parse("0 * * * *").kind() == timing::cadence);
        CHECK(expression::parse("@daily").kind() == timing::clock);
        CHECK(expression::parse("*/10 30 2 * * *").kind() == timing::clock);
        CHECK(expression::parse("@every 5m").kind() == timing::every);
        CHECK(expression::parse("5 seconds").kind() == timing::seconds);
        CHECK(expression::parse("@every 5m").interval() == 5min);
        CHECK(expression::parse("* * * * *").interval() == 0us);
        CHECK(expression::parse("*/10 * * * * *").below_a_minute());
        CHECK(expression::parse("59 seconds").below_a_minute());
        CHECK_FALSE(expression::parse("@every 60s").below_a_minute());
        CHECK_FALSE(expression::parse("10 * * * * *").below_a_minute());
    }

    TEST_CASE("spread is stable and even")
    {
        // These numbers are part of the contract: another release must not move every job.
        CHECK(spread_offset("refresh-dashboard", 10min) ==
              spread_offset("refresh-dashboard", 10min));
        CHECK(spread_offset("a", 0s) == 0us);
        CHECK(spread_offset("a", 999ms) == 0us);
        CHECK(spread_offset("a", -5s) == 0us);
        std::array<int, 10> tenths{};
        for (int i = 0; i < 10'000; ++i) {
            auto const offset = spread_offset("job-" + std::to_string(i), 10min);
            REQUIRE(offset >= 0us);
            REQUIRE(offset < 10min);
            REQUIRE(offset % 1s == 0us);
            ++tenths[static_cast<std::size_t>(offset / 1min)];
        }
        for (auto const count : tenths) {
            CHECK(count > 850);
            CHECK(count < 1150);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
#include "base/duration.hpp"

#include <doctest/doctest.h>
#include <random>

#include "base/error.hpp"

using namespace pgtend;
using namespace std::chrono_literals;

namespace {

instant utc(int year, unsigned month, unsigned day, std::chrono::seconds time = 0s)
{
    using namespace std::chrono;
    return sys_days{std::chrono::year{year} / month / day} + time;
}

std::string refusal(std::string_view text)
{
    try {
        parse_duration(text);
    } catch (error const &e) {
        CHECK_FALSE(e.hint().empty());
        CHECK(e.code() == exit_code::usage);
        return e.what();
    }
    return "accepted";
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("durations in every spelling")
    {
        CHECK(parse_duration("90s") == 90s);
        CHECK(parse_duration("10min") == 10min);
        CHECK(parse_duration("10m") == 10min);
        CHECK(parse_duration("1h30m") == 90min);
        CHECK(parse_duration("500ms") == 500ms);
        CHECK(parse_duration("7 days") == 168h);
        CHECK(parse_duration(" 2 hours 30 min ") == 150min);
        CHECK(parse_duration("1w1d") == 192h);
        CHECK(parse_duration("3us") == 3us);
        CHECK(parse_duration("1 second") == 1s);
        CHECK(parse_duration("0s") == 0s);
        CHECK(parse_duration("36525d") == 876600h);
    }

    TEST_CASE("what is no duration is refused with a hint")
    {
        CHECK(refusal("") == "'' is not a duration: it is empty");
        CHECK(refusal("5") == "'5' is not a duration: the unit is missing");
        CHECK(refusal("-5m") == "'-5m' is not a duration: it has a sign");
        CHECK(refusal("+5m") == "'+5m' is not a duration: it has a sign");
        CHECK(refusal("1.5h") == "'1.5h' is not a duration: it has a fraction");
        CHECK(refusal("1h1h") == "'1h1h' is not a duration: the unit 'h' is there twice");
        CHECK(refusal("1min 2m") == "'1min 2m' is not a duration: the unit 'm' is there twice");
        CHECK(refusal("2 months") == "'2 months' is not a duration: unknown unit 'months'");
        CHECK(refusal("h") == "'h' is not a duration: a number is missing");
        CHECK(refusal("1h,2m") != "accepted");
        CHECK(refusal("1h\n") != "accepted");
        CHECK(refusal("36526d") == "'36526d' is not a duration: it is longer than 100 years");
        CHECK(refusal("36525d1us") == "'36525d1us' is not a duration: it is longer than 100 years");
        CHECK(refusal("99999999999999999999999999999s") != "accepted");
        CHECK(refusal("3155760000000000us") == "accepted");
        CHECK(refusal("3155760000000001us") != "accepted");
        CHECK(refusal(std::string(1'000'000, '9')).size() < 200);
        CHECK(refusal("5\x1b[0ms").find('\x1b') == std::string::npos);
        try {
            parse_duration("5 huors");
        } catch (error const &e) {
            CHECK(e.hint() == "Did you mean 'hours'?");
        }
    }

    TEST_CASE("intervals keep months and days apart")
    {
        CHECK(parse_interval("24 months") == interval{24, 0, 0s});
        CHECK(parse_interval("1y 6mon") == interval{18, 0, 0s});
        CHECK(parse_interval("2 weeks 1 day") == interval{0, 15, 0s});
        CHECK(parse_interval("1 month 2 days 3h") == interval{1, 2, 3h});
        CHECK(parse_interval("5m") == interval{0, 0, 5min});
        CHECK(parse_interval("100 years") == interval{1200, 0, 0s});
        CHECK_THROWS_AS(parse_interval("101 years"), error);
        CHECK_THROWS_AS(parse_interval("100 years 1us"), error);
        CHECK(to_string(interval{24, 0, 0s}) == "24 months");
        CHECK(to_string(interval{1, 2, 3h}) == "1 month 2 days 3h");
        CHECK(to_string(interval{0, 7, 0s}) == "7 days");
        CHECK(to_string(interval{0, 1, 49h}) == "1 day 49h");
        CHECK(to_string(interval{}) == "0s");
    }

    TEST_CASE("what is written is read again")
    {
        CHECK(to_string(microseconds{90min}) == "1h30m");
        CHECK(to_string(microseconds{500ms}) == "500ms");
        CHECK(to_string(microseconds{48h}) == "2d");
        CHECK(to_string(microseconds{0}) == "0s");
        CHECK(to_string(microseconds{-90s}) == "-1m30s");
        CHECK(to_string(microseconds::min()) == "-106751991d4h54s775ms808us");
        std::mt19937_64 random{20260329};
        for (int i = 0; i < 20'000; ++i) {
            microseconds const value{
                static_cast<long long>((random() >> (random() % 63 + 1)) % 3155760000000001ULL)};
            CHECK(parse_duration(to_string(value)) == value);
            interval const span{static_cast<int>(random() % 600), static_cast<int>(random() % 9000),
                                value / 4};
            CHECK(parse_interval(to_string(span)) == span);
        }
    }

    TEST_CASE("durations for people")
    {
        CHECK(humanize(0s) == "0 s");
        CHECK(humanize(120us) == "120 us");
        CHECK(humanize(350ms) == "350 ms");
        CHECK(humanize(999500us) == "1 s");
        CHECK(humanize(1240ms) == "1.2 s");
        CHECK(humanize(59940ms) == "59.9 s");
        CHECK(humanize(59960ms) == "1 min");
        CHECK(humanize(200s) == "3 min 20 s");
        CHECK(humanize(3599500ms) == "1 h");
        CHECK(humanize(7500s) == "2 h 5 min");
        CHECK(humanize(52h + 29min) == "2 d 4 h");
        CHECK(humanize(-350ms) == "-350 ms");
        CHECK_NOTHROW(humanize(microseconds::min()));
    }

    TEST_CASE("instants as RFC 3339")
    {
        CHECK(to_rfc3339(utc(2026, 3, 29, 1h)) == "2026-03-29T01:00:00Z");
        CHECK(to_rfc3339(utc(2026, 3, 29) + 120ms) == "2026-03-29T00:00:00.12Z");
        CHECK(to_rfc3339(utc(1969, 12, 31, 23h) + 1us) == "1969-12-31T23:00:00.000001Z");
        CHECK(to_rfc3339(utc(1, 1, 1)) == "0001-01-01T00:00:00Z");
        CHECK(to_rfc3339(utc(9999, 12, 31, 86399s) + 999999us) == "9999-12-31T23:59:59.999999Z");
        CHECK_THROWS_AS(to_rfc3339(utc(1, 1, 1) - 1us), error);
        CHECK_THROWS_AS(to_rfc3339(utc(10000, 1, 1)), error);
        CHECK_THROWS_AS(to_rfc3339(instant::max()), error);
        CHECK_THROWS_AS(to_rfc3339(instant::min()), error);

        CHECK(parse_rfc3339("2026-03-29T01:00:00Z") == utc(2026, 3, 29, 1h));
        CHECK(parse_rfc3339("2026-03-29t01:00:00z") == utc(2026, 3, 29, 1h));
        CHECK(parse_rfc3339("2026-03-29 03:00:00+02:00") == utc(2026, 3, 29, 1h));
        CHECK(parse_rfc3339("2026-03-29 03:00:00.5+02") == utc(2026, 3, 29, 1h) + 500ms);
        CHECK(parse_rfc3339("2026-03-28T19:30:00.1234567-05:30") ==
              utc(2026, 3, 29, 1h) + 123456us);
        CHECK(parse_rfc3339("2024-02-29T00:00:00Z") == utc(2024, 2, 29));
        for (auto const *bad : {"",
                                "2026",
                                "2026-03-29",
                                "2026-03-29T01:00:00",
                                "2026-03-29T01:00Z",
                                "2026-02-29T00:00:00Z",
                                "2026-13-01T00:00:00Z",
                                "2026-04-31T00:00:00Z",
                                "2026-03-29T24:00:00Z",
                                "2026-03-29T01:60:00Z",
                                "2026-03-29T01:00:60Z",
                                "2026-03-29T01:00:00.Z",
                                "2026-03-29T01:00:00+24:00",
                                "2026-03-29T01:00:00+0200",
                                "2026-03-29T01:00:00Zx",
                                " 2026-03-29T01:00:00Z",
                                "26-03-29T01:00:00Z",
                                "2026-3-29T01:00:00Z",
                                "2026-03-29T01:00:00+",
                                "0000-01-01T00:00:00Z",
                                "0001-01-01T00:00:00+01:00",
                                "9999-12-31T23:59:59-01:00",
                                "-026-03-29T01:00:00Z",
                                "2026-03-29X01:00:00Z",
                                "now"}) {
            CAPTURE(bad);
            CHECK_THROWS_AS(parse_rfc3339(bad), error);
        }
        CHECK_THROWS_AS(parse_rfc3339(std::string_view{"2026-03-29\0", 11}), error);
        std::mt19937_64 random{1};
        for (int i = 0; i < 20'000; ++i) {
            auto const at = utc(1, 1, 1) +
                            microseconds{static_cast<long long>(random() % 315537897600000000ULL)};
            CHECK(parse_rfc3339(to_rfc3339(at)) == at);
        }
    }
}

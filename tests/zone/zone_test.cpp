// SPDX-License-Identifier: Apache-2.0
#include "zone/zone.hpp"

#include <cstdlib>
#include <ctime>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "base/duration.hpp"
#include "base/error.hpp"

using namespace pgtend;
using namespace std::chrono_literals;

namespace {

struct refusal {
    std::string message, hint;
};

refusal refused(std::string_view name)
{
    try {
        zone::load(name);
    } catch (usage_error const &e) {
        return {e.message(), e.hint()};
    }
    return {"accepted", ""};
}

instant utc(char const *text)
{
    return parse_rfc3339(text);
}

// Runs in a process of its own, since zones are kept once they are loaded; true when `body` returns
// true.
template <class Body> bool in_child(Body body)
{
    auto const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        bool good = false;
        try {
            good = body();
        } catch (...) {
        }
        ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status == 0;
}

// What glibc's clock shows; another reader of the same files.
civil_time by_libc(std::string const &name, instant at, seconds &offset)
{
    ::setenv("TZ", (":" + name).c_str(), 1);
    ::tzset();
    auto const whole = std::chrono::floor<seconds>(at).time_since_epoch().count();
    std::tm tm{};
    ::localtime_r(&whole, &tm);
    ::unsetenv("TZ");
    ::tzset();
    offset = seconds{tm.tm_gmtoff};
    return {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec};
}

std::vector<std::string> all_names()
{
    std::vector<std::string> out;
    std::ifstream in{"/usr/share/zoneinfo/tzdata.zi"};
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("Z ") && !line.starts_with("Z Factory")) { // which is no place
            out.push_back(line.substr(2, line.find(' ', 2) - 2));
        }
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("names")
    {
        CHECK(zone::load("Europe/Berlin").name() == "Europe/Berlin");
        CHECK(zone::load("UTC") == zone{});
        CHECK(zone{}.name() == "UTC");
        CHECK(zone::load("Etc/UTC").name() == "Etc/UTC");
        CHECK(zone::load("Europe/Berlin") == zone::load("Europe/Berlin"));
        CHECK_FALSE(zone::load("Europe/Berlin") == zone::load("Europe/Paris"));
        CHECK(zone::load("Etc/GMT-3").to_civil(instant{}).offset == 3h);

        CHECK(refused("").message == "time zone '' is empty");
        CHECK(refused("Europe/Berln").hint == "Did you mean 'Europe/Berlin'?");
        CHECK(refused("europe/berlin").hint == "Did you mean 'Europe/Berlin'?");
        CHECK(refused("Kinshasa").hint == "Did you mean 'Africa/Kinshasa'?");
        CHECK(refused("UTC+3").hint.find("Etc/GMT-3") != std::string::npos);
        CHECK(refused("+02:00").hint.find("Etc/GMT-3") != std::string::npos);
        CHECK(refused("posix/Europe/Berlin").hint == "Write 'Europe/Berlin'.");
        CHECK(refused("right/Europe/Berlin").hint == "Write 'Europe/Berlin'.");
        CHECK(refused("Middle Earth").message == "time zone 'Middle Earth' is no IANA name");
        for (std::string const bad : {"/usr/share/zoneinfo/UTC",
                                      "../zoneinfo/UTC",
                                      "Europe/../UTC",
                                      "Europe/./Berlin",
                                      "Europe//Berlin",
                                      "Europe/",
                                      "Europe",
                                      "localtime",
                                      "Localtime",
                                      "local",
                                      "SYSTEM",
                                      "Fixed/UTC+01:00:00",
                                      "fixed/x",
                                      "posixrules",
                                      "Factory",
                                      ":UTC",
                                      "UTC ",
                                      " UTC",
                                      "utc",
                                      "tzdata.zi",
                                      "zone.tab",
                                      "leapseconds",
                                      "+VERSION",
                                      "CET-1CEST,M3.5.0,M10.5.0/3",
                                      "<+01>-1",
                                      "Europe/Berlin\n",
                                      "Eur\u00f6pe/Berlin",
                                      "posix",
                                      "x"}) {
            CAPTURE(bad);
            auto const got = refused(bad);
            CHECK(got.message.starts_with("time zone '"));
            CHECK_FALSE(got.hint.empty());
        }
        CHECK(refused(std::string("UTC\0", 4)).message.find("\\x00") != std::string::npos);
        CHECK(refused(std::string(1'000'000, 'A')).message.size() < 200);
    }

    TEST_CASE("a host without tzdata says so, and is never UTC by silence")
    {
        CHECK(in_child([] {
            ::setenv("TZDIR", "/nonexistent", 1);
            auto const got = refused("Asia/Tokyo");
            return got.message.find("this host has no time zones in /nonexistent") !=
                       std::string::npos &&
                   got.hint.find("tzdata") != std::string::npos &&
                   zone::load("UTC").name() == "UTC" &&
                   zone::load("Etc/UTC").to_civil(instant{}).offset == 0s;
        }));
        // A damaged file is no zone either.
        auto const folder =
            std::filesystem::temp_directory_path() / ("pgtend-zone-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder / "Etc");
        std::filesystem::create_directories(folder / "Asia");
        std::ofstream{folder / "Asia" / "Tokyo"} << "TZif2 and then nothing of use";
        std::ofstream{folder / "Asia" / "Seoul"} << "no zone at all";
        CHECK(in_child([&] {
            ::setenv("TZDIR", folder.c_str(), 1);
            return refused("Asia/Tokyo").message.find("damaged") != std::string::npos &&
                   refused("Asia/Seoul").message.find("unknown") != std::string::npos;
        }));
        std::filesystem::remove_all(folder);
    }

    TEST_CASE("slim files tell the same as fat ones")
    {
        auto const folder =
            std::filesystem::temp_directory_path() / ("pgtend-slim-" + std::to_string(::getpid()));
        auto const command =
            "/usr/sbin/zic -b slim -d " + folder.string() + " /usr/share/zoneinfo/tzdata.zi 2>&1";
        REQUIRE(std::system(command.c_str()) == 0);
        CHECK(in_child([&] {
            ::setenv("TZDIR", folder.c_str(), 1);
            auto const madrid = zone::load("Europe/Madrid"); // not loaded by any other test here
            return std::filesystem::file_size(folder / "Europe/Madrid") < 1500 &&
                   madrid.format(utc("2026-01-15T12:00:00Z")) == "2026-01-15T13:00:00+01:00" &&
                   madrid.format(utc("2038-07-15T12:00:00Z")) == "2038-07-15T14:00:00+02:00" &&
                   madrid.format(utc("2100-07-15T12:00:00Z")) == "2100-07-15T14:00:00+02:00" &&
                   madrid.next_transition(utc("2050-01-01T00:00:00Z")) ==
                       utc("2050-03-27T01:00:00Z");
        }));
        std::filesystem::remove_all(folder);
    }

    TEST_CASE("civil time: unique, skipped, repeated")
    {
        auto const berlin = zone::load("Europe/Berlin");
        auto const local = berlin.to_civil(utc("2026-03-29T01:00:00.25Z"));
        CHECK(local.civil == civil_time{2026, 3, 29, 3, 0, 0});
        CHECK(local.offset == 2h);
        CHECK(local.fraction == 250ms);
        CHECK(berlin.to_civil(utc("1969-12-31T22:59:59.9Z")).civil ==
              civil_time{1969, 12, 31, 23, 59, 59});
        CHECK(berlin.to_civil(utc("1969-12-31T22:59:59.9Z")).fraction == 900ms);

        auto const unique = berlin.from_civil({2026, 7, 1, 12, 0, 0});
        CHECK(unique.kind == civil_instants::kind::unique);
        CHECK(unique.earlier == utc("2026-07-01T10:00:00Z"));
        CHECK(unique.later == unique.earlier);

        auto const skipped = berlin.from_civil({2026, 3, 29, 2, 30, 0});
        CHECK(skipped.kind == civil_instants::kind::skipped);
        CHECK(skipped.transition == utc("2026-03-29T01:00:00Z"));
        CHECK(skipped.earlier == utc("2026-03-29T00:30:00Z"));
        CHECK(skipped.later == utc("2026-03-29T01:30:00Z"));

        auto const repeated = berlin.from_civil({2026, 10, 25, 2, 30, 0});
        CHECK(repeated.kind == civil_instants::kind::repeated);
        CHECK(repeated.earlier == utc("2026-10-25T00:30:00Z"));
        CHECK(repeated.later == utc("2026-10-25T01:30:00Z"));
        CHECK(repeated.transition == utc("2026-10-25T01:00:00Z"));
    }

    TEST_CASE("text with an offset")
    {
        CHECK(zone{}.format(utc("2026-03-29T01:00:00Z")) == "2026-03-29T01:00:00+00:00");
        CHECK(zone::load("Australia/Lord_Howe").format(utc("2026-04-06T01:00:00.5Z")) ==
              "2026-04-06T11:30:00.5+10:30");
        CHECK(zone::load("America/St_Johns").format(utc("2026-01-01T00:00:00Z")) ==
              "2025-12-31T20:30:00-03:30");
        CHECK(zone::load("Europe/Berlin").format(utc("1800-01-01T00:00:00Z")) ==
              "1800-01-01T00:53:28+00:53:28");
        CHECK_THROWS_AS(zone{}.format(instant::max()), error);
        CHECK_THROWS_AS(zone::load("Etc/GMT-3").format(utc("9999-12-31T23:00:00Z")), error);
    }

    TEST_CASE("transitions and spans")
    {
        auto const berlin = zone::load("Europe/Berlin");
        auto const spring = utc("2026-03-29T01:00:00Z");
        auto const autumn = utc("2026-10-25T01:00:00Z");
        CHECK(berlin.next_transition(utc("2026-01-01T00:00:00Z")) == spring);
        CHECK(berlin.next_transition(spring) == autumn);
        CHECK(berlin.next_transition(spring - 1us) == spring);
        CHECK(berlin.previous_transition(autumn) == spring);
        CHECK(berlin.previous_transition(autumn + 1us) == autumn);
        auto const span = berlin.span_at(utc("2026-05-01T00:00:00Z"));
        CHECK(span.begin == spring);
        CHECK(span.end == autumn);
        CHECK(span.offset == 2h);
        CHECK(span.before == 1h);
        CHECK(span.after == 1h);
        CHECK(berlin.span_at(autumn).begin == autumn);
        CHECK(berlin.span_at(autumn - 1us).end == autumn);
        // The rules go on, also where Abseil's list of changes ends (400 years after 2037).
        CHECK(berlin.next_transition(utc("2437-01-01T00:00:00Z")) == utc("2437-03-29T01:00:00Z"));
        CHECK(berlin.next_transition(utc("2438-01-01T00:00:00Z")) == utc("2438-03-28T01:00:00Z"));
        CHECK(berlin.next_transition(utc("9998-06-01T00:00:00Z")) == utc("9998-10-25T01:00:00Z"));
        CHECK(berlin.previous_transition(utc("9998-06-01T00:00:00Z")) ==
              utc("9998-03-29T01:00:00Z"));
        CHECK_FALSE(zone{}.next_transition(instant::min()));
        CHECK_FALSE(zone{}.previous_transition(instant::max()));
        CHECK_FALSE(zone::load("Africa/Kinshasa").next_transition(utc("2026-01-01T00:00:00Z")));
        CHECK(zone{}.span_at(instant{}).begin == instant::min());
        CHECK(zone{}.span_at(instant{}).end == instant::max());
        // A zone that changed its abbreviation, not its offset, had no transition.
        for (auto const &name : all_names()) {
            auto const in = zone::load(name);
            for (auto at = in.next_transition(instant::min());
                 at && *at < utc("2500-01-01T00:00:00Z"); at = in.next_transition(*at)) {
                auto const s = in.span_at(*at);
                bool const good = s.begin == *at && s.before != s.offset &&
                                  in.previous_transition(*at + 1us) == at &&
                                  in.to_civil(*at - 1us).offset == s.before &&
                                  in.to_civil(*at).offset == s.offset;
                if (!good) {
                    FAIL_CHECK(name << " " << to_rfc3339(*at));
                }
                // What cron relies on: clocks do not go back by more than a span lasts.
                if (s.before > s.offset && s.end != instant::max() &&
                    s.end - s.begin < s.before - s.offset) {
                    FAIL_CHECK(name << " " << to_rfc3339(*at)
                                    << " goes back by more than the span that follows");
                }
            }
        }
    }

    TEST_CASE("all zones, as the C library reads them")
    {
        std::mt19937_64 random{19700101};
        auto const names = all_names();
        CHECK(names.size() > 300);
        for (auto const &name : names) {
            auto const in = zone::load(name);
            for (int i = 0; i < 60; ++i) {
                auto at =
                    utc("1902-01-01T00:00:00Z") +
                    microseconds{static_cast<long long>(random() % 16'000'000'000'000'000ULL)};
                if (i % 2 == 0) {
                    if (auto const change = in.next_transition(at)) {
                        at = *change - seconds{i % 4};
                    }
                }
                seconds offset{};
                auto const expected = by_libc(name, at, offset);
                auto const got = in.to_civil(at);
                bool good = got.civil == expected && got.offset == offset;
                auto const back = in.from_civil(got.civil);
                auto const whole = std::chrono::floor<seconds>(at);
                good = good && (back.earlier == whole || back.later == whole) &&
                       back.kind != civil_instants::kind::skipped;
                if (!good) {
                    FAIL_CHECK(name << " at " << to_rfc3339(at) << ": " << in.format(at));
                }
            }
        }
    }
}

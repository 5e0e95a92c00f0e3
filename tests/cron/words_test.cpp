// SPDX-License-Identifier: Apache-2.0
// What is printed: canonical text, words, lints, answers of the batch.
#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cron/batch.hpp"
#include "cron/expression.hpp"
#include "support/lists.hpp"

using namespace pgtend;
using namespace pgtend::cron;
using test::list;

namespace {

std::string words(std::string_view text, day_match days = day_match::vixie)
{
    return expression::parse(text, days).describe();
}

std::string canonical(std::string_view text)
{
    auto const e = expression::parse(text);
    auto const again = expression::parse(e.print());
    CHECK(again == e);
    CHECK(again.print() == e.print());
    return e.print();
}

std::vector<std::string> ids(std::vector<lint> const &all)
{
    std::vector<std::string> out;
    for (auto const &l : all) {
        CHECK_FALSE(l.message.empty());
        CHECK(l.hint.ends_with('.'));
        out.push_back(l.id);
    }
    return out;
}

std::vector<std::string> ids(std::string_view text, day_match days = day_match::vixie)
{
    return ids(expression::parse(text, days).lints());
}

std::vector<lint> in_zone(std::string_view text, char const *name,
                          char const *from = "2026-01-01T00:00:00Z")
{
    return expression::parse(text).lints(zone::load(name), parse_rfc3339(from));
}

std::string answer(std::string_view line)
{
    std::string out = "before:";
    answer_line(line, out);
    REQUIRE(out.starts_with("before:"));
    return out.substr(7);
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("canonical text")
    {
        CHECK(canonical(" 5\t04 * JAN-Mar,dec  Sun ") == "5 4 * 1-3,12 0");
        CHECK(canonical("@Daily") == "0 0 * * *");
        CHECK(canonical("0 0 ? * 7") == "0 0 * * 0");
        CHECK(canonical("0 0 $,l-2,15w,lw * *") == "0 0 L,L-2,15W,LW * *");
        CHECK(canonical("0 0 * * fri#2,sunl,fri-sun/2,0-7") == "0 0 * * 5#2,0L,5-7/2,0-6");
        CHECK(canonical("*/1 5-5 1-31/1 * 7-7") == "* 5 1-31 * 0");
        CHECK(canonical("5/10 * * * mon/2") == "5-59/10 * * * 1-6/2");
        CHECK(canonical("0 0 * * 7/5,6/2,0/6") == "0 0 * * 0,6,0-6/6");
        CHECK(canonical("0 0 * * */7") == "0 0 * * */7");
        CHECK(canonical("0 0 3 * * *") == "0 3 * * *");
        CHECK(canonical("00 30 2 * * *") == "30 2 * * *");
        CHECK(canonical("10 30 2 * * *") == "10 30 2 * * *");
        CHECK(canonical("59/5 0 * * *") == "59 0 * * *");
        CHECK(canonical("@every 90m") == "@every 1h30m");
        CHECK(canonical("@EVERY 0d36h") == "@every 1d12h");
        CHECK(canonical("05 SECONDS") == "5 seconds");
        CHECK(canonical("1 second") == "1 second");
        // The star is what makes a cadence: it stays.
        CHECK(canonical("0-59 2 * * *") == "0-59 2 * * *");
        CHECK_FALSE(expression::parse("0-59 2 * * *") == expression::parse("* 2 * * *"));
        CHECK_FALSE(expression::parse("0 0 1 * 5") ==
                    expression::parse("0 0 1 * 5", day_match::all));
        CHECK(expression::parse("0 0 * * 5") == expression::parse("0 0 * * fri", day_match::all));
        CHECK(expression::parse("@every 59s") == expression::parse("59 seconds"));
        CHECK_FALSE(expression::parse("@every 1m") == expression::parse("* * * * *"));
        CHECK(expression::parse(" 5\t4 * * * ").text() == " 5\t4 * * * ");
    }

    TEST_CASE("words")
    {
        CHECK(words("* * * * *") == "every minute");
        CHECK(words("*/5 * * * *") == "every 5 minutes");
        CHECK(words("*/7 * * * *") ==
              "at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour");
        CHECK(words("30 2 * * *") == "at 02:30, every day");
        CHECK(words("0 9,17 * * mon-fri") == "at 09:00 and 17:00, on Monday to Friday");
        CHECK(words("*/15 9-17 * * 1-5") ==
              "every 15 minutes from 09:00 to 17:45, on Monday to Friday");
        CHECK(words("* 2,4,8 * * *") == "every minute in the hours 2, 4 and 8, every day");
        CHECK(words("*/10 */2 * * *") == "every 10 minutes in every 2nd hour from 00:00");
        CHECK(words("17 */3 * * *") == "at minute 17 of every 3rd hour from 00:00");
        CHECK(words("0 */2 1 * *") ==
              "at minute 0 of every 2nd hour from 00:00, on day 1 of the month");
        CHECK(words("5 0-10,20 * * *") == "at minute 5 of the hours 0 to 10 and 20, every day");
        CHECK(words("0 0 13 * 5") == "at 00:00, on day 13 of the month, and also on Friday");
        CHECK(words("0 0 13 * 5", day_match::all) ==
              "at 00:00, on day 13 of the month, but only if that is Friday");
        CHECK(words("0 0 */2 * 5") ==
              "at 00:00, on every 2nd day of the month, from the 1st, but only if that is Friday");
        CHECK(words("0 0 1,15,L * *") ==
              "at 00:00, on days 1 and 15 and the last day of the month");
        CHECK(words("0 0 L-1 * *") == "at 00:00, on the day before the last of the month");
        CHECK(words("0 0 LW jan-mar *") ==
              "at 00:00, on the last workday of the month, in January to March");
        CHECK(words("0 0 15W */3 *") == "at 00:00, on the workday nearest to day 15 of the month, "
                                        "in January, April, July and October");
        CHECK(words("0 0 * * fri#2,sunL") ==
              "at 00:00, on the second Friday of the month and the last Sunday of the month");
        CHECK(words("0 0 * 7 *") == "at 00:00, every day, in July");
        CHECK(words("* * * 7 *") == "every minute, every day, in July");
        CHECK(words("* * * * sat,sun") == "every minute, on Saturday and Sunday");
        CHECK(words("@every 90m") == "every 1h30m, counted from 1970-01-01T00:00:00Z");
        CHECK(words("* * * * * *") == "every second");
        CHECK(words("*/10 * * * * *") == "every 10 seconds");
        CHECK(words("15 * * * * *") == "at second 15 of every minute");
        CHECK(words("*/7 * * * * *") ==
              "at seconds 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every minute");
        CHECK(words("15 30 2 * * *") == "at 02:30:15, every day");
        CHECK(words("0,30 0 3 * * *") == "at 03:00, at seconds 0 and 30, every day");
    }

    TEST_CASE("lints about the text")
    {
        CHECK(ids("30 2 * * *").empty());
        CHECK(ids("*/15 */6 * */3 *").empty());
        CHECK(ids("@daily").empty());
        CHECK(ids("*/7 * * * *") == list{"uneven-step"});
        CHECK(ids("0 */5 * * *") == list{"uneven-step"});
        CHECK(ids("0 0 */2 * *") == list{"uneven-step"});
        CHECK(ids("0 0 * */5 *") == list{"uneven-step"});
        CHECK(ids("0 0 * * */2") == list{"uneven-step"});
        CHECK(expression::parse("*/7 * * * *").lints().at(0).message ==
              "minute field '*/7': its step starts again in each hour, where the last one is 4 "
              "instead of 7 long");
        CHECK(expression::parse("0 0 */2 * *")
                  .lints()
                  .at(0)
                  .message.ends_with("so it runs on day 31 and on day 1"));
        CHECK(ids("5/10 * * * *") == list{"not-portable"});
        CHECK(expression::parse("5/10 * * * *").lints().at(0).hint ==
              "Write '5-59/10', which means the same everywhere.");
        CHECK(expression::parse("0 0 * * 7/5").lints().at(0).hint ==
              "Write '0', which means the same everywhere.");
        CHECK(ids("0 0 13 * 5") == list{"day-rule"});
        CHECK(ids("0 0 13 * 5", day_match::any).empty());
        CHECK(ids("0 0 13 * 5", day_match::all).empty());
        CHECK(ids("0 0 1-31 * 5") == list{"day-rule"}); // every day, which nobody means
        CHECK(ids("0 0 */2 * 5") == list{"uneven-step", "day-rule"});
        CHECK(expression::parse("0 0 13 * 5").lints().at(0).message.find("either") !=
              std::string::npos);
        CHECK(expression::parse("0 0 */2 * 5").lints().at(1).message.find("only when both match") !=
              std::string::npos);
        CHECK(ids("0 0 ? * 5").empty());
        CHECK(ids("0 0 31 * *") == list{"short-months"});
        CHECK(ids("0 0 29 2 *") == list{"short-months"});
        CHECK(ids("0 0 29 * *") == list{"short-months"});
        CHECK(ids("0 0 28 * *").empty());
        CHECK(ids("0 0 31 1,3 *").empty());
        CHECK(ids("30 seconds") == list{"seconds"});
        CHECK(ids("@every 10s") == list{"seconds"});
        CHECK(ids("@every 1m").empty());
        CHECK(ids("*/10 * * * * *") == list{"seconds"});
        CHECK(ids("10 30 2 * * *") == list{"seconds"});
        CHECK(ids("0 30 2 * * *").empty());
    }

    TEST_CASE("lints about a zone")
    {
        auto const clock = in_zone("30 2 * * *", "Europe/Berlin");
        CHECK(ids(clock) == list{"gap", "repeat"});
        CHECK(clock[0].message == "on 2026-03-29 the clocks of Europe/Berlin skip 02:00 to 03:00: "
                                  "it runs once instead, at 2026-03-29T03:00:00+02:00");
        CHECK(clock[1].message == "on 2026-10-25 the clocks of Europe/Berlin repeat 02:00 to "
                                  "03:00: it runs in the first pass only");
        auto const cadence = in_zone("*/15 2 * * *", "Europe/Berlin");
        CHECK(ids(cadence) == list{"gap", "repeat"});
        CHECK(cadence[0].message == "on 2026-03-29 the clocks of Europe/Berlin skip 02:00 to "
                                    "03:00: 4 of its times do not run");
        CHECK(cadence[1].message == "on 2026-10-25 the clocks of Europe/Berlin repeat 02:00 to "
                                    "03:00: 4 of its times run twice");
        // Real time has neither.
        CHECK(ids(in_zone("*/15 * * * *", "Europe/Berlin")).empty());
        CHECK(ids(in_zone("0 */2 * * *", "Europe/Berlin")) == list{"gap", "repeat"});
        CHECK(ids(in_zone("30 3 * * *", "Europe/Berlin")).empty());
        CHECK(ids(in_zone("30 2 * * *", "UTC")).empty());
        CHECK(ids(in_zone("30 2 * * *", "Africa/Kinshasa")).empty());
        CHECK(ids(in_zone("@every 1h", "Europe/Berlin")).empty());
        // Only for its days: the second Sunday in March, not each.
        CHECK(ids(in_zone("30 2 1 * *", "Europe/Berlin")).empty());
        CHECK(ids(in_zone("0 0 * * *", "Africa/Cairo")) == list{"gap"});
        // Only within 400 days.
        CHECK(ids(in_zone("0 9 * * *", "Pacific/Apia", "2009-01-01T00:00:00Z")).empty());
        auto const missing = in_zone("0 9 * * *", "Pacific/Apia", "2011-12-01T00:00:00Z");
        REQUIRE_FALSE(missing.empty());
        CHECK(missing[0].message ==
              "on 2011-12-30 the clocks of Pacific/Apia skip 00:00 to 2011-12-31 00:00: "
              "one of its times does not run");
        CHECK(ids(in_zone("30 2 * * *", "Europe/Berlin", "9999-06-01T00:00:00Z")) ==
              list{"repeat"});
        CHECK_NOTHROW(
            expression::parse("30 2 * * *").lints(zone::load("Europe/Berlin"), instant::max()));
        CHECK(ids(in_zone("*/30 2 * 3 sunL", "Europe/Berlin")) == list{"never", "gap"});
    }

    TEST_CASE("answers by the line")
    {
        CHECK(answer("30 2 * * *\tEurope/Berlin\t2026-03-28T12:00:00Z") ==
              "30 2 * * "
              "*\tEurope/"
              "Berlin\t2026-03-28T12:00:00Z\t2026-03-29T01:00:00Z\t2026-03-30T00:30:00Z\t2026-03-"
              "31T00:30:00Z");
        CHECK(answer("@every 90m\tUTC\t2026-01-01 01:00:00+01:00\t1\r") ==
              "@every 90m\tUTC\t2026-01-01 01:00:00+01:00\t2026-01-01T01:30:00Z");
        auto const many = answer("* * * * *\tUTC\t2026-01-01T00:00:00Z\t1000");
        CHECK(split(many, '\t').size() == 1003);
        CHECK(many.ends_with("\t2026-01-01T16:40:00Z"));
        CHECK(answer("0 0 1 1 *\tUTC\t9998-06-01T00:00:00Z") ==
              "0 0 1 1 *\tUTC\t9998-06-01T00:00:00Z\t9999-01-01T00:00:00Z");
        // Whatever is wrong: the three fields, INVALID, one reason.
        for (auto const *line :
             {"60 * * * *\tUTC\t2026-01-01T00:00:00Z",
              "* * * * *\tEurope/Berln\t2026-01-01T00:00:00Z", "* * * * *\tUTC\tyesterday",
              "* * * * *\tUTC\t2026-01-01T00:00:00Z\t0",
              "* * * * *\tUTC\t2026-01-01T00:00:00Z\t1001",
              "* * * * *\tUTC\t2026-01-01T00:00:00Z\t+3",
              "* * * * *\tUTC\t2026-01-01T00:00:00Z\t3x", "* * * * *\tUTC\t2026-01-01T00:00:00Z\t",
              "* * * * *\tUTC\t2026-01-01T00:00:00Z\t3\t4", "* * * * *\t\t2026-01-01T00:00:00Z",
              "\t\t", "* * * * *\tUTC\t9999-12-31T23:59:00Z",
              "* * * * *\t../UTC\t2026-01-01T00:00:00Z",
              "*/30 2 * 3 sunL\tEurope/Berlin\t2026-01-01T00:00:00Z"}) {
            CAPTURE(line);
            auto const got = split(answer(line), '\t');
            auto const asked = split(line, '\t');
            REQUIRE(got.size() == 5);
            CHECK(list{got.begin(), got.begin() + 3} == list{asked.begin(), asked.begin() + 3});
            CHECK(got[3] == "INVALID");
            CHECK(got[4].size() > 10);
            CHECK(got[4].find('\n') == std::string::npos);
        }
        CHECK(answer("").starts_with("\t\t\tINVALID\t"));
        CHECK(answer("* * * * *").starts_with("* * * * *\t\t\tINVALID\t"));
        CHECK(answer("60 * * * *\tUTC\t2026-01-01T00:00:00Z").find("(Write 0 to 59") !=
              std::string::npos);
    }
}

// SPDX-License-Identifier: Apache-2.0
// What is no schedule, and that the message says where and what to write instead.
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cron/expression.hpp"

using namespace pgtend;
using namespace pgtend::cron;
using namespace std::string_literals;

namespace {

struct refusal {
    std::string message, hint;
};

refusal refused(std::string_view text)
{
    try {
        auto const e = expression::parse(text);
        return {"accepted as " + e.print(), ""};
    } catch (usage_error const &e) {
        return {e.message(), e.hint()};
    }
}

struct refused_case {
    std::string text;
    char const *place;  // in the message
    char const *advice; // in the hint
};

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("fifty-four refusals")
    {
        refused_case const cases[] = {
            {"", "it is empty", "five fields"},
            {"* * * *", "it has 4 fields", "minute, hour"},
            {"* * * * * * *", "it has 7 fields", "year"},
            {"0 3 * * * foo", "day-of-week field 'foo'", "sun to sat"},
            {"60 * * * *", "minute field '60'", "0 to 59"},
            {"0 24 * * *", "hour field '24'", "0 to 23"},
            {"0 0 0 * *", "day-of-month field '0'", "1 to 31"},
            {"0 0 32 * *", "day-of-month field '32'", "1 to 31"},
            {"0 0 * 13 *", "month field '13'", "1 to 12"},
            {"0 0 * 0 *", "month field '0'", "1 to 12"},
            {"0 0 * * 8", "day-of-week field '8'", "0 to 7"},
            {"-5 * * * *", "minute field '-5'", "0 to 59"},
            {"1-2-3 * * * *", "minute field '1-2-3'", "0-30"},
            {"1--3 * * * *", "minute field '1--3'", "0-30"},
            {"*-5 * * * *", "minute field '*-5'", "*/15"},
            {"*5 * * * *", "minute field '*5'", "*/15"},
            {"**/2 * * * *", "minute field '**/2'", "*/15"},
            {"*/0 * * * *", "minute field '*/0'", "*/15"},
            {"*/60 * * * *", "minute field '*/60'", "@every"},
            {"*/2/3 * * * *", "minute field '*/2/3'", "*/15"},
            {"*/-2 * * * *", "minute field '*/-2'", "*/15"},
            {"*/1.5 * * * *", "minute field '*/1.5'", "*/15"},
            {"1,,2 * * * *", "minute field '1,,2'", "list"},
            {",1 * * * *", "minute field ',1'", "list"},
            {"1, * * * *", "minute field '1,'", "list"},
            {"5x 3 * * *", "minute field '5x'", "0 to 59"},
            {"5! 3 * * *", "minute field '5!'", "0 to 59"},
            {"0 22-2 * * *", "hour field '22-2'", "'22-23,0-2'"},
            {"0 3 * jan-foo *", "month field 'jan-foo'", "jan to dec"},
            {"0 0 jan * *", "day-of-month field 'jan'", "1 to 31"},
            {"0 0 * * funday", "day-of-week field 'funday'", "'sun'"},
            {"0 0 * * 5#6", "day-of-week field '5#6'", "fri#2"},
            {"0 0 * * 5#0", "day-of-week field '5#0'", "fri#2"},
            {"0 0 0W * *", "day-of-month field '0W'", "15W"},
            {"0 0 ? * ?", "day-of-month and day-of-week field", "'*'"},
            {"? 0 * * *", "minute field '?'", "'*'"},
            {"0 0 L-31 * *", "day-of-month field 'L-31'", "'L'"},
            {"0 0 31 2,4,6,9,11 *", "day-of-month", "'L'"},
            {"@Reboot", "@Reboot", "service unit"},
            {"@fortnightly", "@fortnightly", "@"},
            {"@daily junk", "unexpected 'junk'", "whole schedule"},
            {"@every 5", "@every", "@every 1h30m"},
            {"@every -5m", "@every", "@every 1h30m"},
            {"@every 0s", "@every", "1s to 366d"},
            {"0 seconds", "seconds field '0'", "@every"},
            {"60 seconds", "seconds field '60'", "@every"},
            {"H 3 * * *", "minute field 'H'", "spread"},
            {"0~30 3 * * *", "minute field '0~30'", "spread"},
            {"4294967296 * * * *", "minute field '4294967296'", "0 to 59"},
            {"\u0663 * * * *", "minute field", "digits are 0 to 9"},
            {"0 3 * * *;drop", "day-of-week field '*;drop'", "sun to sat"},
            {"0 3\n * * *", "hour field", "blanks"},
            {"TZ=UTC 0 3 * * *", "TZ=UTC", "timezone:"},
            {std::string(1'000'000, '*'), "1,000,000 bytes", "lists"},
        };
        CHECK(std::size(cases) == 54);
        for (auto const &c : cases) {
            auto const got = refused(c.text);
            CAPTURE(printable(head_and_tail(c.text, 60)));
            CAPTURE(got.message);
            CAPTURE(got.hint);
            CHECK(got.message.starts_with("schedule '"));
            CHECK(got.message.find(c.place) != std::string::npos);
            CHECK(got.hint.find(c.advice) != std::string::npos);
            CHECK(got.message.find('\n') == std::string::npos);
            CHECK(got.message.size() < 500);
            CHECK((got.hint.back() == '.' || got.hint.back() == '?'));
        }
    }

    TEST_CASE("more of the same")
    {
        for (auto const &text : {
                 " "s,
                 "\t"s,
                 "* * * * * * * *"s,
                 "0 3 * * *\n"s,
                 "\n0 3 * * *"s,
                 "0 3 *\0 * *"s,
                 "0\xC2\xA0"s + "3 * * *",
                 "0 3 *\xC2\xA0* *"s,
                 "0 3 * * *\r"s,
                 "\xFF * * * *"s,
                 "0 3 * * mon-"s,
                 "0 3 * * -mon"s,
                 "0 3 * * fri-mon"s,
                 "0 3 * * 7-2"s,
                 "0 3 * nov-feb *"s,
                 "0 3 31-1 * *"s,
                 "0 3 * * L"s,
                 "0 3 * * l"s,
                 "0 3 * * L5"s,
                 "0 3 * * fri#2L"s,
                 "0 3 * * 5L#2"s,
                 "0 3 * * fri#2-5"s,
                 "0 3 * * 1-fri#2"s,
                 "0 3 * * fri##2"s,
                 "0 3 * * #2"s,
                 "0 3 * * 5#"s,
                 "0 3 W * *"s,
                 "0 3 LL * *"s,
                 "0 3 LW-1 * *"s,
                 "0 3 L-3W * *"s,
                 "0 3 L- * *"s,
                 "0 3 L-0 * *"s,
                 "0 3 32W * *"s,
                 "0 3 1-5W * *"s,
                 "0 3 5-L * *"s,
                 "0 3 L/2 * *"s,
                 "0 3 15W/2 * *"s,
                 "0 3 $-1 * *"s,
                 "0 3 $$ * *"s,
                 "0 3 L5 * *"s,
                 "0 3 ?/2 * *"s,
                 "0 3 ?,5 * *"s,
                 "0 3 5,? * *"s,
                 "0 3 *? * *"s,
                 "0 3 * ? *"s,
                 "* ? * * *"s,
                 "0 */24 * * *"s,
                 "0 3 */32 * *"s,
                 "0 3 * */13 *"s,
                 "0 3 * * */8"s,
                 "*/60 * * * * *"s,
                 "60 * * * * *"s,
                 "1/60 * * * *"s,
                 "1-5/0 * * * *"s,
                 "0 mon * * *"s,
                 "sun 3 * * *"s,
                 "0 3 * sun *"s,
                 "0 3 * * jan"s,
                 "0 3 * ja *"s,
                 "0 3 * janu *"s,
                 "0 3 * * su"s,
                 "0 3 * * sund"s,
                 "0 3 * jan1 *"s,
                 "0 3 * * 1mon"s,
                 "0 3 * janl *"s,
                 "0 3 * * lfri"s,
                 "+5 * * * *"s,
                 "0x5 * * * *"s,
                 "5. * * * *"s,
                 "1e1 * * * *"s,
                 "/5 * * * *"s,
                 "*/ * * * *"s,
                 "- * * * *"s,
                 "5- * * * *"s,
                 "% * * * *"s,
                 "\"5\" * * * *"s,
                 "99999999999999999999999999 * * * *"s,
                 "*/99999999999999999999 * * * *"s,
                 "@"s,
                 "@@daily"s,
                 "@every"s,
                 "@every 1h 30m"s,
                 "@every 30m1h"s,
                 "@every 1h1h"s,
                 "@every 1.5h"s,
                 "@every h"s,
                 "@every 1w"s,
                 "@every 1ms"s,
                 "@every 1H"s,
                 "@every 367d"s,
                 "@every 366d1s"s,
                 "@every 99999999999999999999999d"s,
                 "@every1h"s,
                 "@after 1h"s,
                 "@restart"s,
                 "@REBOOT"s,
                 "@reboot x"s,
                 "-1 seconds"s,
                 "+1 seconds"s,
                 "1.5 seconds"s,
                 "1 seconds x"s,
                 "30seconds"s,
                 "4294967297 seconds"s,
                 "99999999999999999999 seconds"s,
                 " seconds"s,
                 "30 minutes"s,
                 "CRON_TZ=UTC 0 3 * * *"s,
                 "TZ=UTC"s,
                 "0 3 * * * *;"s,
                 "0 0 30 2 *"s,
                 "0 0 31 4,6 *"s,
                 "0 0 L-29 2 *"s,
                 "0 0 31W 2 *"s,
                 "0 0 30,31 feb *"s,
                 "0 0 30W 2 *"s,
                 "0 0 L-30 2,4 *"s,
             }) {
            auto const got = refused(text);
            CAPTURE(printable(text));
            CAPTURE(got.message);
            CHECK(got.message.starts_with("schedule '"));
            CHECK(got.message.find('\n') == std::string::npos);
            CHECK_FALSE(got.hint.empty());
        }
    }

    TEST_CASE("hints can be pasted")
    {
        // What the hint of a refused range proposes is accepted.
        for (auto const *text : {"22-2 0 * * *", "0 22-2 * * *", "0 0 31-1 * *", "0 0 * nov-feb *",
                                 "0 0 * * fri-mon", "0 0 * * 6-1", "0 0 * * 7-2"}) {
            auto const hint = refused(text).hint;
            auto const begin = hint.find('\'') + 1;
            auto const replacement = hint.substr(begin, hint.find('\'', begin) - begin);
            CAPTURE(text);
            CAPTURE(hint);
            auto parts = split(text, ' ');
            for (auto &part : parts) {
                if (part.find('-') != std::string::npos) {
                    part = replacement;
                }
            }
            CHECK_NOTHROW(expression::parse(join(parts, " ")));
        }
        CHECK(refused("0 0 * * fri-mon").hint == "Write '5-6,0-1'.");
        CHECK(refused("0 0 * * 7-2").hint == "Write '0-2'.");
        CHECK(refused("0 0 * dce *").hint == "Did you mean 'dec'?");
        CHECK(refused("0 3 * * H").hint.find("spread") != std::string::npos);
        CHECK(refused("0 3 * H *").hint.find("spread") != std::string::npos);
        CHECK(refused("0 3 H(1-7) * *").hint.find("spread") != std::string::npos);
        CHECK(refused("0 3 * * ? 2026").hint.ends_with("Six fields begin with the second."));
        CHECK(refused("@dayly").hint == "Did you mean '@daily'?");
    }

    TEST_CASE("an expression that can match, does: the test for 'never' is exact")
    {
        CHECK_NOTHROW(expression::parse("0 0 29 2 *"));
        CHECK_NOTHROW(expression::parse("0 0 L-28 2 *"));
        CHECK_NOTHROW(expression::parse("0 0 * 2 fri#5"));
        CHECK_NOTHROW(expression::parse("0 0 30 1,2 *"));
        CHECK_NOTHROW(expression::parse("0 0 30 2 5")); // either suffices: Fridays in February
        CHECK_THROWS_AS(expression::parse("0 0 30 2 5", day_match::all), error);
        CHECK_THROWS_AS(expression::parse("0 0 30 2 */5"), error); // both must match
        CHECK_NOTHROW(expression::parse("0 0 29 2 */5"));
        CHECK_NOTHROW(expression::parse("0 0 29 2 5#5", day_match::all));
        CHECK_THROWS_AS(expression::parse("0 0 28 2 5#5", day_match::all), error);
        CHECK_THROWS_AS(expression::parse("0 0 1 * 5#2", day_match::all), error);
    }
}

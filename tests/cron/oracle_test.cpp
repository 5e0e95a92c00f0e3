// SPDX-License-Identifier: Apache-2.0
// The engine against the one of oracle.hpp, over random expressions, zones and spans; and the
// properties that any engine must have. PGTEND_ORACLE_SEED and PGTEND_ORACLE_ROUNDS repeat a run,
// or make it longer.
#include "oracle.hpp"

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "cron/expression.hpp"

using pgtend::instant;
using pgtend::zone;
namespace cron = pgtend::cron;

namespace {

instant at(std::int64_t unix_seconds)
{
    return instant{std::chrono::seconds{unix_seconds}};
}

std::int64_t unix_seconds(instant when)
{
    return std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
}

long from_environment(char const *name, long fallback)
{
    char const *text = std::getenv(name);
    return text == nullptr ? fallback : std::atol(text);
}

cron::day_match match(oracle::rule rule)
{
    return rule == oracle::rule::vixie ? cron::day_match::vixie
           : rule == oracle::rule::all ? cron::day_match::all
                                       : cron::day_match::any;
}

// Zones with something to them: half hours, changes at midnight, two changes a year within Ramadan,
// missing and repeated days, negative DST.
constexpr char const *zones[] = {
    "Europe/Berlin",      "America/New_York",     "Australia/Lord_Howe",
    "Africa/Cairo",       "America/Santiago",     "America/Nuuk",
    "Pacific/Apia",       "Africa/Casablanca",    "Europe/Dublin",
    "Asia/Kathmandu",     "Pacific/Chatham",      "America/St_Johns",
    "Antarctica/Troll",   "Asia/Tehran",          "America/Havana",
    "Asia/Gaza",          "Africa/Kinshasa",      "UTC",
    "Pacific/Kiritimati", "America/Caracas",      "Asia/Pyongyang",
    "Antarctica/Casey",   "Europe/Istanbul",      "Pacific/Kwajalein",
    "Asia/Manila",        "America/Sao_Paulo",    "Africa/Monrovia",
    "Australia/Adelaide", "America/Scoresbysund", "Europe/Volgograd"};

struct window {
    std::string zone;
    std::int64_t begin, first, end; // walked from begin; compared from first to end
    oracle::wall middle;
};

// Around a change of the clocks if there is one, between 1973 and 2110 (before, some offsets had
// odd seconds).
window choose(oracle::random &random, int half)
{
    constexpr std::int64_t start = 94'694'400; // 1973-01-01
    std::string const name = zones[random() % std::size(zones)];
    auto const in = zone::load(name);
    auto middle = start + static_cast<std::int64_t>(random() % 4'300'000'000ULL);
    if (random() % 8 != 0) {
        if (auto const change = in.next_transition(at(middle));
            change && unix_seconds(*change) < 4'400'000'000) {
            middle = unix_seconds(*change);
        }
    }
    middle -= middle % 60;
    window out{name, middle - half - 2 * 86400, middle - half, middle + half, {}};
    out.middle = oracle::walls(name, middle, middle + 1, 60).front();
    return out;
}

void compare(window const &w, std::vector<oracle::wall> const &walls, int step,
             oracle::schedule const &s)
{
    std::optional<cron::expression> parsed;
    try {
        parsed = cron::expression::parse(s.text(), match(s.days));
    } catch (pgtend::error const &) {
        // Then nothing in a cycle of 400 years may match.
        for (std::int64_t day = 0; day < 146'097; ++day) {
            if (s.date_matches(oracle::date(day))) {
                FAIL_CHECK("refused: '" << s.text() << "' although day " << day << " matches");
                return;
            }
        }
        return;
    }
    auto const &e = *parsed;
    auto const in = zone::load(w.zone);
    auto const expected = oracle::due(s, walls, w.begin, step, w.first);
    std::vector<std::int64_t> got;
    auto last = at(w.first - 1);
    while (auto const next = e.next(last, in)) {
        if (unix_seconds(*next) >= w.end) {
            break;
        }
        REQUIRE(*next > last);
        got.push_back(unix_seconds(*next));
        last = *next;
    }
    bool const same = got == expected;
    CHECK_MESSAGE(same, "'" << s.text() << "' rule " << static_cast<int>(s.days) << " in " << w.zone
                            << " between " << w.first << " and " << w.end << ": " << got.size()
                            << " instants, the oracle says " << expected.size());
    if (!same) {
        auto const differs =
            std::mismatch(got.begin(), got.end(), expected.begin(), expected.end());
        MESSAGE("first difference: "
                << (differs.first == got.end() ? "none" : in.format(at(*differs.first)))
                << " against "
                << (differs.second == expected.end() ? "none" : in.format(at(*differs.second))));
        return;
    }
    // previous() at, just before and just after each of them, and in between.
    for (std::size_t i = 0; i < expected.size(); i += 1 + expected.size() / 40) {
        bool good = e.previous(at(expected[i]), in) == at(expected[i]);
        good = good &&
               e.previous(at(expected[i]) + std::chrono::microseconds{1}, in) == at(expected[i]);
        if (i > 0) {
            good = good && e.previous(at(expected[i]) - std::chrono::microseconds{1}, in) ==
                               at(expected[i - 1]);
            good = good &&
                   e.previous(at((expected[i] + expected[i - 1]) / 2), in) == at(expected[i - 1]);
            good = good && e.next(at((expected[i] + expected[i - 1]) / 2), in) == at(expected[i]);
        }
        CHECK_MESSAGE(good,
                      "previous() of '" << s.text() << "' in " << w.zone << " at " << expected[i]);
    }
    if (!expected.empty()) {
        CHECK_MESSAGE(e.previous(at(w.end - 1), in) == at(expected.back()),
                      "previous() of '" << s.text() << "' in " << w.zone << " at " << w.end - 1);
    }
    // What is printed means the same.
    CHECK(cron::expression::parse(e.print(), match(s.days)) == e);
    CHECK(cron::expression::parse(e.print(), match(s.days)).print() == e.print());
    CHECK_FALSE(e.describe().empty());
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("as the oracle says: minutes around the changes of clocks")
    {
        auto const seed = from_environment("PGTEND_ORACLE_SEED", 20261025);
        auto const rounds = from_environment("PGTEND_ORACLE_ROUNDS", 60);
        INFO("seed " << seed << ", " << rounds << " windows");
        oracle::random random{static_cast<std::uint64_t>(seed)};
        for (long round = 0; round < rounds; ++round) {
            auto const w = choose(random, 3 * 86400);
            auto const walls = oracle::walls(w.zone, w.begin, w.end, 60);
            for (int i = 0; i < 25; ++i) {
                compare(w, walls, 60, oracle::make(random, w.middle, false));
            }
        }
    }

    TEST_CASE("as the oracle says: seconds")
    {
        auto const seed = from_environment("PGTEND_ORACLE_SEED", 20261025);
        auto const rounds = from_environment("PGTEND_ORACLE_ROUNDS", 60) / 10;
        INFO("seed " << seed << ", " << rounds << " windows");
        oracle::random random{static_cast<std::uint64_t>(seed)};
        for (long round = 0; round < rounds; ++round) {
            auto const w = choose(random, 4 * 3600);
            auto const walls = oracle::walls(w.zone, w.begin, w.end, 1);
            for (int i = 0; i < 4; ++i) {
                compare(w, walls, 1, oracle::make(random, w.middle, true));
            }
        }
    }

    TEST_CASE("as the oracle says: each date of 400 years")
    {
        auto const seed = from_environment("PGTEND_ORACLE_SEED", 20261025);
        auto const rounds = from_environment("PGTEND_ORACLE_ROUNDS", 60) / 2;
        INFO("seed " << seed << ", " << rounds << " expressions");
        oracle::random random{static_cast<std::uint64_t>(seed)};
        for (long round = 0; round < rounds; ++round) {
            auto s = oracle::make(
                random, oracle::date(static_cast<std::int64_t>(random() % 30'000)), false);
            s.minute = s.hour = {"0", false, {{"0", [](oracle::wall const &) { return true; }}}};
            std::optional<cron::expression> e;
            try {
                e = cron::expression::parse(s.text(), match(s.days));
            } catch (pgtend::error const &) {
            }
            constexpr std::int64_t never = -1;
            auto const next_day = [&](std::int64_t after) {
                auto const found = e ? e->next(at(after), zone{}) : std::nullopt;
                return found.has_value() ? unix_seconds(found.value()) : never;
            };
            auto next = next_day(-1);
            bool same = true;
            for (std::int64_t day = 0; day < 146'097 && same; ++day) {
                bool const due = next == day * 86400;
                same = due == s.date_matches(oracle::date(day));
                if (due) {
                    same = same && e->previous(at(next + 3600), zone{}) == at(next);
                    next = next_day(next);
                }
            }
            CHECK_MESSAGE(same, "'" << s.text() << "' rule " << static_cast<int>(s.days));
        }
    }

    TEST_CASE(
        "properties over all of time: next() rises, previous() undoes it, nothing lies between")
    {
        auto const seed = from_environment("PGTEND_ORACLE_SEED", 20261025);
        oracle::random random{static_cast<std::uint64_t>(seed)};
        INFO("seed " << seed);
        constexpr std::int64_t first = -62'135'596'800; // the year 1
        for (int round = 0; round < 3000; ++round) {
            auto const near = oracle::date(static_cast<std::int64_t>(random() % 60'000));
            auto const s = oracle::make(random, near, random() % 4 == 0);
            auto const in = zone::load(zones[random() % std::size(zones)]);
            std::optional<cron::expression> e;
            try {
                e = cron::expression::parse(s.text(), match(s.days));
            } catch (pgtend::error const &) {
                continue;
            }
            auto const t = at(first + static_cast<std::int64_t>(random() % 315'000'000'000ULL)) +
                           std::chrono::microseconds{random() % 1'000'000};
            auto const u = t + std::chrono::seconds{random() % 100'000'000};
            auto const next = e->next(t, in);
            auto const next_of_later = e->next(u, in);
            bool good = !next || *next > t;
            good = good && (!next || !next_of_later || *next <= *next_of_later);
            good = good && (!next || e->previous(*next, in) == next);
            if (next) {
                auto const between = e->previous(*next - std::chrono::microseconds{1}, in);
                good = good && (!between || *between <= t);
                good = good && (!between || e->next(*between, in) == next);
            }
            auto const last = e->previous(t, in);
            good = good && (!last || *last <= t);
            good = good && (!last || !next || e->next(*last, in) == next);
            CHECK_MESSAGE(good, "'" << s.text() << "' in " << in.name() << " at "
                                    << pgtend::to_rfc3339(t));
        }
    }
}

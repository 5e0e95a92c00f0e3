// SPDX-License-Identifier: Apache-2.0
// Prints how fast schedules are followed within the process, as lines of Markdown.
#include <algorithm>
#include <chrono>
#include <fmt/core.h>
#include <vector>

#include "base/duration.hpp"
#include "cron/expression.hpp"
#include "jobs/due.hpp"
#include "zone/zone.hpp"

using namespace pgtend;

namespace {

using steady = std::chrono::steady_clock;

double seconds_since(steady::time_point start)
{
    return std::chrono::duration<double>(steady::now() - start).count();
}

// The median of five.
template <class Work> double measure(Work const &work)
{
    std::vector<double> out;
    for (int i = 0; i < 5; ++i) {
        auto const start = steady::now();
        work();
        out.push_back(seconds_since(start));
    }
    std::sort(out.begin(), out.end());
    return out[2];
}

void instants(char const *text, char const *zone_name, int count)
{
    auto const expression = cron::expression::parse(text);
    auto const in = zone::load(zone_name);
    auto const took = measure([&] {
        auto at = parse_rfc3339("2026-01-01T00:00:00Z");
        for (int i = 0; i < count; ++i) {
            auto const next = expression.next(at, in);
            if (!next) {
                at = parse_rfc3339("2026-01-01T00:00:00Z");
                continue;
            }
            at = *next;
        }
    });
    fmt::print("| `{}` in {} | {:.2f} million a second |\n", text, zone_name, count / took / 1e6);
}

} // namespace

int main()
{
    fmt::print("| next instants, one core | |\n|---|---|\n");
    instants("* * * * *", "UTC", 2'000'000);
    instants("*/5 * * * *", "Africa/Kinshasa", 2'000'000);
    instants("30 2 * * *", "Europe/Berlin", 1'000'000);
    instants("0 9 * * MON-FRI", "America/New_York", 1'000'000);
    instants("15 10 L * *", "Australia/Lord_Howe", 300'000);

    auto const berlin = zone::load("Europe/Berlin");
    // 29 February on a Monday: once in 28 years, or in 40 across most centuries.
    auto const rare = cron::expression::parse("0 0 29 2 MON", cron::day_match::all);
    auto const end_of_time = parse_rfc3339("9950-01-01T00:00:00Z");
    auto const search = measure([&] {
        auto at = parse_rfc3339("2026-01-01T00:00:00Z");
        for (int i = 0; i < 14; ++i) {
            at = rare.next(at, berlin).value_or(end_of_time);
        }
    });
    fmt::print("| 29 February on a Monday, 14 times: 400 years | {:.3f} ms |\n", search * 1e3);

    // Every minute of a year was missed: what is due now is found without listing them.
    model::job job;
    job.name = "every-minute";
    job.schedule_text = "* * * * *";
    job.schedule = cron::expression::parse(job.schedule_text);
    job.time_zone = "Europe/Berlin";
    auto const now = parse_rfc3339("2027-01-01T00:00:00Z");
    ledger::job_state state;
    state.job = job.name;
    state.known = true;
    state.schedule = job.schedule_text;
    state.time_zone = job.time_zone;
    state.last_slot = parse_rfc3339("2026-01-01T00:00:00Z");
    bool due = true;
    for (auto const policy : {model::missed::once, model::missed::all}) {
        job.policy.missed = policy;
        auto const took = measure([&] {
            for (int i = 0; i < 100; ++i) {
                due = jobs::decide(job, state, false, berlin, {now, now}).claim.has_value() && due;
            }
        });
        fmt::print("| 525,600 missed minutes, `missed: {}` | {:.4f} ms |\n", model::name(policy),
                   took * 10);
    }
    return due ? 0 : 1;
}

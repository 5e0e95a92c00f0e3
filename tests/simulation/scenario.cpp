// SPDX-License-Identifier: Apache-2.0
#include "scenario.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <map>

#include "base/duration.hpp"

namespace pgtend::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::array zones{"UTC",
                           "UTC",
                           "Europe/Berlin",
                           "America/New_York",
                           "Africa/Cairo",
                           "Australia/Lord_Howe",
                           "America/Santiago",
                           "Africa/Kinshasa"};
constexpr std::array cadences{"* * * * *",  "*/2 * * * *",  "*/5 * * * *", "*/15 * * * *",
                              "30 * * * *", "*/15 2 * * *", "0 */2 * * *", "*/30 1-3 * * *"};
constexpr std::array clocks{"30 2 * * *", "0,30 2 * * *", "0 0 * * *",  "15 2 * * *",
                            "30 1 * * *", "0 1-4 * * *",  "45 1 * * *", "30 23 * * *"};

} // namespace

scenario::scenario(std::uint64_t seed) : random{seed}, files(random.one_in(4) ? 2 : 1)
{
    // Around a change of some zone's clocks, more often than not.
    begin = parse_rfc3339("2024-01-01T00:00:00Z") + minutes{random.pick(0, 3LL * 365 * 24 * 60)};
    if (!random.one_in(3)) {
        if (auto const change = zone::load(random.any_of(zones)).next_transition(begin)) {
            begin = *change - hours{random.pick(3, 40)};
        }
    }
    end = begin + hours{random.pick(40, 240)};
    quiet = end - minutes{25};
    for (int n = 0, count = static_cast<int>(random.pick(1, 5)); n < count; ++n) {
        add_job(n);
    }
    auto const within = [&] {
        return begin + hours{1} + minutes{random.pick(0, (end - begin) / minutes{1} - 180)};
    };
    auto const edit = within();
    for (int n = 0, count = static_cast<int>(random.pick(1, 3)); n < count; ++n) {
        host h;
        h.oneshot = random.one_in(3);
        h.steady_base = hours{random.pick(0, 10'000)};
        if (random.one_in(3)) {
            h.skew = seconds{random.pick(-4 * 3600, 4 * 3600)};
        }
        h.edited = edited() ? edit + minutes{random.pick(0, 3)} : end;
        h.down = h.up = end;
        if (random.one_in(4)) {
            h.down = within();
            h.up = std::min<instant>(h.down + minutes{random.pick(5, 60 * 26)}, quiet);
        }
        hosts.push_back(h);
    }
    for (auto n = random.pick(0, 3); n > 0; --n) {
        auto const at = within();
        bool const hangs = random.one_in(2);
        outages.push_back({at, at + seconds{random.pick(2, hangs ? 150 : 900)}, hangs});
    }
    std::sort(outages.begin(), outages.end(),
              [](auto const &a, auto const &b) { return a.begin < b.begin; });
    for (std::size_t i = 1; i < outages.size(); ++i) {
        outages[i].begin = std::max(outages[i].begin, outages[i - 1].end + seconds{1});
        outages[i].end = std::max(outages[i].end, outages[i].begin + seconds{1});
    }
    for (auto n = random.one_in(2) ? random.pick(1, 3) : 0; n > 0; --n) {
        constexpr std::array<long long, 4> minutes_off{10, 240, 1, 25};
        auto const off = minutes{random.any_of(minutes_off)};
        auto const wrong = within();
        steps.push_back({wrong, random.one_in(3) ? -off : off});
        steps.push_back({std::min<instant>(wrong + minutes{random.pick(1, 120)}, quiet), {}});
    }
    if (random.one_in(3)) {
        starved = within();
        fed = std::min<instant>(starved + minutes{random.pick(1, 300)}, quiet);
    }
    for (auto &job : traits) {
        if (random.one_in(3)) {
            job.broken = within();
            job.repaired = std::min<instant>(job.broken + minutes{random.pick(5, 60 * 30)}, quiet);
        }
    }
    for (auto *rate : {&crash, &control_loss, &work_loss, &late_answer, &stall}) {
        constexpr std::array<long long, 5> odds{0, 0, 3'000, 500, 100};
        *rate = random.any_of(odds);
    }
}

void scenario::add_job(int number)
{
    model::job job;
    job.name = fmt::format("job-{}", number);
    std::string text{random.one_in(2) ? random.any_of(cadences) : random.any_of(clocks)};
    job.time_zone = random.any_of(zones);
    constexpr std::array missed{model::missed::none, model::missed::once, model::missed::once,
                                model::missed::all};
    job.policy.missed = random.any_of(missed);
    job.policy.overlap = random.one_in(2) ? model::overlap::skip : model::overlap::queue;
    if (random.one_in(3) || job.policy.missed == model::missed::all) {
        job.policy.max_age = minutes{random.pick(2, 600)};
    }
    auto &breaker = job.policy.breaker;
    breaker.on = !random.one_in(4);
    breaker.failures = static_cast<int>(random.pick(1, 6));
    breaker.pause = minutes{random.pick(1, 30)};
    breaker.ceiling = breaker.pause * random.pick(1, 20);
    job.policy.timeout = random.one_in(3) ? minutes{random.pick(1, 10)} : microseconds{0};
    job_traits mine{};
    mine.work.batches = static_cast<int>(random.pick(1, 4));
    mine.work.idempotent = !random.one_in(4);
    mine.work.outside = random.one_in(4);
    if (!mine.work.idempotent) {
        job.action = model::sql_action{};
    } else if (mine.work.outside) {
        job.action = model::vacuum_action{};
    } else {
        job.action = model::cleanup_action{};
    }
    constexpr std::array<long long, 6> longest{50, 500, 4'000, 20'000, 90'000, 600'000};
    mine.batch = milliseconds{random.pick(1, random.any_of(longest))};
    for (std::size_t version = 0; version < files.size(); ++version) {
        if (version > 0 && random.one_in(2)) {
            text = random.one_in(2) ? random.any_of(cadences) : random.any_of(clocks);
            job.time_zone = random.any_of(zones);
        }
        job.schedule_text = text;
        job.schedule = cron::expression::parse(text);
        files[version].jobs.push_back(job);
        mine.slots.push_back(
            std::make_shared<timetable>(text, job.time_zone, begin - hours{30}, end + hours{50}));
    }
    traits.push_back(std::move(mine));
}

} // namespace pgtend::simulation

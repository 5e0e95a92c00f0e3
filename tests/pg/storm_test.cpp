// SPDX-License-Identifier: Apache-2.0
// Many runners whose server is gone: what it hears of them.
#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <random>
#include <vector>

#include "base/error.hpp"
#include "base/log.hpp"
#include "pg/connect.hpp"
#include "support/closed_port.hpp"

using namespace pgtend;
using namespace std::chrono_literals;

namespace {

// Notes when the one who sleeps will wake, since its start.
class noting_clock final : public pgtend::clock {
  public:
    instant now() const override { return instant{} + passed_; }
    monotonic steady() const override { return monotonic{} + passed_; }
    bool sleep(microseconds duration, std::stop_token) override
    {
        passed_ += duration;
        attempts.push_back(passed_);
        return true;
    }
    std::vector<microseconds> attempts = {0s};

  private:
    microseconds passed_{0};
};

std::vector<microseconds> attempts_of_one(pg::connect_options const &options, unsigned seed)
{
    std::mt19937_64 engine{seed};
    noting_clock time;
    CHECK_THROWS_AS(
        pg::connect(options, time, [&] { return std::uniform_real_distribution<>{}(engine); }),
        connect_error);
    return time.attempts;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a hundred runners that lose their server at once, for ten minutes: at most 20 "
              "attempts a second after the first")
    {
        log::set_sink([](log::level, std::string_view) {});
        test::closed_port const nobody;
        pg::connect_options options;
        options.target =
            pg::conninfo{fmt::format("host=127.0.0.1 port={} user=u dbname=d", nobody.number())};
        options.deadline = 10min;
        options.patient = true;
        std::vector<int> in_second(600, 0);
        std::vector<std::size_t> each;
        for (unsigned runner = 0; runner < 100; ++runner) {
            auto const attempts = attempts_of_one(options, runner);
            each.push_back(attempts.size());
            for (auto const at : attempts) {
                ++in_second.at(static_cast<std::size_t>(at / 1s));
            }
        }
        CHECK(in_second.front() <= 100 + 20); // the first attempts, which cron makes at once
        auto const busiest = *std::max_element(in_second.begin() + 1, in_second.end());
        CHECK_MESSAGE(busiest <= 20, busiest);
        // and nobody gives up looking: at least each 15 seconds
        CHECK(*std::min_element(each.begin(), each.end()) >= 40);
        log::set_sink(nullptr);
    }
}

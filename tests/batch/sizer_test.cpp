// SPDX-License-Identifier: Apache-2.0
// The sizes of batches that cost much whatever their rows, or whose times vary.
#include <algorithm>
#include <doctest/doctest.h>
#include <functional>
#include <random>
#include <vector>

#include "batch/sizer.hpp"

using namespace pgtend;

namespace {

struct load {
    double fixed, each; // microseconds
    double noise;       // of both, a standard deviation
    bool bell;          // else even
    long long beside = 600;
    long long initial = 5'000;
};

class batches {
  public:
    explicit batches(load const &of, unsigned seed)
        : load_{of}, random_{seed}, sizes_{of.initial, milliseconds{25}}
    {
    }

    // The sizes of so many batches.
    std::vector<long long> run(int count)
    {
        std::vector<long long> out;
        for (int i = 0; i < count; ++i) {
            auto const rows = sizes_.rows();
            auto const exact = load_.fixed + load_.each * static_cast<double>(rows);
            auto const took = microseconds{
                static_cast<long long>(exact * std::max(0.1, 1 + load_.noise * variation()))};
            sizes_.measured(rows, took, took + microseconds{load_.beside});
            CHECK(sizes_.rows() <= 2 * rows);
            CHECK(sizes_.rows() >= rows / 2);
            out.push_back(rows);
        }
        return out;
    }
    void each_is_now(double microseconds) { load_.each = microseconds; }

  private:
    // The same numbers whatever the library: of variance 1.
    double variation()
    {
        auto const even = [&] { return static_cast<double>(random_() % 100'000) / 100'000; };
        if (!load_.bell) {
            return (even() - 0.5) * 3.46;
        }
        double sum = -6;
        for (int i = 0; i < 12; ++i) {
            sum += even();
        }
        return sum;
    }

    load load_;
    std::minstd_rand random_;
    batch::sizer sizes_;
};

long long median(std::vector<long long> all)
{
    std::sort(all.begin(), all.end());
    return all[all.size() / 2];
}

void for_each_noise(std::function<void(double, bool, unsigned)> const &what)
{
    for (auto const noise : {0.05, 0.1, 0.2}) {
        for (bool const bell : {false, true}) {
            for (unsigned seed = 1; seed <= 20; ++seed) {
                INFO("noise ", noise, " bell ", bell, " seed ", seed);
                what(noise, bell, seed);
            }
        }
    }
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a large cost that does not depend on the rows, and varies: batches stay large")
    {
        for_each_noise([](double noise, bool bell, unsigned seed) {
            for (auto const fixed : {20'000.0, 50'000.0, 100'000.0}) {
                for (auto const each : {10.0, 200.0}) {
                    for (auto const initial : {1, 500, 5'000}) {
                        INFO("fixed ", fixed, " each ", each, " initial ", initial);
                        batches some{{fixed, each, noise, bell, 600, initial}, seed};
                        some.run(150);
                        auto const usual = median(some.run(150));
                        CHECK(usual > 50);
                        // Short beside what is fixed.
                        CHECK(static_cast<double>(usual) * each < 2.5 * 25'000);
                    }
                }
            }
        });
    }

    TEST_CASE("a cost of each row: no batch takes twice as long as wanted")
    {
        for_each_noise([](double noise, bool bell, unsigned seed) {
            batches some{{0, 1'000, noise, bell, 10'000}, seed};
            some.run(20);
            auto const sizes = some.run(280);
            CHECK(median(sizes) >= 20);
            CHECK(median(sizes) <= 30);
            CHECK(*std::max_element(sizes.begin(), sizes.end()) <= 50);
        });
    }

    TEST_CASE("what a row costs changes midway, and is followed")
    {
        for_each_noise([](double noise, bool bell, unsigned seed) {
            for (auto const fixed : {0.0, 50'000.0}) {
                for (bool const slower : {true, false}) {
                    INFO("fixed ", fixed, " slower ", slower);
                    batches some{{fixed, slower ? 10.0 : 200.0, noise, bell, 10'000}, seed};
                    some.run(150);
                    some.each_is_now(slower ? 200 : 10);
                    some.run(50);
                    auto const usual = median(some.run(150));
                    auto const fitting = slower ? 125 : 2'500;
                    CHECK(usual > fitting / 3);
                    CHECK(usual < fitting * 2);
                }
            }
        });
    }
}

// SPDX-License-Identifier: Apache-2.0
// What the tests of this folder share: random numbers that a seed repeats on every platform, where
// seeds come from, and a log that leaves the warnings of a million faults out.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <random>
#include <vector>

#include "base/log.hpp"

namespace pgtend::simulation {

class dice {
  public:
    explicit dice(std::uint64_t seed) : source_{seed} {}

    // Between the two, both included.
    long long pick(long long least, long long most)
    {
        return least +
               static_cast<long long>(source_() % static_cast<std::uint64_t>(most - least + 1));
    }
    bool one_in(long long n) { return pick(1, n) == 1; }
    template <class Range> auto &any_of(Range &from)
    {
        return from[static_cast<std::size_t>(pick(0, static_cast<long long>(std::size(from)) - 1))];
    }
    std::uint64_t next() { return source_(); }

  private:
    std::mt19937_64 source_;
};

// Sanitizers do less.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int slower = 10;
#else
inline constexpr int slower = 1;
#endif

class quiet {
  public:
    quiet() { log::set_level(log::level::error); }
    ~quiet() { log::set_level(log::level::info); }
    quiet(quiet const &) = delete;
    quiet &operator=(quiet const &) = delete;
};

// What PGTEND_SEED says alone; else the given ones, and one that nobody has tried yet.
inline std::vector<std::uint64_t> seeds(std::vector<std::uint64_t> fixed)
{
    if (auto const *given = std::getenv("PGTEND_SEED")) {
        return {std::strtoull(given, nullptr, 10)};
    }
    fixed.push_back(std::random_device{}());
    return fixed;
}

} // namespace pgtend::simulation

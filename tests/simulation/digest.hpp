// SPDX-License-Identifier: Apache-2.0
// 128 bits that tell states of a search apart. With a million states the chance that two differ and
// are taken for the same is below 2^-88. What decides nothing there is left out: the history's
// times and texts, heartbeats (no schedule changes), numbers of transactions.
#pragma once
#include <cstdint>
#include <functional>
#include <string_view>

#include "questions.hpp"

namespace pgtend::simulation {

class digest {
  public:
    template <class Number> std::enable_if_t<std::is_arithmetic_v<Number>> add(Number value)
    {
        mix(static_cast<std::uint64_t>(value));
    }
    void add(std::string_view text);
    void add(std::optional<instant> at) { mix_signed(at ? at->time_since_epoch().count() : -1); }
    void add(std::optional<ledger::run_status> s) { mix_signed(s ? static_cast<int>(*s) : -1); }
    void add(digest const &other)
    {
        mix(other.high_);
        mix(other.low_);
    }
    void add(ledger::claim const &held);
    void add(ledger::overview const &seen);
    void add(jobs::question::any const &asked);
    void add(outcome const &came);
    void add(message const &sent);
    void add(server const &on); // with the referee's account
    void add(jobs::dispatcher const &machine);

    friend bool operator==(digest const &, digest const &) = default;
    struct hash {
        std::size_t operator()(digest const &d) const noexcept { return d.low_; }
    };

  private:
    void mix(std::uint64_t value);
    void mix_signed(std::int64_t value) { mix(static_cast<std::uint64_t>(value)); }

    std::uint64_t high_ = 0x9e3779b97f4a7c15, low_ = 0xbf58476d1ce4e5b9;
};

} // namespace pgtend::simulation

// SPDX-License-Identifier: Apache-2.0
// Hosts that start a runner each minute, for days, in virtual time: real dispatchers, the ledger in
// memory, and everything that may break. All of it comes from one seed.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "model.hpp"

namespace pgtend::simulation {

struct chronicle {
    double hours = 0; // simulated
    long ticks = 0, questions = 0, runs = 0, transactions = 0;
    std::map<std::string, long> faults = {}; // that were put in
    std::map<std::string, long> deeds = {};  // what runners, ledger and fence did about them
    std::string violation = {};              // with seed and time; empty: none

    void add(chronicle const &other);
    std::string text() const;
};

// One scenario of some days: its hosts, jobs, policies and faults.
chronicle simulate(std::uint64_t seed, bug planted = bug::none);

} // namespace pgtend::simulation

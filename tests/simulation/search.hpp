// SPDX-License-Identifier: Apache-2.0
// Every interleaving of two runners over one slot, statement by statement: each question to the
// ledger, each statement of the work, the arrival of each answer; one crash, or one lost
// connection, before or after a statement was carried out, anywhere; the lease ends at any moment.
#pragma once
#include <string>
#include <vector>

#include "work.hpp"

namespace pgtend::simulation {

struct search_options {
    bug planted = bug::none;
    nature work = {.batches = 2};
    int faults = 1;   // crashes and lost connections in all
    int advances = 2; // how often time passes
};

struct search_result {
    std::size_t states = 0, endings = 0;
    std::string violation = {};          // empty: none was found
    std::vector<std::string> story = {}; // how it came to that
};

search_result search(search_options const &options);

} // namespace pgtend::simulation

// SPDX-License-Identifier: Apache-2.0
// Looks at what the file declares as probes.
#pragma once
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "probe/verdict.hpp"

namespace pgtend::probe {

enum class text_kind { plain, address, conninfo };

// What a probe needs of those who run it.
struct surroundings {
    // With its ${VAR} replaced. Throws error, naming the variable.
    std::function<std::string(std::string const &, text_kind)> expand;
    // The first line of a file that nobody else may read. Throws error.
    std::function<std::string(std::string const &path)> secret_in;
    // max_connections of the database that is checked; nothing when it is not known.
    std::function<std::optional<long long>()> server_connections;
    clock &time;
    random_source random;
    std::stop_token stop = {};
};

// Looks, judges, applies the limits. What the other side does is a fault of the verdict, what keeps
// this side from looking is unseen. Throws interrupted. It ends within the probe's timeout, and
// what it sends goes to the declared address alone: a request for each sample, and to a rate limit
// no more than limit + over for each tier.
verdict run(model::probe const &of, surroundings const &around);

} // namespace pgtend::probe

// SPDX-License-Identifier: Apache-2.0
// What is to be said of a probe: numbers, what is wrong, and what could not be seen.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/probe.hpp"

namespace pgtend::probe {

enum class gravity { warning, error };

struct value {
    std::string metric;
    double number = 0;   // in the metric's unit: seconds, per cent, bytes
    std::string of = {}; // a queue or a tier; empty: the probe
};

struct fault {
    probe::gravity gravity = gravity::error;
    std::string of = {}; // a queue, a tier or a metric's; empty: the probe
    std::string message;
    std::optional<double> number = {};
    std::string fix = {};
};

struct verdict {
    std::vector<value> values = {};
    std::vector<fault> faults = {};
    std::vector<std::string> unseen = {};
    // Why metrics have no value: "hit_ratio" -> "no key was looked up within 1 s".
    std::map<std::string, std::string> absent = {};
    // The values are not all that there are, or of long ago: nothing may be said to be met by them.
    bool partial = false;

    void wrong(std::string message, std::string of = {});
    void doubtful(std::string message, std::string of = {}); // a warning
    // The worst of that metric's values, by what is better; nothing when there is none.
    std::optional<double> worst(model::metric const &m) const;
};

// Adds a fault for each value beyond a limit, the file's or the metric's own. A limit whose metric
// has no value is unseen, unless what is wrong already says why.
void apply_limits(model::probe const &of, verdict &v);

// The value that so many per cent of the samples do not exceed (nearest rank). Not of none.
double percentile(std::vector<double> samples, double per_cent);

} // namespace pgtend::probe

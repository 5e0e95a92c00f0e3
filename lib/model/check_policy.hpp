// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/position.hpp"
#include "model/date.hpp"

namespace pgtend::model {

// checks: waive: - { id:, object:, because:, until: }: findings that somebody accepted for a time.
struct waiver {
    std::string id;           // "index.unused", or an area
    std::string object = "*"; // with * for any text
    std::string because = {};
    date until = {}; // the last day, in UTC
    source_position at = {};
};

// checks: thresholds: { vacuum.horizon: { warning: 5000000 } }
struct check_threshold {
    std::string id, key;
    double value = 0;
    source_position at = {};
};

// checks: profiles: { production: { only: [...], skip: [...], fail_on:, strict:,
// thresholds: } }
struct check_profile {
    std::string name;
    std::vector<std::string> only = {}, skip = {};
    std::optional<std::string> fail_on = {}; // nothing: as the file says
    std::optional<bool> strict = {};         // likewise
    std::vector<check_threshold> thresholds = {};
    source_position at = {};
};

struct check_policy {
    std::string fail_on = "error"; // error, warning or never
    bool strict = false;           // what could not be looked at fails, too
    std::vector<std::string> skip;
    std::vector<waiver> waive;
    std::vector<check_threshold> thresholds;
    std::vector<check_profile> profiles;
    source_position skip_at = {};
};

} // namespace pgtend::model

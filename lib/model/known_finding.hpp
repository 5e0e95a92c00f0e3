// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <compare>
#include <string>
#include <vector>

namespace pgtend::model {

// What a finding is remembered by, in a baseline or in the ledger: no oid, no size, no time.
struct finding_key {
    std::string check, object, detail = {}; // "declared.partitions", "public.orders", ""
    bool operator==(finding_key const &) const = default;
    auto operator<=>(finding_key const &) const = default;
};

// A file of findings that were there when it was written: check --write-baseline.
struct baseline {
    struct entry {
        finding_key key;
        int count = 1; // so many findings have this key
        // How bad the worst of them was: "info", "warning", "error"; what is worse now is new.
        // Empty: that was not told.
        std::string severity = {};
    };
    std::vector<entry> entries;
};

} // namespace pgtend::model

// SPDX-License-Identifier: Apache-2.0
// How much a table needs VACUUM and ANALYZE, by the formulas of the server's own autovacuum.
#pragma once
#include <string>

#include "catalog/snapshot/vacuum.hpp"

namespace pgtend::vacuum {

// What autovacuum would go by: the server's settings, and what storage parameters of the table say
// instead.
struct thresholds {
    double vacuum = 0; // dead rows; the same for the TOAST table in `toast`
    double toast = 0;
    double insert = -1; // inserted rows; -1: inserts do not count
    double toast_insert = -1;
    double analyze = 0; // changed rows
    double freeze_age = 0, multixact_age = 0;
    bool autovacuum = true; // false: switched off for this table
};

// relation_needs_vacanalyze() of the server's autovacuum.c, 14 to 18:
//
//   vacuum  = threshold + scale_factor * reltuples
//             from 18 on at most vacuum_max_threshold, unless that is -1
//   insert  = insert_threshold + insert_scale_factor * reltuples
//             from 18 on the second part only for the share of the pages that is not all-frozen
//   analyze = analyze_threshold + analyze_scale_factor * reltuples
//
// with 0 for a reltuples that was never counted. An age in a storage parameter counts only when it
// is lower than the server's.
thresholds thresholds_of(catalog::vacuum_table const &table,
                         catalog::vacuum_settings const &settings);

// Multiples of the threshold: above 1 autovacuum would come. The larger decides the order of work.
struct need {
    double vacuum = 0, analyze = 0;
    std::string vacuum_reason;  // "42,000 dead rows, 2.1 times the threshold of 20,050"
    std::string analyze_reason; // "changed rows: ..."
};

need need_of(catalog::vacuum_table const &table, catalog::vacuum_settings const &settings);

} // namespace pgtend::vacuum

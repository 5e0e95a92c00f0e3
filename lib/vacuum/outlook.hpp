// SPDX-License-Identifier: Apache-2.0
// What autovacuum will do with a table, and when. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "catalog/snapshot/vacuum.hpp"
#include "vacuum/need.hpp"

namespace pgtend::vacuum {

struct outlook {
    qualified_name table;
    double rows = -1; // -1: never counted
    double dead = 0, inserted = 0, changed = 0;
    thresholds limits;
    // Microseconds since 1970; the first of each pair by hand or by autovacuum.
    std::optional<long long> last_vacuum = {}, last_autovacuum = {};
    std::optional<long long> last_analyze = {}, last_autoanalyze = {};

    // Multiples of the threshold that is nearest, or furthest behind, with its reason in words.
    need needed;
    // As the server decides: with autovacuum off, for the server or the table, or without counts,
    // only what is too old is vacuumed.
    bool off = false;
    bool vacuum_due = false, analyze_due = false;
    // Until then, at the pace since the last one; nothing: due, off, or no pace is known.
    std::optional<microseconds> vacuum_in = {}, analyze_in = {};
};

outlook outlook_of(catalog::vacuum_table const &table, catalog::vacuum_settings const &settings,
                   instant now);

// What one setting comes to for a table, and where that is from.
struct effective_setting {
    std::string name; // "autovacuum_vacuum_scale_factor", "toast.autovacuum_enabled"
    std::string value;
    bool of_table = false;             // a storage parameter; otherwise the server's
    std::optional<std::string> server; // what would hold otherwise, where it is known
};

// Of the server, for any table.
std::vector<effective_setting> server_settings(catalog::vacuum_settings const &settings);
// The storage parameters of vacuum's that the table has; with `all` also what it has from the
// server.
std::vector<effective_setting> table_settings(catalog::vacuum_table const &table,
                                              catalog::vacuum_settings const &settings, bool all);

} // namespace pgtend::vacuum

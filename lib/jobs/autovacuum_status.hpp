// SPDX-License-Identifier: Apache-2.0
// What `autovacuum status` tells.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "model/storage_parameter.hpp"
#include "pg/session.hpp"
#include "vacuum/outlook.hpp"

namespace pgtend::jobs {

struct autovacuum_status {
    struct table {
        vacuum::outlook outlook;
        // Its own storage parameters of vacuum's; of tables that were named also the server's.
        std::vector<vacuum::effective_setting> settings;
    };
    struct parameter {
        qualified_name table;
        std::string name;
        std::optional<std::string> declared, present; // nothing: not, or not set
        // A vacuum::standing by name, or "not_declared": set by pgtend, and the file has it no
        // more.
        std::string state;
        bool good = true;                    // nothing is to be done
        std::optional<std::string> original; // what it was before pgtend set it
        bool set_by_us = false;
    };

    int server_version = 0;
    bool autovacuum = true, track_counts = true;
    std::vector<vacuum::effective_setting> server;
    std::vector<table> tables; // most needed first
    std::vector<parameter> parameters;
    // Declared tables that do not exist, and the like.
    std::vector<std::string> problems;
    // Why it is not known which parameters pgtend has set; empty: it is.
    std::string unknown;
};

// `tables`: these and what is below them; none: whatever has counted rows or is old. Throws error
// when one that is named does not exist. Reads catalogs and statistics only.
autovacuum_status read_autovacuum_status(pg::session &s, std::vector<qualified_name> const &tables,
                                         std::span<model::autovacuum_policy const> policies,
                                         instant now, pg::limits const &limit = {});

} // namespace pgtend::jobs

// SPDX-License-Identifier: Apache-2.0
// The whole of a configuration file, and of the files it includes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "model/check_policy.hpp"
#include "model/index_policy.hpp"
#include "model/job.hpp"
#include "model/matview_policy.hpp"
#include "model/partition_policy.hpp"
#include "model/probe.hpp"
#include "model/storage_parameter.hpp"

namespace pgtend::model {

struct target {
    std::string name;
    std::string dsn;      // ${VAR} replaced; may hold a password: never printed
    std::string passfile; // empty: libpq's own rule
    model::pooler pooler = pooler::automatic;
    std::string expect_database; // empty: any
    std::string expect_host;
    source_position at;
};

struct configuration {
    std::string file; // as given
    std::string time_zone = "UTC";
    std::vector<target> targets;
    run_policy defaults;
    std::vector<partition_policy> partitions;
    std::vector<autovacuum_policy> autovacuum;
    std::vector<index_policy> indexes;
    std::vector<matview_policy> matviews;
    check_policy checks;
    std::vector<probe> probes;
    std::vector<attestation> attestations;
    std::vector<objective> objectives;
    std::vector<job> jobs;

    // Throws usage_error with the nearest name as hint.
    job const &find_job(std::string_view name) const;
    target const &find_target(std::string_view name) const;
};

// What cannot be seen value by value: job or target names used twice, two partition policies of one
// table, two indexes of one name in one schema, a job that names an unknown target or a table
// without policy, `from` where no partition begins, a pattern that does not tell partitions apart,
// partition names that may collide or exceed 63 bytes, hourly partitions outside UTC, what
// validate() of materialized views finds, a job's own
// max_age over the longest interval between its slots (unless missed: all, it would have no
// effect), a storage parameter of one table that is declared twice, a probe, attestation or
// objective of which there are two. In the order of their files'
// names and positions.
std::vector<diagnostic> validate(configuration const &all);

} // namespace pgtend::model

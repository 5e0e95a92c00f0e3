// SPDX-License-Identifier: Apache-2.0
// A database with a test ledger and a configuration file for it.
#pragma once
#include <string>
#include <vector>

#include "support/database.hpp"
#include "support/process.hpp"

namespace pgtend::test {

class ground {
  public:
    // jobs: the list below `jobs:` of the file, indented by two.
    explicit ground(std::string const &jobs = "", std::string const &more = "");

    database db;
    scratch files;
    std::string config;

    finished run(std::vector<std::string> args, environment_changes const &changes = {}) const;
    finished tick(std::string const &now) const { return run({"tick", "--now", now}); }
    std::vector<std::string> arguments(std::vector<std::string> args) const;
    // The lease, when somebody has it, is over, as if its time had passed.
    void expire_lease(std::string const &job) const;
    // status and attempt of the job's runs, the oldest first: "lost/1 succeeded/2"
    std::string runs(std::string const &job) const;
    // From the start of the job's newest run to its end, by the server's clock.
    double seconds(std::string const &job) const;
    long long count(std::string const &query) const;
};

} // namespace pgtend::test

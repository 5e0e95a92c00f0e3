// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>
#include <vector>

namespace pgtend::ops {

struct server_binaries {
    int version = 0; // major
    std::filesystem::path folder;
};

// What is installed where distributions put it, and on PATH, the newest first: folders with initdb,
// pg_ctl and postgres.
std::vector<server_binaries> installed_servers();

} // namespace pgtend::ops

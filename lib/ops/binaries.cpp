// SPDX-License-Identifier: Apache-2.0
#include "ops/binaries.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>
#include <unistd.h>

#include "base/child.hpp"
#include "base/text.hpp"

namespace pgtend::ops {
namespace {

namespace fs = std::filesystem;

bool complete(fs::path const &folder)
{
    for (char const *program : {"initdb", "pg_ctl", "postgres"}) {
        if (::access((folder / program).c_str(), X_OK) != 0) {
            return false;
        }
    }
    return true;
}

// The number in "postgres (PostgreSQL) 17.2 (Debian 17.2-1)".
int version_of(fs::path const &folder)
{
    auto const said = run_child({(folder / "postgres").string(), "--version"}).output;
    auto const digit = said.find_first_of("0123456789");
    return digit == std::string::npos ? 0 : std::atoi(said.c_str() + digit);
}

// Debian: /usr/lib/postgresql/17/bin; Red Hat and PGDG: /usr/pgsql-17/bin.
std::set<fs::path> candidates()
{
    std::set<fs::path> out;
    auto const below = [&](char const *parent, std::string const &prefix) {
        std::error_code none;
        for (auto const &entry : fs::directory_iterator{parent, none}) {
            if (entry.path().filename().string().starts_with(prefix)) {
                out.insert(entry.path() / "bin");
            }
        }
    };
    below("/usr/lib/postgresql", "");
    below("/usr", "pgsql-");
    auto const *path = std::getenv("PATH");
    for (auto const &folder : split(path == nullptr ? "" : path, ':')) {
        if (folder.starts_with('/')) {
            out.insert(folder);
        }
    }
    return out;
}

} // namespace

std::vector<server_binaries> installed_servers()
{
    std::vector<server_binaries> out;
    for (auto const &folder : candidates()) {
        if (complete(folder)) {
            out.push_back({version_of(folder), folder});
        }
    }
    std::stable_sort(out.begin(), out.end(),
                     [](auto const &a, auto const &b) { return a.version > b.version; });
    return out;
}

} // namespace pgtend::ops

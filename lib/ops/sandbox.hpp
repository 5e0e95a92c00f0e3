// SPDX-License-Identifier: Apache-2.0
// A throwaway PostgreSQL of one's own, from the server's binaries that are installed. Its directory
// is its only trace: nobody else may look into it, it listens on a socket in it and on no network,
// and durability is off.
#pragma once
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

#include "base/child.hpp"

namespace pgtend::ops {

// PostgreSQL does not run as root: then the server runs as postgres, or nobody.
struct sandbox_place {
    std::filesystem::path directory; // absolute
    std::optional<account> server;   // who runs it; nothing: who we are
};
// `asked`: empty for the default: pgtend-sandbox in `runtime` ($XDG_RUNTIME_DIR), else
// pgtend-sandbox-UID in /tmp; root, whose own folders the server could not enter, always there.
// Throws usage_error when the path is too long for a socket, or has characters other than letters,
// digits and /._+-
sandbox_place place_of_sandbox(std::string const &asked, std::string const &runtime);

struct sandbox_state {
    bool exists = false;  // the directory is there, and a sandbox's
    bool running = false; // the server answers to pg_ctl
    int version = 0;      // major; 0: unknown
    std::filesystem::path binaries;
    std::string dsn; // conninfo of the superuser
};

class sandbox {
  public:
    explicit sandbox(sandbox_place place, std::stop_token stop = {});

    // All throw usage_error when the directory is there and is not a sandbox of this user.
    sandbox_state state() const;
    // Makes it, or starts it again with its data; changes nothing when it runs. version: of the
    // server, 0 for the newest that is installed. Throws usage_error when there is none, or it was
    // made with another; error when it does not start, with the end of its log.
    sandbox_state start(int version) const;
    // Ends the server at once and removes the directory; false when there was none.
    bool stop() const;
    // Becomes psql.
    [[noreturn]] void psql(std::vector<std::string> const &arguments) const;

  private:
    std::filesystem::path data() const { return place_.directory / "data"; }
    std::filesystem::path sockets() const { return place_.directory / "socket"; }
    child_result run(std::vector<std::string> words) const;
    void make(std::filesystem::path const &binaries) const;

    sandbox_place place_;
    std::stop_token stop_;
};

} // namespace pgtend::ops

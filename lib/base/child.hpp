// SPDX-License-Identifier: Apache-2.0
// Other programs.
#pragma once
#include <optional>
#include <stop_token>
#include <string>
#include <sys/types.h>
#include <vector>

namespace pgtend {

struct account {
    uid_t user = 0;
    gid_t group = 0;
    std::string name;
};
// Nothing when the system has no such user.
std::optional<account> find_account(std::string const &name);

struct child_options {
    std::optional<account> as = {}; // who it runs as, without other groups; root only
    std::stop_token stop = {};      // asked for: SIGTERM to the program
};
struct child_result {
    int code = 0;       // 128 + signal when one ended it
    std::string output; // stdout and stderr
};
// Runs a program, a path and its arguments, to its end; no shell. It gets an empty stdin, no
// other file of ours, the folder / and an environment of PATH, LC_ALL=C and HOME=/ alone. What it
// leaves running is not waited for. Throws error when it cannot be started; interrupted when
// stopped.
child_result run_child(std::vector<std::string> words, child_options const &options = {});

// Becomes that program, with this environment and all signals as they are by default. Returns only
// by throwing error.
[[noreturn]] void become(std::vector<std::string> words);

} // namespace pgtend

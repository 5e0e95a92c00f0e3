// SPDX-License-Identifier: Apache-2.0
// A partition policy on the command line: the words are those of the file.
#pragma once
#include <string>

#include "model/partition_policy.hpp"
#include "tools/options.hpp"

namespace pgtend::tools {

struct policy_options {
    std::string key, every, name, from, zone = "UTC";
    long long premake = 3;
    bool grants = false;
};
void declare(options &o, policy_options &into);

// Throws error for a value that is none.
model::partition_policy policy_of(std::string const &table, policy_options const &a);

} // namespace pgtend::tools

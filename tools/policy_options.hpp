// SPDX-License-Identifier: Apache-2.0
// Tables, and a partition policy, on the command line: the words are those of the file.
#pragma once
#include <string>
#include <vector>

#include "model/partition_policy.hpp"
#include "tools/options.hpp"

namespace pgtend::tools {

// Throws usage_error for a text that is no name.
std::vector<qualified_name> names_of(std::vector<std::string> const &texts);

struct policy_options {
    std::string key, every, name, from, zone = "UTC";
    long long premake = 3;
    bool grants = false;
};
void declare(options &o, policy_options &into);

// Throws error for a value that is none.
model::partition_policy policy_of(std::string const &table, policy_options const &a);

} // namespace pgtend::tools

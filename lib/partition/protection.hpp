// SPDX-License-Identifier: Apache-2.0
// Row level security of the tables above a partition, which it should have as well.
#pragma once
#include <set>
#include <string>
#include <string_view>

#include "catalog/snapshot/partition_tree.hpp"

namespace pgtend::partition {

struct protection {
    bool on = false;
    bool forced = false;                 // on a table that has it on, as alone it means nothing
    std::set<std::string_view> policies; // of the tables, which have to live as long
    void add(catalog::tree_relation const &table);
};

// Of a policy as tree_relation has it.
std::string policy_name(std::string const &policy);
bool is_permissive(std::string const &policy);

} // namespace pgtend::partition

// SPDX-License-Identifier: Apache-2.0
#include "partition/protection.hpp"

namespace pgtend::partition {

void protection::add(catalog::tree_relation const &table)
{
    policies.insert(table.policies.begin(), table.policies.end());
    on = on || table.row_security;
    forced = forced || (table.row_security && table.force_row_security);
}

std::string policy_name(std::string const &policy)
{
    std::size_t at = 0;
    for (int words = 0; words < 3; ++words) {
        at = policy.find(' ', at) + 1;
    }
    return policy.substr(at);
}

bool is_permissive(std::string const &policy)
{
    return policy.find(" true ") == policy.find(' ');
}

} // namespace pgtend::partition

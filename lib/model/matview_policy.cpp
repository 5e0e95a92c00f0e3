// SPDX-License-Identifier: Apache-2.0
#include "model/matview_policy.hpp"

#include <fmt/format.h>
#include <map>

namespace pgtend::model {
namespace {

constexpr std::size_t longest_name = 63;

// The first key that only a view with a query has a use for.
std::string_view useless_key(matview_policy const &policy)
{
    if (!policy.query.empty()) {
        return {};
    }
    return !policy.with_data            ? "with_data"
           : !policy.owner.empty()      ? "owner"
           : !policy.tablespace.empty() ? "tablespace"
                                        : "";
}

} // namespace

std::string index_name(matview_policy const &policy)
{
    return policy.unique_index_name.empty() ? policy.name.name + "_key" : policy.unique_index_name;
}

std::vector<diagnostic> validate(std::vector<matview_policy> const &all)
{
    std::vector<diagnostic> out;
    std::map<qualified_name, matview_policy const *> seen;
    for (auto const &policy : all) {
        auto const shown = display(policy.name);
        auto const [first, fresh] = seen.try_emplace(policy.name, &policy);
        if (!fresh) {
            out.push_back({policy.at, fmt::format("materialized view {} is declared twice", shown),
                           fmt::format("the first is in {}; keep one of them",
                                       to_string(first->second->at))});
            continue;
        }
        if (!policy.unique_index.empty() && index_name(policy).size() > longest_name) {
            out.push_back({policy.at,
                           fmt::format("the unique index of {} would have a name of more than {} "
                                       "bytes",
                                       shown, longest_name),
                           "write `unique_index: { name: ..., columns: [...] }`"});
        }
        if (auto const key = useless_key(policy); !key.empty()) {
            out.push_back({policy.at,
                           fmt::format("`{}` of {} means nothing without `query`", key, shown),
                           "declare the query, or remove the key"});
        }
    }
    return out;
}

} // namespace pgtend::model

// SPDX-License-Identifier: Apache-2.0
#include "index/superfluous.hpp"

#include <algorithm>
#include <string>
#include <tuple>

#include "index/definition.hpp"

namespace pgtend::index {
namespace {

using catalog::table_index;

// What decides whether two indexes do the same; scanned once an index.
struct traits {
    table_index const *index;
    std::string same; // without storage parameters
    std::string where;
};

traits traits_of(table_index const &index)
{
    traits out{&index, index.definition, {}};
    if (index.partial || index.definition.find(" WITH (") != std::string::npos) {
        auto parts = parts_of(index.definition);
        out.same = parts.head + " WHERE " + parts.where;
        out.where = std::move(parts.where);
    } else {
        out.same += " WHERE ";
    }
    return out;
}

// The better of two equal ones stays.
bool better(table_index const &a, table_index const &b)
{
    return std::tuple{removable(a), !a.clustered, a.name} <
           std::tuple{removable(b), !b.clustered, b.name};
}

bool equal(traits const &a, traits const &b)
{
    return a.index->unique == b.index->unique && a.same == b.same &&
           (b.index->immediate || !a.index->immediate) && better(*b.index, *a.index);
}

bool covers(traits const &longer, traits const &shorter)
{
    auto const &a = *shorter.index, &b = *longer.index;
    if (&a == &b || a.unique || a.method != "btree" || b.method != "btree" ||
        shorter.where != longer.where || a.keys.size() > b.keys.size() ||
        (a.keys.size() == b.keys.size() && !b.unique && a.included.size() >= b.included.size())) {
        return false;
    }
    auto const has = [&](int column) {
        return std::find(b.key_columns.begin(), b.key_columns.end(), column) !=
                   b.key_columns.end() ||
               std::find(b.included.begin(), b.included.end(), column) != b.included.end();
    };
    return std::equal(a.keys.begin(), a.keys.end(), b.keys.begin()) &&
           std::all_of(a.included.begin(), a.included.end(), has);
}

} // namespace

bool removable(table_index const &index)
{
    return index.parent.empty() && index.constraint.empty() && index.referring.empty() &&
           !index.replica_identity;
}

std::vector<superfluous> superfluous_among(std::vector<table_index const *> const &of_one_table)
{
    std::vector<superfluous> out;
    if (of_one_table.size() < 2) {
        return out;
    }
    std::vector<traits> all;
    for (auto const *each : of_one_table) {
        if (each->valid && each->live && !each->exclusion && !each->definition.empty()) {
            all.push_back(traits_of(*each));
        }
    }
    auto const find = [&](auto const &holds) -> table_index const * {
        auto const at = std::find_if(all.begin(), all.end(), holds);
        return at == all.end() ? nullptr : at->index;
    };
    for (auto const &a : all) {
        if (!removable(*a.index)) {
            continue;
        }
        if (auto const *twin = find([&](traits const &b) { return equal(a, b); })) {
            out.push_back({a.index, twin, true});
        } else if (auto const *longer = find([&](traits const &b) { return covers(b, a); })) {
            out.push_back({a.index, longer, false});
        }
    }
    return out;
}

} // namespace pgtend::index

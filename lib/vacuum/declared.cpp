// SPDX-License-Identifier: Apache-2.0
#include "vacuum/declared.hpp"

#include <algorithm>
#include <map>

namespace pgtend::vacuum {
namespace {

constexpr std::string_view toast_prefix = "toast.";

std::string key(std::string const &oid, std::string_view name)
{
    return oid + '/' + std::string{name};
}

standing judge(declared_parameter const &each, int server_version)
{
    auto const *known = model::find_storage_parameter(each.wanted.name);
    if (known == nullptr || known->since > server_version) {
        return standing::too_new;
    }
    auto const same = [&](std::optional<std::string> const &a, std::string const &b) {
        return a && model::same_parameter_value(each.wanted.name, *a, b);
    };
    if (same(each.present, each.wanted.value)) {
        return standing::in_force;
    }
    if (each.wanted.name.starts_with(toast_prefix) && each.table->toast.empty()) {
        return standing::no_toast;
    }
    if (!each.saved || same(each.present, each.saved->value)) {
        return standing::differs;
    }
    auto const &before = each.saved->original;
    bool const as_before = before ? same(each.present, *before) : !each.present;
    return as_before ? standing::differs : standing::changed_since;
}

} // namespace

std::string_view name(standing how)
{
    switch (how) {
    case standing::in_force:
        return "in_force";
    case standing::differs:
        return "differs";
    case standing::changed_since:
        return "changed_since";
    case standing::no_toast:
        return "no_toast";
    case standing::too_new:
        break;
    }
    return "too_new";
}

std::optional<std::string> own_parameter(catalog::vacuum_table const &table, std::string_view name)
{
    for (auto at = table.options.rbegin(); at != table.options.rend(); ++at) {
        if (at->size() > name.size() && at->starts_with(name) && (*at)[name.size()] == '=') {
            return at->substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

std::vector<qualified_name> declared_tables(std::span<model::autovacuum_policy const> policies)
{
    std::vector<qualified_name> out;
    for (auto const &policy : policies) {
        for (auto const &table : policy.tables) {
            if (std::find(out.begin(), out.end(), table) == out.end()) {
                out.push_back(table);
            }
        }
    }
    return out;
}

declarations::declarations(std::span<model::autovacuum_policy const> policies,
                           catalog::vacuum_snapshot const &snapshot,
                           model::parameter_ledger const &ledger)
    : snapshot_{snapshot}
{
    for (auto const &each : snapshot.tables) {
        tables_.emplace(each.oid, &each);
    }
    for (auto const &each : ledger.saved) {
        saved_.emplace(key(each.table_oid, each.name), &each);
    }
    for (auto const &found : snapshot.asked) {
        if (!found.usable()) {
            continue;
        }
        auto &list = declared_[found.oid];
        for (auto const &policy : policies) {
            if (std::find(policy.tables.begin(), policy.tables.end(), found.asked) !=
                policy.tables.end()) {
                list.insert(list.end(), policy.parameters.begin(), policy.parameters.end());
            }
        }
    }
}

catalog::vacuum_table const *declarations::table(std::string const &oid) const
{
    auto const at = tables_.find(oid);
    return at == tables_.end() ? nullptr : at->second;
}

std::vector<model::parameter_setting> declarations::of(std::string const &table_oid) const
{
    std::map<std::string, model::parameter_setting> out;
    for (auto const *at = table(table_oid); at != nullptr; at = table(at->parent)) {
        if (auto const own = declared_.find(at->oid); own != declared_.end()) {
            for (auto const &each : own->second) {
                out.emplace(each.name, each);
            }
        }
    }
    std::vector<model::parameter_setting> list;
    for (auto &[name, each] : out) {
        list.push_back(std::move(each));
    }
    return list;
}

std::vector<declared_parameter> declarations::all() const
{
    std::vector<catalog::vacuum_table const *> leaves;
    for (auto const &each : snapshot_.tables) {
        if (each.kind == 'r') {
            leaves.push_back(&each);
        }
    }
    std::sort(leaves.begin(), leaves.end(),
              [](auto const *a, auto const *b) { return a->name < b->name; });
    std::vector<declared_parameter> out;
    for (auto const *leaf : leaves) {
        for (auto &wanted : of(leaf->oid)) {
            declared_parameter each{leaf, std::move(wanted), {}};
            each.present = own_parameter(*leaf, each.wanted.name);
            each.saved = saved_of(*leaf, each.wanted.name, each.present);
            each.how = judge(each, snapshot_.settings.server_version);
            out.push_back(std::move(each));
        }
    }
    return out;
}

std::vector<catalog::vacuum_table const *> declarations::parents() const
{
    std::vector<catalog::vacuum_table const *> out;
    for (auto const &found : snapshot_.asked) {
        auto const *each = found.usable() ? table(found.oid) : nullptr;
        if (each != nullptr && each->kind == 'p') {
            out.push_back(each);
        }
    }
    return out;
}

model::saved_parameter const *declarations::saved(std::string const &table_oid,
                                                  std::string_view name) const
{
    auto const at = saved_.find(key(table_oid, name));
    return at == saved_.end() ? nullptr : at->second;
}

std::optional<model::saved_parameter>
declarations::saved_of(catalog::vacuum_table const &leaf, std::string_view name,
                       std::optional<std::string> const &present) const
{
    if (auto const *own = saved(leaf.oid, name)) {
        return *own;
    }
    for (auto const *at = table(leaf.parent); at != nullptr && present; at = table(at->parent)) {
        auto const *given = saved(at->oid, name);
        if (given != nullptr && given->of_new_partitions) {
            if (!model::same_parameter_value(name, *present, given->value)) {
                break; // came with one of its own
            }
            auto out = *given;
            out.table_oid = leaf.oid;
            out.table = leaf.name;
            out.of_new_partitions = false;
            return out;
        }
    }
    return std::nullopt;
}

bool declarations::below(catalog::vacuum_table const &leaf, std::string const &ancestor_oid) const
{
    for (auto const *at = &leaf; at != nullptr; at = table(at->parent)) {
        if (at->oid == ancestor_oid) {
            return true;
        }
    }
    return false;
}

} // namespace pgtend::vacuum

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <vector>

#include "config/parameters.hpp"
#include "config/sections.hpp"
#include "model/storage_parameter.hpp"

namespace pgtend::config {
namespace {

// What may stand in a policy: `tables`, and each parameter as the server has it or without its
// "autovacuum_", also of the TOAST table.
class vocabulary {
  public:
    vocabulary()
    {
        keys_.push_back({"tables", true, true});
        parameters_.emplace_back();
        for (auto const &each : model::storage_parameters()) {
            if (each.other_purpose) {
                continue;
            }
            add("", each.name);
            if (each.of_toast) {
                add("toast.", each.name);
            }
        }
    }

    std::vector<key_view> const &keys() const { return keys_; }
    // Of the key of that index: the parameter as the server has it; empty for `tables`.
    std::string const &parameter(std::size_t key) const { return parameters_[key]; }

  private:
    void add(std::string const &prefix, std::string_view name)
    {
        constexpr std::string_view common = "autovacuum_";
        auto const full = prefix + std::string{name};
        if (name.starts_with(common)) {
            add_key(prefix + std::string{name.substr(common.size())}, full);
        }
        add_key(full, full);
    }

    void add_key(std::string key, std::string const &parameter)
    {
        keys_.push_back({names_.emplace_back(std::move(key)), true, false});
        parameters_.push_back(parameter);
    }

    std::deque<std::string> names_; // a deque: the keys' views stay where they are
    std::vector<key_view> keys_;
    std::vector<std::string> parameters_;
};

vocabulary const &words()
{
    static vocabulary const all;
    return all;
}

void read_autovacuum_tables(reader &r, node const &n, model::autovacuum_policy &out)
{
    r.list(n, [&](node const &item) {
        qualified_name table;
        if (!r.relation(item, table)) {
            return;
        }
        if (std::find(out.tables.begin(), out.tables.end(), table) != out.tables.end()) {
            r.error(item, fmt::format("{} is there twice", display(table)), "remove one of them");
        } else {
            out.tables.push_back(std::move(table));
        }
    });
}

void read_parameter(reader &r, map_entry const &entry, std::string const &name,
                    model::autovacuum_policy &out)
{
    for (auto const &other : out.parameters) {
        if (other.name == name) { // once short, once in full
            r.error(entry.key, fmt::format("{} is there twice", name), "remove one of them");
            return;
        }
    }
    model::parameter_setting setting{name, {}, r.at(entry.key)};
    if (read_parameter_value(r, entry.key, entry.value, name, setting.value)) {
        out.parameters.push_back(std::move(setting));
    }
}

} // namespace

void read_autovacuum(reader &r, node const &n, model::configuration &all)
{
    r.list(n, [&](node const &item) {
        r.key = "autovacuum";
        model::autovacuum_policy policy;
        policy.at = r.at(item);
        std::vector<std::pair<std::size_t, map_entry const *>> use;
        auto const before = r.problems();
        auto const result = match_keys(r, item, "an autovacuum policy", words().keys(), use);
        for (auto const &[index, entry] : use) {
            r.key = entry->key.text;
            r.key_node = &entry->key;
            auto const &parameter = words().parameter(index);
            if (parameter.empty()) {
                read_autovacuum_tables(r, entry->value, policy);
            } else {
                read_parameter(r, *entry, parameter, policy);
            }
        }
        r.key = "autovacuum";
        if (result.is_map && use.size() < 2 && r.problems() == before) {
            r.error(item, "no storage parameter is given", "write vacuum_scale_factor: 0.05");
        }
        all.autovacuum.push_back(std::move(policy));
    });
}

} // namespace pgtend::config

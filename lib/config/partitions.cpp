// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "config/parameters.hpp"
#include "config/scalar.hpp"
#include "config/sections.hpp"
#include "model/partition_name.hpp"
#include "model/storage_parameter.hpp"

namespace pgtend::config {
namespace {

using model::partition_policy;

void read_from(reader &r, node const &n, partition_policy &out)
{
    // 2025-01-15 is a date in YAML 1.1 and a text in 1.2: the same thing here.
    auto const plain_date = n.kind == node_kind::scalar && n.style == node_style::plain &&
                            classify(n.text) == plain_kind::date;
    std::string written;
    if (plain_date || r.text(n, written)) {
        r.checked(n, [&] {
            out.from = model::parse_date(n.text);
            if (out.from->year < 1900 || out.from->year > 2200) {
                throw error{
                    fmt::format("{} is not between the years 1900 and 2200", shown(n.text))};
            }
        });
        out.from_at = r.at(n);
    }
}

// A map of parameter and value, which become WITH (name=value).
void read_storage_parameters(reader &r, node const &n, partition_policy &out)
{
    if (n.kind != node_kind::map || n.entries.empty()) {
        r.error(n, "a map is wanted", "write { autovacuum_vacuum_scale_factor: 0.05 }");
        return;
    }
    for (auto const &entry : n.entries) {
        std::string value;
        auto const &name = entry.key.text;
        bool const known = r.checked(entry.key, [&] { model::check_storage_parameter_name(name); });
        if (known && read_parameter_value(r, entry.key, entry.value, name, value)) {
            out.storage_parameters.push_back(name + "=" + value);
        }
    }
}

constexpr std::array<std::pair<std::string_view, model::step>, 6> steps{{
    {"hour", model::step::hour},
    {"day", model::step::day},
    {"week", model::step::week},
    {"month", model::step::month},
    {"quarter", model::step::quarter},
    {"year", model::step::year},
}};

constexpr std::array<map_key<partition_policy>, 11> partition_keys{{
    {"table", [](reader &r, node const &n, partition_policy &p) { r.relation(n, p.table); }, true},
    {"key", [](reader &r, node const &n, partition_policy &p) { r.identifier(n, p.key); }, true},
    {"every", [](reader &r, node const &n, partition_policy &p) { r.choice(n, p.every, steps); },
     true},
    {"name",
     [](reader &r, node const &n, partition_policy &p) {
         r.text(n, p.name_pattern);
         p.name_at = r.at(n);
     }},
    {"from", read_from},
    {"premake",
     [](reader &r, node const &n, partition_policy &p) { r.integer(n, p.premake, 0, 1000); }},
    {"timezone",
     [](reader &r, node const &n, partition_policy &p) { r.time_zone(n, p.time_zone); }},
    {"grants", [](reader &r, node const &n, partition_policy &p) { r.boolean(n, p.grants); }},
    {"storage_parameters", read_storage_parameters},
    {"retain"},
    {"retire"},
}};

} // namespace

void read_partitions(reader &r, node const &n, model::configuration &all)
{
    r.list(n, [&](node const &item) {
        r.key = "partitions";
        partition_policy policy;
        policy.at = r.at(item);
        auto const result = read_map(r, item, "a partition policy", partition_keys, policy);
        if (result.clean) {
            all.partitions.push_back(std::move(policy));
        } else if (!policy.table.name.empty()) {
            partition_policy harmless;
            harmless.table = std::move(policy.table);
            harmless.at = std::move(policy.at);
            all.partitions.push_back(std::move(harmless));
        }
    });
}

} // namespace pgtend::config

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>

#include "config/sections.hpp"
#include "model/index_policy.hpp"
#include "model/sql_text.hpp"

namespace pgtend::config {
namespace {

using model::index_policy;

void read_index_columns(reader &r, node const &n, index_policy &out)
{
    std::string written;
    if (r.sql(n, written)) {
        r.checked_quietly(n, [&] { model::check_index_columns(written); });
        out.on = std::move(written);
    }
}

void read_condition(reader &r, node const &n, index_policy &out)
{
    std::string written;
    if (r.sql(n, written)) {
        r.checked_quietly(n, [&] { model::check_condition(written); });
        out.where = std::move(written);
    }
}

void read_include(reader &r, node const &n, index_policy &out)
{
    r.list(n, [&](node const &item) {
        std::string column;
        if (!r.identifier(item, column)) {
            return;
        }
        if (std::find(out.include.begin(), out.include.end(), column) != out.include.end()) {
            r.error(item,
                    fmt::format("column {} is in the list twice", display_identifier(column)));
        }
        out.include.push_back(std::move(column));
    });
}

void read_storage(reader &r, node const &n, index_policy &out)
{
    if (n.kind != node_kind::map || n.entries.empty()) {
        r.error(n, "a map is wanted", "write { fillfactor: 70 }");
        return;
    }
    for (auto const &entry : n.entries) {
        if (entry.value.kind != node_kind::scalar || entry.value.style != node_style::plain) {
            r.error(entry.key, fmt::format("{} has no value", shown(entry.key.text)),
                    "write a number or a plain word, without quotes");
            continue;
        }
        auto parameter = entry.key.text + "=" + entry.value.text;
        if (r.checked(entry.value, [&] { model::check_storage_parameter(parameter); })) {
            out.storage.push_back(std::move(parameter));
        }
    }
}

constexpr std::array<map_key<index_policy>, 10> index_keys{{
    {"table", [](reader &r, node const &n, index_policy &p) { r.relation(n, p.table); }, true},
    {"name", [](reader &r, node const &n, index_policy &p) { r.identifier(n, p.name); }, true},
    {"on", read_index_columns, true},
    {"method", [](reader &r, node const &n, index_policy &p) { r.identifier(n, p.method); }},
    {"unique", [](reader &r, node const &n, index_policy &p) { r.boolean(n, p.unique); }},
    {"nulls_not_distinct",
     [](reader &r, node const &n, index_policy &p) { r.boolean(n, p.nulls_not_distinct); }},
    {"include", read_include},
    {"where", read_condition},
    {"with", read_storage},
    {"tablespace",
     [](reader &r, node const &n, index_policy &p) { r.identifier(n, p.tablespace); }},
}};

} // namespace

void read_indexes(reader &r, node const &n, model::configuration &all)
{
    r.list(n, [&](node const &item) {
        r.key = "indexes";
        index_policy policy;
        policy.at = r.at(item);
        auto const result = read_map(r, item, "an index", index_keys, policy);
        if (result.clean || (!policy.table.name.empty() && !policy.name.empty())) {
            all.indexes.push_back(std::move(policy));
        }
    });
}

} // namespace pgtend::config

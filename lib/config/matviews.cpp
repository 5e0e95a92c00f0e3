// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>

#include "config/sections.hpp"
#include "config/sql_file.hpp"
#include "model/sql_text.hpp"

namespace pgtend::config {
namespace {

using model::matview_policy;

void read_max_staleness(reader &r, node const &n, matview_policy &out)
{
    microseconds value{0};
    if (r.duration(n, value, seconds{1}, std::chrono::hours{24 * 366})) {
        out.max_staleness = value;
    }
}

struct query_file {
    std::string path;
    node const *at = nullptr;
};

// The SQL itself, or { file: x.sql }.
void read_query(reader &r, node const &n, matview_policy &out)
{
    static constexpr std::array<map_key<query_file>, 1> keys{{
        {"file",
         [](reader &in, node const &v, query_file &f) {
             if (in.text(v, f.path)) {
                 f.at = &v;
             }
         },
         true},
    }};
    out.query_at = r.at(n);
    std::string written;
    auto const *from = &n;
    auto const outer = r.key;
    if (n.kind == node_kind::map) {
        query_file file;
        read_map(r, n, "'query'", keys, file);
        r.key = "file";
        from = file.at;
        if (from != nullptr && !read_sql_file(r, *from, file.path, written)) {
            from = nullptr;
        }
    } else if (!r.sql(n, written)) {
        from = nullptr;
    }
    if (from != nullptr) {
        r.checked_quietly(*from, [&] { out.query = model::single_query(written); });
    }
    r.key = outer;
}

void read_unique_columns(reader &r, node const &n, matview_policy &out)
{
    r.list(n, [&](node const &item) {
        std::string column;
        if (!r.identifier(item, column)) {
            return;
        }
        auto &all = out.unique_index;
        if (std::find(all.begin(), all.end(), column) != all.end()) {
            r.error(item,
                    fmt::format("column {} is in the list twice", display_identifier(column)));
            return;
        }
        all.push_back(std::move(column));
    });
}

// [a, b], or { name: x_key, columns: [a, b] }.
void read_unique_index(reader &r, node const &n, matview_policy &out)
{
    static constexpr std::array<map_key<matview_policy>, 2> keys{{
        {"name", [](reader &in, node const &v,
                    matview_policy &p) { in.identifier(v, p.unique_index_name); }},
        {"columns", read_unique_columns, true},
    }};
    if (n.kind == node_kind::map) {
        read_map(r, n, "'unique_index'", keys, out);
    } else {
        read_unique_columns(r, n, out);
    }
}

constexpr std::array<map_key<matview_policy>, 7> matview_keys{{
    {"name", [](reader &r, node const &n, matview_policy &p) { r.relation(n, p.name); }, true},
    {"max_staleness", read_max_staleness},
    {"query", read_query},
    {"unique_index", read_unique_index},
    {"with_data", [](reader &r, node const &n, matview_policy &p) { r.boolean(n, p.with_data); }},
    {"owner", [](reader &r, node const &n, matview_policy &p) { r.identifier(n, p.owner); }},
    {"tablespace",
     [](reader &r, node const &n, matview_policy &p) { r.identifier(n, p.tablespace); }},
}};

} // namespace

void read_matviews(reader &r, node const &n, model::configuration &all)
{
    r.list(n, [&](node const &item) {
        r.key = "matviews";
        matview_policy policy;
        policy.at = r.at(item);
        auto const result = read_map(r, item, "a materialized view", matview_keys, policy);
        if (result.clean) {
            all.matviews.push_back(std::move(policy));
        } else if (!policy.name.name.empty()) {
            all.matviews.push_back({.name = std::move(policy.name), .at = std::move(policy.at)});
        }
    });
}

} // namespace pgtend::config

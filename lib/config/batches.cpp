// SPDX-License-Identifier: Apache-2.0
#include "config/batches.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "config/actions.hpp"
#include "config/scalar.hpp"
#include "model/sql_text.hpp"

namespace pgtend::config {
namespace {

// cleanup and expire, before their tables are put together.
struct batch_parts {
    model::selection one; // table: and where:
    std::vector<model::selection> many;
    std::vector<model::assignment> set;
    model::batching batches;
};

void read_table(reader &r, node const &n, model::selection &out)
{
    r.relation(n, out.table);
}

void read_where(reader &r, node const &n, model::selection &out)
{
    std::string written;
    if (n.kind == node_kind::scalar && n.style == node_style::plain &&
        (n.text == "true" || n.text == "false")) { // reads well, and says what a boolean would
        written = n.text;
    } else if (!r.sql(n, written)) {
        return;
    }
    if (r.checked_quietly(n, [&] { model::check_condition(written); })) {
        out.where = std::move(written);
    }
}

void read_selections(reader &r, node const &n, batch_parts &out)
{
    static constexpr std::array<map_key<model::selection>, 2> keys{
        {{"table", read_table, true}, {"where", read_where, true}}};
    r.list(n, [&](node const &item) {
        model::selection one;
        one.at = r.at(item);
        read_map(r, item, "a table of the list", keys, one);
        out.many.push_back(std::move(one));
    });
}

// { sql: "now()" }
void read_expression(reader &r, node const &n, model::assignment &out)
{
    static constexpr std::array<map_key<model::assignment>, 1> keys{{
        {"sql",
         [](reader &in, node const &v, model::assignment &a) {
             std::string written;
             if (in.sql(v, written)) {
                 in.checked_quietly(v, [&] { model::check_condition(written); });
                 a.value = std::move(written);
                 a.is_sql = true;
             }
         },
         true},
    }};
    read_map(r, n, "a value of 'set'", keys, out);
}

void read_value(reader &r, node const &n, model::assignment &out)
{
    if (n.kind == node_kind::map) {
        read_expression(r, n, out);
        return;
    }
    if (n.kind == node_kind::sequence) {
        r.error(n, "a value is wanted, not a list",
                "write { sql: \"array['a', 'b']\" } for an array");
        return;
    }
    if (n.kind != node_kind::scalar) {
        return; // null: value is empty
    }
    auto const kind = n.style == node_style::plain ? classify(n.text) : plain_kind::text;
    switch (kind) {
    case plain_kind::yes_no:
    case plain_kind::odd_integer:
    case plain_kind::odd_decimal:
    case plain_kind::sexagesimal:
    case plain_kind::date:
        r.error(n, fmt::format("{} is {}", shown(n.text), describe(kind, n.text)),
                fmt::format("quote it if this text is meant: \"{}\"", n.text));
        return;
    default:
        out.value = n.text;
    }
}

// A map whose keys are columns.
void read_set(reader &r, node const &n, batch_parts &out)
{
    if (n.kind != node_kind::map) {
        r.error(n, "a map is wanted", "write { column: value, other: { sql: \"now()\" } }");
        return;
    }
    if (n.entries.empty()) {
        r.error(n, "the map is empty", "write { column: value }");
    }
    auto const outer = r.key;
    for (auto const &entry : n.entries) {
        model::assignment one;
        one.at = r.at(entry.key);
        r.key = outer;
        if (!r.checked(entry.key, [&] { one.column = parse_identifier(entry.key.text); })) {
            continue;
        }
        r.key = entry.key.text;
        if (entry.value.kind == node_kind::missing) {
            r.plain_error(entry.key, fmt::format("column {} has no value", shown(entry.key.text)),
                          "write null if that is meant");
            continue;
        }
        auto const same = [&](model::assignment const &a) { return a.column == one.column; };
        if (std::any_of(out.set.begin(), out.set.end(), same)) {
            r.plain_error(entry.key,
                          fmt::format("column {} is set twice", display_identifier(one.column)));
        }
        read_value(r, entry.value, one);
        out.set.push_back(std::move(one));
    }
    r.key = outer;
}

constexpr auto table_key = [](reader &r, node const &n, batch_parts &p) {
    read_table(r, n, p.one);
};
constexpr auto where_key = [](reader &r, node const &n, batch_parts &p) {
    read_where(r, n, p.one);
};
constexpr auto rows_key = [](reader &r, node const &n, batch_parts &p) {
    r.integer(n, p.batches.initial_rows, 1, 100'000);
};
constexpr auto time_key = [](reader &r, node const &n, batch_parts &p) {
    r.duration(n, p.batches.target, milliseconds{1}, std::chrono::minutes{1});
};
constexpr auto pause_key = [](reader &r, node const &n, batch_parts &p) {
    r.duration(n, p.batches.pause, microseconds{0}, std::chrono::hours{1});
};
constexpr auto max_rows_key = [](reader &r, node const &n, batch_parts &p) {
    long long most = 0;
    if (r.integer(n, most, 1, 1'000'000'000'000)) {
        p.batches.max_rows = most;
    }
};

// One table with its condition, or a list of them.
std::vector<model::selection> selections(reader &r, node const &n, map_result const &result,
                                         std::string_view what, batch_parts parts)
{
    if (!require_one_of(r, n, result, what, "table", "tables")) {
        return {};
    }
    if (result.means("tables")) {
        if (result.means("where")) {
            r.error(n, "'where' stands beside 'tables'",
                    "each table of the list has its own condition");
        }
        return std::move(parts.many);
    }
    if (!result.means("where")) {
        r.plain_error(n, fmt::format("{} needs the key 'where'", what),
                      "write `where: true` if all rows are meant");
    }
    parts.one.at = r.at(n);
    return {std::move(parts.one)};
}

} // namespace

bool require_one_of(reader &r, node const &map, map_result const &result, std::string_view what,
                    std::string_view first, std::string_view second)
{
    if (!result.is_map) {
        return false;
    }
    bool const one = result.means(first);
    bool const other = result.means(second);
    if (one && other) {
        r.plain_error(map, fmt::format("'{}' and '{}' exclude each other", first, second),
                      "keep one of them");
    } else if (!one && !other) {
        r.plain_error(map, fmt::format("{} needs the key '{}' or '{}'", what, first, second));
    }
    return one != other;
}

void read_cleanup(reader &r, node const &n, model::action &out)
{
    static constexpr std::array<map_key<batch_parts>, 7> keys{{
        {"table", table_key},
        {"where", where_key},
        {"tables", read_selections},
        {"batch_rows", rows_key},
        {"batch_time", time_key},
        {"pause", pause_key},
        {"max_rows", max_rows_key},
    }};
    batch_parts parts;
    auto const result = read_map(r, n, "'cleanup'", keys, parts);
    auto const batches = parts.batches;
    out = model::cleanup_action{selections(r, n, result, "'cleanup'", std::move(parts)), batches};
}

void read_expire(reader &r, node const &n, model::action &out)
{
    static constexpr std::array<map_key<batch_parts>, 8> keys{{
        {"table", table_key},
        {"where", where_key},
        {"tables", read_selections},
        {"set", read_set, true},
        {"batch_rows", rows_key},
        {"batch_time", time_key},
        {"pause", pause_key},
        {"max_rows", max_rows_key},
    }};
    batch_parts parts;
    auto const result = read_map(r, n, "'expire'", keys, parts);
    auto const batches = parts.batches;
    auto set = std::move(parts.set);
    out = model::expire_action{selections(r, n, result, "'expire'", std::move(parts)),
                               std::move(set), batches};
}

} // namespace pgtend::config

// SPDX-License-Identifier: Apache-2.0
#include "config/actions.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "config/batches.hpp"
#include "config/sql_file.hpp"
#include "model/sql_text.hpp"

namespace pgtend::config {
namespace {

using model::action;
using qualified_names = std::vector<qualified_name>;

// A list of relations, none of them twice.
void read_relations(reader &r, node const &n, qualified_names &out)
{
    r.list(n, [&](node const &item) {
        qualified_name name;
        if (!r.relation(item, name)) {
            return;
        }
        if (std::find(out.begin(), out.end(), name) != out.end()) {
            r.error(item, fmt::format("{} is in the list twice", display(name)));
        } else {
            out.push_back(std::move(name));
        }
    });
}

constexpr std::array<std::pair<std::string_view, model::concurrently>, 3> concurrently_words{
    {{"auto", model::concurrently::automatic},
     {"true", model::concurrently::yes},
     {"false", model::concurrently::no}}};

void read_vacuum_tables(reader &r, node const &n, model::vacuum_action &out)
{
    read_relations(r, n, out.tables);
}
void read_workers(reader &r, node const &n, model::vacuum_action &out)
{
    r.integer(n, out.workers, 1, 16);
}

// What `sql` is filled from before its parts are put together.
struct sql_parts {
    model::sql_action action;
    std::string path; // as written
    node const *text = nullptr;
    node const *file = nullptr;
};

} // namespace

void read_refresh(reader &r, node const &n, action &out)
{
    static constexpr std::array<map_key<model::refresh_action>, 4> keys{{
        {"matview",
         [](reader &in, node const &v, model::refresh_action &a) {
             qualified_name name;
             if (in.relation(v, name)) {
                 a.matviews.push_back(std::move(name));
             }
         }},
        {"matviews",
         [](reader &in, node const &v, model::refresh_action &a) {
             qualified_names names;
             read_relations(in, v, names);
             a.matviews.insert(a.matviews.end(), names.begin(), names.end());
         }},
        {"concurrently",
         [](reader &in, node const &v, model::refresh_action &a) {
             in.choice(v, a.mode, concurrently_words);
         }},
        {"workers", [](reader &in, node const &v,
                       model::refresh_action &a) { in.integer(v, a.workers, 1, 16); }},
    }};
    model::refresh_action a;
    require_one_of(r, n, read_map(r, n, "'refresh'", keys, a), "'refresh'", "matview", "matviews");
    out = std::move(a);
}

void read_vacuum(reader &r, node const &n, action &out)
{
    static constexpr std::array<map_key<model::vacuum_action>, 3> keys{{
        {"tables", read_vacuum_tables},
        {"analyze",
         [](reader &in, node const &v, model::vacuum_action &a) { in.boolean(v, a.analyze); }},
        {"workers", read_workers},
    }};
    model::vacuum_action a;
    read_map(r, n, "'vacuum'", keys, a);
    out = std::move(a);
}

void read_analyze(reader &r, node const &n, action &out)
{
    static constexpr std::array<map_key<model::vacuum_action>, 2> keys{
        {{"tables", read_vacuum_tables}, {"workers", read_workers}}};
    model::vacuum_action a;
    a.vacuum = false;
    a.analyze = true;
    read_map(r, n, "'analyze'", keys, a);
    out = std::move(a);
}

void read_partition(reader &r, node const &n, action &out)
{
    static constexpr std::array<map_key<model::partition_action>, 2> keys{{
        {"tables", [](reader &in, node const &v,
                      model::partition_action &a) { read_relations(in, v, a.tables); }},
        {"workers", [](reader &in, node const &v,
                       model::partition_action &a) { in.integer(v, a.workers, 1, 16); }},
    }};
    model::partition_action a;
    read_map(r, n, "'partition'", keys, a);
    out = std::move(a);
}

void read_index(reader &r, node const &n, action &out)
{
    static constexpr std::array<map_key<model::index_action>, 1> keys{{
        {"tables", [](reader &in, node const &v,
                      model::index_action &a) { read_relations(in, v, a.tables); }},
    }};
    model::index_action a;
    read_map(r, n, "'index'", keys, a);
    out = std::move(a);
}

void read_sql(reader &r, node const &n, action &out)
{
    static constexpr std::array<std::pair<std::string_view, bool>, 2> statements{
        {{"one", true}, {"separate", false}}};
    static constexpr std::array<map_key<sql_parts>, 4> keys{{
        {"text",
         [](reader &in, node const &v, sql_parts &p) {
             if (in.sql(v, p.action.text)) {
                 p.text = &v;
             }
         }},
        {"file",
         [](reader &in, node const &v, sql_parts &p) {
             if (in.text(v, p.path)) {
                 p.file = &v;
             }
         }},
        {"statements", [](reader &in, node const &v,
                          sql_parts &p) { in.choice(v, p.action.one_transaction, statements); }},
        {"idempotent",
         [](reader &in, node const &v, sql_parts &p) { in.boolean(v, p.action.idempotent); }},
    }};
    sql_parts parts;
    auto const outer = r.key;
    auto const result = read_map(r, n, "'sql'", keys, parts);
    if (require_one_of(r, n, result, "'sql'", "text", "file")) {
        auto const before = r.problems();
        if (parts.file != nullptr) {
            r.key = "file";
            read_sql_file(r, *parts.file, parts.path, parts.action.text);
        }
        auto const *const from = parts.file != nullptr ? parts.file : parts.text;
        if (from != nullptr && r.problems() == before) {
            r.key = from == parts.file ? "file" : "text";
            r.checked_quietly(
                *from, [&] { model::check_sql(parts.action.text, parts.action.one_transaction); });
        }
    }
    r.key = outer;
    out = std::move(parts.action);
}

void read_watch(reader &r, node const &n, action &out)
{
    static constexpr std::array<map_key<model::watch_action>, 2> insert_keys{{
        {"table",
         [](reader &in, node const &v, model::watch_action &a) {
             qualified_name name;
             if (in.relation(v, name)) {
                 a.insert_into = std::move(name);
             }
         },
         true},
        {"columns",
         [](reader &in, node const &v, model::watch_action &a) {
             in.list(v, [&](node const &item) {
                 std::string column;
                 if (!in.identifier(item, column)) {
                     return;
                 }
                 if (std::find(a.columns.begin(), a.columns.end(), column) != a.columns.end()) {
                     in.error(item, fmt::format("column {} is in the list twice",
                                                display_identifier(column)));
                 }
                 a.columns.push_back(std::move(column));
             });
         },
         true},
    }};
    static constexpr std::array<map_key<model::watch_action>, 3> keys{{
        {"query",
         [](reader &in, node const &v, model::watch_action &a) {
             std::string written;
             if (in.sql(v, written)) {
                 in.checked_quietly(v, [&] { a.query = model::single_query(written); });
             }
         },
         true},
        {"key", [](reader &in, node const &v, model::watch_action &a) { in.identifier(v, a.key); }},
        {"insert", [](reader &in, node const &v,
                      model::watch_action &a) { read_map(in, v, "'insert'", insert_keys, a); }},
    }};
    model::watch_action a;
    auto const result = read_map(r, n, "'watch'", keys, a);
    if (result.means("insert") && !result.means("key")) {
        r.plain_error(n, "'insert' needs the key 'key'",
                      "name the column that identifies a finding, so that it is inserted once");
    }
    out = std::move(a);
}

void read_check(reader &r, node const &n, model::action &out)
{
    static constexpr std::array<map_key<model::check_action>, 1> keys{{
        {"profile",
         [](reader &in, node const &v, model::check_action &a) {
             a.at = in.at(v);
             in.text(v, a.profile);
         }},
    }};
    model::check_action a;
    a.at = r.at(n);
    read_map(r, n, "'check'", keys, a);
    out = std::move(a);
}

} // namespace pgtend::config

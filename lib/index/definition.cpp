// SPDX-License-Identifier: Apache-2.0
#include "index/definition.hpp"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "model/sql_lexer.hpp"
#include "model/storage_parameter.hpp"

namespace pgtend::index {
namespace {

constexpr std::size_t longest_name = 63;

// Where a word stands outside of parentheses; the length of the text when it does not.
std::size_t find_word(std::string_view text, std::string_view wanted)
{
    model::sql_lexer lexer{text};
    int depth = 0;
    try {
        for (auto token = lexer.next(); token.kind != model::sql_token_kind::end;
             token = lexer.next()) {
            depth += lexer.is_symbol(token, '(') ? 1 : lexer.is_symbol(token, ')') ? -1 : 0;
            if (depth == 0 && token.kind == model::sql_token_kind::word &&
                lexer.word(token) == wanted) {
                return token.begin;
            }
        }
    } catch (error const &) {
        // An operator that the scanner does not know: taken as a whole.
    }
    return text.size();
}

// The parts of the catalogs that guards look at. They run under the work's search_path.
std::string index_named(qualified_name const &index)
{
    return "pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) "
           "i.indexrelid JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) "
           "c.relnamespace WHERE n.nspname OPERATOR(pg_catalog.=) " +
           plan::quote_literal(index.schema) +
           "::pg_catalog.name AND c.relname OPERATOR(pg_catalog.=) " +
           plan::quote_literal(index.name) + "::pg_catalog.name";
}

std::string same_oid(std::string const &column, std::string const &oid)
{
    return " AND i." + column + " OPERATOR(pg_catalog.=) " + plan::quote_literal(oid) +
           "::pg_catalog.oid";
}

plan::statement concurrently(std::string sql, qualified_name const &table)
{
    return {.sql = std::move(sql),
            .locks = {{plan::quote(table), plan::lock_mode::share_update_exclusive}},
            .in_transaction = false,
            .concurrently = true};
}

plan::statement drop_concurrently(qualified_name const &index, qualified_name const &table)
{
    return concurrently("DROP INDEX CONCURRENTLY " + plan::quote(index), table);
}

// "(fastupdate='off', fillfactor='70')", sorted; none has a comma in its value. What the server
// takes for a boolean: parse_bool() of its bool.c.
std::vector<std::string> storage_values(std::string const &printed)
{
    std::vector<std::string> out;
    for (auto const &each : split(printed.substr(0, printed.rfind(')')), ',')) {
        auto const equals = std::min(each.find('='), each.size());
        std::string name{trim(std::string_view{each}.substr(0, equals))};
        auto value = lower(trim(std::string_view{each}.substr(equals)));
        std::erase_if(value, [](char c) { return c == '=' || c == '\''; });
        bool const on = value == "1" || value == "on" ||
                        (!value.empty() && (std::string_view{"true"}.starts_with(value) ||
                                            std::string_view{"yes"}.starts_with(value)));
        std::erase(name, '(');
        out.push_back(name + "=" + (on ? "on" : model::reads_as_false(value) ? "off" : value));
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::string body_of(building const &what)
{
    auto const parts = parts_of(what.definition);
    auto out = parts.head;
    if (!parts.storage.empty()) {
        out += " WITH " + parts.storage;
    }
    if (!what.tablespace.empty()) {
        out += " TABLESPACE " + plan::quote_ident(what.tablespace);
    }
    if (!parts.where.empty()) {
        out += " WHERE " + parts.where;
    }
    return out;
}

std::string create_words(building const &what)
{
    return what.unique ? "CREATE UNIQUE INDEX " : "CREATE INDEX ";
}

// Names are told qualified under an empty search_path, here that of one statement outside of
// transactions. That it is set first is certain because its length is an argument of who tells
// (0: the whole definition).
constexpr char empty_path[] = "WITH path AS MATERIALIZED (SELECT pg_catalog.set_config("
                              "'search_path', '', true) AS nothing) ";
constexpr char told_in_path[] =
    "pg_catalog.pg_get_indexdef(i.indexrelid, pg_catalog.length(path.nothing), false)";

bool plain_name(std::string_view name)
{
    auto const letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    return !name.empty() && letter(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// "(a, B desc)": {"a", "b DESC"}; nothing when it is more than that.
std::optional<std::vector<std::string>> plain_columns(std::string_view on)
{
    using model::sql_token_kind;
    std::vector<std::string> out;
    model::sql_lexer lexer{on};
    if (!lexer.is_symbol(lexer.next(), '(')) {
        return {};
    }
    while (true) {
        auto token = lexer.next();
        auto name = token.kind == sql_token_kind::word ? lexer.word(token) : std::string{};
        if (!plain_name(name)) {
            return {};
        }
        token = lexer.next();
        if (token.kind == sql_token_kind::word) {
            auto const order = lexer.word(token);
            if (order != "asc" && order != "desc") {
                return {};
            }
            name += order == "desc" ? " DESC" : "";
            token = lexer.next();
        }
        out.push_back(std::move(name));
        if (lexer.is_symbol(token, ')')) {
            break;
        }
        if (!lexer.is_symbol(token, ',')) {
            return {};
        }
    }
    return lexer.next().kind == sql_token_kind::end ? std::optional{std::move(out)} : std::nullopt;
}

} // namespace

std::string plain_definition(model::index_policy const &declared)
{
    bool const more =
        !declared.where.empty() || !declared.storage.empty() || declared.nulls_not_distinct;
    auto const columns = more ? std::nullopt : plain_columns(declared.on);
    if (!columns || !plain_name(declared.method) ||
        !std::all_of(declared.include.begin(), declared.include.end(), plain_name)) {
        return {};
    }
    auto out = "USING " + declared.method + " (" + join(*columns, ", ") + ")";
    if (!declared.include.empty()) {
        out += " INCLUDE (" + join(declared.include, ", ") + ")";
    }
    return out;
}

definition_parts parts_of(std::string_view definition)
{
    auto const where = find_word(definition, "where");
    auto const before = definition.substr(0, where);
    auto const with = find_word(before, "with");
    constexpr std::size_t word = 5; // "WHERE"; "WITH" has one less
    definition_parts out;
    out.head = trim(before.substr(0, with));
    if (with < before.size()) {
        out.storage = trim(before.substr(with + word - 1));
    }
    if (where < definition.size()) {
        out.where = trim(definition.substr(where + word));
    }
    return out;
}

bool equal_definitions(std::string_view a, std::string_view b)
{
    if (a == b) {
        return true;
    }
    auto const one = parts_of(a), other = parts_of(b);
    return one.head == other.head && one.where == other.where &&
           storage_values(one.storage) == storage_values(other.storage);
}

std::string without_storage(std::string_view definition)
{
    auto const parts = parts_of(definition);
    return parts.head + (parts.where.empty() ? "" : " WHERE " + parts.where);
}

std::string same_definition(building const &what, std::string const &told)
{
    // A partitioned index is told as ON ONLY.
    auto const format = plan::quote_literal(create_words(what) + "%I ON %s%I.%I %s") + ", " +
                        plan::quote_literal(what.name.name) +
                        ", CASE c.relkind WHEN 'I' THEN 'ONLY ' ELSE '' END, " +
                        plan::quote_literal(what.table.schema) + ", " +
                        plan::quote_literal(what.table.name) + ", ";
    auto definitions = "pg_catalog.format(" + format + plan::quote_literal(what.definition) + ")";
    for (auto const &each : what.also) {
        definitions += ", pg_catalog.format(" + format + plan::quote_literal(each) + ")";
    }
    auto out = "i.indimmediate AND NOT i.indisexclusion AND " + told +
               " OPERATOR(pg_catalog.=) ANY (ARRAY[" + definitions + "])";
    if (!what.tablespace.empty()) {
        out += " AND EXISTS (SELECT FROM pg_catalog.pg_tablespace s, pg_catalog.pg_database d "
               "WHERE s.spcname OPERATOR(pg_catalog.=) " +
               plan::quote_literal(what.tablespace) +
               "::pg_catalog.name AND d.datname OPERATOR(pg_catalog.=) "
               "pg_catalog.current_database() AND s.oid OPERATOR(pg_catalog.=) coalesce("
               "nullif(c.reltablespace, 0::pg_catalog.oid), d.dattablespace))";
    }
    return out;
}

plan::statement create_statement(building const &what)
{
    auto out =
        concurrently(create_words(what) + "CONCURRENTLY " + plan::quote_ident(what.name.name) +
                         " ON " + plan::quote(what.table) + " " + body_of(what),
                     what.table);
    auto const such = [&](std::string const &validity) {
        return " FROM path, " + index_named(what.name) + same_oid("indrelid", what.table_oid) +
               " AND " + validity + " AND " + same_definition(what, told_in_path);
    };
    out.still_wanted = "SELECT 1 WHERE NOT EXISTS (" + std::string{empty_path} + "SELECT" +
                       such("i.indisvalid") + ")";
    auto drop = drop_concurrently(what.name, what.table);
    drop.still_wanted = std::string{empty_path} + "SELECT 1" + such("NOT i.indisvalid") +
                        " AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid "
                        "OPERATOR(pg_catalog.=) i.indexrelid)";
    out.clear_up.push_back(std::move(drop));
    return out;
}

plan::statement create_only_statement(building const &what)
{
    return {.sql = create_words(what) + plan::quote_ident(what.name.name) + " ON ONLY " +
                   plan::quote(what.table) + " " + body_of(what),
            .locks = {{plan::quote(what.table), plan::lock_mode::share}},
            .lock_timeout = short_wait,
            .still_wanted = "SELECT 1 WHERE NOT EXISTS (SELECT FROM " + index_named(what.name) +
                            same_oid("indrelid", what.table_oid) + ")"};
}

plan::statement attach_statement(qualified_name const &parent,
                                 qualified_name const &table_of_parent, qualified_name const &index,
                                 qualified_name const &table)
{
    return {.sql = "ALTER INDEX " + plan::quote(parent) + " ATTACH PARTITION " + plan::quote(index),
            .locks = {{plan::quote(table_of_parent), plan::lock_mode::access_share},
                      {plan::quote(table), plan::lock_mode::access_share},
                      {plan::quote(parent), plan::lock_mode::share_update_exclusive},
                      {plan::quote(index), plan::lock_mode::access_exclusive}},
            .lock_timeout = short_wait};
}

plan::statement drop_statement(building const &what, std::string const &oid)
{
    auto out = drop_concurrently(what.name, what.table);
    out.still_wanted = std::string{empty_path} + "SELECT 1 FROM path, " + index_named(what.name) +
                       " AND (i.indexrelid OPERATOR(pg_catalog.=) " + plan::quote_literal(oid) +
                       "::pg_catalog.oid OR " + same_definition(what, told_in_path) + ")";
    return out;
}

plan::statement drop_whole_statement(qualified_name const &index, std::string const &oid,
                                     std::vector<qualified_name> const &tables)
{
    plan::statement out{.sql = "DROP INDEX " + plan::quote(index),
                        .comment = "the index of a partitioned table cannot be dropped "
                                   "concurrently",
                        .still_wanted =
                            "SELECT 1 FROM " + index_named(index) + same_oid("indexrelid", oid)};
    for (auto const &locked : tables) {
        out.locks.push_back({plan::quote(locked), plan::lock_mode::access_exclusive});
    }
    return out;
}

plan::statement drop_invalid_statement(qualified_name const &index, std::string const &oid,
                                       qualified_name const &table)
{
    auto out = drop_concurrently(index, table);
    out.still_wanted = "SELECT 1 FROM " + index_named(index) + same_oid("indexrelid", oid) +
                       " AND NOT i.indisvalid";
    return out;
}

plan::statement rebuild_statement(qualified_name const &index, std::string const &oid,
                                  qualified_name const &table)
{
    auto out = concurrently("REINDEX INDEX CONCURRENTLY " + plan::quote(index), table);
    out.still_wanted = "SELECT 1 FROM " + index_named(index) + same_oid("indexrelid", oid) +
                       " AND NOT i.indisvalid";
    return out;
}

std::string partition_index_name(std::string const &partition, std::string const &name, int number)
{
    auto whole =
        partition + "_" + name + (number > 0 ? "_" + std::to_string(number) : std::string{});
    if (whole.size() <= longest_name) {
        return whole;
    }
    std::uint32_t hash = 2166136261U; // FNV-1a
    for (char const c : whole) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    }
    auto const tail = fmt::format("_{:08x}", hash);
    auto cut = longest_name - tail.size();
    while (cut > 0 && (static_cast<unsigned char>(whole[cut]) & 0xC0U) == 0x80U) {
        --cut; // in the middle of a character
    }
    return whole.substr(0, cut) + tail;
}

bool left_by_reindex(std::string const &name)
{
    auto end = name.size();
    while (end > 0 && name[end - 1] >= '0' && name[end - 1] <= '9') {
        --end;
    }
    auto const stem = std::string_view{name}.substr(0, end);
    return stem.ends_with("_ccnew") || stem.ends_with("_ccold");
}

} // namespace pgtend::index

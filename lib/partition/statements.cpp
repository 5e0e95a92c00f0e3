// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "partition/create.hpp"

namespace pgtend::partition {
namespace {

using plan::lock_mode;
using plan::quote;
using plan::quote_ident;
using plan::quote_literal;

// "autovacuum_vacuum_scale_factor=0.05" as `autovacuum_vacuum_scale_factor = '0.05'`.
std::string storage_parameter(std::string const &text)
{
    auto const equals = text.find('=');
    auto const name = std::string{trim(std::string_view{text}.substr(0, equals))};
    bool const sound =
        equals != std::string::npos && !name.empty() &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string::npos &&
        name.front() >= 'a' && name.back() != '.' && name.find("..") == std::string::npos;
    if (!sound) {
        throw error{"'" + printable(text) + "' is not a storage parameter",
                    "write autovacuum_vacuum_scale_factor=0.05, for example"};
    }
    return name + " = " +
           std::string{trim(quote_literal(trim(std::string_view{text}.substr(equals + 1))))};
}

std::string create_table(due_table const &table, std::string const &partition,
                         catalog::creation_facts const &facts)
{
    auto sql = "CREATE TABLE " + partition + " (LIKE " + quote(table.table) +
               " INCLUDING ALL EXCLUDING IDENTITY" + (facts.excludes ? " EXCLUDING INDEXES)" : ")");
    if (!facts.access_method.empty()) {
        sql += " USING " + quote_ident(facts.access_method);
    }
    if (!table.policy.storage_parameters.empty()) {
        std::vector<std::string> parameters;
        for (auto const &each : table.policy.storage_parameters) {
            parameters.push_back(storage_parameter(each));
        }
        sql += " WITH (" + join(parameters, ", ") + ")";
    }
    if (!facts.tablespace.empty()) {
        sql += " TABLESPACE " + quote_ident(facts.tablespace);
    }
    return sql;
}

// What the parent has and LIKE does not copy, as the actions of one ALTER TABLE; the owner last.
std::vector<std::string> alterations(catalog::creation_facts const &facts)
{
    std::vector<std::string> out;
    for (auto const &each : facts.columns) {
        auto const column = "ALTER COLUMN " + quote_ident(each.column);
        if (each.statistics) {
            out.push_back(column + " SET STATISTICS " + std::to_string(*each.statistics));
        }
        std::vector<std::string> options;
        for (auto const &option : each.options) {
            options.push_back(storage_parameter(option));
        }
        if (!options.empty()) {
            out.push_back(column + " SET (" + join(options, ", ") + ")");
        }
    }
    if (facts.row_security) {
        out.emplace_back("ENABLE ROW LEVEL SECURITY");
    }
    if (facts.force_row_security) {
        out.emplace_back("FORCE ROW LEVEL SECURITY");
    }
    if (facts.replica_identity == 'f') {
        out.emplace_back("REPLICA IDENTITY FULL");
    } else if (facts.replica_identity == 'n') {
        out.emplace_back("REPLICA IDENTITY NOTHING");
    }
    if (!facts.is_owner) {
        out.push_back("OWNER TO " + quote_ident(facts.owner));
    }
    return out;
}

std::string grantee_name(std::string const &grantee)
{
    return grantee.empty() ? "PUBLIC" : quote_ident(grantee);
}

std::vector<std::string> grant_statements(std::string const &partition,
                                          std::vector<catalog::granted> const &grants)
{
    std::map<std::pair<std::string, bool>, std::vector<std::string>> privileges;
    for (auto const &each : grants) {
        auto text = each.privilege;
        if (!each.column.empty()) {
            text += " (" + quote_ident(each.column) + ")";
        }
        privileges[{each.grantee, each.grantable}].push_back(std::move(text));
    }
    std::vector<std::string> out;
    for (auto const &[who, what] : privileges) {
        out.push_back("GRANT " + join(what, ", ") + " ON TABLE " + partition + " TO " +
                      grantee_name(who.first) + (who.second ? " WITH GRANT OPTION" : ""));
    }
    return out;
}

std::string replica_index(std::string const &partition, qualified_name const &parent_index)
{
    auto const body = "BEGIN EXECUTE (SELECT pg_catalog.format('ALTER TABLE %s REPLICA IDENTITY "
                      "USING INDEX %I', " +
                      quote_literal(partition) +
                      ", c.relname) FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_index x ON "
                      "x.indexrelid = i.inhrelid "
                      "JOIN pg_catalog.pg_class c ON c.oid = x.indexrelid WHERE i.inhparent = " +
                      quote_literal(quote(parent_index)) +
                      "::pg_catalog.regclass AND x.indrelid = " + quote_literal(partition) +
                      "::pg_catalog.regclass); END";
    return "DO " + plan::quote_dollar(" " + body + " ");
}

// Looks for itself whether it may, and waits for nobody: the ledger is no condition for partitions,
// and who carries this out need not be who planned it. Qualified operators: it runs under the
// work's search_path.
plan::statement note_parameters(due_table const &table, std::string const &partition,
                                std::string const &shown)
{
    auto const literal = [](std::string const &text) {
        return std::string{trim(quote_literal(text))};
    };
    std::vector<std::string> values;
    for (auto const &each : table.to_note) {
        values.push_back(fmt::format("({}, {}, {})", literal(each.set.name),
                                     literal(each.set.value),
                                     each.original ? literal(*each.original) : "NULL"));
    }
    auto const body =
        "\nBEGIN\n"
        "    IF (SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE')\n"
        "           AND pg_catalog.has_table_privilege(r.oid, 'SELECT')\n"
        "           AND pg_catalog.has_table_privilege(r.oid, 'INSERT')\n"
        "           AND pg_catalog.has_table_privilege(r.oid, 'UPDATE')\n"
        "           AND pg_catalog.has_table_privilege(r.oid, 'DELETE')\n"
        "          FROM pg_catalog.pg_class r\n"
        "          JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) r.relnamespace\n"
        "         WHERE n.nspname OPERATOR(pg_catalog.=) 'pgtend'\n"
        "           AND r.relname OPERATOR(pg_catalog.=) 'storage_parameter') THEN\n"
        "        BEGIN\n"
        "            LOCK TABLE pgtend.storage_parameter IN ROW EXCLUSIVE MODE NOWAIT;\n"
        "            DELETE FROM pgtend.storage_parameter s\n"
        "             USING (SELECT g.relation::pg_catalog.oid AS oid, g.parameter\n"
        "                      FROM pgtend.storage_parameter g\n"
        "                     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class c\n"
        "                            WHERE c.oid OPERATOR(pg_catalog.=) "
        "g.relation::pg_catalog.oid)\n"
        "                       FOR UPDATE OF g SKIP LOCKED) AS gone\n"
        "             WHERE s.relation::pg_catalog.oid OPERATOR(pg_catalog.=) gone.oid\n"
        "               AND s.parameter OPERATOR(pg_catalog.=) gone.parameter;\n"
        "            INSERT INTO pgtend.storage_parameter\n"
        "                   (relation, parameter, table_name, original, value, "
        "of_new_partitions, changed)\n"
        "            SELECT " +
        literal(partition) + "::pg_catalog.regclass, w.name, " + literal(shown) +
        ", w.original, w.value, false, pg_catalog.clock_timestamp()\n"
        "              FROM (VALUES " +
        join(values, ",\n                   ") +
        ") AS w (name, value, original)\n"
        "                ON CONFLICT (relation, parameter) DO UPDATE\n"
        "               SET table_name = excluded.table_name, original = excluded.original,\n"
        "                   value = excluded.value, of_new_partitions = false,\n"
        "                   changed = excluded.changed;\n"
        "        EXCEPTION WHEN lock_not_available OR insufficient_privilege THEN\n"
        "            RAISE WARNING 'the ledger did not note the storage parameters of %: %', " +
        literal(shown) +
        ", SQLERRM USING HINT = 'pgtend autovacuum revert will leave them as they are';\n"
        "        END;\n"
        "    END IF;\nEND\n";
    plan::statement out;
    out.sql = "DO " + plan::quote_dollar(body);
    out.comment = "tells the ledger, where there is one, that pgtend set the parameters";
    return out;
}

plan::statement attach(due_table const &table, std::string const &partition,
                       catalog::new_partition const &wanted, catalog::creation_facts const &facts)
{
    plan::statement out;
    out.sql = "ALTER TABLE " + quote(table.table) + " ATTACH PARTITION " + partition +
              " FOR VALUES FROM (" + std::string{trim(quote_literal(wanted.from))} + ") TO (" +
              std::string{trim(quote_literal(wanted.to))} + ")";
    std::map<qualified_name, std::size_t> at; // the strongest mode on each
    auto const add = [&](qualified_name const &name, lock_mode mode) {
        auto const [found, is_new] = at.emplace(name, out.locks.size());
        if (is_new) {
            out.locks.push_back({quote(name), mode});
        } else {
            auto &held = out.locks[found->second].mode;
            held = std::max(held, mode);
        }
    };
    add(table.table, lock_mode::share_update_exclusive);
    if (!table.default_partition.name.empty()) {
        add(table.default_partition, lock_mode::access_exclusive);
        for (auto const &each : facts.default_below) {
            add(each, lock_mode::access_exclusive);
        }
        out.comment = "reads the whole default partition, unless a CHECK on it rules the range out";
    }
    auto others = facts.references;
    if (facts.server_version >= 150000) { // 14 reads them only
        others.insert(others.end(), facts.referenced_by.begin(), facts.referenced_by.end());
    }
    std::sort(others.begin(), others.end());
    for (auto const &each : others) {
        add(each, lock_mode::share_row_exclusive);
    }
    return out;
}

} // namespace

std::vector<plan::statement> create_statements(due_table const &table,
                                               catalog::new_partition const &wanted,
                                               catalog::creation_facts const &facts)
{
    auto const partition = quote({table.table.schema, wanted.name});
    std::vector<plan::statement> out;
    auto const add = [&](std::string sql) -> plan::statement & {
        out.emplace_back().sql = std::move(sql);
        return out.back();
    };
    add(create_table(table, partition, facts)).locks = {
        {quote(table.table), lock_mode::access_share}};
    if (auto const actions = alterations(facts); !actions.empty()) {
        add("ALTER TABLE " + partition + " " + join(actions, ", "));
    }
    if (!facts.default_grantees.empty()) {
        std::vector<std::string> from;
        for (auto const &each : facts.default_grantees) {
            from.push_back(grantee_name(each));
        }
        add("REVOKE ALL ON TABLE " + partition + " FROM " + join(from, ", ")).comment =
            "default privileges would open it to them; access goes through the parent";
    }
    if (table.policy.grants) {
        for (auto &each : grant_statements(partition, facts.grants)) {
            add(std::move(each));
        }
    }
    if (facts.comment) {
        add("COMMENT ON TABLE " + partition + " IS " + quote_literal(*facts.comment));
    }
    out.push_back(attach(table, partition, wanted, facts));
    if (facts.replica_identity == 'i' && !facts.replica_index.name.empty()) {
        add(replica_index(partition, facts.replica_index));
    }
    if (!table.to_note.empty()) {
        out.push_back(
            note_parameters(table, partition, display({table.table.schema, wanted.name})));
    }
    return out;
}

} // namespace pgtend::partition

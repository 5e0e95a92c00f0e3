// SPDX-License-Identifier: Apache-2.0
#include "vacuum/parameter_statements.hpp"

#include "base/text.hpp"

namespace pgtend::vacuum {
namespace {

using plan::lock_mode;

std::string literal(std::optional<std::string> const &value)
{
    return value ? std::string{trim(plan::quote_literal(*value))} : "NULL";
}

// What the lock was waited for may have dropped, renamed or detached what was read.
std::string same_table(catalog::vacuum_table const &table, std::string const &relation)
{
    auto const oid = table.oid + "::pg_catalog.oid";
    auto out = "    IF " + relation + "::pg_catalog.oid OPERATOR(pg_catalog.<>) " + oid;
    if (!table.parent.empty()) {
        out += " OR NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i\n"
               "            WHERE i.inhrelid OPERATOR(pg_catalog.=) " +
               oid + " AND i.inhparent OPERATOR(pg_catalog.=) " + table.parent +
               "::pg_catalog.oid AND NOT i.inhdetachpending)";
    }
    return out +
           " THEN\n"
           "        RAISE EXCEPTION USING ERRCODE = '55000', HINT = 'Run it again.', MESSAGE = " +
           literal(display(table.name) + (table.parent.empty()
                                              ? " is another table now"
                                              : " is no longer a partition of its table")) +
           ";\n    END IF;\n";
}

// A loop over the changes with `present`, the value that the table has now: whoever changes one
// needs the lock that is held. `keep` is done for each.
plan::statement guarded(catalog::vacuum_table const &table,
                        std::vector<parameter_change> const &changes, std::string const &keep)
{
    auto const relation = literal(plan::quote(table.name)) + "::pg_catalog.regclass";
    std::vector<std::string> values;
    for (auto const &each : changes) {
        values.push_back("(" + literal(each.name) + ", " + literal(each.read) + ", " +
                         literal(each.wanted) + ", " + literal(each.original) + ")");
    }
    // Qualified operators: it runs under the work's search_path.
    auto const body =
        "\nDECLARE\n"
        "    w record;\n"
        "    present text;\n"
        "BEGIN\n" +
        same_table(table, relation) + "    FOR w IN SELECT * FROM (VALUES " +
        join(values, ",\n            ") +
        ") AS v (parameter, read, wanted, original)\n"
        "    LOOP\n"
        "        SELECT o.value INTO present\n"
        "          FROM pg_catalog.pg_class r\n"
        "          LEFT JOIN pg_catalog.pg_class t ON t.oid OPERATOR(pg_catalog.=) "
        "r.reltoastrelid\n"
        "         CROSS JOIN LATERAL (\n"
        "               SELECT option_name, option_value FROM "
        "pg_catalog.pg_options_to_table(r.reloptions)\n"
        "               UNION ALL\n"
        "               SELECT pg_catalog.concat('toast.', option_name), option_value FROM "
        "pg_catalog.pg_options_to_table(t.reloptions)) AS o (name, value)\n"
        "         WHERE r.oid OPERATOR(pg_catalog.=) " +
        relation +
        " AND o.name OPERATOR(pg_catalog.=) w.parameter;\n"
        "        IF coalesce(present, '') OPERATOR(pg_catalog.<>) coalesce(w.read, '')\n"
        "           AND coalesce(present, '') OPERATOR(pg_catalog.<>) coalesce(w.wanted, '') THEN\n"
        "            RAISE EXCEPTION USING ERRCODE = '55000', HINT = 'Run it again.', MESSAGE = "
        "pg_catalog.concat(" +
        literal(display(table.name) + ": ") +
        ", w.parameter, ' was changed by somebody while this ran');\n"
        "        END IF;\n" +
        keep + "    END LOOP;\nEND\n";
    plan::statement out;
    out.sql = "DO " + plan::quote_dollar(body);
    return out;
}

plan::statement lock(catalog::vacuum_table const &table)
{
    auto const name = plan::quote(table.name);
    plan::statement out;
    out.sql = "LOCK TABLE ONLY " + name + " IN SHARE UPDATE EXCLUSIVE MODE";
    out.locks = {{name, lock_mode::share_update_exclusive}};
    return out;
}

// The server locks the TOAST table as well, whichever parameter it is.
void add_alter(std::vector<plan::statement> &out, catalog::vacuum_table const &table,
               std::string const &action, std::vector<std::string> const &what)
{
    if (what.empty()) {
        return;
    }
    auto const name = plan::quote(table.name);
    plan::statement alter;
    alter.sql = "ALTER TABLE " + name + " " + action + " (" + join(what, ", ") + ")";
    alter.locks = {{name, lock_mode::share_update_exclusive}};
    if (!table.toast.empty()) {
        alter.locks.push_back(
            {plan::quote({"pg_toast", table.toast}), lock_mode::share_update_exclusive});
    }
    out.push_back(std::move(alter));
}

void add_changes(std::vector<plan::statement> &out, catalog::vacuum_table const &table,
                 std::vector<parameter_change> const &changes)
{
    std::vector<std::string> set, reset;
    for (auto const &each : changes) {
        if (each.read == each.wanted) {
            continue; // only the ledger changes
        }
        if (each.wanted) {
            set.push_back(each.name + " = " + literal(each.wanted));
        } else {
            reset.push_back(each.name);
        }
    }
    add_alter(out, table, "SET", set);
    add_alter(out, table, "RESET", reset);
}

} // namespace

std::vector<plan::statement> save_and_set(catalog::vacuum_table const &table,
                                          std::vector<parameter_change> const &changes)
{
    auto const relation = literal(plan::quote(table.name)) + "::pg_catalog.regclass";
    std::vector<plan::statement> out{lock(table)};
    out.push_back(guarded(
        table, changes,
        "        IF coalesce(present, '') OPERATOR(pg_catalog.<>) w.wanted THEN\n"
        "            INSERT INTO pgtend.storage_parameter (relation, parameter, table_name, "
        "original, value, of_new_partitions, changed)\n"
        "            VALUES (" +
            relation + ", w.parameter, " + literal(display(table.name)) +
            ", w.original, w.wanted, false, pg_catalog.clock_timestamp())\n"
            "            ON CONFLICT (relation, parameter) DO UPDATE\n"
            "            SET original = excluded.original, value = excluded.value, changed = "
            "excluded.changed;\n"
            "        END IF;\n"));
    out.back().comment = "saves what they are now, for `autovacuum revert`";
    add_changes(out, table, changes);
    return out;
}

std::vector<plan::statement> set_and_forget(catalog::vacuum_table const &table,
                                            std::vector<parameter_change> const &changes)
{
    auto const relation = literal(plan::quote(table.name)) + "::pg_catalog.regclass";
    std::vector<plan::statement> out{lock(table)};
    out.push_back(guarded(table, changes,
                          "        DELETE FROM pgtend.storage_parameter s\n"
                          "         WHERE s.relation::pg_catalog.oid OPERATOR(pg_catalog.=) " +
                              relation +
                              "::pg_catalog.oid AND s.parameter OPERATOR(pg_catalog.=) "
                              "w.parameter;\n"));
    out.back().comment = "forgets what was saved";
    add_changes(out, table, changes);
    return out;
}

plan::statement note_rows(std::vector<ledger_row> const &rows)
{
    std::vector<param> oids, tables, names, originals, values, given;
    for (auto const &each : rows) {
        oids.emplace_back(each.table_oid);
        tables.emplace_back(each.table_name);
        names.emplace_back(each.name);
        originals.push_back(each.original);
        values.emplace_back(each.value);
        given.emplace_back(each.of_new_partitions ? "t" : "f");
    }
    plan::statement out;
    out.sql = "INSERT INTO pgtend.storage_parameter AS s (relation, parameter, table_name, "
              "original, value, of_new_partitions, changed)\n"
              "SELECT w.oid::pg_catalog.regclass, w.name, w.table_name, w.original, w.value, "
              "w.given, pg_catalog.clock_timestamp()\n"
              "FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.oid[]), "
              "pg_catalog.unnest($2::pg_catalog.text[]), pg_catalog.unnest($3::pg_catalog.text[]), "
              "pg_catalog.unnest($4::pg_catalog.text[]), pg_catalog.unnest($5::pg_catalog.text[]), "
              "pg_catalog.unnest($6::pg_catalog.bool[])) AS w (oid, table_name, name, original, "
              "value, given)\n"
              "ON CONFLICT (relation, parameter) DO UPDATE SET value = excluded.value, changed = "
              "excluded.changed\n"
              "WHERE s.of_new_partitions AND excluded.of_new_partitions";
    out.parameters = {array_literal(oids),      array_literal(tables), array_literal(names),
                      array_literal(originals), array_literal(values), array_literal(given)};
    return out;
}

plan::statement forget_rows(std::vector<ledger_key> const &keys)
{
    std::vector<param> oids, names;
    for (auto const &each : keys) {
        oids.emplace_back(each.table_oid);
        names.emplace_back(each.name);
    }
    plan::statement out;
    out.sql = "DELETE FROM pgtend.storage_parameter s USING ROWS FROM "
              "(pg_catalog.unnest($1::pg_catalog.oid[]), pg_catalog.unnest($2::pg_catalog.text[])) "
              "AS w (oid, name)\n"
              "WHERE s.relation::pg_catalog.oid OPERATOR(pg_catalog.=) w.oid AND s.parameter "
              "OPERATOR(pg_catalog.=) w.name";
    out.parameters = {array_literal(oids), array_literal(names)};
    return out;
}

} // namespace pgtend::vacuum

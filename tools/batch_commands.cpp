// SPDX-License-Identifier: Apache-2.0
// expire and cleanup: rows changed or deleted in batches.
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"
#include "model/sql_text.hpp"
#include "tools/by_hand.hpp"
#include "tools/command_files.hpp"

namespace pgtend::tools {
namespace {

source_position const where_option{"--where"};

model::selection selection_of(std::string const &table, std::string const &where)
{
    model::check_condition(where);
    return {.table = parse_qualified_name(table), .where = where, .at = where_option};
}

// column=value or, for --set-sql, column=expression
model::assignment assignment_of(std::string const &text, bool is_sql)
{
    auto const equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
        throw usage_error{"'" + printable(text) + "' is not an assignment", "write column=value"};
    }
    auto value = text.substr(equals + 1);
    if (is_sql) {
        model::check_condition(value);
    }
    return {.column = parse_identifier(trim(std::string_view{text}.substr(0, equals))),
            .value = std::move(value),
            .is_sql = is_sql,
            .at = {.file = is_sql ? "--set-sql" : "--set"}};
}

} // namespace

action declare_cleanup(options &o)
{
    struct arguments {
        std::string table, where;
        model::batching batches;
        run_options run;
    };
    auto a = std::make_shared<arguments>();
    o.positional("table", a->table, "table whose rows are deleted: schema.table");
    o.text("-w,--where", a->where, "SQL", "which rows");
    o.required("--where");
    declare(o, a->batches);
    declare(o, a->run);
    o.example("cleanup public.sessions --where \"seen_at < now() - interval '7 days'\"",
              "delete old sessions in batches, a commit after each");
    o.example("--dry-run cleanup public.sessions --where \"seen_at < now() - interval '7 days'\"",
              "print the SQL instead");
    return [a](context &c) {
        return do_by_hand(c,
                          {.what = model::cleanup_action{.from = {checked([&] {
                                                             return selection_of(a->table,
                                                                                 a->where);
                                                         })},
                                                         .batches = a->batches},
                           .schema = "pgtend/cleanup/1",
                           .plural = "tables"},
                          a->run);
    };
}

action declare_expire(options &o)
{
    struct arguments {
        std::string table, where;
        std::vector<std::string> set, set_sql;
        model::batching batches;
        run_options run;
    };
    auto a = std::make_shared<arguments>();
    o.positional("table", a->table, "table whose rows are changed: schema.table");
    o.text("-w,--where", a->where, "SQL", "which rows; must be false for a row once it is changed");
    o.required("--where");
    o.texts("--set", a->set, "COLUMN=VALUE", "new value of a column, may be repeated");
    o.texts("--set-sql", a->set_sql, "COLUMN=SQL",
            "new value as an SQL expression, may be repeated");
    declare(o, a->batches);
    declare(o, a->run);
    o.example("expire public.bookings --where \"status = 'pending' and created_at < now() - "
              "interval '30 min'\" "
              "--set status=cancelled --set-sql 'cancelled_at=now()'",
              "cancel what nobody took in time");
    return [a](context &c) {
        auto what = checked([&] {
            model::expire_action out{
                .in = {selection_of(a->table, a->where)}, .set = {}, .batches = a->batches};
            for (auto const &text : a->set) {
                out.set.push_back(assignment_of(text, false));
            }
            for (auto const &text : a->set_sql) {
                out.set.push_back(assignment_of(text, true));
            }
            return out;
        });
        if (what.set.empty()) {
            throw usage_error{"expire: nothing to set",
                              "give --set COLUMN=VALUE or --set-sql COLUMN=SQL"};
        }
        return do_by_hand(
            c, {.what = std::move(what), .schema = "pgtend/expire/1", .plural = "tables"}, a->run);
    };
}

} // namespace pgtend::tools

// SPDX-License-Identifier: Apache-2.0
// index create, index status, index drop.
#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"
#include "catalog/load.hpp"
#include "index/create.hpp"
#include "index/drop.hpp"
#include "index/status.hpp"
#include "model/sql_text.hpp"
#include "tools/by_hand.hpp"
#include "tools/command_files.hpp"

namespace pgtend::tools {
namespace {

struct index_create_arguments {
    std::vector<std::string> tables;
    std::string name, on, method = "btree", where, tablespace;
    std::vector<std::string> include, storage;
    bool unique = false, nulls_not_distinct = false;
    run_options run;
};

model::index_policy policy_of(index_create_arguments const &a)
{
    if (a.tables.size() != 1) {
        throw usage_error{"index create: --on describes an index of one table",
                          "name that table, or use a file"};
    }
    return checked([&] {
        model::index_policy out;
        out.table = parse_qualified_name(a.tables.front());
        out.name = parse_identifier(a.name);
        model::check_index_columns(a.on);
        out.on = a.on;
        out.method = parse_identifier(a.method);
        out.unique = a.unique;
        out.nulls_not_distinct = a.nulls_not_distinct;
        for (auto const &each : a.include) {
            out.include.push_back(parse_identifier(each));
        }
        if (!a.where.empty()) {
            model::check_condition(a.where);
            out.where = a.where;
        }
        for (auto const &each : a.storage) {
            model::check_storage_parameter(each);
            out.storage.push_back(each);
        }
        if (!a.tablespace.empty()) {
            out.tablespace = parse_identifier(a.tablespace);
        }
        out.at = {.file = "command line"};
        return out;
    });
}

report::table index_findings(std::vector<index::finding> const &findings)
{
    using report::align;
    report::table out{.key = "findings",
                      .columns = {{"kind", "finding", align::left},
                                  {"index", "index", align::left},
                                  {"table", "of", align::left},
                                  {"partitions", "", align::right},
                                  {"bytes", "size", align::right},
                                  {"why", "why", align::left, true},
                                  {"remedy", "", align::left}},
                      .rows = {},
                      .when_empty = "no findings"};
    for (auto const &each : findings) {
        out.rows.push_back({{std::string{index::name(each.kind)}, report::tone::warn},
                            {each.index},
                            {each.table},
                            {static_cast<long long>(each.partitions)},
                            {each.bytes, report::tone::plain, byte_size(each.bytes)},
                            {each.why},
                            report::or_null(each.remedy)});
    }
    return out;
}

struct index_status_arguments {
    std::vector<std::string> tables;
    microseconds unused_after = std::chrono::hours{24 * 30};
    run_options run;
};

// The declared indexes of these tables; of all when none is named.
std::vector<model::index_policy> declared_of(context &c, std::vector<qualified_name> const &tables)
{
    auto out =
        c.has_configuration() ? c.configuration().indexes : std::vector<model::index_policy>{};
    std::erase_if(out, [&](auto const &policy) {
        return !tables.empty() &&
               std::find(tables.begin(), tables.end(), policy.table) == tables.end();
    });
    return out;
}

exit_code show_status(context &c, index_status_arguments const &a)
{
    auto const tables = names_of(a.tables);
    auto const declared = declared_of(c, tables);
    auto control = c.open_control(c.only_destination(), false);
    pg::limits const limit{.timeout = a.run.policy.timeout, .stop = c.outside.stop};
    auto const wanted = index::requests(declared);
    auto findings =
        index::compare(declared, catalog::load_indexes(control.session, wanted, a.run.policy.role,
                                                       search_path_of(c, a.run), limit));
    std::vector<catalog::lookup> asked;
    auto const all = catalog::load_index_overview(control.session, tables, asked, limit);
    for (auto const &each : asked) {
        if (!each.usable()) {
            throw error{each.problem, each.hint, "42P01"};
        }
    }
    auto seen = index::examine(all, control.server.server_time, a.unused_after);
    findings.insert(findings.end(), std::make_move_iterator(seen.findings.begin()),
                    std::make_move_iterator(seen.findings.end()));
    report::document out;
    out.schema = "pgtend/index-status/1";
    out.fields.push_back({"indexes", "", {seen.indexes}});
    out.fields.push_back({"declared", "", {static_cast<long long>(declared.size())}});
    out.fields.push_back(
        {"scans_counted_since",
         "",
         {all.counted_since ? report::value{instant{microseconds{*all.counted_since}}}
                            : report::value{}}});
    out.heading = fmt::format("{} {}, {} declared; {} {}", seen.indexes,
                              seen.indexes == 1 ? "index" : "indexes", declared.size(),
                              findings.size(), findings.size() == 1 ? "finding" : "findings");
    out.tables.push_back(index_findings(findings));
    out.notes = std::move(seen.notes);
    c.print(out);
    return findings.empty() ? exit_code::ok : exit_code::findings;
}

} // namespace

action declare_index_create(options &o)
{
    auto a = std::make_shared<index_create_arguments>();
    a->run.policy.timeout = microseconds{0};
    o.positionals("table", a->tables, "tables (default: all of which the file declares an index)",
                  false);
    o.text("--name", a->name, "NAME", "name of the index; with it the file's are not used");
    o.text("--on", a->on, "COLUMNS", "columns or expressions, as \"(zone_id, created_at DESC)\"");
    o.text("--method", a->method, "METHOD", "access method, such as gin");
    o.flag("--unique", a->unique, "no two rows may be equal in it");
    o.flag("--nulls-not-distinct", a->nulls_not_distinct, "nor may two nulls (PostgreSQL 15)");
    o.texts("--include", a->include, "COLUMN", "a column that is only carried along");
    o.text("--where", a->where, "CONDITION", "index only the rows of which this is true");
    o.texts("--with", a->storage, "NAME=VALUE", "storage parameter, such as fillfactor=70");
    o.text("--tablespace", a->tablespace, "NAME", "where it is stored");
    o.needs("--name", "--on");
    for (auto const *flag : {"--on", "--method", "--unique", "--nulls-not-distinct", "--include",
                             "--where", "--with", "--tablespace"}) {
        o.needs(flag, "--name");
    }
    declare(o, a->run);
    o.example("-c kwenda.yaml index create", "build what the file declares and the database lacks");
    o.example("-d \"$DSN\" index create public.orders --name orders_zone --on \"(zone_id, "
              "created_at DESC)\"",
              "without a file; also on a partitioned table");
    o.example("-c kwenda.yaml --dry-run index create", "see each statement and its locks");
    return [a](context &c) {
        hand_work work{.what = model::index_action{.tables = names_of(a->tables)},
                       .schema = "pgtend/index-create/1",
                       .plural = "steps"};
        if (a->name.empty()) {
            work.indexes = c.configuration().indexes;
        } else {
            work.indexes = {policy_of(*a)};
        }
        auto run = a->run;
        run.search_path = search_path_of(c, run);
        return do_by_hand(c, work, run);
    };
}

action declare_index_status(options &o)
{
    auto a = std::make_shared<index_status_arguments>();
    o.positionals("table", a->tables, "tables (default: all)", false);
    o.duration("--unused-after", a->unused_after,
               "tell unused indexes when scans were counted for so long");
    o.duration("--timeout", a->run.policy.timeout, "time limit of each query, 0s for none");
    o.text("--search-path", a->run.search_path, "PATH",
           "search_path of the declared definitions (default: of the file, else of role and "
           "database)");
    o.text("--role", a->run.policy.role, "ROLE", "judge what this role may build");
    o.example("-c kwenda.yaml index status", "what is declared and missing, and what looks wrong");
    o.example("-d \"$DSN\" index status public.orders", "one table, without a file");
    o.example("-d \"$DSN\" -o json index status",
              "with what to do about each finding; exit code 3 when there are any");
    return [a](context &c) { return show_status(c, *a); };
}

action declare_index_drop(options &o)
{
    struct arguments {
        std::vector<std::string> names;
        run_options run;
    };
    auto a = std::make_shared<arguments>();
    a->run.policy.timeout = microseconds{0};
    o.positionals("index", a->names, "indexes, with their schema");
    declare(o, a->run);
    o.example("index drop public.bookings_customer", "one that index status calls a duplicate");
    o.example("--dry-run index drop public.orders_zone", "see the statement and its locks");
    return [a](context &c) {
        auto const names = names_of(a->names);
        std::set<qualified_name> declared;
        for (auto const &policy : declared_of(c, {})) {
            declared.insert({policy.table.schema, policy.name});
        }
        auto const make = [&](context::control &control, pg::limits const &limit) {
            return index::plan_drop(
                catalog::load_named_indexes(control.session, names, a->run.policy.role, limit),
                declared);
        };
        return do_by_hand(
            c, {.make = make, .workers = 1, .schema = "pgtend/index-drop/1", .plural = "indexes"},
            a->run);
    };
}

} // namespace pgtend::tools

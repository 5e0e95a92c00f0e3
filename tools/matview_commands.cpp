// SPDX-License-Identifier: Apache-2.0
// matview create, status, refresh.
#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "config/file.hpp"
#include "jobs/matviews.hpp"
#include "model/sql_text.hpp"
#include "tools/by_hand.hpp"
#include "tools/command_files.hpp"
#include "tools/runs.hpp"

namespace pgtend::tools {
namespace {

using report::align;
using policies = std::vector<model::matview_policy>;

struct matview_create_arguments {
    std::vector<std::string> names;
    std::string query, query_file, unique_index, owner;
    bool no_data = false;
    run_options run;
};

// The one view that the command line declares.
model::matview_policy policy_of(matview_create_arguments const &a)
{
    constexpr std::size_t longest_query = 1'000'000;
    if (a.names.size() != 1) {
        throw usage_error{"matview create: a query is of one view",
                          "name the view that it is to make"};
    }
    model::matview_policy out;
    out.name = parse_qualified_name(a.names.front());
    if (out.name.schema.empty()) {
        throw usage_error{"'" + printable(a.names.front()) + "' has no schema",
                          "write schema.name"};
    }
    out.query = model::single_query(
        a.query_file.empty() ? a.query : config::read_file(a.query_file, longest_query, {}).bytes);
    if (!a.unique_index.empty()) {
        for (auto const &column : split(a.unique_index, ',')) {
            out.unique_index.push_back(parse_identifier(trim(column)));
        }
    }
    out.owner = a.owner.empty() ? "" : parse_identifier(a.owner);
    out.with_data = !a.no_data;
    out.at = {.file = "command line"};
    if (auto const problems = model::validate(policies{out}); !problems.empty()) {
        throw usage_error{problems.front().message, problems.front().hint};
    }
    return out;
}

// The file's views of these names; all of them when none is named.
policies chosen(policies const &all, std::vector<qualified_name> const &names)
{
    if (names.empty()) {
        return all;
    }
    policies out;
    for (auto const &policy : all) {
        if (std::find(names.begin(), names.end(), policy.name) != names.end()) {
            out.push_back(policy);
        }
    }
    for (auto const &name : names) {
        if (std::none_of(all.begin(), all.end(),
                         [&](auto const &policy) { return policy.name == name; })) {
            std::vector<std::string> declared;
            for (auto const &policy : all) {
                declared.push_back(display(policy.name));
            }
            auto const near = nearest(
                display(name), std::vector<std::string_view>{declared.begin(), declared.end()});
            throw usage_error{display(name) + " is not declared under matviews:",
                              near ? "did you mean " + *near + "?" : "declare it, or give --query"};
        }
    }
    return out;
}

report::cell state_cell(matview::view_status const &view)
{
    return !view.exists      ? report::cell{"missing", report::tone::bad}
           : !view.populated ? report::cell{"not populated", report::tone::warn}
                             : report::cell{"populated", report::tone::good};
}

report::cell age_cell(matview::view_status const &view)
{
    if (!view.age) {
        return {{}, report::tone::dim, view.exists ? "unknown" : " "};
    }
    return {*view.age, view.stale ? report::tone::bad : report::tone::plain, humanize(*view.age)};
}

report::cell definition_cell(matview::view_status const &view)
{
    using matview::definition;
    if (!view.exists) {
        return {};
    }
    auto const word = std::string{name(view.definition)};
    return {word,
            view.definition == definition::differs       ? report::tone::bad
            : view.definition == definition::as_declared ? report::tone::good
                                                         : report::tone::dim,
            replace_all(word, "_", " ")};
}

std::string list_of(std::vector<qualified_name> const &names)
{
    std::vector<std::string> out;
    for (auto const &each : names) {
        out.push_back(display(each));
    }
    return join(out, ", ");
}

report::document document_of(std::vector<matview::view_status> const &all)
{
    report::document out;
    out.schema = "pgtend/matview-status/1";
    report::table views{.key = "matviews",
                        .columns = {{"matview", "view", align::left, true},
                                    {"state", "state"},
                                    {"rows", "rows", align::right},
                                    {"bytes", "size", align::right},
                                    {"age", "age", align::right},
                                    {"max_staleness", "at most", align::right},
                                    {"stale", ""},
                                    {"refreshed_at", ""},
                                    {"refreshed_by", "by job", align::left, true},
                                    {"age_unknown", ""},
                                    {"concurrently", "beside readers"},
                                    {"why_not", ""},
                                    {"cure", ""},
                                    {"definition", "definition"},
                                    {"read_by", ""}},
                        .rows = {},
                        .when_empty = "no materialized view is here, and none is declared",
                        .spare = {"bytes", "max_staleness", "refreshed_by", "rows"}};
    report::table findings{
        .key = "findings", .columns = {{"matview", "view"}, {"finding", "finding"}}, .rows = {}};
    for (auto const &view : all) {
        auto const shown = display(view.name);
        views.rows.push_back(
            {{shown},
             state_cell(view),
             view.rows ? report::cell{*view.rows, report::tone::plain, thousands(*view.rows)}
                       : report::cell{},
             view.bytes ? report::cell{*view.bytes, report::tone::plain, byte_size(*view.bytes)}
                        : report::cell{},
             age_cell(view),
             view.max_staleness ? report::cell{*view.max_staleness, report::tone::plain,
                                               to_string(*view.max_staleness)}
                                : report::cell{},
             {view.stale},
             view.refreshed ? report::cell{view.refreshed->started} : report::cell{},
             view.refreshed ? report::cell{view.refreshed->job} : report::cell{},
             report::or_null(view.age_unknown),
             view.exists ? report::cell{view.concurrently,
                                        view.concurrently ? report::tone::good : report::tone::warn,
                                        view.concurrently ? "yes" : "no"}
                         : report::cell{},
             report::or_null(view.why_not),
             report::or_null(view.cure),
             definition_cell(view),
             report::or_null(list_of(view.dependents))});
        for (auto const &each : view.findings) {
            findings.rows.push_back({{shown, report::tone::bad}, {each}});
        }
        if (!view.why_not.empty()) {
            out.notes.push_back(shown + " cannot be refreshed beside readers: " + view.why_not +
                                "; to change that: " + view.cure);
        }
        if (!view.age_unknown.empty() && view.populated && view.declared) {
            out.notes.push_back(shown + ": age unknown: " + view.age_unknown);
        }
        if (!view.dependents.empty()) {
            out.notes.push_back(shown + " is read by " + list_of(view.dependents));
        }
        for (auto const &each : view.notes) {
            out.notes.push_back(shown + ": " + each);
        }
    }
    out.tables.push_back(std::move(views));
    out.tables.push_back(std::move(findings));
    return out;
}

} // namespace

action declare_matview_create(options &o)
{
    auto a = std::make_shared<matview_create_arguments>();
    o.positionals("matview", a->names, "materialized views (default: all that the file declares)",
                  false);
    o.text("--query", a->query, "SQL", "its query; with it the file's views are not used");
    o.text("--query-file", a->query_file, "FILE", "the same, in a file");
    o.text("--unique-index", a->unique_index, "COLUMNS",
           "columns that tell its rows apart, separated by commas: for refreshes beside readers");
    o.text("--owner", a->owner, "ROLE", "who shall own it (default: who creates it)");
    o.flag("--no-data", a->no_data, "leave it empty; until the first refresh nobody can read it");
    o.excludes("--query", "--query-file");
    declare(o, a->run);
    o.example("-c shop.yaml matview create", "create what is declared under matviews: and missing");
    o.example("-c shop.yaml --dry-run matview create public.stats", "see the SQL instead");
    o.example("-d \"$DSN\" matview create public.stats --query \"select day, count(*) as n from "
              "public.orders group by day\" --unique-index day",
              "without a file");
    return [a](context &c) {
        policies wanted;
        if (a->query.empty() && a->query_file.empty()) {
            if (!a->unique_index.empty() || !a->owner.empty() || a->no_data) {
                throw usage_error{"--unique-index, --owner and --no-data belong to a query",
                                  "give --query, or declare them in the file"};
            }
            wanted = chosen(c.configuration().matviews, names_of(a->names));
        } else {
            wanted.push_back(checked([&] { return policy_of(*a); }));
        }
        auto run = a->run;
        run.search_path = search_path_of(c, run);
        auto const make = [&](context::control &control, pg::limits const &limit) {
            return jobs::create_matviews(wanted, {.session = control.session,
                                                  .partitions = {},
                                                  .autovacuum = {},
                                                  .now = control.server.server_time,
                                                  .role = run.policy.role,
                                                  .search_path = run.search_path,
                                                  .limit = limit});
        };
        return do_by_hand(
            c, hand_plan{.make = make, .schema = "pgtend/matview-create/1", .plural = "matviews"},
            run);
    };
}

action declare_matview_status(options &o)
{
    struct arguments {
        std::vector<std::string> names;
        run_options run;
    };
    auto a = std::make_shared<arguments>();
    o.positionals(
        "matview", a->names,
        "materialized views (default: all of the database, and all that the file declares)", false);
    o.text("--search-path", a->run.search_path, "PATH",
           "search_path of the declared queries (default: of the file, else of role and database)");
    o.text("--role", a->run.policy.role, "ROLE", "as this role would refresh them");
    o.example("-c shop.yaml matview status",
              "exit 3 when one is older than its max_staleness, missing, or not as declared");
    o.example("-d \"$DSN\" -o json matview status public.stats", "one view, without a file");
    return [a](context &c) {
        auto const where = c.only_destination();
        auto const file =
            c.has_configuration() ? jobs_of(c.configuration(), where.name) : model::configuration{};
        auto control = c.open_control(where, false);
        auto const all = jobs::survey_matviews(
            names_of(a->names), file,
            {.session = control.session,
             .partitions = {},
             .autovacuum = {},
             .now = control.server.server_time,
             .role = a->run.policy.role,
             .search_path = search_path_of(c, a->run),
             .limit = {.timeout = std::chrono::minutes{1}, .stop = c.outside.stop}});
        c.print(document_of(all));
        bool const clean = std::all_of(all.begin(), all.end(),
                                       [](auto const &view) { return view.findings.empty(); });
        return clean ? exit_code::ok : exit_code::findings;
    };
}

action declare_matview_refresh(options &o)
{
    struct arguments {
        std::vector<std::string> names;
        std::string concurrently = "auto";
        bool all = false;
        long long workers = 1;
        run_options run;
    };
    auto a = std::make_shared<arguments>();
    o.positionals("matview", a->names,
                  "materialized views, refreshed in the order of their dependencies", false);
    o.flag("--all", a->all, "every materialized view of the database");
    o.choice("--concurrently", a->concurrently, {"auto", "yes", "no"},
             "beside readers: when it can be; or else fail; or never, and readers wait");
    o.number("--workers", a->workers, "N", "views refreshed side by side, where none reads another",
             1, 16);
    declare(o, a->run);
    o.example("matview refresh public.stats", "concurrently when it can be, else says why not");
    o.example("matview refresh --all --workers 2",
              "all of the database, those first that others read");
    return [a](context &c) {
        if (a->names.empty() != a->all) {
            throw usage_error{a->all ? "matview refresh: --all and names exclude each other"
                                     : "matview refresh: no materialized view given",
                              "name what is to be refreshed, or give --all"};
        }
        auto const mode = a->concurrently == "yes"  ? model::concurrently::yes
                          : a->concurrently == "no" ? model::concurrently::no
                                                    : model::concurrently::automatic;
        return do_by_hand(c,
                          {.what = model::refresh_action{.matviews = names_of(a->names),
                                                         .mode = mode,
                                                         .workers = static_cast<int>(a->workers)},
                           .schema = "pgtend/matview-refresh/1",
                           .plural = "matviews"},
                          a->run);
    };
}

} // namespace pgtend::tools

// SPDX-License-Identifier: Apache-2.0
#include "matview/declared.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "matview/difference.hpp"
#include "matview/obstacle.hpp"
#include "plan/refusal.hpp"
#include "plan/rights.hpp"

namespace pgtend::matview {
namespace {

std::string_view kind_name(char kind)
{
    switch (kind) {
    case 'r':
        return "a table";
    case 'p':
        return "a partitioned table";
    case 'v':
        return "a view";
    case 'S':
        return "a sequence";
    case 'f':
        return "a foreign table";
    case 'i':
    case 'I':
        return "an index";
    default:
        return "a type";
    }
}

std::vector<std::string> sorted(std::vector<std::string> names)
{
    std::sort(names.begin(), names.end());
    return names;
}

plan::statement index_statement(model::matview_policy const &policy)
{
    plan::statement out;
    out.sql = create_index_text(policy);
    out.locks = {{plan::quote(policy.name), plan::lock_mode::share}};
    out.comment = "readers go on, a refresh waits";
    return out;
}

class declared_planner {
  public:
    declared_planner(catalog::declared_matviews const &all, bool certain)
        : all_{all}, certain_{certain}
    {
    }

    void add(model::matview_policy const &policy, catalog::declared_matview const &state)
    {
        auto const shown = display(policy.name);
        try {
            if (!state.view.found.usable()) {
                create(policy, state);
                return;
            }
            auto const before = out_.steps.size() + out_.notes.size();
            compare(policy, state);
            index(policy, state);
            fill(policy, state);
            note(policy, state);
            if (out_.steps.size() + out_.notes.size() == before) {
                out_.notes.push_back(shown + ": as declared");
            }
        } catch (error const &why) {
            out_.steps.push_back(plan::refused_step(title_, shown, why));
        }
    }

    plan::plan take() { return std::move(out_); }

  private:
    void create(model::matview_policy const &policy, catalog::declared_matview const &state)
    {
        auto const shown = display(policy.name);
        title_ = "create materialized view " + shown;
        if (state.kind != ' ') {
            throw error{shown + " is " + std::string{kind_name(state.kind)} +
                            ", not a materialized view",
                        "rename one of them", "42809"};
        }
        if (policy.query.empty()) {
            throw error{shown + " does not exist, and no query is declared for it",
                        "write `query:`, or remove it from the file", "42P01"};
        }
        check_rights(policy, state);
        check_query(policy, state);
        plan::transaction body;
        // Another one who creates it is waited for here, not at an index of the catalog, whose
        // error would name neither.
        body.statements.push_back(
            {.sql = "SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1::text, "
                    "0))",
             .parameters = {"pgtend matview " + plan::quote(policy.name)},
             .comment = "who creates the same view waits"});
        if (!policy.owner.empty() && policy.owner != all_.role) {
            body.statements.push_back({.sql = "SET LOCAL ROLE " + plan::quote_ident(policy.owner),
                                       .comment = "its owner, whose rights a refresh has"});
        }
        auto const counted = static_cast<int>(body.statements.size());
        body.statements.push_back({.sql = create_text(policy), .comment = "seen by nobody yet"});
        if (!policy.unique_index.empty()) {
            body.statements.push_back({.sql = create_index_text(policy),
                                       .comment = "what REFRESH ... CONCURRENTLY needs"});
        }
        out_.steps.push_back({title_,
                              policy.with_data ? "it does not exist: filled and indexed before "
                                                 "anybody sees it"
                                               : "it does not exist: declared with_data: false",
                              shown,
                              std::move(body),
                              {},
                              "matviews",
                              counted});
    }

    // Before anything is done. A query may also name a view that is created before it.
    void check_query(model::matview_policy const &policy,
                     catalog::declared_matview const &state) const
    {
        if (!state.not_compared || !state.query_fails) {
            return;
        }
        bool const creates_others =
            std::any_of(all_.views.begin(), all_.views.end(), [&](auto const &other) {
                return &other != &state && !other.view.found.usable();
            });
        if (state.not_compared->sqlstate != "42P01" || !creates_others) {
            throw refused_query(policy, state);
        }
    }

    static error refused_query(model::matview_policy const &policy,
                               catalog::declared_matview const &state)
    {
        return error{"the query declared for " + display(policy.name) +
                         " is refused: " + state.not_compared->message,
                     state.not_compared->hint, state.not_compared->sqlstate};
    }

    void check_rights(model::matview_policy const &policy,
                      catalog::declared_matview const &state) const
    {
        auto const schema = plan::quote_ident(policy.name.schema);
        auto const creator = plan::quote_ident(state.creator);
        if (!state.schema_exists) {
            throw error{"schema " + display_identifier(policy.name.schema) + " does not exist",
                        "CREATE SCHEMA " + schema, "3F000"};
        }
        if (!state.creator_exists) {
            throw error{"role " + display_identifier(state.creator) + " does not exist",
                        "correct `owner:`", "42704"};
        }
        if (!state.may_be_creator) {
            throw error{fmt::format("role {} may not become {}, which is to own {}",
                                    display_identifier(all_.login),
                                    display_identifier(state.creator), display(policy.name)),
                        "GRANT " + creator + " TO " + plan::quote_ident(all_.login), "42501"};
        }
        if (!state.may_create) {
            throw error{fmt::format("role {} may not create in schema {}",
                                    display_identifier(state.creator),
                                    display_identifier(policy.name.schema)),
                        "GRANT CREATE ON SCHEMA " + schema + " TO " + creator, "42501"};
        }
    }

    void compare(model::matview_policy const &policy, catalog::declared_matview const &state)
    {
        auto const shown = display(policy.name);
        title_ = "compare " + shown;
        if (state.not_compared && state.query_fails) {
            throw refused_query(policy, state);
        }
        if (state.not_compared) {
            auto const &hint = state.not_compared->hint;
            auto const what = shown + ": its query could not be compared with the declared one: " +
                              state.not_compared->message;
            if (certain_) {
                out_.steps.push_back(plan::refused_step(
                    title_, shown, error{what, hint, state.not_compared->sqlstate}));
                out_.steps.back().unknown = true;
            } else {
                out_.notes.push_back(what + (hint.empty() ? "" : "; " + hint));
            }
        } else if (!policy.query.empty() && !state.as_declared) {
            title_ = "replace materialized view " + shown;
            throw not_as_declared(policy, state);
        }
    }

    void index(model::matview_policy const &policy, catalog::declared_matview const &state)
    {
        auto const shown = display(policy.name);
        title_ = "index " + shown;
        if (has_declared_index(policy, state.view)) {
            return;
        }
        auto const name = model::index_name(policy);
        for (auto const &each : state.view.unique_indexes) {
            if (each.name == name) {
                auto const full = qualified_name{policy.name.schema, name};
                throw error{
                    fmt::format("index {} of {} {}", display(full), shown,
                                each.why.empty() ? "is on other columns than declared" : each.why),
                    "DROP INDEX CONCURRENTLY " + plan::quote(full) + ", or declare another name",
                    "42P07"};
            }
        }
        if (!state.owns) {
            throw error{fmt::format("role {} may not index {}: it belongs to {}",
                                    display_identifier(all_.role), shown,
                                    display_identifier(state.view.owner)),
                        plan::owner_right({"MATERIALIZED VIEW", policy.name, state.view.owner,
                                           state.view.owner_is_superuser},
                                          all_.role) +
                            " (MAINTAIN is not enough)",
                        "42501"};
        }
        out_.steps.push_back({"create unique index " + display_identifier(name) + " on " + shown,
                              "no unique index on " + join(policy.unique_index, ", ") +
                                  ": without one it cannot be refreshed beside its readers",
                              shown,
                              plan::transaction{{index_statement(policy)}},
                              {},
                              "matviews"});
    }

    void fill(model::matview_policy const &policy, catalog::declared_matview const &state)
    {
        if (state.view.populated || !policy.with_data) {
            return;
        }
        auto const shown = display(policy.name);
        title_ = "fill " + shown;
        if (!state.view.may_refresh) {
            throw missing_right(state.view, all_.role, all_.server_version);
        }
        auto const name = plan::quote(policy.name);
        plan::statement body;
        body.sql = "REFRESH MATERIALIZED VIEW " + name;
        body.locks = {{name, plan::lock_mode::access_exclusive}};
        body.comment = "every query of it fails until it ends";
        // Another run may have filled it meanwhile; again, readers would wait for nothing.
        body.still_wanted = "SELECT 1 FROM pg_catalog.pg_class WHERE oid OPERATOR(pg_catalog.=) " +
                            plan::quote_literal(state.view.found.oid) +
                            "::pg_catalog.oid AND NOT relispopulated";
        out_.steps.push_back({title_,
                              "it is not populated",
                              shown,
                              plan::transaction{{std::move(body)}},
                              {},
                              "matviews"});
    }

    void note(model::matview_policy const &policy, catalog::declared_matview const &state)
    {
        auto const name = plan::quote(policy.name);
        auto const shown = display(policy.name);
        if (!policy.owner.empty() && policy.owner != state.view.owner) {
            out_.notes.push_back(shown + ": belongs to " + display_identifier(state.view.owner) +
                                 ", declared " + display_identifier(policy.owner) +
                                 "; ALTER MATERIALIZED VIEW " + name + " OWNER TO " +
                                 plan::quote_ident(policy.owner));
        }
        if (!policy.tablespace.empty() && policy.tablespace != state.tablespace) {
            out_.notes.push_back(
                shown + ": is in " +
                (state.tablespace.empty() ? "the tablespace of the database"
                                          : "tablespace " + display_identifier(state.tablespace)) +
                ", declared " + display_identifier(policy.tablespace) +
                "; ALTER MATERIALIZED VIEW " + name + " SET TABLESPACE " +
                plan::quote_ident(policy.tablespace) + ", which rewrites it while readers wait");
        }
    }

    catalog::declared_matviews const &all_;
    bool certain_;
    std::string title_; // of the step that is being planned
    plan::plan out_;
};

} // namespace

std::vector<catalog::matview_request> requests(std::vector<model::matview_policy> const &policies)
{
    std::vector<catalog::matview_request> out;
    for (auto const &policy : policies) {
        out.push_back({policy.name, policy.query, policy.owner});
    }
    return out;
}

plan::plan plan_declared(std::vector<model::matview_policy> const &policies,
                         catalog::declared_matviews const &snapshot, bool certain)
{
    declared_planner work{snapshot, certain};
    for (std::size_t i = 0; i < policies.size(); ++i) {
        work.add(policies[i], snapshot.views.at(i));
    }
    return work.take();
}

std::string create_text(model::matview_policy const &policy)
{
    // Parentheses and a newline of their own: what the query ends with stays the query's.
    return "CREATE MATERIALIZED VIEW " + plan::quote(policy.name) +
           (policy.tablespace.empty() ? ""
                                      : " TABLESPACE " + plan::quote_ident(policy.tablespace)) +
           " AS (\n" + policy.query + "\n) WITH " + (policy.with_data ? "DATA" : "NO DATA");
}

std::string create_index_text(model::matview_policy const &policy)
{
    return "CREATE UNIQUE INDEX " + plan::quote_ident(model::index_name(policy)) + " ON " +
           plan::quote(policy.name) + " (" + quoted_columns(policy.unique_index) + ")";
}

bool has_declared_index(model::matview_policy const &policy, catalog::matview const &view)
{
    auto const wanted = sorted(policy.unique_index);
    return wanted.empty() ||
           std::any_of(view.unique_indexes.begin(), view.unique_indexes.end(),
                       [&](auto const &each) {
                           return each.why.empty() && sorted(each.columns) == wanted;
                       });
}

error not_as_declared(model::matview_policy const &policy, catalog::declared_matview const &state)
{
    auto const shown = display(policy.name);
    std::vector<std::string> depend;
    for (auto const &each : state.dependents) {
        depend.push_back(display(each));
    }
    auto hint = "in one transaction, which readers wait for:\nDROP MATERIALIZED VIEW " +
                plan::quote(policy.name) + ";\n" + create_text(policy) + ";";
    if (!policy.unique_index.empty()) {
        hint += "\n" + create_index_text(policy) + ";";
    }
    hint += "\nThen its grants, comments and other indexes again.";
    if (!depend.empty()) {
        hint += " It must be dropped and made again with what reads it: " + join(depend, ", ");
    }
    return error{
        shown + " is not as declared: " + join(differences(*state.existing, *state.declared), "; "),
        std::move(hint)};
}

} // namespace pgtend::matview

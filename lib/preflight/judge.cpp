// SPDX-License-Identifier: Apache-2.0
#include "preflight/judge.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "plan/statement.hpp"

namespace pgtend::preflight {
namespace {

using plan::quote;
using plan::quote_ident;

std::string shown(std::vector<qualified_name> const &names)
{
    std::vector<std::string> out;
    for (auto const &each : names) {
        out.push_back(display(each));
    }
    return join(out, ", ");
}

std::string number(double rows)
{
    return thousands(static_cast<long long>(rows));
}

class judging {
  public:
    explicit judging(change_facts const &facts) : f_{facts} {}

    std::vector<finding> make()
    {
        policies();
        for (auto const &each : f_.set) {
            column(each);
        }
        for (auto const &each : f_.checks) {
            check(each);
        }
        for (auto const &each : f_.uniques) {
            unique(each);
        }
        for (auto const &each : f_.triggers) {
            trigger(each);
        }
        for (auto const &each : f_.references) {
            reference_to(each);
        }
        for (auto const &each : f_.plans) {
            plan(each);
        }
        if (f_.never) {
            add(kind::never, f_.at, display(f_.table),
                "no row can ever match its condition, by the types and the CHECK constraints of "
                "the table",
                "correct where:");
        }
        for (auto const &each : f_.literals) {
            add(kind::never, f_.at, display(each.table) + "." + display_identifier(each.column),
                fmt::format("no row has {}; when the table was analyzed there were {}",
                            in_quotes(each.literal), printable(head_and_tail(each.seen, 200))),
                "correct where:, unless the value is still to come");
        }
        return std::move(out_);
    }

  private:
    void add(kind what, source_position const &at, std::string object, std::string message,
             std::string fix)
    {
        out_.push_back({what, f_.job, at, std::move(object), std::move(message), std::move(fix)});
    }

    std::string of(std::string const &column) const
    {
        return display(f_.table) + "." + display_identifier(column);
    }

    void policies()
    {
        if (!f_.policies) {
            return;
        }
        auto const role = display_identifier(f_.role);
        if (f_.below) {
            add(kind::policy, f_.at, display(f_.table),
                "policies of row level security hold for role " + role +
                    ", but not in the partitions, which are worked on directly: each run fails",
                sees_all_rows);
        } else if (!f_.lets_hide) {
            add(kind::policy, f_.at, display(f_.table),
                "policies of row level security hide rows from role " + role + ": each run fails",
                fmt::format("{}; or {}", sees_all_rows, leaves_hidden_rows));
        } else {
            add(kind::hidden, f_.at, display(f_.table),
                "policies of row level security hide rows from role " + role +
                    ", as row_security: true asks for",
                "");
        }
    }

    void column(set_column const &c)
    {
        if (c.what == set_column::holds::null && c.not_null) {
            add(kind::refused, c.at, of(c.name),
                "is set to NULL, which NOT NULL refuses: every run that finds a row fails",
                fmt::format("another value, or ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL",
                            quote(f_.table), quote_ident(c.name)));
        }
        if (c.unasked) {
            add(kind::may_refuse, c.at, of(c.name),
                "a CHECK of its type " + c.type +
                    " may refuse the new value: not evaluated, because it calls functions that are "
                    "not the server's own",
                "");
        }
        if (c.partition_key) {
            add(kind::may_refuse, c.at, of(c.name),
                "is the partition key: a row that would have to move to another partition is "
                "refused",
                "leave it out of set:, or write the job as `sql`");
        }
    }

    set_column const *set_of(std::string const &name) const
    {
        auto const found = std::find_if(f_.set.begin(), f_.set.end(),
                                        [&](auto const &each) { return each.name == name; });
        return found == f_.set.end() ? nullptr : &*found;
    }

    // "cancellation_type = 'system'", of the set columns in it, and where the first is set.
    struct assigned {
        std::string conditions, others;
        set_column const *first = nullptr;
        bool unknown = false, refused = false; // the latter by NOT NULL, which is told already
    };
    assigned in(check_constraint const &k) const
    {
        assigned out;
        std::vector<std::string> conditions, others;
        for (auto const &name : k.columns) {
            auto const *c = set_of(name);
            if (c == nullptr) {
                others.push_back(display_identifier(name));
                continue;
            }
            out.first = out.first == nullptr ? c : out.first;
            out.refused = out.refused || (c->what == set_column::holds::null && c->not_null);
            out.unknown = out.unknown || c->what == set_column::holds::unknown;
            if (c->what == set_column::holds::value) {
                conditions.push_back(quote_ident(name) + " = " + plan::quote_literal(c->value));
            } else if (c->what == set_column::holds::null) {
                conditions.push_back(quote_ident(name) + " IS NULL");
            }
        }
        out.conditions = join(conditions, " AND ");
        out.others = join(others, ", ");
        return out;
    }

    void check(check_constraint const &k)
    {
        auto const values = in(k);
        if (k.says == verdict::fine || values.first == nullptr || values.refused) {
            return;
        }
        auto const object = of(values.first->name);
        auto const constraint = fmt::format("CHECK {} of {}: {}", display_identifier(k.name),
                                            display(k.table), printable(k.expression));
        if (k.says == verdict::not_evaluated) {
            add(kind::may_refuse, values.first->at, object,
                constraint + " may refuse the new value: not evaluated, because it calls functions "
                             "that are not the server's own",
                "");
            return;
        }
        auto const widened = fmt::format(
            "another value, or ALTER TABLE {0} DROP CONSTRAINT {1}, ADD CONSTRAINT {1} CHECK ({2} "
            "OR {3})",
            quote(k.table), quote_ident(k.name), k.expression, values.conditions);
        if (k.says == verdict::may_refuse) {
            auto const on = values.others.empty() ? "what the expression gives"
                            : values.unknown      ? values.others + " and what the expression gives"
                                                  : values.others;
            add(kind::may_refuse, values.first->at, object,
                constraint + " may refuse the new value, depending on " + on, "");
            return;
        }
        auto const written = "refuses " + values.conditions;
        if (!k.everywhere) {
            add(kind::may_refuse, values.first->at, object,
                constraint + " " + written + ": a run that finds a row there fails", widened);
            return;
        }
        for (auto const &each : f_.triggers) {
            for (auto const &name : each.may_assign) {
                if (std::find(k.columns.begin(), k.columns.end(), name) != k.columns.end()) {
                    add(kind::may_refuse, values.first->at, object,
                        constraint + " " + written + ", unless the trigger " +
                            display_identifier(each.name) + " changes " + display_identifier(name),
                        widened);
                    return;
                }
            }
        }
        add(kind::refused, values.first->at, object,
            constraint + " " + written + ": every run that finds a row fails", widened);
    }

    void unique(unique_index const &u)
    {
        auto const *first = set_of(u.columns.front());
        if (first == nullptr) {
            return;
        }
        add(kind::may_refuse, first->at, of(first->name),
            fmt::format("unique index {} of {} takes the new value in one row only{}: a run that "
                        "finds two fails",
                        display_identifier(u.name), display(u.table),
                        u.partial ? ", of those that it has" : ""),
            "another value in set:, or a where: that finds one row");
    }

    void trigger(row_trigger const &t)
    {
        auto const name = display_identifier(t.name);
        if (!t.not_found.empty()) {
            add(kind::trigger, f_.at, display(f_.table),
                fmt::format("for each row the trigger {} calls {}, which names {}: not found under "
                            "the search_path of the job",
                            name, t.function, shown(t.not_found)),
                fmt::format("search_path: of the job, or ALTER FUNCTION {}() SET search_path = ...",
                            t.function));
        } else if (!t.writes.empty()) {
            add(kind::multiplied, f_.at, display(f_.table),
                fmt::format("for each row the trigger {} writes {}", name, shown(t.writes)), "");
        }
    }

    void reference_to(reference const &r)
    {
        std::vector<std::string> columns;
        for (auto const &each : r.columns) {
            columns.push_back(quote_ident(each));
        }
        auto const key =
            fmt::format("foreign key {} of {}", display_identifier(r.name), display(r.table));
        if (!r.indexed && r.rows >= large_reference) {
            add(kind::cascade, f_.at, display(f_.table),
                fmt::format("for each deleted row all of {} is read, {} rows: {} has no index",
                            display(r.table), thousands(r.rows), key),
                fmt::format("CREATE INDEX ON {} ({})", quote(r.table), join(columns, ", ")));
        }
        if (r.action == 'c' && r.table != f_.table) {
            add(kind::multiplied, f_.at, display(f_.table),
                fmt::format("with each row its rows of {} are deleted, by {}", display(r.table),
                            key),
                "");
        }
    }

    void plan(found_by const &p)
    {
        if (!p.whole || p.rows < large_table || p.matching > p.rows / 10) {
            return;
        }
        std::vector<std::string> columns;
        for (auto const &each : f_.condition_columns) {
            columns.push_back(display_identifier(each));
        }
        add(kind::index, f_.at, display(p.table),
            fmt::format("no index finds its rows: {} rows are read for about {}", number(p.rows),
                        number(p.matching)),
            columns.empty() ? "an index on what where: asks for"
                            : fmt::format("indexes: - {{ table: {}, name: ..., on: \"({})\" }}",
                                          display(f_.table), join(columns, ", ")));
    }

    change_facts const &f_;
    std::vector<finding> out_;
};

} // namespace

std::vector<finding> judge(change_facts const &facts)
{
    return judging{facts}.make();
}

kind kind_of(std::string const &sqlstate, std::string const &message)
{
    if (sqlstate == "42501") {
        return message.find("row-level security") != std::string::npos ? kind::policy
                                                                       : kind::privilege;
    }
    bool const of_a_value =
        sqlstate.starts_with("22") || sqlstate.starts_with("23") || sqlstate == "428C9";
    return of_a_value ? kind::refused : kind::statement;
}

} // namespace pgtend::preflight

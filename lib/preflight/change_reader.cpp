// SPDX-License-Identifier: Apache-2.0
#include "preflight/change_reader.hpp"

#include <algorithm>

#include "batch/explain.hpp"
#include "preflight/judge.hpp"
#include "sql/queries.hpp"

namespace pgtend::preflight {
namespace {

// Planning each of thousands of partitions would take long, and tells the same again.
constexpr std::size_t most_planned = 20;

} // namespace

change_reader::change_reader(asking &with, change_request const &what, outbox &out)
    : with_{with}, what_{what}, out_{out}, table_{what.target.found.name}
{
    facts_.job = what.job.name;
    facts_.at = what.rows.at.line > 0 ? what.rows.at : place_of(what.job);
    facts_.table = table_;
    facts_.deletes = what.set.empty();
    for (auto const &leaf : what.target.leaves) {
        if (!leaf.foreign) {
            leaves_.push_back(leaf);
        }
    }
    has_leaves_ = !leaves_.empty();
    facts_.below = has_leaves_ && leaves_.front().name != table_;
    if (!has_leaves_) {
        leaves_.push_back({what.target.found.oid, table_, false, {}});
    }
}

void change_reader::read()
{
    if (!condition_parses()) {
        return;
    }
    read_columns();
    read_policies();
    bool const fits = change_parses() && is_planned();
    read_set();
    if (fits && !facts_.deletes) {
        read_checks();
        read_uniques();
    }
    read_triggers();
    if (facts_.deletes) {
        read_references();
    }
    if (has_leaves_ && !facts_.policies) {
        look_for_contradictions();
    }
    out_.add(judge(facts_));
}

// True when it did what it does; otherwise the failure is told as `of`.
bool change_reader::tried(outbox::failure const &of, std::function<void()> const &work)
{
    try {
        work();
        return true;
    } catch (error const &e) {
        if (with_.is_end(e)) {
            throw;
        }
        out_.fail(of, e);
        return false;
    }
}

outbox::failure change_reader::of_table(std::string otherwise, plan::statement const *what) const
{
    return {what_.job, facts_.at, display(table_), std::move(otherwise), what};
}

// Of the table and of those below it.
std::vector<param> change_reader::oids() const
{
    std::vector<param> out{what_.target.found.oid};
    for (auto const &leaf : leaves_) {
        if (leaf.oid != what_.target.found.oid) {
            out.emplace_back(leaf.oid);
        }
    }
    return out;
}

bool change_reader::condition_parses()
{
    plan::statement const select{.sql = "SELECT 1 FROM " + quote(table_) + " WHERE (" +
                                        what_.rows.where + "\n)",
                                 .locks = {{quote(table_), plan::lock_mode::access_share}}};
    auto of = of_table("correct where:", &select);
    of.sets = false;
    return tried(of, [&] { with_.as(what_.job, [&] { return with_.parse(select.sql); }); });
}

plan::statement change_reader::change_of(assignments const &set,
                                         catalog::leaf_table const &leaf) const
{
    batch::change const change{.table = table_, .where = what_.rows.where, .set = set};
    return batch::leaf_statements{change, {leaf, what_.target.found.oid}}.explain();
}

// Which of the assignments fails by itself; nullptr: none.
model::assignment const *change_reader::culprit(assignments const &set, attempt const &work)
{
    for (auto const &each : set) {
        try {
            work({each});
        } catch (error const &e) {
            if (with_.is_end(e)) {
                throw;
            }
            return &each;
        }
    }
    return nullptr;
}

// Tells the failure at the assignment that it is about.
bool change_reader::tried_set(assignments const &set, plan::statement const &whole,
                              attempt const &work)
{
    try {
        work(set);
        return true;
    } catch (error const &e) {
        if (with_.is_end(e)) {
            throw;
        }
        bool const of_the_role = e.sqlstate() == "42501" || e.sqlstate() == "55P03";
        auto const *at = of_the_role ? nullptr : culprit(set, work);
        auto of = of_table(set.empty() ? "correct where:" : "correct set:", &whole);
        if (at != nullptr) {
            of.at = at->at.line > 0 ? at->at : of.at;
            of.object += "." + display_identifier(at->column);
            of.otherwise = fix_of(*at, e);
        }
        out_.fail(of, e);
        return false;
    }
}

std::string change_reader::fix_of(model::assignment const &set, error const &why) const
{
    auto const found = columns_.find(set.column);
    if (found == columns_.end() || kind_of(why.sqlstate(), why.message()) != kind::refused) {
        return "correct set:";
    }
    if (why.sqlstate() == "428C9") {
        return "leave it out of set:";
    }
    if (found->second.is_enum && set.value && !set.is_sql) {
        return "another value, or ALTER TYPE " + found->second.base_type + " ADD VALUE " +
               plan::quote_literal(*set.value);
    }
    return "a value that fits " + found->second.type;
}

bool change_reader::change_parses()
{
    auto const &leaf = leaves_.front();
    auto const whole = change_of(what_.set, leaf);
    return tried_set(what_.set, whole, [&](assignments const &set) {
        with_.as(what_.job, [&] { return with_.parse(change_of(set, leaf).sql); });
    });
}

void change_reader::read_policies()
{
    facts_.lets_hide = what_.job.policy.row_security;
    tried(of_table("", nullptr), [&] {
        auto const found = with_.as(what_.job, [&] {
            return with_.ask("SELECT pg_catalog.row_security_active($1::pg_catalog.oid) AS active, "
                             "CURRENT_USER AS role",
                             {what_.target.found.oid});
        });
        facts_.policies = found.flag(0, "active");
        facts_.role = found.text(0, "role");
    });
}

// As the job would be answered, but for its policies, which are told by themselves.
rows change_reader::plan_of(assignments const &set, catalog::leaf_table const &leaf)
{
    auto const change = change_of(set, leaf);
    return with_.as(what_.job, [&] {
        if (facts_.policies) {
            with_.set("SET LOCAL row_security = on");
        }
        return with_.ask(change.sql, change.parameters);
    });
}

bool change_reader::is_planned()
{
    auto const set = harmless();
    auto const whole = change_of(set, leaves_.front());
    std::map<std::string, double> sizes;
    auto const found = with_.ask(sql::preflight_sizes, {array_literal(oids())});
    for (std::size_t i = 0; i < found.size(); ++i) {
        sizes[found.text(i, "oid")] = found.real(i, found.column("rows"));
    }
    // The last ones are the newest, as they are named by time.
    auto const first = leaves_.size() - std::min(leaves_.size(), most_planned);
    for (auto i = first; i < leaves_.size(); ++i) {
        auto const &leaf = leaves_[i];
        bool const fits = tried_set(set, whole, [&](assignments const &some) {
            auto const answer = plan_of(some, leaf);
            if (some.size() == set.size()) {
                note(leaf, answer, sizes[leaf.oid]);
            }
        });
        if (!fits) {
            return false;
        }
    }
    return true;
}

void change_reader::note(catalog::leaf_table const &leaf, rows const &answer, double rows_of_it)
{
    for (auto const &node : batch::nodes_of(answer.text(0, 0))) {
        if (node.relation.name == leaf.name.name && node.type.ends_with("Scan")) {
            facts_.plans.push_back({leaf.name, rows_of_it, node.rows, node.type == "Seq Scan"});
            return;
        }
    }
}

std::vector<std::string> texts(rows const &from, std::size_t row, std::string_view name)
{
    std::vector<std::string> out;
    for (auto const &each : parse_array(from.text(row, name))) {
        out.push_back(each.value_or(""));
    }
    return out;
}

void read_change(asking &with, change_request const &what, outbox &out)
{
    change_reader{with, what, out}.read();
}

} // namespace pgtend::preflight

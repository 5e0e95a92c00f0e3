// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "batch/explain.hpp"
#include "batch/machine_class.hpp"

namespace pgtend::batch {
namespace {

// In a row, of batches that skip locked rows: then somebody holds more than rows.
constexpr int most_conflicts = 10;
// In a row, of a row that was just listed as one that no other of the table refers to.
constexpr int most_refusals = 3;

bool is_conflict(plan::failure const &f)
{
    return !f.table_locked &&
           (f.sqlstate == "55P03" || f.sqlstate == "40P01" || f.sqlstate == "40001");
}

// 23001: what ON DELETE RESTRICT says from PostgreSQL 18 on.
bool refers_still(plan::failure const &f)
{
    return f.sqlstate == "23503" || f.sqlstate == "23001";
}

// The statement itself is wrong: it would fail on every leaf.
bool is_wrong_statement(plan::failure const &f)
{
    return f.sqlstate.starts_with("42") && f.sqlstate != "42P01" && f.sqlstate != "42501";
}

} // namespace

void machine::absorb(asked what, plan::outcome const &last)
{
    if (last.failed) {
        auto const &why = *last.failed;
        if (why.sqlstate == "42P01" && what == asked::find && calls_by_schema()) {
            report_.fail_all(called_by_schema(what_, why));
        }
        // In a change it is a trigger that is wrong: the statement has been planned by then.
        // 53200: too many partitions to lock all at once; then none is excluded.
        if ((is_wrong_statement(why) && what != asked::change) || what == asked::rights ||
            (what == asked::table && why.sqlstate != "53200")) {
            report_.fail_all(what == asked::table ? with_leaves(what_, target_, why) : why);
        }
        if (what == asked::change) {
            change_failed(why);
        } else if (what == asked::find || what == asked::referred) {
            leaf_failed(why);
        }
        return;
    }
    switch (what) {
    case asked::nothing:
        break;
    case asked::rights:
        rights_known(last);
        break;
    case asked::table:
        table_known(last);
        break;
    case asked::find:
        source().answer(last.results, last.elapsed);
        if (referred_.has(leaf_)) {
            referred_.listed(leaf_, last.results.at(0).text(0, "since"));
        }
        break;
    case asked::change:
        changed(last);
        break;
    case asked::referred:
    case asked::rest:
        rest_known(what, last.results.at(0).integer(0, 0));
        break;
    }
}

// Rows that match and are left for a reason that is said.
void machine::rest_known(asked what, long long rows)
{
    if (what == asked::rest) {
        rest_ = rows;
    } else if (rows > 0) {
        report_.note(fmt::format("{}{} rows of {} are left, because rows that stay refer to them: "
                                 "{}",
                                 rows >= counted_rest ? "at least " : "", thousands(rows),
                                 leaf_name(), referred_.why()));
    }
    report_.left(rows);
}

void machine::rights_known(plan::outcome const &last)
{
    auto const &answer = last.results.at(0);
    careful_always_ = careful_always_ || answer.flag(0, "reads");
    if (works_below() && answer.flag(0, "policies")) {
        report_.fail_all(policies_do_not_reach());
    }
}

void machine::table_known(plan::outcome const &last)
{
    auto const nodes = nodes_of(last.results.at(0).text(0, 0));
    report_.done.expected = static_cast<long long>(nodes.front().rows);
    // A leaf that the plan does not read has no matching rows: its bounds exclude them.
    std::erase_if(to_visit_, [&](std::size_t i) {
        return std::none_of(nodes.begin(), nodes.end(), [&](plan_node const &n) {
            return n.relation == target_.leaves[i].name;
        });
    });
}

void machine::changed(plan::outcome const &last)
{
    auto const got = attempt_.read(last, what_.deletes());
    report_.done.rows += got.changed;
    ++report_.done.batches;
    conflicts_ = 0;
    careful_ = false;
    if (narrowing_) {
        narrowing_->succeeded();
    }
    sizer_.measured(got.changed, got.took, last.elapsed);
    if (may_meet_own()) {
        writers_[leaf_] += "," + got.writer;
    }
    if (!got.attached) {
        leaf_left_alone();
        return;
    }
    if (!remaining() || *remaining() > 0) {
        // A trigger that keeps rows fires again when they come again: only when others hold some
        // beside them.
        if (may_keep() && got.held <= 0) {
            report_.done.left += got.missing;
        } else {
            put_aside(got.missing);
        }
        current_.reset();
    }
    if (got.answer) {
        finder_->answer({*got.answer}, microseconds{0});
    }
}

// So many rows of the current section could not be changed: again at the end, or left.
void machine::put_aside(long long count)
{
    if (count > 0 && held_.last_round()) {
        report_.done.left += referred_.has(leaf_) ? 0 : count; // those are counted in the end
    } else if (count > 0) {
        // A trigger fires again for what comes again.
        held_.add({leaf_, may_keep() ? *current_ : finder_->whole(), true});
    }
}

void machine::change_failed(plan::failure const &why)
{
    if (why.message.find(still_matching) != std::string::npos) {
        throw error{leaf_name() + ": rows still match the condition after the update, so each run "
                                  "would update them again; the batch was taken back",
                    "Let `set` change a column that the condition asks for, or let the condition "
                    "exclude what is done.",
                    why.sqlstate};
    }
    bool const was_careful = attempt_.careful();
    bool const may_not_lock = was_careful && !careful_always_ && why.sqlstate == "42501";
    if (may_not_lock) {
        may_lock_ = false;
        report_.note(fmt::format("rows that others hold cannot be skipped one by one without the "
                                 "privilege UPDATE on a column of {}",
                                 name()));
    }
    if (refers_still(why) && what_.deletes() && !target_.self_references.empty() &&
        !referred_.has(leaf_)) {
        referred_.add(leaf_, why.message);
        held_.forget(leaf_);
        close_leaf();
    } else if (refers_still(why) && referred_.has(leaf_)) {
        refused_again(why);
    } else if (!may_not_lock && !is_conflict(why)) {
        leaf_failed(why);
    } else if (may_not_lock || !may_lock_) {
        careful_ = false;
        put_aside(std::max(current_->rows, 1LL));
        current_.reset();
    } else if (!was_careful) {
        careful_ = true;
    } else {
        met_a_lock(why);
    }
}

// Rows that others hold were skipped, and yet one is waited for: of another table, by a foreign key
// or a trigger.
void machine::met_a_lock(plan::failure const &why)
{
    bool const alone = current_->what == section::kind::listed && current_->rows == 1;
    if (alone && ++conflicts_ >= most_conflicts) {
        leaf_failed(why);
        return;
    }
    auto const rows = current_->rows > 0 ? current_->rows : sizer_.rows();
    if (alone) {
        put_aside(1);
    } else if (narrowing_) {
        narrowing_->failed(rows);
    } else {
        narrowing_.emplace(*sql_, *current_, rows);
    }
    current_.reset();
}

// Somebody has referred to a row since it was listed: listed anew, without it, the others go. A row
// that comes again is referred to by another table.
void machine::refused_again(plan::failure const &why)
{
    if (current_->rows == 1 && ++conflicts_ >= most_refusals) {
        leaf_failed(why);
        return;
    }
    auto whole = narrowing_ ? narrowing_->whole() : *current_;
    narrowing_.emplace(*sql_, std::move(whole), current_->rows);
    current_.reset();
}

void machine::close_leaf()
{
    finder_.reset();
    narrowing_.reset();
    current_.reset();
    careful_ = false;
    conflicts_ = 0;
}

void machine::leaf_left_alone()
{
    report_.note(fmt::format("{} was detached from {} while this ran, or another table has its "
                             "name now; it was left alone",
                             leaf_name(), name()));
    held_.forget(leaf_);
    referred_.forget(leaf_);
    close_leaf();
}

void machine::leaf_failed(plan::failure const &why)
{
    report_.failed(leaf_name(), why);
    held_.forget(leaf_);
    referred_.forget(leaf_);
    close_leaf();
}

} // namespace pgtend::batch

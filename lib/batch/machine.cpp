// SPDX-License-Identifier: Apache-2.0
#include "batch/machine.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "batch/describe.hpp"
#include "batch/explain.hpp"
#include "batch/held_rows.hpp"
#include "batch/leaf_finder.hpp"
#include "batch/opening.hpp"
#include "batch/sizer.hpp"

namespace pgtend::batch {
namespace {

// Counted for the report when a limit ends the work.
constexpr long long counted_rest = 10'000;
// In a row, of batches that skip locked rows: then somebody holds more than rows.
constexpr int most_conflicts = 10;
// A batch of a second chance, when locked rows cannot be skipped: as many may be left for one of
// them.
constexpr long long without_skipping = 20;

bool is_conflict(plan::failure const &f)
{
    return !f.table_locked &&
           (f.sqlstate == "55P03" || f.sqlstate == "40P01" || f.sqlstate == "40001");
}

// The statement itself is wrong: it would fail on every leaf.
bool is_wrong_statement(plan::failure const &f)
{
    return f.sqlstate.starts_with("42") && f.sqlstate != "42P01" && f.sqlstate != "42501";
}

class machine final : public plan::task {
  public:
    machine(change what, catalog::batch_target target, model::batching batches)
        : what_{std::move(what)}, target_{std::move(target)}, batches_wanted_{batches},
          sizer_{batches.initial_rows, batches.target}, mentions_{mentioned_in(what_)},
          careful_always_{mentions_.reads}, expected_{target_.estimated_rows}
    {
        for (std::size_t i = 0; i < target_.leaves.size(); ++i) {
            to_visit_.push_back(i);
        }
        for (auto const &each : target_.detaching) {
            notes_.push_back(
                fmt::format("{0} waits for ALTER TABLE {1} DETACH PARTITION {0} FINALIZE, "
                            "its rows were left alone",
                            display(each), name()));
        }
    }

    plan::description describe() const override
    {
        return batch::describe(what_, target_, batches_wanted_, careful_always_);
    }
    std::optional<plan::work> next(plan::outcome const &last) override;
    plan::tally progress() const override { return {rows_, left_, batches_, expected_, notes_}; }

  private:
    enum class asked { nothing, rights, table, find, change, rest };

    struct failed_leaf {
        std::string name;
        plan::failure why;
    };
    // Where the results of a changing work are; -1: not asked.
    struct layout {
        int find = -1, first_stamp = -1, changed = -1, last_stamp = -1, still = -1;
    };

    std::string name() const { return display(what_.table); }
    catalog::leaf_table const &leaf() const { return target_.leaves[leaf_]; }
    std::string leaf_name() const { return display(leaf().name); }
    // Rows are changed in a table that is not the named one.
    bool works_below() const
    {
        return std::any_of(target_.leaves.begin(), target_.leaves.end(),
                           [&](auto const &each) { return each.name != what_.table; });
    }
    std::optional<long long> remaining() const
    {
        return batches_wanted_.max_rows ? std::optional{*batches_wanted_.max_rows - rows_}
                                        : std::nullopt;
    }
    long long batch_rows() const
    {
        auto const wanted = may_lock_ || held_.round() == 0 ? sizer_.rows() : without_skipping;
        return std::min(wanted, remaining().value_or(sizer::most));
    }

    std::optional<plan::work> produce();
    bool open_next();
    plan::work ask(asked what, std::vector<plan::statement> statements);
    plan::work ask_change();
    std::optional<plan::work> finish_at_limit();
    void finish();

    void absorb(asked what, plan::outcome const &last);
    void rights_known(plan::outcome const &last);
    void table_known(plan::outcome const &last);
    void changed(plan::outcome const &last);
    void change_failed(plan::failure const &why);
    void not_all_changed(long long count);
    void leaf_left_alone();
    void leaf_failed(plan::failure const &why);
    void close_leaf();
    void fail_all(plan::failure const &why) const;

    change what_;
    catalog::batch_target target_;
    model::batching batches_wanted_;
    sizer sizer_;
    mentions mentions_;
    bool careful_always_;  // the condition may read other tables
    bool may_lock_ = true; // FOR UPDATE needs a privilege that a DELETE does not

    long long rows_ = 0, left_ = 0, batches_ = 0;
    long long rest_ = 0; // left because of the limit
    std::optional<long long> expected_ = {};
    std::vector<std::string> notes_ = {};
    std::vector<failed_leaf> failures_ = {};

    asked asked_ = asked::nothing;
    bool rights_asked_ = false, table_asked_ = false, rest_asked_ = false;
    bool finished_ = false, pause_ = false;
    std::deque<std::size_t> to_visit_ = {}; // leaves, in the first round
    held_rows held_ = {};
    microseconds rest_before_{0};

    std::size_t leaf_ = 0;
    bool open_ = false;                         // leaf_ is being worked on
    std::unique_ptr<leaf_statements> sql_ = {}; // of it
    std::unique_ptr<finder> finder_ = {};
    std::optional<section> current_ = {};
    bool careful_ = false; // the current one, because it met a lock
    layout layout_ = {};
    int conflicts_ = 0;
};

std::optional<plan::work> machine::next(plan::outcome const &last)
{
    if (asked_ != asked::nothing) {
        absorb(std::exchange(asked_, asked::nothing), last);
    }
    return produce();
}

plan::work machine::ask(asked what, std::vector<plan::statement> statements)
{
    asked_ = what;
    return {.statements = std::move(statements),
            .read_only = true,
            .pause_before = std::exchange(rest_before_, microseconds{0})};
}

std::optional<plan::work> machine::produce()
{
    if (finished_) {
        return std::nullopt;
    }
    if (!std::exchange(rights_asked_, true) && (works_below() || !careful_always_)) {
        return ask(asked::rights, {opening_question(target_, mentions_)});
    }
    if (!std::exchange(table_asked_, true) && target_.leaves.size() > 1) {
        return ask(asked::table, {explain_table(what_)});
    }
    for (;;) {
        if (remaining() && *remaining() <= 0) {
            return finish_at_limit();
        }
        if (current_) {
            return ask_change();
        }
        if (finder_) {
            current_ = finder_->take(batch_rows());
            if (!current_ && !finder_->done()) {
                return ask(asked::find, finder_->question(batch_rows()));
            }
            if (!current_) {
                close_leaf();
            }
        } else if (!open_next()) {
            finish();
            return std::nullopt;
        }
    }
}

// The next leaf, or the next rows that others held.
bool machine::open_next()
{
    while (!to_visit_.empty()) {
        leaf_ = to_visit_.front();
        to_visit_.pop_front();
        open_ = true;
        if (!leaf().foreign) {
            sql_ = std::make_unique<leaf_statements>(what_, leaf(), target_.found.oid);
            finder_ = std::make_unique<leaf_finder>(*sql_, leaf());
            return true;
        }
        leaf_failed({"42809",
                     leaf_name() + " is a foreign table, whose rows are not reached in batches",
                     "run the job in the database that holds them"});
    }
    if (auto again = held_.next(rest_before_)) {
        leaf_ = again->leaf;
        open_ = true;
        sql_ = std::make_unique<leaf_statements>(what_, leaf(), target_.found.oid);
        finder_ = std::make_unique<list_finder>(*sql_, std::move(again->where));
        return true;
    }
    return false;
}

plan::work machine::ask_change()
{
    plan::work out{.statements = {},
                   .read_only = false,
                   .pause_before = std::exchange(rest_before_, microseconds{0})};
    layout_ = {};
    auto const add = [&](plan::statement statement) {
        out.statements.push_back(std::move(statement));
        return static_cast<int>(out.statements.size()) - 1;
    };
    // Near the limit the statement itself keeps it; a list has been cut already.
    std::optional<long long> most;
    if (remaining() && current_->what != section::kind::listed &&
        *remaining() < 10 * sizer_.rows() + current_->rows) {
        most = remaining();
    }
    layout_.first_stamp = add(prelude());
    if (finder_->asks_along()) {
        layout_.find = add(finder_->question(batch_rows()).at(0));
    }
    if (careful_always_ || (may_lock_ && (careful_ || held_.round() > 0))) {
        add(sql_->lock_free(*current_, most));
        layout_.changed = add(sql_->change_locked());
        layout_.still = layout_.last_stamp = add(sql_->count_still(*current_));
    } else {
        layout_.changed = add(sql_->change_rows(*current_, most));
        layout_.last_stamp = add(sql_->stamp());
    }
    if (std::exchange(pause_, true)) {
        out.pause_before = std::max(out.pause_before, batches_wanted_.pause);
    }
    asked_ = asked::change;
    return out;
}

void machine::absorb(asked what, plan::outcome const &last)
{
    if (last.failed) {
        auto const &why = *last.failed;
        // 53200: too many partitions to lock all at once; then none is excluded.
        if (is_wrong_statement(why) || what == asked::rights ||
            (what == asked::table && why.sqlstate != "53200")) {
            fail_all(why);
        }
        if (what == asked::change) {
            change_failed(why);
        } else if (what == asked::find) {
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
        finder_->answer(last.results, last.elapsed);
        break;
    case asked::change:
        changed(last);
        break;
    case asked::rest:
        rest_ = last.results.at(0).integer(0, 0);
        left_ += rest_;
        break;
    }
}

void machine::fail_all(plan::failure const &why) const
{
    throw error{name() + ": " + why.message, why.hint, why.sqlstate};
}

void machine::rights_known(plan::outcome const &last)
{
    auto const &answer = last.results.at(0);
    careful_always_ = careful_always_ || answer.flag(0, "reads");
    if (works_below() && answer.flag(0, "policies")) {
        fail_all({"42501",
                  "policies of row level security hold for this role, but not in the partitions, "
                  "which are worked on directly",
                  "Run the job as the owner of the table, or as a role with BYPASSRLS."});
    }
}

void machine::table_known(plan::outcome const &last)
{
    auto const nodes = nodes_of(last.results.at(0).text(0, 0));
    expected_ = static_cast<long long>(nodes.front().rows);
    // A leaf that the plan does not read has no matching rows: its bounds exclude them.
    std::erase_if(to_visit_, [&](std::size_t i) {
        return std::none_of(nodes.begin(), nodes.end(), [&](plan_node const &n) {
            return n.relation == target_.leaves[i].name;
        });
    });
}

void machine::changed(plan::outcome const &last)
{
    auto const &results = last.results;
    auto const at = [&](int index) -> rows const & {
        return results.at(static_cast<std::size_t>(index));
    };
    auto const count = what_.deletes() ? at(layout_.changed).affected()
                                       : at(layout_.changed).integer(0, "changed");
    rows_ += count;
    ++batches_;
    conflicts_ = 0;
    careful_ = false;
    auto const clock = [&](int index) { return at(index).integer(0, "stamp"); };
    sizer_.measured(count, microseconds{clock(layout_.last_stamp) - clock(layout_.first_stamp)},
                    last.elapsed);
    if (!at(layout_.last_stamp).flag(0, "attached")) {
        leaf_left_alone();
        return;
    }
    auto const still = layout_.still >= 0 ? at(layout_.still).integer(0, "still") : 0;
    if (!remaining() || *remaining() > 0) {
        not_all_changed(std::max(still, current_->rows - count));
        current_.reset();
    }
    if (layout_.find >= 0) {
        finder_->answer({at(layout_.find)}, microseconds{0});
    }
}

// So many rows of the current section matched and were not changed.
void machine::not_all_changed(long long count)
{
    if (count > 0 && held_.last_round()) {
        left_ += count;
    } else if (count > 0) {
        held_.add(leaf_, finder_->around(*current_));
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
    bool const was_careful = layout_.still >= 0;
    bool conflict = is_conflict(why);
    if (was_careful && !careful_always_ && why.sqlstate == "42501") {
        may_lock_ = false;
        conflict = true;
        notes_.push_back(fmt::format("rows that others hold cannot be skipped one by one without "
                                     "the privilege UPDATE on a column of {}",
                                     name()));
    }
    bool const skips = was_careful || !may_lock_;
    if (!conflict || (was_careful && ++conflicts_ >= most_conflicts)) {
        leaf_failed(why);
    } else if (!skips) {
        careful_ = true;
    } else {
        careful_ = false;
        not_all_changed(std::max(current_->rows, 1LL));
        current_.reset();
    }
}

void machine::close_leaf()
{
    finder_.reset();
    current_.reset();
    open_ = careful_ = false;
    conflicts_ = 0;
}

void machine::leaf_left_alone()
{
    notes_.push_back(fmt::format("{} was detached from {} while this ran, or another table has its "
                                 "name now; it was left alone",
                                 leaf_name(), name()));
    held_.forget(leaf_);
    close_leaf();
}

void machine::leaf_failed(plan::failure const &why)
{
    failures_.push_back({leaf_name(), why});
    held_.forget(leaf_);
    close_leaf();
}

std::optional<plan::work> machine::finish_at_limit()
{
    if (!std::exchange(rest_asked_, true) && open_ && finder_ && (current_ || !finder_->done())) {
        return ask(asked::rest, {sql_->count(finder_->rest(current_), counted_rest)});
    }
    auto const stopped =
        fmt::format("stopped at max_rows ({}): ", thousands(*batches_wanted_.max_rows));
    if (rest_ > 0) {
        notes_.push_back(fmt::format("{}{}{} more rows match in {}", stopped,
                                     rest_ >= counted_rest ? "at least " : "", thousands(rest_),
                                     leaf_name()));
    }
    if (!to_visit_.empty()) {
        notes_.push_back(
            fmt::format("{}{} more partitions were not looked at", stopped, to_visit_.size()));
    }
    if (!held_.empty()) {
        notes_.push_back(stopped + "rows that others held were not tried again");
    }
    finish();
    return std::nullopt;
}

void machine::finish()
{
    finished_ = true;
    if (left_ > rest_) {
        notes_.push_back(fmt::format(
            "{} rows of {} were held by other sessions, or kept by a trigger, and left as they are",
            thousands(left_ - rest_), name()));
    }
    if (failures_.empty()) {
        return;
    }
    auto const &first = failures_.front();
    auto message = first.name + ": " + first.why.message;
    if (failures_.size() > 1) {
        message += fmt::format(" (and {} more of {} partitions failed)", failures_.size() - 1,
                               target_.leaves.size());
        for (std::size_t i = 1; i < failures_.size(); ++i) {
            notes_.push_back(failures_[i].name + ": " + failures_[i].why.message);
        }
    } else if (target_.leaves.size() > 1) {
        message += fmt::format(" (the other {} partitions are done)", target_.leaves.size() - 1);
    }
    throw error{message, first.why.hint, first.why.sqlstate};
}

} // namespace

std::unique_ptr<plan::task> make_machine(change what, catalog::batch_target target,
                                         model::batching batches)
{
    return std::make_unique<machine>(std::move(what), std::move(target), batches);
}

} // namespace pgtend::batch

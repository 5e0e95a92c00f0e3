// SPDX-License-Identifier: Apache-2.0
#include "batch/machine.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "batch/attempt.hpp"
#include "batch/describe.hpp"
#include "batch/explain.hpp"
#include "batch/held_rows.hpp"
#include "batch/leaf_finder.hpp"
#include "batch/narrowing.hpp"
#include "batch/opening.hpp"
#include "batch/referred.hpp"
#include "batch/report.hpp"
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
          careful_always_{mentions_.reads}, report_{display(what_.table), target_.leaves.size(),
                                                    target_.detaching},
          writers_(target_.leaves.size())
    {
        report_.done.expected = target_.estimated_rows;
        for (std::size_t i = 0; i < target_.leaves.size(); ++i) {
            to_visit_.push_back(i);
        }
    }

    plan::description describe() const override
    {
        return batch::describe(what_, target_, batches_wanted_, careful_always_);
    }
    std::optional<plan::work> next(plan::outcome const &last) override;
    plan::tally progress() const override { return report_.done; }

  private:
    enum class asked { nothing, rights, table, find, change, referred, rest };

    std::string name() const { return display(what_.table); }
    catalog::leaf_table const &leaf() const { return target_.leaves[leaf_]; }
    std::string leaf_name() const { return display(leaf().name); }
    // Rows are changed in a table that is not the named one.
    bool works_below() const
    {
        return std::any_of(target_.leaves.begin(), target_.leaves.end(),
                           [&](auto const &each) { return each.name != what_.table; });
    }
    // The condition has public.orders.id where orders.id is meant; a leaf has another name.
    bool calls_by_schema() const
    {
        auto const &all = mentions_.qualified;
        return leaf().name != what_.table &&
               std::find(all.begin(), all.end(), what_.table) != all.end();
    }
    // Of the leaf, for this command.
    bool may_keep() const { return what_.deletes() ? leaf().keeps_deleted : leaf().keeps_updated; }
    // What the run wrote in the leaf may match.
    bool may_meet_own() const { return !what_.deletes() || leaf().fires_on_delete; }
    std::optional<long long> remaining() const
    {
        return batches_wanted_.max_rows
                   ? std::optional{*batches_wanted_.max_rows - report_.done.rows}
                   : std::nullopt;
    }
    long long batch_rows() const
    {
        auto const wanted = may_lock_ || held_.round() == 0 ? sizer_.rows() : without_skipping;
        return std::min(wanted, remaining().value_or(sizer::most));
    }
    finder &source() { return narrowing_ ? narrowing_->places() : *finder_; }

    std::optional<plan::work> produce();
    std::optional<plan::work> open_next();
    bool open_leaf(std::size_t which);
    bool take();
    plan::work ask(asked what, std::vector<plan::statement> statements);
    plan::work ask_change();
    std::optional<plan::work> finish_at_limit();
    std::nullopt_t finish();

    void absorb(asked what, plan::outcome const &last);
    void rights_known(plan::outcome const &last);
    void table_known(plan::outcome const &last);
    void rest_known(asked what, long long rows);
    void changed(plan::outcome const &last);
    void put_aside(long long count);
    void change_failed(plan::failure const &why);
    void met_a_lock(plan::failure const &why);
    void leaf_left_alone();
    void leaf_failed(plan::failure const &why);
    void close_leaf();

    change what_;
    catalog::batch_target target_;
    model::batching batches_wanted_;
    sizer sizer_;
    mentions mentions_;
    bool careful_always_;  // the condition may read other tables
    bool may_lock_ = true; // FOR UPDATE needs a privilege that a DELETE does not

    report report_;
    long long rest_ = 0; // left because of the limit

    asked asked_ = asked::nothing;
    bool rights_asked_ = false, table_asked_ = false, rest_asked_ = false;
    bool finished_ = false, pause_ = false;
    std::deque<std::size_t> to_visit_ = {}; // leaves, in the first round
    referred_rows referred_ = {};
    held_rows held_ = {};
    std::vector<std::string> writers_; // of each leaf, see leaf_facts
    microseconds rest_before_{0};

    std::size_t leaf_ = 0;
    std::unique_ptr<leaf_statements> sql_ = {}; // of it
    std::unique_ptr<finder> finder_ = {};       // set while the leaf is worked on
    std::optional<narrowing> narrowing_ = {};
    std::optional<section> current_ = {};
    bool careful_ = false; // the current one, because it met a lock
    attempt attempt_ = {};
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
        if (!finder_) {
            if (auto out = open_next()) {
                return out;
            }
            if (!finder_) {
                return finish();
            }
        }
        if (current_ || take()) {
            return ask_change();
        }
        if (!source().done()) {
            return ask(asked::find, source().question(batch_rows()));
        }
        close_leaf();
    }
}

// The next section, if there is one already.
bool machine::take()
{
    if (narrowing_) {
        current_ = narrowing_->take(batch_rows());
        if (current_ || !narrowing_->done()) {
            return current_.has_value();
        }
        narrowing_.reset();
        careful_ = false;
    }
    current_ = finder_->take(batch_rows());
    return current_.has_value();
}

// False: it cannot be worked on, and failed.
bool machine::open_leaf(std::size_t which)
{
    leaf_ = which;
    if (leaf().foreign) {
        leaf_failed({"42809",
                     leaf_name() + " is a foreign table, whose rows are not reached in batches",
                     "run the job in the database that holds them"});
        return false;
    }
    leaf_facts facts{.table = leaf(), .root = target_.found.oid};
    if (may_meet_own()) {
        facts.writers = &writers_[leaf_];
    }
    if (referred_.has(leaf_)) {
        facts.unreferenced = target_.self_references;
    }
    sql_ = std::make_unique<leaf_statements>(what_, std::move(facts));
    return true;
}

// Opens the next leaf, or the next rows that were put aside; or asks what is left in the end.
std::optional<plan::work> machine::open_next()
{
    while (!to_visit_.empty()) {
        auto const which = to_visit_.front();
        to_visit_.pop_front();
        if (open_leaf(which)) {
            finder_ = std::make_unique<leaf_finder>(*sql_, leaf());
            return std::nullopt;
        }
    }
    if (auto const again = referred_.next(report_.done.rows)) {
        open_leaf(*again);
        finder_ = std::make_unique<list_finder>(*sql_, section{});
    } else if (auto held = held_.next(rest_before_)) {
        open_leaf(held->leaf);
        finder_ = std::make_unique<list_finder>(*sql_, std::move(held->where));
    } else if (auto const counted = referred_.next_to_count()) {
        open_leaf(*counted);
        return ask(asked::referred, {sql_->count({}, counted_rest)});
    }
    return std::nullopt;
}

plan::work machine::ask_change()
{
    attempt::wish wish{.rows = *current_};
    // Near the limit the statement itself keeps it; a list has been cut already.
    if (remaining() && current_->what != section::kind::listed &&
        *remaining() < 10 * sizer_.rows() + current_->rows) {
        wish.most = remaining();
    }
    if (!narrowing_ && finder_->asks_along()) {
        wish.along = finder_->question(batch_rows()).at(0);
    }
    wish.careful = careful_always_ || (may_lock_ && (careful_ || narrowing_ || held_.round() > 0));
    wish.may_keep = may_keep();
    wish.notes_writer = may_meet_own();
    attempt_ = attempt{*sql_, std::move(wish)};
    auto pause = std::exchange(rest_before_, microseconds{0});
    if (std::exchange(pause_, true)) {
        pause = std::max(pause, batches_wanted_.pause);
    }
    asked_ = asked::change;
    return {.statements = attempt_.take(), .read_only = false, .pause_before = pause};
}

void machine::absorb(asked what, plan::outcome const &last)
{
    if (last.failed) {
        auto const &why = *last.failed;
        if (why.sqlstate == "42P01" && what == asked::find && calls_by_schema()) {
            report_.fail_all(called_by_schema(what_, why));
        }
        // 53200: too many partitions to lock all at once; then none is excluded.
        if (is_wrong_statement(why) || what == asked::rights ||
            (what == asked::table && why.sqlstate != "53200")) {
            report_.fail_all(why);
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
        bool const only_these = may_keep() && current_->what == section::kind::listed;
        held_.add(leaf_, only_these
                             ? *current_
                             : finder_->around(narrowing_ ? narrowing_->whole() : *current_));
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
    if (why.sqlstate == "23503" && what_.deletes() && !target_.self_references.empty() &&
        !referred_.has(leaf_)) {
        referred_.add(leaf_, why.message);
        held_.forget(leaf_);
        close_leaf();
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

std::optional<plan::work> machine::finish_at_limit()
{
    if (!std::exchange(rest_asked_, true) && finder_ &&
        (current_ || narrowing_ || !finder_->done())) {
        auto const from = narrowing_ ? narrowing_->whole() : current_;
        return ask(asked::rest, {sql_->count(finder_->rest(from), counted_rest)});
    }
    auto const stopped =
        fmt::format("stopped at max_rows ({}): ", thousands(*batches_wanted_.max_rows));
    if (rest_ > 0) {
        report_.note(fmt::format("{}{}{} more rows match in {}", stopped,
                                 rest_ >= counted_rest ? "at least " : "", thousands(rest_),
                                 leaf_name()));
    }
    if (!to_visit_.empty()) {
        report_.note(
            fmt::format("{}{} more partitions were not looked at", stopped, to_visit_.size()));
    }
    if (!held_.empty()) {
        report_.note(stopped + "rows that others held were not tried again");
    }
    if (!referred_.empty()) {
        report_.note(stopped + "rows that others refer to were not all tried again");
    }
    return finish();
}

std::nullopt_t machine::finish()
{
    finished_ = true;
    report_.finish();
    return std::nullopt;
}

} // namespace

std::unique_ptr<plan::task> make_machine(change what, catalog::batch_target target,
                                         model::batching batches)
{
    return std::make_unique<machine>(std::move(what), std::move(target), batches);
}

} // namespace pgtend::batch

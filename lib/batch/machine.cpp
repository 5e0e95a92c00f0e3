// SPDX-License-Identifier: Apache-2.0
#include "batch/machine.hpp"

#include <fmt/format.h>

#include "batch/machine_class.hpp"

namespace pgtend::batch {

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
        if (looks_again()) {
            held_.add({leaf_, finder_->whole(), false});
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
    leaf_facts facts{.table = leaf(),
                     .root = target_.found.oid,
                     .once = may_keep() || held_.round() > 0 || referred_.has(leaf_)};
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
        finder_ = std::make_unique<list_finder>(*sql_, referred_.rows(*again));
    } else if (auto held = held_.next(rest_before_)) {
        open_leaf(held->leaf);
        if (held->where.what != section::kind::blocks || may_keep()) {
            finder_ = std::make_unique<list_finder>(*sql_, std::move(held->where));
        } else if (!may_lock_ || held_.last_round()) {
            // A block has more rows than may be left for one; and at last each row is known.
            finder_ = std::make_unique<list_finder>(*sql_, section{});
        } else {
            finder_ =
                std::make_unique<block_finder>(*sql_, held->where.end_block, std::string{}, true);
        }
    } else if (auto const counted = referred_.next_to_count()) {
        open_leaf(*counted);
        return ask(asked::referred, {sql_->count({}, counted_rest)});
    }
    return std::nullopt;
}

plan::work machine::ask_change()
{
    attempt::wish wish{.rows = *current_};
    // A list has been cut already; elsewhere others may have added any number of rows.
    if (current_->what != section::kind::listed) {
        wish.most = remaining();
    }
    if (!narrowing_ && finder_->asks_along()) {
        wish.along = finder_->question(batch_rows()).at(0);
    }
    wish.careful = careful_always_ || (may_lock_ && (careful_ || narrowing_ || held_.round() > 0));
    wish.may_keep = may_keep();
    wish.notes_writer = may_meet_own();
    attempt_ = attempt{*sql_, std::move(wish)};
    // Of a batch the first try is repeated; after that it goes on in smaller portions.
    bool const again = careful_ || narrowing_ || held_.round() > 0;
    auto pause = std::exchange(rest_before_, microseconds{0});
    if (std::exchange(pause_, true)) {
        pause = std::max(pause, batches_wanted_.pause);
    }
    asked_ = asked::change;
    return {.statements = attempt_.take(),
            .read_only = false,
            .tells_conflicts = again,
            .pause_before = pause};
}

std::optional<plan::work> machine::finish_at_limit()
{
    if (!std::exchange(rest_asked_, true) && finder_) {
        if (current_ || narrowing_ || !finder_->done()) {
            auto const from = narrowing_ ? narrowing_->whole() : current_;
            return ask(asked::rest, {sql_->count(finder_->rest(from), counted_rest)});
        }
        if (looks_again()) {
            return ask(asked::rest, {sql_->count(finder_->whole(), counted_rest)});
        }
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
    if (held_.any_held()) {
        report_.note(stopped + "rows that others held were not tried again");
    } else if (!held_.empty()) {
        report_.note(stopped + "rows that others updated meanwhile were not looked for");
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

std::unique_ptr<plan::task> make_machine(change what, catalog::batch_target target,
                                         model::batching batches)
{
    return std::make_unique<machine>(std::move(what), std::move(target), batches);
}

} // namespace pgtend::batch

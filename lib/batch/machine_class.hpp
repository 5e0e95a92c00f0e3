// SPDX-License-Identifier: Apache-2.0
// The class behind make_machine(). machine.cpp decides what is asked, machine_answers.cpp what came
// of it.
#pragma once
#include <algorithm>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "batch/attempt.hpp"
#include "batch/describe.hpp"
#include "batch/held_rows.hpp"
#include "batch/leaf_finder.hpp"
#include "batch/machine.hpp"
#include "batch/narrowing.hpp"
#include "batch/opening.hpp"
#include "batch/referred.hpp"
#include "batch/report.hpp"
#include "batch/sizer.hpp"

namespace pgtend::batch {

// A batch of a second chance, when locked rows cannot be skipped: as many may be left for one of
// them.
inline constexpr long long without_skipping = 20;
// What is left is counted up to this.
inline constexpr long long counted_rest = 10'000;

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
    // When the leaf is through. A trigger that keeps rows would fire for them again.
    bool looks_again() const { return finder_->may_miss() && !may_keep() && !held_.last_round(); }
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
    void refused_again(plan::failure const &why);
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

} // namespace pgtend::batch

// SPDX-License-Identifier: Apache-2.0
// How the rows of a leaf are found: the planner is asked whether an index helps.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "batch/explain.hpp"
#include "batch/finders.hpp"

namespace pgtend::batch {

// Asks for the plan of the change and chooses:
//  - a sequential scan: by blocks;
//  - an index, and few rows (10,000): their places are listed; a list that turns out to be long is
//  given up for what follows;
//  - an Index Scan, because the rows lie in the heap much as in the index: by a key, when the index
//  gives them in the order of
//    one of its columns. That is so when the planner needs no Sort for the order, and needs one for
//    the same order with nulls on the other side: a column that the condition holds still needs
//    none for either, and leads nowhere;
//  - a Bitmap Scan, because they lie scattered: listed, so that each block is visited once
//  (measured: an update of
//    327,000 scattered rows by key took 2.3 times one statement, because blocks were visited again
//    and again); more than a million by blocks, or, when the heap has far more blocks than they, by
//    key.
class leaf_finder final : public finder {
  public:
    leaf_finder(leaf_statements const &sql, catalog::leaf_table const &leaf)
        : sql_{sql}, leaf_{leaf}
    {
    }

    std::optional<section> take(long long rows) override;
    bool done() const override { return nothing_ || (chosen_ && chosen_->done()); }
    std::vector<plan::statement> question(long long rows) override;
    void answer(std::vector<rows> const &results, microseconds elapsed) override;
    bool asks_along() const override { return chosen_ && chosen_->asks_along(); }
    section whole() const override { return chosen_ ? chosen_->whole() : section{}; }
    bool may_miss() const override { return chosen_ && chosen_->may_miss(); }
    section rest(std::optional<section> const &taken) const override;

  private:
    void plan_known(std::vector<rows> const &results);
    void order_known(std::vector<rows> const &results);
    void without_order();
    bool sparse() const;

    leaf_statements const &sql_;
    catalog::leaf_table const &leaf_;
    std::optional<double> expected_ = {}; // matching rows, by the planner's estimate
    long long blocks_ = 0;
    std::string since_ = {};
    std::vector<catalog::walk_column> columns_ = {}; // that may give the order
    bool scattered_ = false;                         // the planner takes a Bitmap Scan
    bool nothing_ = false;                           // the condition excludes all rows
    bool few_ = false;                               // believed, not yet known
    std::unique_ptr<finder> chosen_ = {};
};

} // namespace pgtend::batch

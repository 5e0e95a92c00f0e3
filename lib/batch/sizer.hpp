// SPDX-License-Identifier: Apache-2.0
// How many rows the next batch should have, from how long the last ones took.
#pragma once
#include "base/clock.hpp"

namespace pgtend::batch {

// Rows wait for a batch's COMMIT, and a long COMMIT makes those of others wait, so a batch should
// be short; but each costs something however few rows it has: round trips, the fence, the flush of
// the log. So: as small as is still efficient. The change itself should take four times what the
// transaction costs beside it (80 % of the time is work), 2 ms at least and `target` at most: with
// the log that a batch writes its COMMIT grows too, and would make the next one larger for ever.
// What the changing statements cost whatever their rows (planning, a statement trigger, a hashed
// NOT IN) belongs to what the transaction costs beside the work: smaller batches would only pay it
// more often. It is told apart by a regression over the last batches, which needs different sizes:
// where they have been the same for long, fewer are tried, or, of a few rows, twice as many.
// Measured (PostgreSQL 15, 2 cores): 5,000 deleted rows take 3.5 ms, 5,000 updated ones 140 ms.
class sizer {
  public:
    static constexpr long long most = 100'000;

    // initial: rows of the first batch, 1 to `most`. target: the longest that a change should take,
    // over 0.
    sizer(long long initial, microseconds target);

    long long rows() const noexcept { return rows_; }
    // A batch was committed: the rows it changed, the time of the changing statements, the time
    // from BEGIN to COMMIT. rows() at most doubles and at least halves by one measurement; a batch
    // without rows says nothing.
    void measured(long long changed, microseconds work, microseconds whole);

  private:
    void learn(double rows, double took);

    long long rows_;
    microseconds target_;
    double overhead_ = 0; // microseconds of a transaction beside the work, of late; 0: not known
    double per_row_ = 0;  // microseconds of work; 0: not known
    double fixed_ = 0;    // microseconds of work that do not depend on the rows
    // Fading sums over the last batches: how many, and 1 and the rows by the time each took.
    double all_ = 0, once_ = 0, each_ = 0, once_once_ = 0, once_each_ = 0, each_each_ = 0;
    double apart_ = 0; // how different the sizes were, 0 to 1
    int same_ = 0;     // batches in a row of about this size
};

} // namespace pgtend::batch

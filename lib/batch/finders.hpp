// SPDX-License-Identifier: Apache-2.0
// Where the rows of a leaf are found: each finder cuts them into sections of about the wanted
// number of rows.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/rows.hpp"
#include "batch/statements.hpp"

namespace pgtend::batch {

class finder {
  public:
    virtual ~finder() = default;
    // The next section of about so many rows, at least 1. Nothing: it is done, or must ask first.
    virtual std::optional<section> take(long long rows) = 0;
    virtual bool done() const = 0;
    // What it must ask, in one READ ONLY transaction, for sections of about so many rows; when the
    // answer does not come it is asked again.
    virtual std::vector<plan::statement> question(long long rows) = 0;
    virtual void answer(std::vector<rows> const &results, microseconds elapsed) = 0;
    // The next question is a small one, and may be asked while the section that was taken last is
    // changed.
    virtual bool asks_along() const { return false; }
    // Where to look once more when it is done: rows that could not be changed may be elsewhere by
    // now.
    virtual section whole() const = 0;
    // Rows that others updated meanwhile may have come behind it, unseen, or to where it had found
    // another one: then it should be gone through once more.
    virtual bool may_miss() const = 0;
    // Where rows may be that were not taken yet, from `taken` on when given.
    virtual section rest(std::optional<section> const &taken) const = 0;
};

// Lists the places of all matching rows of a section, a window of them at a time, in the order of
// the heap.
class list_finder final : public finder {
  public:
    static constexpr long long window = 200'000; // places in memory, about 14 bytes each

    list_finder(leaf_statements const &sql, section rows) : sql_{sql}, rows_{std::move(rows)} {}

    std::optional<section> take(long long rows) override;
    bool done() const override { return asked_ && !full_ && next_ == ends_.size(); }
    std::vector<plan::statement> question(long long rows) override;
    void answer(std::vector<rows> const &results, microseconds elapsed) override;
    section whole() const override { return rows_; }
    bool may_miss() const override { return sections_ > 1; }
    section rest(std::optional<section> const &) const override { return rows_; }
    // What take() gave last will be given again.
    void take_back() noexcept { next_ = before_; }
    // The last window was full: there are more.
    bool full() const noexcept { return full_; }

  private:
    leaf_statements const &sql_;
    section rows_;
    std::string places_;            // the window, as the server wrote it
    std::vector<std::size_t> ends_; // where each place of it ends
    std::size_t next_ = 0;          // in ends_
    std::size_t before_ = 0;        // the same before the last take()
    long long sections_ = 0;
    std::string after_; // the last place of the window
    std::string since_; // see section, of the window
    bool asked_ = false, full_ = false;
};

// Walks through the values of a column that an index gives in order. Sections are [value, next
// value): each is passed once. A value that more rows have than wanted is listed; so are rows
// without a value, at the end.
class key_finder final : public finder {
  public:
    // since: see section; of a moment before the first question.
    key_finder(leaf_statements const &sql, catalog::walk_column key, std::string since)
        : sql_{sql}, key_{std::move(key)}, since_{std::move(since)}
    {
    }

    std::optional<section> take(long long rows) override;
    bool done() const override { return last_ && !ready_ && !listing_; }
    std::vector<plan::statement> question(long long rows) override;
    void answer(std::vector<rows> const &results, microseconds elapsed) override;
    bool asks_along() const override { return !listing_ && !last_ && !ready_; }
    section whole() const override { return {}; }
    bool may_miss() const override { return sections_ > 1; }
    section rest(std::optional<section> const &) const override { return {}; }

  private:
    section keys() const;
    void list(section::kind what);

    leaf_statements const &sql_;
    catalog::walk_column key_;
    std::string since_;
    std::optional<std::string> from_ = {}; // where the next section begins
    bool beyond_ = false;                  // without rows of that value
    std::optional<section> ready_ = {};
    bool last_ = false;      // no section between values comes any more
    bool with_nulls_ = true; // the last one holds the rows without a value
    std::optional<list_finder> listing_ = {};
    long long sections_ = 0;
};

// Counts the matching rows of the heap's blocks, a stride at a time, and takes ranges of blocks.
class block_finder final : public finder {
  public:
    // blocks: where the heap ends now. What is added behind meanwhile is looked at too, twice: rows
    // that others update go there, or into free space that it has passed.
    // again: it goes through the heap once more. since: see section; of a moment before the first
    // question, and empty when it goes through once more.
    block_finder(leaf_statements const &sql, long long blocks, std::string since,
                 bool again = false)
        : sql_{sql}, since_{std::move(since)}, end_{blocks}, again_{again}
    {
    }

    std::optional<section> take(long long rows) override;
    bool done() const override { return at_ >= end_ && next_ == counts_.size(); }
    std::vector<plan::statement> question(long long rows) override;
    void answer(std::vector<rows> const &results, microseconds elapsed) override;
    section whole() const override { return blocks(0, end_); }
    // Without any found rows may have moved between two questions, too.
    bool may_miss() const override { return found_ || (questions_ > 1 && !again_); }
    section rest(std::optional<section> const &taken) const override;

  private:
    section blocks(long long first, long long end) const;

    leaf_statements const &sql_;
    std::string since_;
    long long at_ = 0, end_;
    bool again_, found_ = false;
    long long questions_ = 0;
    int grown_ = 0;
    long long stride_ = 1'024;                            // blocks of one question
    long long step_ = 1;                                  // blocks that are counted together
    long long stride_end_ = 0;                            // of the counts
    std::vector<std::pair<long long, long long>> counts_; // first block, matching rows
    std::size_t next_ = 0;
};

} // namespace pgtend::batch

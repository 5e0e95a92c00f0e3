// SPDX-License-Identifier: Apache-2.0
// Leaves whose rows refer to each other by a foreign key that refuses deletes: rows that no other
// one refers to are deleted first, in passes, as long as a pass brings something. Rows newer than
// the first pass are the next run's: others may add some as fast as passes go.
#pragma once
#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "batch/statements.hpp"

namespace pgtend::batch {

class referred_rows {
  public:
    bool has(std::size_t leaf) const
    {
        return std::find(leaves_.begin(), leaves_.end(), leaf) != leaves_.end();
    }
    bool empty() const noexcept { return leaves_.empty(); }
    // why: what the server said.
    void add(std::size_t leaf, std::string why)
    {
        rows_before_ = -1;
        leaves_.push_back(leaf);
        why_ = std::move(why);
    }
    // A leaf that failed.
    void forget(std::size_t leaf)
    {
        std::erase(leaves_, leaf);
        since_.erase(leaf);
        std::erase(pass_, leaf);
        std::erase(to_count_, leaf);
    }
    // A listing of its rows was answered; since: see section. The first one of a leaf counts.
    void listed(std::size_t leaf, std::string since) { since_.emplace(leaf, std::move(since)); }
    // What a pass lists.
    section rows(std::size_t leaf) const
    {
        section out;
        if (auto const found = since_.find(leaf); found != since_.end()) {
            out.since = found->second;
            out.far = true;
        }
        return out;
    }
    std::string const &why() const noexcept { return why_; }

    // The next leaf to go through; rows: deleted so far, of all. Nothing after a pass without any,
    // nor once the rest is counted.
    std::optional<std::size_t> next(long long rows)
    {
        if (counting_) {
            return std::nullopt;
        }
        if (pass_.empty() && rows != rows_before_) {
            pass_.assign(leaves_.begin(), leaves_.end());
            rows_before_ = rows;
        }
        return take(pass_);
    }
    // Leaves whose rest has not been counted.
    std::optional<std::size_t> next_to_count()
    {
        if (!counting_) {
            counting_ = true;
            to_count_.assign(leaves_.begin(), leaves_.end());
        }
        return take(to_count_);
    }

  private:
    static std::optional<std::size_t> take(std::deque<std::size_t> &from)
    {
        if (from.empty()) {
            return std::nullopt;
        }
        auto const out = from.front();
        from.pop_front();
        return out;
    }

    std::vector<std::size_t> leaves_ = {};
    std::deque<std::size_t> pass_ = {}, to_count_ = {};
    long long rows_before_ = -1;
    std::string why_ = {};
    std::map<std::size_t, std::string> since_ = {};
    bool counting_ = false;
};

} // namespace pgtend::batch

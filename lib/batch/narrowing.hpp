// SPDX-License-Identifier: Apache-2.0
// A section whose change met a lock that cannot be skipped, such as that of a row that refers to
// one of its rows: smaller and smaller portions of it, until one row alone is to blame.
#pragma once
#include <algorithm>
#include <optional>
#include <utility>

#include "batch/finders.hpp"
#include "batch/sizer.hpp"

namespace pgtend::batch {

class narrowing {
  public:
    // rows: of the portion that failed.
    narrowing(leaf_statements const &sql, section whole, long long rows)
        : whole_{std::move(whole)}, places_{sql, whole_}, most_{half(rows)}
    {
    }

    finder &places() noexcept { return places_; }
    section const &whole() const noexcept { return whole_; }
    std::optional<section> take(long long rows) { return places_.take(std::min(rows, most_)); }
    bool done() const { return places_.done(); }
    // The portion that was taken last, of so many rows, failed: more than one, and it comes again.
    void failed(long long rows)
    {
        places_.take_back();
        most_ = half(rows);
    }
    void succeeded() { most_ = std::min(most_ * 2, sizer::most); }

  private:
    static long long half(long long rows) { return std::max(rows / 2, 1LL); }

    section whole_;
    list_finder places_;
    long long most_;
};

} // namespace pgtend::batch

// SPDX-License-Identifier: Apache-2.0
// One changing transaction: its statements, and what their results mean.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/rows.hpp"
#include "batch/statements.hpp"
#include "plan/task.hpp"

namespace pgtend::batch {

class attempt {
  public:
    struct wish {
        section const &rows;
        std::optional<long long> most = {};
        bool careful = false;                      // rows that others hold are skipped
        bool may_keep = false;                     // a trigger may keep rows
        bool notes_writer = false;                 // the leaf's statements have `writers`
        std::optional<plan::statement> along = {}; // a small question, asked in passing
    };
    struct result {
        long long changed = 0;
        long long missing = 0; // matched, and were not changed
        long long held = 0;    // of those, by others, when a trigger may keep some, too
        bool attached = true;
        std::string writer; // see leaf_statements::stamp
        microseconds took{0};
        std::optional<rows> answer = {}; // to the small question
    };

    // No attempt yet.
    attempt() = default;
    attempt(leaf_statements const &sql, wish what);

    bool careful() const noexcept { return locked_ >= 0; }
    // To be called once.
    std::vector<plan::statement> take() { return std::move(statements_); }
    result read(plan::outcome const &last, bool deletes) const;

  private:
    int add(plan::statement one);

    std::vector<plan::statement> statements_ = {};
    long long rows_ = 0; // of the section
    // Where the results are; -1: not asked.
    int first_ = -1, along_ = -1, locked_ = -1, changed_ = -1, last_ = -1;
    bool notes_writer_ = false;
    bool counts_ = false; // the last one counts what matches still
};

} // namespace pgtend::batch

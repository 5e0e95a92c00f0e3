// SPDX-License-Identifier: Apache-2.0
// What a batched change did, and what became of it in the end.
#pragma once
#include <string>
#include <vector>

#include "base/name.hpp"
#include "plan/task.hpp"

namespace pgtend::batch {

class report {
  public:
    // table: as shown to people. leaves: how many there are.
    report(std::string table, std::size_t leaves, std::vector<qualified_name> const &detaching);

    plan::tally done = {};
    void note(std::string text) { done.notes.push_back(std::move(text)); }
    // Counted as left, besides rows that others held: what `note` said.
    void left(long long rows);
    // A leaf that failed.
    void failed(std::string leaf, plan::failure why);
    // A leaf, or the task at once: throws error.
    [[noreturn]] void fail_all(plan::failure const &why) const;
    // The end: notes, and error when leaves failed.
    void finish();

  private:
    struct failed_leaf {
        std::string name;
        plan::failure why;
    };
    std::string hint_for_all() const;

    std::string table_;
    std::size_t leaves_;
    long long explained_ = 0; // of those that are left
    std::vector<failed_leaf> failures_ = {};
};

} // namespace pgtend::batch

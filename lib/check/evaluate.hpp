// SPDX-License-Identifier: Apache-2.0
// Runs checks on a database.
#pragma once
#include <string>
#include <vector>

#include "check/evidence.hpp"
#include "check/rule.hpp"
#include "model/check_policy.hpp"
#include "pg/session.hpp"

namespace pgtend::check {

// What one check gave. Neither findings nor `unseen`: passed.
struct outcome {
    rule const *of = nullptr;
    std::vector<finding> findings;
    // What it could not see, and what that needs. Without findings the check was skipped: it does
    // not say that all is well.
    std::vector<std::string> unseen;
    microseconds elapsed{0}; // without what evidence fetches for several

    bool passed() const { return findings.empty() && unseen.empty(); }
    bool skipped() const { return findings.empty() && !unseen.empty(); }
};

struct choice {
    std::vector<std::string> only, skip; // ids, or areas: "vacuum", "vacuum.horizon"
};

// Throws usage_error, with the nearest one, for what is neither an id nor an area.
std::vector<rule const *> chosen(choice const &which);

// Takes away those for which the file declares nothing to look at, unless they were asked for by
// their id, or by an area in which nothing at all is declared.
void drop_undeclared(std::vector<rule const *> &rules, choice const &which, sources const &from);

// In one REPEATABLE READ READ ONLY transaction with a lock_timeout of 50 ms, and a limit for each
// query: takes ACCESS SHARE on catalogs and sequences only; what `with` loads follows in
// transactions of its own. A check whose query fails is `unseen` with the reason. Throws what ends
// the session.
std::vector<outcome> evaluate(pg::session &s, std::vector<rule const *> const &rules,
                              std::vector<model::check_threshold> const &set, evidence &with,
                              pg::limits const &each);

} // namespace pgtend::check

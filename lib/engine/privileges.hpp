// SPDX-License-Identifier: Apache-2.0
// Which statement gives a role what it was denied (42501).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "engine/executor.hpp"
#include "pg/session.hpp"
#include "plan/statement.hpp"

namespace pgtend::engine {

// What a message of the server says was denied. Pure.
struct denied_object {
    enum class kind { none, relation, sequence, routine, schema, role, database };
    kind what = kind::none;
    std::string name;   // without its schema, which the server leaves out
    bool owner = false; // "must be owner of ..."
};
// Only English messages say it; `none` for others.
denied_object denied_by(std::string_view message);

// The relations that a statement names, as they are written there, each with the privileges that
// the words before it ask for: INSERT, DELETE, UPDATE, TRUNCATE, else SELECT. A guess by words, for
// a hint: a column may be taken for a relation. Pure.
struct named_relation {
    std::string schema, name; // schema empty: not written
    std::vector<std::string_view> privileges;
};
std::vector<named_relation> relations_named(std::string_view sql);

// The statements that give the role of the work what it lacks for `failed` (nullptr: its
// transaction could not be opened), "; " between them; empty when none is known. At most three
// round trips on a session without an open transaction.
std::string missing_grants(error const &denied, plan::statement const *failed,
                           work_settings const &settings, pg::session &ask);

} // namespace pgtend::engine

// SPDX-License-Identifier: Apache-2.0
// What keeps a job from working, or makes it work otherwise than it looks.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.hpp"

namespace pgtend::preflight {

enum class severity { info, warning, error };
std::string_view name(severity s);

enum class kind {
    statement,   // does not parse: a name, a type, the grammar
    privilege,   // the role of the job may not
    policy,      // row level security hides rows, so that the run fails
    refused,     // a value that the table refuses, in every row
    transaction, // cannot run in a transaction, or through this pooler
    obstacle,    // refused by pgtend itself
    may_refuse,  // a value that the table refuses in some rows
    trigger,     // a row trigger that will not find its tables
    cascade,     // a foreign key without index is searched for each row
    index,       // no index finds the rows
    twice,       // another scheduler does the same
    readers,     // readers of a materialized view wait
    never,       // the condition holds for no row
    multiplied,  // triggers and cascades change more than the job's rows
    hidden,      // policies hide rows from the job, as it asks for
};
std::span<kind const> kinds();
std::string_view name(kind k); // "may_refuse": of the check preflight.may_refuse
severity severity_of(kind k);

struct finding {
    preflight::kind kind;
    std::string job;
    source_position at;  // in the file
    std::string object;  // as shown to people: "public.bookings.status"
    std::string message; // what is so, and what comes of it
    std::string fix;     // a statement, a command or an edit of the file; may be empty
};

// What could not be found out: `needs` says what that takes.
struct unknown {
    preflight::kind kind;
    std::string job; // empty: of all jobs
    source_position at;
    std::string needs;
};

} // namespace pgtend::preflight

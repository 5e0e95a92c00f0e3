// SPDX-License-Identifier: Apache-2.0
// Whether each job of the file can work at all: `schedule check` with a database, as checks.
#include "check/areas.hpp"
#include "check/evidence.hpp"

namespace pgtend::check {
namespace {

template <char const *Id> std::vector<finding> of_jobs(evidence &with)
{
    auto const &all = with.jobs();
    std::vector<finding> out;
    for (auto const &[id, each] : all.found) {
        if (id == Id) {
            out.push_back(each);
        }
    }
    for (auto const &[id, needs] : all.unseen) {
        if (id == Id) {
            with.miss(needs);
        }
    }
    return out;
}

constexpr char statement[] = "preflight.statement", privilege[] = "preflight.privilege",
               policy[] = "preflight.policy", refused[] = "preflight.refused",
               transaction[] = "preflight.transaction", obstacle[] = "preflight.obstacle",
               may_refuse[] = "preflight.may_refuse", trigger[] = "preflight.trigger",
               cascade[] = "preflight.cascade", index[] = "preflight.index",
               twice[] = "preflight.twice", readers[] = "preflight.readers",
               never[] = "preflight.never", multiplied[] = "preflight.multiplied",
               hidden[] = "preflight.hidden";

} // namespace

std::span<rule const> preflight_rules()
{
    static rule const all[] = {
        {.id = statement,
         .severity = severity::error,
         .title = "what the jobs name exists, and their statements are understood",
         .why = "each run fails, or fails as soon as there is something to do",
         .fix = "correct the job, or create what it names",
         .look = of_jobs<statement>},
        {.id = privilege,
         .severity = severity::error,
         .title = "the jobs may do what they do",
         .why = "each run fails",
         .fix = "GRANT to the role of the job, or role: of the job",
         .look = of_jobs<privilege>},
        {.id = policy,
         .severity = severity::error,
         .title = "no policy of row level security keeps a job from its rows",
         .why = "each run fails, because a subset of the rows would look like all of them",
         .fix = "role: the owner, or a role with BYPASSRLS; or row_security: true",
         .look = of_jobs<policy>},
        {.id = refused,
         .severity = severity::error,
         .title = "what the jobs write is accepted",
         .why = "each run that finds a row fails; those that find none look healthy",
         .fix = "another value in set:, or a constraint that knows it",
         .look = of_jobs<refused>},
        {.id = transaction,
         .severity = severity::error,
         .title = "no job needs a session that the pooler does not give",
         .why = "it is refused at each run",
         .fix = "a target that connects to the server directly",
         .look = of_jobs<transaction>},
        {.id = obstacle,
         .severity = severity::error,
         .title = "pgtend can do what the jobs ask for",
         .why = "it is refused at each run",
         .fix = "as the finding says",
         .look = of_jobs<obstacle>},
        {.id = may_refuse,
         .severity = severity::warning,
         .title = "what the jobs write is accepted in every row",
         .why = "one row that is refused fails the run, and stays",
         .fix = "a where: that leaves such rows out, or another value in set:",
         .look = of_jobs<may_refuse>},
        {.id = trigger,
         .severity = severity::warning,
         .title = "triggers find their tables under the search_path of the jobs",
         .why = "each row fails in its trigger",
         .fix = "search_path: of the job, or ALTER FUNCTION ... SET search_path",
         .look = of_jobs<trigger>},
        {.id = cascade,
         .severity = severity::warning,
         .title = "an index serves each foreign key to a table that a job deletes from",
         .why = "for each deleted row the other table is read from end to end",
         .fix = "CREATE INDEX on the referencing columns",
         .look = of_jobs<cascade>},
        {.id = index,
         .severity = severity::warning,
         .title = "an index finds the few rows of a large table that a job changes",
         .why = "each run reads all of the table",
         .fix = "indexes: of the file, then pgtend apply",
         .look = of_jobs<index>},
        {.id = twice,
         .severity = severity::warning,
         .title = "no other scheduler does the work of a job",
         .why = "both do it, at times that nobody looks at together",
         .fix = "SELECT cron.unschedule(...), or enabled: false",
         .look = of_jobs<twice>},
        {.id = readers,
         .severity = severity::warning,
         .title = "materialized views can be read while jobs refresh them",
         .why = "a refresh that is not concurrent locks out every reader",
         .fix = "a unique index without WHERE on plain columns",
         .look = of_jobs<readers>},
        {.id = never,
         .severity = severity::info,
         .title = "each job can have something to do",
         .why = "a job whose condition is never true looks healthy and does nothing",
         .fix = "correct the condition",
         .look = of_jobs<never>},
        {.id = multiplied,
         .severity = severity::info,
         .title = "jobs change their own rows only",
         .why = "triggers and cascades make a batch slower, and change what nobody reads of in the "
                "file",
         .fix = "nothing, when it is meant",
         .look = of_jobs<multiplied>},
        {.id = hidden,
         .severity = severity::info,
         .title = "jobs see all rows",
         .why = "rows that policies hide from the job's role stay",
         .fix = "nothing, when row_security: true is meant",
         .look = of_jobs<hidden>},
    };
    return all;
}

} // namespace pgtend::check

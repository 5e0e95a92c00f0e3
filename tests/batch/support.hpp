// SPDX-License-Identifier: Apache-2.0
// Carries a batched change out on a session, as the engine does, but without its retries: what is
// asked is remembered.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "batch/plan.hpp"
#include "catalog/load_leaves.hpp"
#include "pg/session.hpp"
#include "plan/script.hpp"
#include "support/database.hpp"

namespace pgtend::test {

// The first cell of a query, a number.
inline long long number(database const &db, std::string const &query)
{
    return std::stoll(db.value(query));
}

// The planner believes in many rows and takes an index, whatever there is.
inline void believe_in_many(database const &db, std::string const &table)
{
    db.psql("UPDATE pg_class SET reltuples = 1e9, relpages = 1 WHERE oid = '" + table +
            "'::regclass");
}

// A way to find rows: its index, and what it asks the server.
struct way {
    std::string name;
    char const *index, *asked;
};

inline void prefer_indexes(pg::session &s)
{
    s.batch("SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off");
}

// How many sessions of this database wait for a lock; other tests share the server.
inline constexpr char somebody_waits[] =
    "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND "
    "a.datname = current_database()";

struct batch_run {
    plan::tally tally;
    std::string problem, hint, sqlstate; // of the error that ended it; empty: none did
    std::vector<plan::work> log;

    // Statements with this text that were asked.
    int asked(std::string_view text) const
    {
        int out = 0;
        for (auto const &work : log) {
            for (auto const &each : work.statements) {
                out += each.sql.find(text) != std::string::npos ? 1 : 0;
            }
        }
        return out;
    }
    bool noted(std::string_view text) const
    {
        for (auto const &each : tally.notes) {
            if (each.find(text) != std::string::npos) {
                return true;
            }
        }
        return false;
    }
};

using before_work = std::function<void(plan::work const &, std::size_t index)>;
using answer = std::function<plan::outcome(plan::work const &)>;

// A machine and whatever answers it.
inline batch_run drive(plan::task &machine, answer const &server, std::size_t most = 10'000)
{
    batch_run out;
    try {
        plan::outcome last;
        while (auto work = machine.next(last)) {
            if (out.log.size() == most) {
                throw error{"it does not end"};
            }
            out.log.push_back(*work);
            last = server(*work);
        }
    } catch (error const &e) {
        out.problem = e.message();
        out.hint = e.hint();
        out.sqlstate = e.sqlstate();
    }
    out.tally = machine.progress();
    return out;
}

inline plan::outcome carry_out(pg::session &s, plan::work const &work)
{
    plan::outcome out;
    auto const begin = std::chrono::steady_clock::now();
    try {
        s.begin(pg::isolation::read_committed, work.read_only);
        for (auto const &each : work.statements) {
            if (each.lock_timeout.count() > 0) {
                s.batch("SET LOCAL lock_timeout = '" +
                        std::to_string(each.lock_timeout.count() / 1000) + "ms'");
            }
            out.results.push_back(s.run(each.sql, each.parameters));
        }
        s.commit();
    } catch (error const &e) {
        s.rollback();
        out.failed = plan::failure{e.sqlstate(), e.message(), e.hint()};
        out.results.clear();
    }
    out.elapsed = std::chrono::floor<microseconds>(std::chrono::steady_clock::now() - begin);
    return out;
}

inline batch_run drive(plan::task &machine, pg::session &s, before_work const &before = {})
{
    std::size_t index = 0;
    return drive(machine, [&](plan::work const &work) {
        if (before) {
            before(work, index++);
        }
        return carry_out(s, work);
    });
}

inline plan::task &task_of(plan::plan &work, std::size_t step = 0)
{
    return *std::get<std::unique_ptr<plan::task>>(work.steps.at(step).body);
}

inline plan::plan plan_batches(pg::session &s, std::string const &table, std::string const &where,
                               std::vector<model::assignment> set = {},
                               model::batching batches = {})
{
    auto const name = parse_qualified_name(table);
    auto const targets = catalog::load_batch_targets(s, {{name, where}}, {});
    if (set.empty()) {
        return batch::plan_cleanup({{{name, where, {}}}, batches}, targets);
    }
    return batch::plan_expire({{{name, where, {}}}, std::move(set), batches}, targets);
}

// One table, from the catalog to the end.
inline batch_run run_batches(pg::session &s, std::string const &table, std::string const &where,
                             std::vector<model::assignment> set = {}, model::batching batches = {},
                             before_work const &before = {})
{
    auto work = plan_batches(s, table, where, std::move(set), batches);
    return drive(task_of(work), s, before);
}

inline model::assignment value(std::string column, std::optional<std::string> text)
{
    return {std::move(column), std::move(text), false, {}};
}
inline model::assignment expression(std::string column, std::string sql)
{
    return {std::move(column), std::move(sql), true, {}};
}

} // namespace pgtend::test

// SPDX-License-Identifier: Apache-2.0
// A database with a ledger in it, and runners that meet at the same instant.
#pragma once
#include <barrier>
#include <fmt/core.h>
#include <future>
#include <string>
#include <vector>

#include "base/duration.hpp"
#include "ledger/init.hpp"
#include "ledger/ledger.hpp"
#include "support/database.hpp"

namespace pgtend::test {

// Limits of time hold for builds without sanitizers.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int slower = 10;
#else
inline constexpr int slower = 1;
#endif

inline ledger::init_result init(pg::session &s, ledger::init_options const &options = {})
{
    system_clock time;
    return ledger::init(s, options, time, system_random());
}

// A ledger with these jobs, registered long ago: every slot after 2026-01-01 is new.
class ledger_database {
  public:
    explicit ledger_database(std::vector<std::string> const &jobs = {"nightly"})
        : control{connect_impatient(db)}, book{control}
    {
        init(control);
        add(jobs);
    }

    void add(std::vector<std::string> const &jobs)
    {
        std::vector<ledger::ledger::registration> all;
        for (auto const &job : jobs) {
            all.push_back({job, "0 2 * * *", "UTC", "sql", parse_rfc3339("2026-01-01T00:00:00Z")});
        }
        book.register_jobs(all);
    }

    // Its holder is dead: nobody renewed in time.
    void expire(std::string const &job)
    {
        control.run("UPDATE pgtend.lease SET lease_until = clock_timestamp() - interval '1 second' "
                    "WHERE job = $1",
                    {job});
    }

    ledger::job_state state(std::string const &job)
    {
        std::vector<std::string> const names{job};
        return book.read(names).jobs.at(0);
    }

    std::string status(long long run)
    {
        return control
            .run("SELECT status FROM pgtend.run WHERE id = $1::bigint", {std::to_string(run)})
            .text(0, 0);
    }

    std::string value(std::string const &query) { return control.run(query).text(0, 0); }

    database db;
    pg::session control;
    ledger::ledger book;

  private:
    // What waits for a lock although it must not fails, instead of hanging the tests.
    static pg::session connect_impatient(database const &db)
    {
        db.psql(fmt::format("ALTER DATABASE {} SET lock_timeout = '10s'", db.name()));
        return db.connect();
    }
};

// The n-th minute after an hour of a day in 2026.
inline instant minute(int n)
{
    return parse_rfc3339("2026-06-01T00:00:00Z") + std::chrono::minutes{n};
}

inline ledger::runner_identity runner(int n)
{
    return {fmt::format("host-{}/{}/abc", n, 1000 + n), fmt::format("host-{}", n), "jobs.yaml",
            "hash-1"};
}

// Meets at the barrier, also when the work before it failed: the others need not wait.
template <class Work> auto meet_after(std::barrier<> &gate, Work const &work)
{
    try {
        auto result = work();
        gate.arrive_and_wait();
        return result;
    } catch (...) {
        gate.arrive_and_drop();
        throw;
    }
}

// What each of `count` threads returned; `work` gets the thread's number and its own session, and
// all begin at once.
template <class Work> auto at_once(database const &db, int count, Work const &work)
{
    using result = decltype(work(0, std::declval<pg::session &>()));
    std::barrier<> start{count};
    std::vector<std::future<result>> threads;
    for (int n = 0; n < count; ++n) {
        threads.push_back(std::async(std::launch::async, [&, n] {
            auto s = meet_after(start, [&] { return db.connect(); });
            return work(n, s);
        }));
    }
    std::vector<result> out;
    for (auto &thread : threads) {
        out.push_back(thread.get());
    }
    return out;
}

// The error of a call, to look at its parts; fails when there is none.
template <class Error, class Call> Error failure_of(Call const &call)
{
    try {
        call();
    } catch (Error const &e) {
        return e;
    }
    throw std::logic_error{"the call did not fail"};
}

} // namespace pgtend::test

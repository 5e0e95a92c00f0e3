// SPDX-License-Identifier: Apache-2.0
// What tests of the executor share: an environment for a fresh database, plans of a few lines, an
// observer that remembers.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/executor.hpp"
#include "support/database.hpp"

namespace pgtend::test {

// Remembers what it was told.
class memory final : public engine::observer {
  public:
    void started(plan::step const &s) override { begun.push_back(s.title); }
    void progressed(plan::step const &, plan::tally const &t) override
    {
        ++progress;
        if (on_progress) {
            on_progress(t);
        }
    }
    void retrying(plan::step const &, std::string const &why, microseconds pause) override
    {
        retries.push_back(why);
        pauses.push_back(pause);
        if (on_retry) {
            on_retry();
        }
    }
    void finished(engine::step_result const &r) override { ended.push_back(r.title); }

    std::vector<std::string> begun, ended, retries;
    std::vector<microseconds> pauses;
    int progress = 0;
    std::function<void(plan::tally const &)> on_progress;
    std::function<void()> on_retry;
};

// A database, a clock, and an environment that retries fast.
struct workbench {
    database db;
    system_clock time;
    memory watcher;

    engine::environment environment(std::string const &user = {})
    {
        engine::environment out{
            .open = [this, user] { return test::open(user.empty() ? db.dsn() : db.dsn(user)); },
            .time = time,
            .random = system_random(),
            .settings = {.lock = {.attempt = milliseconds{100}, .deadline = seconds{2}},
                         .retry = {.max = 3,
                                   .initial = milliseconds{1},
                                   .ceiling = milliseconds{20}}},
        };
        out.watcher = &watcher;
        return out;
    }
};

inline plan::statement sql(std::string text, std::vector<plan::lock> locks = {})
{
    plan::statement out;
    out.sql = std::move(text);
    out.locks = std::move(locks);
    return out;
}

inline plan::step step(std::string title, std::vector<plan::statement> statements, int counts = -1)
{
    return {.title = std::move(title),
            .object = "public.t",
            .body = plan::transaction{std::move(statements)},
            .counts = counts};
}

inline plan::step alone(std::string title, plan::statement statement)
{
    statement.in_transaction = false;
    return {.title = std::move(title),
            .object = "public.t",
            .body = plan::standalone{std::move(statement)}};
}

inline plan::plan one(plan::step s)
{
    plan::plan out;
    out.steps.push_back(std::move(s));
    return out;
}

// A machine made of a function.
class lambda_task final : public plan::task {
  public:
    using function = std::function<std::optional<plan::work>(plan::outcome const &, plan::tally &)>;
    explicit lambda_task(function next) : next_{std::move(next)} {}
    plan::description describe() const override
    {
        return {"a task", {sql("select 1")}, 10, "for ever"};
    }
    std::optional<plan::work> next(plan::outcome const &last) override
    {
        return next_(last, tally_);
    }
    plan::tally progress() const override { return tally_; }

  private:
    function next_;
    plan::tally tally_;
};

inline plan::step task(std::string title, lambda_task::function next)
{
    return {.title = std::move(title),
            .object = "public.t",
            .body = std::unique_ptr<plan::task>{std::make_unique<lambda_task>(std::move(next))}};
}

inline engine::result execute(engine::environment around, plan::plan work)
{
    return engine::real(std::move(around))->run(std::move(work));
}

inline microseconds since(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - start);
}

// Waits until `ready`, 10 s at most; false when it did not come.
inline bool eventually(std::function<bool()> const &ready)
{
    auto const start = std::chrono::steady_clock::now();
    while (!ready()) {
        if (since(start) > seconds{10}) {
            return false;
        }
        std::this_thread::sleep_for(milliseconds{5});
    }
    return true;
}

} // namespace pgtend::test

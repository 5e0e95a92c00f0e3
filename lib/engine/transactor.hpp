// SPDX-License-Identifier: Apache-2.0
// One attempt at a unit of work on a session: in a transaction behind the run's fence, or, for what
// cannot run in one, outside. Retries and waits are the worker's.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/control.hpp"
#include "engine/executor.hpp"

namespace pgtend::engine {

class transactor {
  public:
    explicit transactor(run_control &control) : control_{control} {}

    // What a transaction, or a statement outside one, came to.
    struct done {
        std::vector<rows> results;
        microseconds elapsed{0};
        std::vector<std::string> warnings;
        int left_out = 0; // statements that were no longer wanted
    };
    struct request {
        std::vector<plan::statement> const &statements;
        bool read_only = false;
        // Longest wait for one lock; of CONCURRENTLY nothing ends the wait.
        microseconds lock_timeout{0};
    };

    // Commits, or throws and has rolled back: lease_lost, interrupted, timed_out, connection_lost,
    // outcome_unknown (nobody could tell what became of the COMMIT), connect_error, or error with
    // what the server said, also when it said that work was skipped.
    done run(request const &what);

    // Opened when there is none. Throws connect_error.
    pg::session &session();
    // nullptr: none was opened, or it was given up.
    pg::session *opened() noexcept { return session_ ? &*session_ : nullptr; }
    // The work's statement that run() sent last; nullptr: it came no further than the opening.
    // Valid as long as the request's statements are, and until forget().
    plan::statement const *current() const noexcept { return current_; }
    void forget() noexcept { current_ = nullptr; }

  private:
    done run_in_transaction(request const &what);
    done run_outside(request const &what);
    void run_statement(plan::statement const &body, bool english, done &out);
    void roll_back() noexcept;
    void commit(bool read_only, std::string const &transaction_id);
    std::string apply_session_settings(plan::statement const &body, microseconds lock_timeout);
    void take_back_session_settings() noexcept;
    microseconds statement_timeout() const;

    run_control &control_;
    std::optional<pg::session> session_;
    plan::statement const *current_ = nullptr;
};

} // namespace pgtend::engine

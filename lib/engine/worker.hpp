// SPDX-License-Identifier: Apache-2.0
// One worker: a session, and the steps it carries out on it.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/control.hpp"
#include "engine/executor.hpp"
#include "engine/locks.hpp"

namespace pgtend::engine {

class worker {
  public:
    explicit worker(run_control &control) : control_{control} {}

    // Opens the session when there is none. Throws connect_error.
    void open();
    // Carries one step out and tells the observer. Throws nothing: what ended the run is noted in
    // the control.
    step_result carry_out(plan::step &step);

  private:
    // What a transaction, or a statement outside one, came to.
    struct done {
        std::vector<rows> results;
        microseconds elapsed{0};
        std::vector<std::string> warnings;
    };
    struct request {
        plan::step const &step;
        std::vector<plan::statement> const &statements;
        bool read_only = false;
        bool tell_row_locks = false; // a task that set a lock_timeout hears of a row's lock at once
    };

    void carry_out(plan::step &step, step_result &out);
    void carry_out_task(plan::step &step, step_result &out);
    // Tries until it is committed, in a transaction or outside of one. Throws run_ended or error
    // (lock_busy).
    done persist(request const &what, int &attempts);
    // Looks, and tries if nobody is in the way; nothing when somebody was and a pause was made.
    struct lock_wait;
    std::optional<done> try_once(request const &what, lock_wait &wait, int &attempts);
    // Throws what ends the run as run_ended.
    template <class Work> auto guarded(Work const &work) -> decltype(work());
    done attempt(request const &what, microseconds lock_timeout);
    done attempt_in_transaction(request const &what, microseconds lock_timeout);
    done attempt_outside(request const &what, microseconds lock_timeout);
    void commit(bool read_only, std::string const &transaction_id);
    std::string apply_session_settings(plan::statement const &body, microseconds lock_timeout);
    void take_back_session_settings() noexcept;
    void run_statement(plan::statement const &body, bool english, done &out);
    // After 55P03 or a look that found somebody: waits a little, or throws lock_busy when the
    // deadline is over.
    void wait_for_lock(request const &what, lock_wait &wait, std::vector<holder> const &who);
    microseconds statement_timeout() const;
    pg::session &session();

    run_control &control_;
    std::optional<pg::session> session_;
    plan::statement const *current_ =
        nullptr;                // the work's statement that was sent last; nullptr: the opening
    bool table_locked_ = false; // the last lock_busy was because of somebody's lock on a table
};

} // namespace pgtend::engine

// SPDX-License-Identifier: Apache-2.0
// One worker: the steps it carries out on its session, with the waits for locks and the retries.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/control.hpp"
#include "engine/executor.hpp"
#include "engine/locks.hpp"
#include "engine/transactor.hpp"

namespace pgtend::engine {

class worker {
  public:
    explicit worker(run_control &control) : control_{control}, hands_{control} {}

    // Opens the session when there is none. Throws connect_error.
    void open() { hands_.session(); }
    // Carries one step out and tells the observer. Throws nothing: what ended the run is noted in
    // the control.
    step_result carry_out(plan::step &step);

  private:
    using done = transactor::done;
    struct request {
        plan::step const &step;
        std::vector<plan::statement> const &statements;
        bool read_only = false;
        bool tell_row_locks = false; // a task that set a lock_timeout hears of a row's lock at once
        bool tell_conflicts = false; // see plan::work
    };

    void carry_out(plan::step &step, step_result &out);
    void carry_out_task(plan::step &step, step_result &out);
    // Tries until it is committed, in a transaction or outside of one. Throws run_ended or error
    // (lock_busy).
    done persist(request const &what, int &attempts);
    static bool worth_a_retry(error const &failed, request const &what);
    // Before the next attempt at a statement that failed: see plan::statement::clear_up. Whether
    // there was anything. Throws as persist().
    bool clear_up(request const &what, plan::statement const *failed);
    // What a look before this attempt finds out; nothing is asked about relations that were clear a
    // moment ago, and that this worker has locked since without a wait.
    sight look_around(std::vector<plan::lock> const &wanted);
    // Looks, and tries if nobody is in the way; nothing when somebody was and a pause was made.
    struct lock_wait;
    std::optional<done> try_once(request const &what, lock_wait &wait, int &attempts);
    // Throws what ends the run as run_ended.
    template <class Work> auto guarded(Work const &work) -> decltype(work());
    // After 55P03 or a look that found somebody: waits a little, or throws lock_busy when the
    // deadline is over.
    void wait_for_lock(request const &what, lock_wait &wait, std::vector<holder> who);

    run_control &control_;
    transactor hands_;
    int retries_ = 0; // of transactions of this step, after what may pass by itself
    std::string last_retry_;
    bool table_locked_ = false; // the last lock_busy was because of somebody's lock on a table
    // Relations that nobody held until this transaction began, and until when that counts.
    std::map<std::string, clock::monotonic> clear_until_;
};

} // namespace pgtend::engine

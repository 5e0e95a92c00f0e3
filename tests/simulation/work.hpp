// SPDX-License-Identifier: Apache-2.0
// The work of a run, both ends of it. The client's: what lib/engine sends, statement by statement,
// and what it makes of the answers. The server's: sessions, their transactions, and what was done.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "jobs/run.hpp"
#include "model.hpp"
#include "referee.hpp"

namespace pgtend::simulation {

// How a job's work is made.
struct nature {
    int batches = 1;      // up to 60
    bool outside = false; // each batch is a statement that cannot run in a transaction
    bool idempotent = true;
};

enum class statement {
    connect,
    note,   // the backend, by the control session
    open,   // BEGIN and the fence, one message
    change, // one batch
    commit,
    resolve, // pg_xact_status
    guard,   // the fence alone, before a statement outside transactions
    outside,
    over, // nothing more is sent
};

enum class reply {
    ok,
    no_row,        // the fence: another run took over
    failed,        // by the work's own fault
    cancelled,     // on request
    timed_out,     // the run's time limit
    lost,          // the connection, before an answer came
    no_connection, // none can be had
    committed,     // of resolve, as the next two
    aborted,
    in_progress,
};

// What a client has sent. It may be carried out when its client is long gone.
struct message {
    statement what = statement::over;
    ledger::claim held = {};
    nature kind = {};
    int batch = 0;
    long long transaction = 0; // of resolve
};

// The client's end. It waits for a reply to wants() until that is statement::over.
class work {
  public:
    work(ledger::claim held, nature kind) : held_{std::move(held)}, kind_{kind} {}

    message wants() const { return {at_, held_, kind_, batch_, transaction_}; }
    // `transaction` is the id that opening it told.
    void replied(reply what, long long transaction = 0);
    // What runs may be cancelled from now on; nothing more is sent.
    void stop() { stopped_ = true; }
    bool stopped() const noexcept { return stopped_; }
    bool over() const noexcept { return at_ == statement::over; }
    // COMMIT and what follows cannot be cancelled.
    bool cancellable() const noexcept { return at_ != statement::commit; }
    ledger::claim const &held() const noexcept { return held_; }
    jobs::run_report report() const;

  private:
    void end(ledger::run_status status);
    void next();

    ledger::claim held_;
    nature kind_;
    statement at_ = statement::connect;
    int batch_ = 0, retries_ = 0;
    long long transaction_ = 0;
    bool stopped_ = false, noted_ = false, begun_ = false, lost_ = false, refused_ = false;
    ledger::run_status status_ = ledger::run_status::succeeded;
};

// The server's end.
class server {
  public:
    explicit server(bug planted = bug::none) : book{planted} {}

    ledger_model book;
    referee judge = {};

    struct session {
        int pid = 0;
        std::optional<ledger::claim> transaction = {}; // the run that it works for
        long long id = 0;                              // of the transaction
        std::vector<int> changed = {};
        std::optional<ledger::claim> outside = {}; // a statement that is being carried out
    };
    std::map<int, session> sessions = {};
    std::map<long long, bool> transactions = {}; // by id: committed? Those that are open have none

    // The n-th session of a client is client * 100 + n.
    int connect(int client);
    // Carries a statement out; one outside transactions only begins, see end_outside().
    struct answer {
        reply what = reply::ok;
        long long transaction = 0;
    };
    answer carry_out(int id, message const &what);
    // It would wait for a lock.
    bool waits(message const &what) const;
    void end_outside(int id);
    void roll_back(int id);
    void disconnect(int id);

  private:
    std::map<int, int> connected_ = {}; // by client
    long long next_transaction_ = 1;
};

} // namespace pgtend::simulation

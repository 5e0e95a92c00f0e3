// SPDX-License-Identifier: Apache-2.0
// The control session of a runner: the ledger behind a lock, replaced once when it is lost.
#pragma once
#include <functional>
#include <mutex>
#include <stop_token>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "ledger/ledger.hpp"
#include "pg/connect.hpp"
#include "pg/session.hpp"

namespace pgtend::jobs {

class control {
  public:
    control(pg::session first, std::function<pg::session()> reopen)
        : session_{std::move(first)}, reopen_{std::move(reopen)}
    {
    }

    // Calls with a ledger::ledger &, from any thread, one at a time. A call that lost its session
    // is made again on a new one: every ledger operation may be repeated. Throws what the second
    // try throws. `stop` ends a call whose answer is not needed any more. A session that gives none
    // for `longest` is replaced: by default while leases can still be renewed on another one.
    template <class Call>
    auto ask(Call const &call, std::stop_token const &stop = {},
             microseconds longest = ledger::ledger::renew_every)
    {
        std::lock_guard const lock{mutex_};
        pg::limits const limit{.timeout = longest, .stop = stop};
        try {
            ledger::ledger book{session_, limit};
            return call(book);
        } catch (connection_lost const &e) {
            log::warning("lost the control session ({}), connecting again", printable(e.what()));
        }
        session_ = reopen_();
        ledger::ledger book{session_, limit};
        return call(book);
    }

    // For work sessions: where the control session is, because its server was checked (which
    // database, which host, a primary) and has the leases.
    pg::connect_options beside(pg::connect_options options)
    {
        std::lock_guard const lock{mutex_};
        return pg::on_same_server(std::move(options), session_);
    }

  private:
    std::mutex mutex_;
    pg::session session_;
    std::function<pg::session()> reopen_;
};

} // namespace pgtend::jobs

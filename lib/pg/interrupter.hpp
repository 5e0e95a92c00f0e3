// SPDX-License-Identifier: Apache-2.0
// Ends statements whose limit is over or whose stop was asked for, and never hangs itself.
#pragma once
#include <memory>
#include <stop_token>

#include "base/clock.hpp"

namespace pgtend::pg {

// One watching thread a process, started when the first statement with a limit runs. A cancel is
// sent from a thread of its own that may be lost, because libpq's PQcancel blocks as long as the
// postmaster does, and only while the statement runs that it is meant for, because a late cancel
// would hit the next one. After the grace the socket is shut down, which ends a blocked call as
// connection lost. Its threads take no signals.
class interrupter {
  public:
    enum class reason { none, timeout, stop };

    // Why the statement was ended, if it was. With socket_shut the connection is lost.
    struct verdict {
        reason why = reason::none;
        bool socket_shut = false;
    };

    // One a session, used by the session's thread alone.
    class client {
      public:
        // libpq's PGconn, as void so that no libpq type leaks. The connection must outlive the
        // client.
        explicit client(void *connection);
        ~client();
        client(client const &) = delete;
        client &operator=(client const &) = delete;
        // Arms for one statement; returns at once when there is neither a timeout (0: none) nor a
        // possible stop. A stop that was asked for before counts. Throws error when the watching
        // thread cannot be started.
        void start(microseconds timeout, std::stop_token stop, microseconds grace);
        // Disarms. Waits for a cancel that is on its way, so that it cannot hit the next statement;
        // when that takes longer than the grace, shuts the socket down.
        verdict finish() noexcept;

        struct state;

      private:
        void *connection_;
        bool armed_ = false;
        std::shared_ptr<state> state_; // made when first armed
    };
};

} // namespace pgtend::pg

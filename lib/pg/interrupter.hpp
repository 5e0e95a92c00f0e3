// SPDX-License-Identifier: Apache-2.0
// One per process: ends statements whose limit is over or whose stop was asked for, and never hangs itself.
#pragma once
#include <cstdint>
#include <memory>
#include <stop_token>

#include "base/clock.hpp"

namespace pgtend::pg {

// Knows (PGcancel, socket, deadline, generation of the running statement) of each session. The cancel is sent from a thread
// that it can lose, because libpq's PQcancel blocks as long as the postmaster does, and only while that generation runs,
// because a late cancel would hit the next statement. After the grace it shuts the socket down, which ends a blocked call.
class interrupter {
  public:
    enum class reason { none, timeout, stop };

    // Why the statement of this generation was ended, if it was.
    struct verdict {
        reason why = reason::none;
        bool socket_shut = false;
    };

    static interrupter &instance();

    // One per session: libpq's PGconn, as void so that no libpq type leaks. The connection must outlive it.
    class client {
      public:
        explicit client(void *connection);
        ~client();
        client(client const &) = delete;
        client &operator=(client const &) = delete;
        // Arms for one statement. Cheap when there is neither a timeout nor a possible stop.
        void start(microseconds timeout, std::stop_token stop, microseconds grace);
        // Disarms: waits for a cancel that is on its way, so that it cannot hit the next statement (bounded by the grace,
        // after which the connection counts as lost).
        verdict finish();

        struct state;

      private:
        std::shared_ptr<state> state_;
    };

  private:
    interrupter() = default;
};

} // namespace pgtend::pg

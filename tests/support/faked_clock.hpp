// SPDX-License-Identifier: Apache-2.0
// A clock that a test sets, for a server of its own and for pgtend (libfaketime). Its time goes on
// by itself; the monotonic clock is left alone.
#pragma once
#include "base/clock.hpp"
#include "support/process.hpp"

namespace pgtend::test {

class faked_clock {
  public:
    // Throws error when libfaketime is not installed.
    explicit faked_clock(instant now);

    instant now() const;
    void set(instant now);
    void step(microseconds by);

    // For the environment of a process that is to have this clock: of a server, and of pgtend with
    // its threads. The latter is empty under sanitizers, which must be loaded first: pgtend then
    // has the true clock, and only tells how far off it is.
    environment_changes of_server() const;
    environment_changes of_pgtend() const;

  private:
    environment_changes with(std::string const &library) const;
    void write() const;

    scratch files_;
    microseconds ahead_{0}; // of the true clock
};

} // namespace pgtend::test

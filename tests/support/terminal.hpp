// SPDX-License-Identifier: Apache-2.0
// A program on a terminal of its own, and somebody who types.
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "support/process.hpp"

namespace pgtend::test {

class terminal {
  public:
    // Starts argv[0], looked for in PATH; its stdin, stdout and stderr are a dumb terminal of 24
    // lines and so many columns.
    terminal(std::vector<std::string> const &argv, int columns,
             environment_changes const &changes = {});
    ~terminal(); // kill -9
    terminal(terminal const &) = delete;
    terminal &operator=(terminal const &) = delete;

    void type(std::string const &keys) const;
    void send(int signal) const; // to the program
    // Waits until this was written since the last call that found what it waited for, without
    // escape sequences and carriage returns. Throws error with what was written instead.
    void until(std::string const &text, std::chrono::seconds limit = std::chrono::seconds{30});
    // Waits for its end; `out` is what was written since the last `until`, with escape sequences,
    // `err` is part of it.
    finished wait(std::chrono::seconds limit = std::chrono::seconds{60});

  private:
    bool read_some(); // waits for 100 ms at most; false at the end

    int pid_ = -1, master_ = -1;
    std::string seen_;
};

} // namespace pgtend::test

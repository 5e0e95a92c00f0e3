// SPDX-License-Identifier: Apache-2.0
// Everything a command touches outside of its database: streams, terminal, environment, time. Tests
// replace all of it.
#pragma once
#include <functional>
#include <iosfwd>
#include <optional>
#include <stop_token>
#include <string>

#include "base/backoff.hpp"
#include "base/clock.hpp"

namespace pgtend::tools {

struct io {
    std::ostream &out; // results
    std::ostream &err; // errors, progress
    std::istream &in;  // answers of a person
    // Returns when `in` has an answer. Throws interrupted when stopped.
    std::function<void()> await_answer = {};
    bool in_is_terminal = false;
    bool out_is_terminal = false;
    bool err_is_terminal = false;
    int columns = 0; // width of the terminal, 0: unknown
    std::function<std::optional<std::string>(std::string const &)> environment;
    // Asks a person at the terminal, without echo; nothing when there is no terminal. Throws
    // interrupted when stopped.
    std::function<std::optional<std::string>(std::string const &prompt)> ask_secret = {};
    clock &time;
    random_source random;
    std::stop_token stop = {};  // the first SIGINT or SIGTERM
    std::stop_token abort = {}; // the second one: cancel at once
};

} // namespace pgtend::tools

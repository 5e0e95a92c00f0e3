// SPDX-License-Identifier: Apache-2.0
// The terminal of this process.
#pragma once
#include <optional>
#include <stop_token>
#include <string>

namespace pgtend::tools {

// Columns of the terminal at this descriptor: what $COLUMNS says, else what the terminal says; 0
// when neither does, or it is no terminal.
int terminal_width(int descriptor);

// Prompts on /dev/tty and reads one line without echo, however stdin and stdout are redirected.
// Nothing when the process has no terminal. Throws interrupted when stopped.
std::optional<std::string> ask_secret(std::string const &prompt, std::stop_token const &stop);

// Returns when `descriptor` has something to read, or its end. Throws interrupted when stopped,
// within 100 ms: the threads that read have signals blocked, so that reading itself goes on.
void await_input(int descriptor, std::stop_token const &stop);

} // namespace pgtend::tools

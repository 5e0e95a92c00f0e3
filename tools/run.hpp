// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "tools/io.hpp"

namespace pgtend::tools {

// Parses, runs one command, prints its result, turns errors into messages and exit codes. Never
// throws, never exits. args: without the program's name.
int run(std::vector<std::string> const &args, io &outside);

// run() with the real streams, signals and clock.
int main(int argc, char **argv);

} // namespace pgtend::tools

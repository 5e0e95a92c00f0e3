// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>

namespace pgtend {

// Where a value was written: a file's line and column (both from 1), or an option of the command
// line (line 0).
struct source_position {
    std::string file; // path as the user gave it, or "--option"
    int line = 0;
    int column = 0;
};

// A part of a text, in bytes.
struct text_span {
    std::size_t begin = 0;
    std::size_t end = 0;
};

// "file:line:column", or the file alone when there is no line.
std::string to_string(source_position const &at);

} // namespace pgtend

// SPDX-License-Identifier: Apache-2.0
// Reading files that decide what SQL runs.
#pragma once
#include <string>

#include "base/position.hpp"

namespace pgtend::config {

struct file_text {
    std::string bytes;
    unsigned mode = 0; // permission bits
    // Which file it is, however it was named.
    unsigned long long device = 0;
    unsigned long long inode = 0;

    bool others_write() const { return (mode & 0022U) != 0; }
    bool others_read() const { return (mode & 0044U) != 0; }
};

// Reads a regular file of at most `most` bytes; never waits for a FIFO, a device or a terminal.
// Throws config_error, at `from` when it has a line (the place that names the file), else at the
// path.
file_text read_file(std::string const &path, std::size_t most, source_position const &from);

// `path`, seen from the folder of the file that names it.
std::string beside(std::string const &file, std::string const &path);

// "0644"
std::string octal(unsigned mode);

} // namespace pgtend::config

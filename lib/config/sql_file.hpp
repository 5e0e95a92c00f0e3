// SPDX-License-Identifier: Apache-2.0
// SQL in a file beside the configuration.
#pragma once
#include <string>

#include "config/reader.hpp"

namespace pgtend::config {

// Reads the file that `n` names, seen from the folder of the reader's file, into `out`. Notes what
// is wrong with it at `n`: also when group or others may write it, because it is SQL that runs.
bool read_sql_file(reader &r, node const &n, std::string const &path, std::string &out);

} // namespace pgtend::config

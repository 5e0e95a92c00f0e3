// SPDX-License-Identifier: Apache-2.0
// Storage parameters and their values, in `partitions:` and `autovacuum:`.
#pragma once
#include <string>
#include <string_view>

#include "config/reader.hpp"

namespace pgtend::config {

// The value of the storage parameter `name`, which becomes SET (name = value): a number, or one of
// the plain words true, false and auto, in the range that the server takes. `key` is where the name
// stands.
bool read_parameter_value(reader &r, node const &key, node const &value, std::string_view name,
                          std::string &out);

} // namespace pgtend::config

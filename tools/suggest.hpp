// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "base/error.hpp"

namespace pgtend::tools {

// That these are no command; the hint is the one that was most likely meant: with a letter wrong,
// in the plural, with its words in the other order or only the second of them, or with a hyphen.
// `second` may be empty, and is not repeated when `first` alone says that it is wrong.
usage_error unknown_command(std::string const &first, std::string const &second);

} // namespace pgtend::tools

// SPDX-License-Identifier: Apache-2.0
// How a scalar was written in the text of a file: what the library's events do not tell. Pure; each
// call costs time linear in the scalar.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace pgtend::config {

// Where the quote that is at `at` is closed; nothing: it is not.
std::optional<std::size_t> closing_quote(std::string_view text, std::size_t at);

// Where YAML joined lines of the scalar at `at`, whose value is given: ascending offsets in the
// value, each of the first character that stood on a line of its own and has no line end before it
// in the value. In quotes, plain over several lines, or a block that begins with >.
std::vector<std::size_t> joined_lines(std::string_view text, std::size_t at,
                                      std::string_view value);

} // namespace pgtend::config

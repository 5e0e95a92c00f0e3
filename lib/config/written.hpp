// SPDX-License-Identifier: Apache-2.0
// How a scalar was written in the text of a file: what the library's events do not tell. Pure; each
// call costs time linear in the scalar.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

namespace pgtend::config {

// Where the quote that is at `at` is closed; nothing: it is not.
std::optional<std::size_t> closing_quote(std::string_view text, std::size_t at);

// The scalar at `at`, of that value, as it was written, when YAML has joined lines of it: in quotes
// or plain over several lines, or a block that begins with >. Else empty.
std::string_view joined_lines(std::string_view text, std::size_t at, std::string_view value);

} // namespace pgtend::config

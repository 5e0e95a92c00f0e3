// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string_view>

namespace pgtend {

// Whether `text` is `pattern`, in which * stands for any text.
bool is_like(std::string_view text, std::string_view pattern) noexcept;

} // namespace pgtend

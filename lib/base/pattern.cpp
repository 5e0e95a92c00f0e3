// SPDX-License-Identifier: Apache-2.0
#include "base/pattern.hpp"

namespace pgtend {

bool is_like(std::string_view text, std::string_view pattern) noexcept
{
    // Where the last * was, and how much of the text it stood for so far.
    std::size_t p = 0, t = 0, star = pattern.npos, kept = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            kept = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != pattern.npos) {
            p = star + 1;
            t = ++kept;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == pattern.npos;
}

} // namespace pgtend

// SPDX-License-Identifier: Apache-2.0
#include "config/written.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace pgtend::config {

std::optional<std::size_t> closing_quote(std::string_view text, std::size_t at)
{
    char const quote = text[at];
    for (auto i = at + 1; i < text.size(); ++i) {
        if (text[i] == '\\' && quote == '"') {
            ++i;
        } else if (text[i] == quote) {
            if (quote == '"' || i + 1 >= text.size() || text[i + 1] != quote) {
                return i;
            }
            ++i;
        }
    }
    return std::nullopt;
}

std::string_view joined_lines(std::string_view text, std::size_t at, std::string_view value)
{
    if (at >= text.size() || text[at] == '|') {
        return {};
    }
    auto end = at;
    if (text[at] == '"' || text[at] == '\'') {
        end = closing_quote(text, at).value_or(at);
    } else {
        // Joining changes blanks alone: what is left of the value tells where the scalar ends.
        if (text[at] == '>') {
            end = std::min(text.find('\n', at), text.size());
        }
        auto left = std::count_if(value.begin(), value.end(), [](char c) { return !is_blank(c); });
        for (; left > 0 && end < text.size(); ++end) {
            left -= is_blank(text[end]) ? 0 : 1;
        }
    }
    auto const written = text.substr(at, end - at);
    return written.find('\n') == std::string_view::npos ? std::string_view{} : written;
}

} // namespace pgtend::config

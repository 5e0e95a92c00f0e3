// SPDX-License-Identifier: Apache-2.0
#include "config/written.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace pgtend::config {
namespace {

// Of the UTF-8 character at `at`, and of what is no character 1.
std::size_t character_bytes(std::string_view text, std::size_t at)
{
    auto end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
        ++end;
    }
    return end - at;
}

struct character {
    std::size_t bytes = 1; // in the file
    bool is_blank = false; // is_blank() of what it means
    bool ends_line = false;
};

// An escape of a text in double quotes; at `at` is what follows the backslash.
character escape(std::string_view text, std::size_t at)
{
    switch (at < text.size() ? text[at] : '\0') {
    case '\n':
        return {.bytes = 2, .is_blank = true, .ends_line = true};
    case '\r': // CR LF
        return {.bytes = 3, .is_blank = true, .ends_line = true};
    case ' ':
    case '\t':
    case 't':
    case 'n':
    case 'v':
    case 'f':
    case 'r':
        return {.bytes = 2, .is_blank = true};
    case 'x':
    case 'u':
    case 'U':
        break;
    default:
        return {.bytes = 2};
    }
    std::size_t const digits = text[at] == 'x' ? 2 : text[at] == 'u' ? 4 : 8;
    auto const number = text.substr(at + 1, digits);
    unsigned code = 0;
    std::from_chars(number.data(), number.data() + number.size(), code, 16);
    return {.bytes = 2 + digits, .is_blank = code < 0x80 && is_blank(static_cast<char>(code))};
}

character written_character(std::string_view text, std::size_t at, char quote)
{
    if (quote == '"' && text[at] == '\\') {
        return escape(text, at + 1);
    }
    if (quote == '\'' && text.substr(at).starts_with("''")) {
        return {.bytes = 2};
    }
    return {.bytes = character_bytes(text, at),
            .is_blank = is_blank(text[at]),
            .ends_line = text[at] == '\n'};
}

} // namespace

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

std::vector<std::size_t> joined_lines(std::string_view text, std::size_t at, std::string_view value)
{
    if (at >= text.size() || text[at] == '|') {
        return {};
    }
    char const quote = text[at] == '"' || text[at] == '\'' ? text[at] : '\0';
    if (text[at] == '>') {
        at = std::min(text.find('\n', at), text.size());
    }
    // Joining changes blanks alone: the other characters follow each other in both.
    std::vector<std::size_t> out;
    bool new_line = false;
    std::size_t in_value = 0;
    for (auto from = at + (quote == '\0' ? 0U : 1U); from < text.size();) {
        auto const c = written_character(text, from, quote);
        from += c.bytes;
        new_line = new_line || c.ends_line;
        if (c.is_blank) {
            continue;
        }
        bool kept = false;
        for (; in_value < value.size() && is_blank(value[in_value]); ++in_value) {
            kept = kept || value[in_value] == '\n' || value[in_value] == '\r';
        }
        if (in_value >= value.size()) {
            break;
        }
        if (new_line && !kept) {
            out.push_back(in_value);
        }
        new_line = false;
        in_value += character_bytes(value, in_value);
    }
    return out;
}

} // namespace pgtend::config

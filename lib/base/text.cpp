// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>

namespace pgtend {
namespace {

// Length in bytes of the well-formed UTF-8 character at `at`, 0 when there is none (Unicode 15,
// table 3-7).
std::size_t character(std::string_view text, std::size_t at, std::uint32_t &code)
{
    auto const byte = [&](std::size_t i) -> std::uint32_t {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0;
    };
    auto const lead = byte(0);
    std::size_t length = 0;
    std::uint32_t least = 0;
    if (lead < 0x80) {
        code = lead;
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2, least = 0x80, code = lead & 0x1F;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3, least = 0x800, code = lead & 0x0F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4, least = 0x10000, code = lead & 0x07;
    } else {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) {
            return 0;
        }
        code = code << 6 | (byte(i) & 0x3F);
    }
    bool const surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < least || code > 0x10FFFF || surrogate ? 0 : length;
}

// Control characters of both sets, line separators, and what turns the direction of writing: a
// terminal must not obey them.
bool harmful(std::uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x2028 || code == 0x2029 ||
           (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

bool continuation(char c)
{
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Optimal string alignment distance, or anything above `limit` when it is above.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit)
{
    auto const difference = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
    if (difference > limit) {
        return limit + 1;
    }
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        last[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        std::size_t best = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
            best = std::min(best, row[j]);
        }
        if (best > limit) {
            return limit + 1;
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

} // namespace

bool valid_utf8(std::string_view text) noexcept
{
    std::uint32_t code = 0;
    for (std::size_t i = 0; i < text.size();) {
        auto const length = character(text, i, code);
        if (length == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

std::size_t code_points(std::string_view text) noexcept
{
    return text.size() -
           static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continuation));
}

std::string lower(std::string_view text)
{
    std::string out{text};
    for (char &c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return out;
}

std::string_view trim(std::string_view text) noexcept
{
    constexpr std::string_view blank = " \t\r\n";
    auto const first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool is_blank(char c) noexcept
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

std::string on_one_line(std::string_view text)
{
    std::string out;
    bool apart = false;
    for (char const c : text) {
        if (is_blank(c)) {
            apart = !out.empty();
            continue;
        }
        out += apart ? " " : "";
        out += c;
        apart = false;
    }
    return out;
}

std::vector<std::string> split(std::string_view text, char separator)
{
    std::vector<std::string> out;
    for (;;) {
        auto const end = text.find(separator);
        out.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return out;
        }
        text.remove_prefix(end + 1);
    }
}

std::string first_line(std::string_view text)
{
    return std::string{text.substr(0, text.find('\n'))};
}

std::string join(std::span<std::string const> parts, std::string_view separator)
{
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) {
            out += separator;
        }
        out += parts[i];
    }
    return out;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to)
{
    if (from.empty()) {
        return text;
    }
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
    return text;
}

std::optional<std::string> nearest(std::string_view word,
                                   std::span<std::string_view const> candidates)
{
    if (word.size() > 256) {
        return {};
    }
    auto const wanted = lower(word);
    auto const limit = std::max<std::size_t>(1, word.size() / 3);
    auto best = limit + 1;
    std::optional<std::string> out;
    for (auto const candidate : candidates) {
        auto const found = distance(wanted, lower(candidate), std::min(limit, best - 1));
        // A word of one letter is not "near" every other letter.
        if (found < best && found < std::max(word.size(), candidate.size())) {
            best = found;
            out = std::string{candidate};
            if (best == 0) {
                break;
            }
        }
    }
    return out;
}

std::string head_and_tail(std::string_view text, std::size_t bytes)
{
    if (text.size() <= bytes) {
        return std::string{text};
    }
    auto const head = [&](std::size_t size) {
        while (size > 0 && continuation(text[size])) {
            --size;
        }
        return text.substr(0, size);
    };
    auto const note = [](std::size_t left_out) {
        return " ... (" + std::to_string(left_out) + " bytes left out) ... ";
    };
    auto const reserved = note(text.size()).size();
    if (bytes < reserved + 2) {
        return std::string{head(bytes)};
    }
    auto const room = bytes - reserved;
    auto const first = head(room - room / 2);
    auto start = text.size() - room / 2;
    while (start < text.size() && continuation(text[start])) {
        ++start;
    }
    return std::string{first} + note(start - first.size()) + std::string{text.substr(start)};
}

std::string printable(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    std::uint32_t code = 0;
    for (std::size_t i = 0; i < text.size();) {
        auto const length = character(text, i, code);
        if (length > 0 && !harmful(code)) {
            out += text.substr(i, length);
            i += length;
            continue;
        }
        for (std::size_t end = i + std::max<std::size_t>(length, 1); i < end; ++i) {
            auto const byte = static_cast<unsigned char>(text[i]);
            out += "\\x";
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

std::string in_quotes(std::string_view text)
{
    // Cut before, since it may be a megabyte, and after, since each byte may have become four.
    return "'" + head_and_tail(printable(head_and_tail(text, 80)), 80) + "'";
}

std::string thousands(long long number)
{
    auto digits = std::to_string(number);
    auto const first = digits.front() == '-' ? 1 : 0;
    for (auto at = static_cast<int>(digits.size()) - 3; at > first; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), ",");
    }
    return digits;
}

std::string counted(long long number, std::string_view noun)
{
    return thousands(number) + " " + std::string{noun} + (number == 1 ? "" : "s");
}

std::string byte_size(long long bytes)
{
    constexpr std::array<char const *, 4> units{"kB", "MB", "GB", "TB"};
    if (bytes < 1024) {
        return std::to_string(bytes) + " B";
    }
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit) {
        value /= 1024;
    }
    return fmt::format("{:.{}f} {}", value, value < 10 ? 1 : 0, units.at(unit));
}

} // namespace pgtend

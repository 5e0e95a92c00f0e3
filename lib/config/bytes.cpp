// SPDX-License-Identifier: Apache-2.0
#include "config/bytes.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::config {
namespace {

[[noreturn]] void refuse(std::string_view text, std::string const &file, std::size_t offset,
                         std::string message, std::string hint)
{
    auto const at = text_cursor{text}.at(offset);
    throw config_error{{{{file, at.line, at.column}, std::move(message), std::move(hint)}}};
}

bool turns_direction(std::string_view rest)
{
    if (rest.size() < 3 || rest[0] != '\xE2') {
        return false;
    }
    auto const last = static_cast<unsigned char>(rest[2]);
    return (rest[1] == '\x80' && last >= 0xAA && last <= 0xAE) ||
           (rest[1] == '\x81' && last >= 0xA6 && last <= 0xA9);
}

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// The first byte of a text that is not UTF-8 from which on it is not.
std::size_t first_bad_byte(std::string_view text)
{
    for (std::size_t i = 0; i < text.size();) {
        auto const lead = static_cast<unsigned char>(text[i]);
        std::size_t const length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (!valid_utf8(text.substr(i, length))) {
            return i;
        }
        i += length;
    }
    return text.size();
}

} // namespace

std::string_view check_bytes(std::string_view text, std::string const &file, std::size_t most)
{
    if (text.size() > most) {
        throw config_error{
            {{{file, 0, 0},
              fmt::format("it has more than {} bytes", thousands(static_cast<long long>(most))),
              "split it into files that `include:` joins"}}};
    }
    if (!valid_utf8(text)) {
        refuse(text, file, first_bad_byte(text), "the text is not UTF-8 from here on",
               "save the file as UTF-8");
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != 0x7F && c != 0xE2 && c != 0xEF) {
            continue;
        }
        if (c == '\n' || c == '\t' || (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n')) {
            continue;
        }
        if (c == 0xEF) {
            if (i > 0 && text.substr(i).starts_with(byte_order_mark)) {
                refuse(text, file, i, "a byte order mark is allowed only at the very beginning",
                       "remove it; it is seen by no reader");
            }
            continue;
        }
        if (c == 0xE2) {
            if (turns_direction(text.substr(i))) {
                refuse(text, file, i,
                       "a character that turns the direction of writing is not allowed",
                       "remove it: what is read would not be what runs");
            }
            continue;
        }
        refuse(text, file, i, fmt::format("a control character (0x{:02x}) is not allowed", c),
               c == '\r' ? "end lines with LF, or CR LF" : "remove it");
    }
    return text.substr(text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
}

void text_cursor::start_line()
{
    line_start_ = offset_;
    here_.column = 1;
    here_.tab = 0;
    for (auto i = offset_; i < text_.size() && (text_[i] == ' ' || text_[i] == '\t'); ++i) {
        if (text_[i] == '\t') {
            here_.tab = static_cast<int>(i - offset_) + 1;
            return;
        }
    }
}

text_cursor::place text_cursor::at(std::size_t offset)
{
    offset = offset < text_.size() ? offset : text_.size();
    if (offset < offset_) { // marks of the library go back by a few characters, now and then
        while (offset < line_start_) {
            auto const before = text_.substr(0, line_start_ - 1).rfind('\n');
            line_start_ = before == std::string_view::npos ? 0 : before + 1;
            --here_.line;
        }
        offset_ = line_start_;
        start_line();
    }
    while (offset_ < offset) {
        char const c = text_[offset_++];
        if (c == '\n') {
            ++here_.line;
            start_line();
        } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {
            ++here_.column;
        }
    }
    return here_;
}

bool looks_secret(std::string_view word)
{
    auto const small = lower(word);
    constexpr std::string_view key = "password";
    for (auto at = small.find(key); at != std::string::npos; at = small.find(key, at + 1)) {
        auto const next = small.find_first_not_of(" \t", at + key.size());
        if (next != std::string::npos && small[next] == '=') {
            return true;
        }
    }
    return small.find("://") != std::string::npos;
}

std::string shown(std::string_view word)
{
    if (looks_secret(word)) {
        return "(not shown)";
    }
    auto end = std::min<std::size_t>(word.size(), 60);
    while (end < word.size() && end > 0 && (static_cast<unsigned char>(word[end]) & 0xC0) == 0x80) {
        --end;
    }
    return "'" + printable(word.substr(0, end)) + (end < word.size() ? "...'" : "'");
}

} // namespace pgtend::config

// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgtend {

bool valid_utf8(std::string_view text) noexcept;
// Characters, not what a terminal shows of them (display_width).
std::size_t code_points(std::string_view text) noexcept;
// Columns that a terminal needs for it: two for a wide character (CJK, most emoji), none for one
// that is put onto the character before it (combining accents), by glibc's table.
std::size_t display_width(std::string_view text);
// At most `columns` wide, the last character an ellipsis when something was cut.
std::string cut_to_width(std::string_view text, std::size_t columns);
// Lines of at most `columns`, broken at blanks, or within a word that is longer than a line.
std::vector<std::string> wrap(std::string_view text, std::size_t columns);
std::string lower(std::string_view text);              // ASCII only
std::string_view trim(std::string_view text) noexcept; // blanks, tabs, line ends
bool is_blank(char c) noexcept; // white space as SQL has it: tabs and line ends are, too
// Trimmed, each run of white space as one blank.
std::string on_one_line(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string first_line(std::string_view text); // all of it when there is one only
std::string join(std::span<std::string const> parts, std::string_view separator);
std::string replace_all(std::string text, std::string_view from, std::string_view to);

// The candidate that a typing error most likely meant (Damerau-Levenshtein distance at most a third
// of the length, at least 1); nothing when none is near.
std::optional<std::string> nearest(std::string_view word,
                                   std::span<std::string_view const> candidates);

// A string cut in the middle to at most `bytes` bytes, at character boundaries, saying how much was
// left out.
std::string head_and_tail(std::string_view text, std::size_t bytes);

// Printable: control characters and bytes that are not UTF-8 as \xNN; for messages that repeat what
// a user or a server said.
std::string printable(std::string_view text);

// For messages that repeat an input: printable, in single quotes, cut in the middle to at most 82
// bytes.
std::string in_quotes(std::string_view text);

// "1,234,567"
std::string thousands(long long number);
// "1 run", "1,234 runs"; for nouns whose plural has an s more.
std::string counted(long long number, std::string_view noun);
// "900 B", "1.5 MB", "12 GB": in powers of 1024, up to TB, as PostgreSQL's units are.
std::string byte_size(long long bytes);

} // namespace pgtend

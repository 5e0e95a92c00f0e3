// SPDX-License-Identifier: Apache-2.0
// A file as bytes: what may be in it, where a byte stands, and what of it may be repeated in a
// message.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace pgtend::config {

// Throws config_error, with the position of the first offence, when the text has more than `most`
// bytes, is not UTF-8, or has characters that no editor shows: control characters but tab and line
// end, and those that turn the direction of writing (U+202A to U+202E, U+2066 to U+2069), behind
// which SQL could hide, or a byte order mark (U+FEFF) that is not at its beginning. Returns the
// text without the one that is.
std::string_view check_bytes(std::string_view text, std::string const &file, std::size_t most);

// Turns byte offsets into lines and columns. Offsets that grow, or go back by little, cost time
// linear in the text, all together.
class text_cursor {
  public:
    struct place {
        int line = 1;   // from 1
        int column = 1; // from 1, in characters
        int tab =
            0; // column of the first tab among the line's leading blanks, 0 when there is none
    };

    explicit text_cursor(std::string_view text) : text_{text} { start_line(); }
    place at(std::size_t offset);

  private:
    void start_line();

    std::string_view text_;
    std::size_t offset_ = 0;
    std::size_t line_start_ = 0;
    place here_;
};

// A URI, or password=: what people put into the wrong place by mistake, and no message may repeat.
bool looks_secret(std::string_view word);

// A word of the file for a message: quoted, printable, cut to 60 bytes; "(not shown)" when it
// looks_secret.
std::string shown(std::string_view word);

} // namespace pgtend::config

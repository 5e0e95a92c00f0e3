// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <clocale>
#include <cwchar>
#include <vector>

#include "base/text.hpp"

namespace pgtend {
namespace {

// The table of widths belongs to a locale; this thread has it while this lives. C.UTF-8 is built
// into glibc since 2.35; where it is missing every character counts one.
class utf8_locale {
  public:
    utf8_locale() : before_{uselocale(made())} {}
    ~utf8_locale() { uselocale(before_); }
    utf8_locale(utf8_locale const &) = delete;
    utf8_locale &operator=(utf8_locale const &) = delete;

  private:
    static locale_t made()
    {
        static auto *const one = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
        return one; // null: the locale stays as it is
    }
    locale_t before_;
};

bool continues(char c)
{
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Of a well-formed character; one that is not counts as one.
std::size_t width_of(std::string_view character)
{
    auto const lead = static_cast<unsigned char>(character.front());
    if (lead < 0x80) {
        return 1;
    }
    auto code = static_cast<wchar_t>(lead & (0xFFU >> (character.size() + 1)));
    for (char const c : character.substr(1)) {
        code = static_cast<wchar_t>(code << 6 | (static_cast<unsigned char>(c) & 0x3F));
    }
    auto const width = wcwidth(code);
    return width < 0 ? 1 : static_cast<std::size_t>(width);
}

// Calls with each character and its width until that returns false.
template <class Take> void each_character(std::string_view text, Take const &take)
{
    utf8_locale const table;
    for (std::size_t at = 0; at < text.size();) {
        auto end = at + 1;
        while (end < text.size() && continues(text[end])) {
            ++end;
        }
        auto const character = text.substr(at, end - at);
        if (!take(character, width_of(character))) {
            return;
        }
        at = end;
    }
}

bool plain(std::string_view text)
{
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// The longest beginning of at most so many columns, with all that combines with its last character.
std::size_t fitting(std::string_view text, std::size_t columns)
{
    if (plain(text)) {
        return std::min(text.size(), columns);
    }
    std::size_t bytes = 0, used = 0;
    each_character(text, [&](std::string_view character, std::size_t width) {
        if (used + width > columns) {
            return false;
        }
        used += width;
        bytes += character.size();
        return true;
    });
    return bytes;
}

} // namespace

std::size_t display_width(std::string_view text)
{
    if (plain(text)) {
        return text.size();
    }
    std::size_t out = 0;
    each_character(text, [&](std::string_view, std::size_t width) {
        out += width;
        return true;
    });
    return out;
}

std::string cut_to_width(std::string_view text, std::size_t columns)
{
    if (display_width(text) <= columns) {
        return std::string{text};
    }
    return columns == 0 ? "" : std::string{text.substr(0, fitting(text, columns - 1))} + "…";
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns)
{
    std::vector<std::string> out;
    columns = std::max<std::size_t>(columns, 2); // room for any character
    while (display_width(text) > columns) {
        auto const room = fitting(text, columns);
        // A blank just behind the line ends it, too.
        auto const blank = text.substr(0, room + 1).rfind(' ');
        bool const between = blank != std::string_view::npos && blank > 0;
        out.emplace_back(text.substr(0, between ? blank : room));
        text.remove_prefix(between ? blank + 1 : room);
    }
    out.emplace_back(text);
    return out;
}

} // namespace pgtend

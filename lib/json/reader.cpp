// SPDX-License-Identifier: Apache-2.0
#include "json/reader.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/error.hpp"

namespace pgtend::json {
namespace {

constexpr int deepest = 64;

void append_utf8(std::string &out, unsigned code)
{
    auto const tail = [&](int shift) {
        out += static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
    };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0U | (code >> 6));
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0U | (code >> 12));
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0U | (code >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

class parser {
  public:
    explicit parser(std::string_view text) : text_{text} {}

    value whole()
    {
        auto out = one(0);
        blanks();
        if (at_ != text_.size()) {
            fail("something follows the value");
        }
        return out;
    }

  private:
    [[noreturn]] void fail(std::string const &why) const
    {
        auto const line = std::count(text_.begin(), text_.begin() + static_cast<long>(at_), '\n');
        throw error{fmt::format("not JSON, line {}: {}", line + 1, why)};
    }

    void blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

    bool take(std::string_view word)
    {
        if (!text_.substr(at_).starts_with(word)) {
            return false;
        }
        at_ += word.size();
        return true;
    }

    void want(std::string_view word)
    {
        blanks();
        if (!take(word)) {
            fail(fmt::format("'{}' is wanted", word));
        }
    }

    value one(int depth)
    {
        if (depth > deepest) {
            fail("it is nested too deep");
        }
        blanks();
        auto const next = at_ < text_.size() ? text_[at_] : '\0';
        if (next == '{') {
            return {members(depth)};
        }
        if (next == '[') {
            return {items(depth)};
        }
        if (next == '"') {
            return {string()};
        }
        if (take("true")) {
            return {true};
        }
        if (take("false")) {
            return {false};
        }
        if (take("null")) {
            return {};
        }
        return {number()};
    }

    object members(int depth)
    {
        object out;
        want("{");
        blanks();
        if (take("}")) {
            return out;
        }
        do {
            blanks();
            auto key = string();
            want(":");
            out.push_back({std::move(key), one(depth + 1)});
            blanks();
        } while (take(","));
        want("}");
        return out;
    }

    array items(int depth)
    {
        array out;
        want("[");
        blanks();
        if (take("]")) {
            return out;
        }
        do {
            out.push_back(one(depth + 1));
            blanks();
        } while (take(","));
        want("]");
        return out;
    }

    double number()
    {
        double out = 0;
        auto const *const begin = text_.data() + at_;
        auto const *const end = text_.data() + text_.size();
        bool const digit =
            begin != end && (*begin == '-' ? begin + 1 != end && begin[1] >= '0' && begin[1] <= '9'
                                           : *begin >= '0' && *begin <= '9');
        auto const [stop, failure] = std::from_chars(begin, end, out);
        if (!digit || failure != std::errc{}) {
            fail("a value is wanted");
        }
        at_ += static_cast<std::size_t>(stop - begin);
        return out;
    }

    unsigned four_digits()
    {
        unsigned out = 0;
        auto const digits = text_.substr(at_, 4);
        auto const [stop, failure] =
            std::from_chars(digits.data(), digits.data() + digits.size(), out, 16);
        if (digits.size() < 4 || failure != std::errc{} || stop != digits.data() + 4) {
            fail("four digits are wanted after \\u");
        }
        at_ += 4;
        return out;
    }

    void escape(std::string &out)
    {
        constexpr std::string_view letters = "\"\\/bfnrt", meaning = "\"\\/\b\f\n\r\t";
        auto const letter = at_ < text_.size() ? text_[at_++] : '\0';
        if (auto const known = letters.find(letter); known != letters.npos) {
            out += meaning[known];
            return;
        }
        if (letter != 'u') {
            fail("an unknown escape");
        }
        auto code = four_digits();
        if (code >= 0xD800 && code < 0xDC00 && take("\\u")) { // the first of two
            auto const second = four_digits();
            bool const fits = second >= 0xDC00 && second < 0xE000;
            code = fits ? 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00) : 0xFFFD;
        }
        append_utf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
    }

    std::string string()
    {
        if (!take("\"")) {
            fail("a text in quotes is wanted");
        }
        std::string out;
        for (;;) {
            auto const end = text_.find_first_of("\"\\", at_);
            if (end == std::string_view::npos) {
                fail("a text is not closed");
            }
            out += text_.substr(at_, end - at_);
            at_ = end + 1;
            if (text_[end] == '"') {
                return out;
            }
            escape(out);
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

} // namespace

value const *value::find(std::string_view key) const
{
    auto const *all = std::get_if<object>(&data);
    if (all == nullptr) {
        return nullptr;
    }
    auto const found =
        std::find_if(all->begin(), all->end(), [&](auto const &each) { return each.name == key; });
    return found == all->end() ? nullptr : &found->content;
}

value const *value::follow(std::initializer_list<std::string_view> path) const
{
    auto const *at = this;
    for (auto const key : path) {
        at = at == nullptr ? nullptr : at->find(key);
    }
    return at;
}

value parse(std::string_view text)
{
    return parser{text}.whole();
}

} // namespace pgtend::json

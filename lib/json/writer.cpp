// SPDX-License-Identifier: Apache-2.0
#include "json/writer.hpp"

#include <charconv>
#include <cmath>
#include <stdexcept>

namespace pgtend::json {
namespace {

// Length of the valid UTF-8 sequence at `at`, 0 when there is none (RFC 3629: no surrogates, no
// overlong forms).
std::size_t sequence_length(std::string_view text, std::size_t at)
{
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
    auto const follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
        return at + i < text.size() && byte(i) >= low && byte(i) <= high;
    };
    unsigned const first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        return follows(1) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        return follows(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf) && follows(2)
                   ? 3
                   : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        return follows(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf) && follows(2) &&
                       follows(3)
                   ? 4
                   : 0;
    }
    return 0;
}

} // namespace

std::string quote(std::string_view text)
{
    static constexpr char hex[] = "0123456789abcdef";
    std::string out = "\"";
    for (std::size_t i = 0; i < text.size();) {
        auto const length = sequence_length(text, i);
        if (length == 0) {
            out += "\xef\xbf\xbd"; // U+FFFD
            ++i;
            continue;
        }
        auto const c = static_cast<unsigned char>(text[i]);
        if (length > 1) {
            out += text.substr(i, length);
        } else if (c == '"' || c == '\\') {
            out += '\\';
            out += text[i];
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c < 0x20 || c == 0x7f) {
            out += "\\u00";
            out += hex[c >> 4];
            out += hex[c & 15];
        } else {
            out += text[i];
        }
        i += length;
    }
    return out + '"';
}

void writer::line()
{
    if (indent_ > 0) {
        out_ += '\n';
        out_.append(first_.size() * static_cast<std::size_t>(indent_), ' ');
    }
}

void writer::separate()
{
    if (after_key_) {
        after_key_ = false;
        return;
    }
    if (first_.empty()) {
        return;
    }
    if (!first_.back()) {
        out_ += ',';
    }
    first_.back() = false;
    line();
}

writer &writer::begin_object()
{
    separate();
    out_ += '{';
    first_.push_back(true);
    return *this;
}

writer &writer::begin_array()
{
    separate();
    out_ += '[';
    first_.push_back(true);
    return *this;
}

writer &writer::end_object()
{
    bool const empty = first_.back();
    first_.pop_back();
    if (!empty) {
        line();
    }
    out_ += '}';
    return *this;
}

writer &writer::end_array()
{
    bool const empty = first_.back();
    first_.pop_back();
    if (!empty) {
        line();
    }
    out_ += ']';
    return *this;
}

writer &writer::key(std::string_view name)
{
    separate();
    out_ += quote(name);
    out_ += indent_ > 0 ? ": " : ":";
    after_key_ = true;
    return *this;
}

writer &writer::string(std::string_view text)
{
    separate();
    out_ += quote(text);
    return *this;
}

writer &writer::number(long long value)
{
    separate();
    out_ += std::to_string(value);
    return *this;
}

writer &writer::number(double value)
{
    if (!std::isfinite(value)) {
        return null();
    }
    separate();
    char buffer[32];
    auto const [end, problem] = std::to_chars(buffer, buffer + sizeof buffer, value);
    out_.append(buffer, end);
    return *this;
}

writer &writer::boolean(bool value)
{
    separate();
    out_ += value ? "true" : "false";
    return *this;
}

writer &writer::null()
{
    separate();
    out_ += "null";
    return *this;
}

std::string writer::text() const
{
    if (!first_.empty() || after_key_) {
        throw std::logic_error{"unbalanced JSON"};
    }
    return out_;
}

} // namespace pgtend::json

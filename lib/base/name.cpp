// SPDX-License-Identifier: Apache-2.0
#include "base/name.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend {
namespace {

constexpr std::size_t longest_identifier = 63; // NAMEDATALEN - 1

bool starts_identifier(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool continues_identifier(char c)
{
    return starts_identifier(c) || (c >= '0' && c <= '9') || c == '$';
}

[[noreturn]] void refuse(std::string_view text, std::string const &why, std::string hint)
{
    throw error{"'" + printable(text) + "' is not a valid name: " + why, std::move(hint)};
}

// Reads one identifier at `at` and moves past it.
std::string identifier_at(std::string_view text, std::size_t &at)
{
    std::string part;
    if (at < text.size() && text[at] == '"') {
        for (++at;; ++at) {
            if (at >= text.size()) {
                refuse(text, "a quote is not closed",
                       "write \"Name\", with a quote inside doubled");
            }
            if (text[at] == '"' && (at + 1 >= text.size() || text[++at] != '"')) {
                at += at < text.size() && text[at] == '"' ? 1 : 0;
                break;
            }
            part += text[at];
        }
    } else {
        if (at < text.size() && !starts_identifier(text[at])) {
            refuse(text, "it starts with '" + printable(text.substr(at, 1)) + "'",
                   "quote it: \"name\"");
        }
        for (; at < text.size() && continues_identifier(text[at]); ++at) {
            part += text[at] >= 'A' && text[at] <= 'Z' ? static_cast<char>(text[at] - 'A' + 'a')
                                                       : text[at];
        }
    }
    if (part.empty()) {
        refuse(text, "a part of it is empty", "write table or schema.table");
    }
    if (part.size() > longest_identifier) {
        refuse(text, "a part of it has " + std::to_string(part.size()) + " bytes",
               "PostgreSQL's names have at most 63 bytes");
    }
    if (part.find('\0') != std::string::npos || !valid_utf8(part)) {
        refuse(text, "it has a NUL byte or is not UTF-8", "write the name in UTF-8");
    }
    return part;
}

} // namespace

std::string parse_identifier(std::string_view text)
{
    std::size_t at = 0;
    auto out = identifier_at(text, at);
    if (at != text.size()) {
        refuse(text, "something follows the name",
               "quote it when it has other characters: \"name\"");
    }
    return out;
}

qualified_name parse_qualified_name(std::string_view text)
{
    std::size_t at = 0;
    auto first = identifier_at(text, at);
    if (at == text.size()) {
        return {{}, std::move(first)};
    }
    if (text[at] != '.') {
        refuse(text, "something follows the name",
               "write table or schema.table; quote other characters: \"name\"");
    }
    ++at;
    auto second = identifier_at(text, at);
    if (at != text.size()) {
        refuse(text, "it has more than two parts", "write table or schema.table");
    }
    return {std::move(first), std::move(second)};
}

std::string display_identifier(std::string_view name)
{
    bool plain = !name.empty() && ((name[0] >= 'a' && name[0] <= 'z') || name[0] == '_');
    for (char const c : name) {
        plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '$');
    }
    if (plain) {
        return std::string{name};
    }
    return '"' + printable(replace_all(std::string{name}, "\"", "\"\"")) + '"';
}

std::string display(qualified_name const &name)
{
    auto const relation = display_identifier(name.name);
    return name.schema.empty() ? relation : display_identifier(name.schema) + "." + relation;
}

std::string quote_ident(std::string_view name)
{
    auto const refuse = [&](std::string const &why, std::string hint) {
        throw error{"'" + printable(name) + "' cannot name anything: " + why, std::move(hint)};
    };
    if (name.empty()) {
        refuse("it is empty", {});
    }
    if (name.find('\0') != std::string_view::npos || !valid_utf8(name)) {
        refuse("it has a NUL byte or is not UTF-8", {});
    }
    if (name.size() > longest_identifier) {
        refuse("it has " + std::to_string(name.size()) + " bytes",
               "PostgreSQL keeps 63 bytes of a name and cuts the rest; choose a shorter one");
    }
    return '"' + replace_all(std::string{name}, "\"", "\"\"") + '"';
}

std::string quote(qualified_name const &name)
{
    auto const relation = quote_ident(name.name);
    return name.schema.empty() ? relation : quote_ident(name.schema) + "." + relation;
}

} // namespace pgtend

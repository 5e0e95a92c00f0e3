// SPDX-License-Identifier: Apache-2.0
#include "base/rows.hpp"

#include <charconv>
#include <stdexcept>

#include "base/error.hpp"

namespace pgtend {

rows::rows(std::vector<std::string> names, std::vector<param> cells, std::size_t count,
           long long affected)
    : names_{std::move(names)}, count_{count}, affected_{affected}
{
    auto const owner = std::make_shared<std::vector<param> const>(std::move(cells));
    cells_.assign(owner->begin(), owner->end());
    owner_ = owner;
}

std::size_t rows::column(std::string_view name) const
{
    for (std::size_t i = 0; i < names_.size(); ++i) {
        if (names_[i] == name) {
            return i;
        }
    }
    throw error{"the result has no column named '" + std::string{name} + "'"};
}

rows::cell rows::at(std::size_t row, std::size_t column) const &
{
    if (column >= width()) {
        throw std::out_of_range{"column " + std::to_string(column) + " of a result with " +
                                std::to_string(width())};
    }
    return cells_.at(row * width() + column);
}

namespace {

template <class Number> Number convert(rows::cell const &from)
{
    Number value{};
    if (!from) {
        return value;
    }
    auto const *end = from->data() + from->size();
    auto const [at, problem] = std::from_chars(from->data(), end, value);
    if (problem != std::errc{} || at != end) {
        throw error{"'" + std::string{*from} + "' is not a number"};
    }
    return value;
}

} // namespace

long long rows::integer(std::size_t row, std::size_t column) const
{
    return convert<long long>(at(row, column));
}

double rows::real(std::size_t row, std::size_t column) const
{
    return convert<double>(at(row, column));
}

std::string array_literal(std::vector<param> const &elements)
{
    std::string out = "{";
    for (auto const &element : elements) {
        if (out.size() > 1) {
            out += ',';
        }
        if (!element) {
            out += "NULL";
            continue;
        }
        out += '"';
        for (char const c : *element) {
            if (c == '"' || c == '\\') {
                out += '\\';
            }
            out += c;
        }
        out += '"';
    }
    return out + "}";
}

std::vector<param> parse_array(std::string_view literal)
{
    auto const malformed = [&] {
        return error{"'" + std::string{literal} + "' is not a one-dimensional array"};
    };
    if (literal.size() < 2 || literal.front() != '{' || literal.back() != '}') {
        throw malformed();
    }
    std::vector<param> out;
    auto const body = literal.substr(1, literal.size() - 2);
    std::size_t i = 0;
    while (i < body.size()) {
        std::string element;
        bool const quoted = body[i] == '"';
        if (quoted) {
            for (++i; i < body.size() && body[i] != '"'; ++i) {
                if (body[i] == '\\' && ++i == body.size()) {
                    throw malformed();
                }
                element += body[i];
            }
            if (i++ == body.size()) {
                throw malformed();
            }
        } else {
            for (; i < body.size() && body[i] != ','; ++i) {
                if (body[i] == '{' || body[i] == '}' || body[i] == '"') {
                    throw malformed();
                }
                element += body[i];
            }
            if (element.empty()) {
                throw malformed();
            }
        }
        out.push_back(!quoted && element == "NULL" ? param{} : param{element});
        if (i < body.size() && (body[i++] != ',' || i == body.size())) {
            throw malformed();
        }
    }
    return out;
}

} // namespace pgtend

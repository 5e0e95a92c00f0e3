// SPDX-License-Identifier: Apache-2.0
#include "catalog/bound.hpp"

namespace pgtend::catalog {
namespace {

bool skip(std::string_view &rest, std::string_view word)
{
    if (!rest.starts_with(word)) {
        return false;
    }
    rest.remove_prefix(word.size());
    return true;
}

// A literal, a number, or `unbounded` (MINVALUE or MAXVALUE, which become NULL).
bool take_value(std::string_view &rest, std::string_view unbounded, param &into)
{
    if (skip(rest, unbounded)) {
        into.reset();
        return true;
    }
    if (!skip(rest, "'")) {
        auto const end = rest.find_first_of(",)");
        if (end == 0 || end == std::string_view::npos) {
            return false;
        }
        into = std::string{rest.substr(0, end)};
        rest.remove_prefix(end);
        return true;
    }
    std::string value;
    for (;;) {
        auto const quote = rest.find('\'');
        if (quote == std::string_view::npos) {
            return false;
        }
        value += rest.substr(0, quote);
        rest.remove_prefix(quote + 1);
        if (!skip(rest, "'")) {
            into = std::move(value);
            return true;
        }
        value += '\'';
    }
}

} // namespace

void read_bound(std::string_view text, attached_partition &into)
{
    into.is_default = text == "DEFAULT";
    param from, to;
    if (skip(text, "FOR VALUES FROM (") && take_value(text, "MINVALUE", from) &&
        skip(text, ") TO (") && take_value(text, "MAXVALUE", to) && text == ")") {
        into.from = std::move(from);
        into.to = std::move(to);
    }
}

} // namespace pgtend::catalog

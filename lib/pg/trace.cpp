// SPDX-License-Identifier: Apache-2.0
#include "pg/trace.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/secrets.hpp"
#include "base/text.hpp"

namespace pgtend::pg {
namespace {

// The end of what begins at `at` and has to stay as it is, or `at`.
std::size_t end_of_quoted(std::string_view sql, std::size_t at)
{
    char const quote = sql[at];
    if (quote == '\'' || quote == '"') {
        bool const escapes = quote == '\'' && at > 0 && (sql[at - 1] == 'E' || sql[at - 1] == 'e');
        for (auto i = at + 1; i < sql.size(); ++i) {
            if (sql[i] == '\\' && escapes) {
                ++i;
            } else if (sql[i] == quote) {
                return i + 1; // a doubled one begins the next part
            }
        }
        return sql.size();
    }
    if (quote == '$') {
        auto const end = sql.find('$', at + 1);
        auto const tag = sql.substr(at, end == sql.npos ? 1 : end - at + 1);
        bool const parameter = tag.size() > 1 && tag[1] >= '0' && tag[1] <= '9';
        bool const name = tag.size() > 1 && std::none_of(tag.begin(), tag.end(), [](char c) {
                              return is_blank(c) || c == ',' || c == ')';
                          });
        if (name && !parameter) {
            auto const close = sql.find(tag, at + tag.size());
            return close == sql.npos ? sql.size() : close + tag.size();
        }
    }
    return at;
}

// The end of a comment that begins at `at`, or `at`.
std::size_t end_of_comment(std::string_view sql, std::size_t at)
{
    auto const two = sql.substr(at, 2);
    if (two == "--") {
        return std::min(sql.find('\n', at), sql.size());
    }
    if (two != "/*") {
        return at;
    }
    int depth = 0;
    for (; at < sql.size(); ++at) {
        if (sql.substr(at, 2) == "/*") {
            ++depth, ++at;
        } else if (sql.substr(at, 2) == "*/") {
            ++at;
            if (--depth == 0) {
                return at + 1;
            }
        }
    }
    return sql.size();
}

double in_milliseconds(microseconds span)
{
    return static_cast<double>(span.count()) / 1e3;
}

} // namespace

std::string one_line(std::string_view sql)
{
    std::string out;
    bool apart = false;
    auto const put = [&](std::string_view part) {
        out += apart && !out.empty() ? " " : "";
        out += part;
        apart = false;
    };
    for (std::size_t at = 0; at < sql.size();) {
        if (auto const end = end_of_quoted(sql, at); end > at) {
            put(sql.substr(at, end - at));
            at = end;
        } else if (auto const after = end_of_comment(sql, at); after > at || is_blank(sql[at])) {
            apart = true;
            at = std::max(after, at + 1);
        } else {
            put(sql.substr(at++, 1));
        }
    }
    return without_secrets(out);
}

void trace(int backend, microseconds took, long long rows, std::string_view sql)
{
    log::debug("[{}] {:.1f} ms, {} {}: {}", backend, in_milliseconds(took), rows,
               rows == 1 ? "row" : "rows", one_line(sql));
}

void trace_failure(int backend, microseconds took, std::string_view sqlstate, std::string_view sql)
{
    log::debug("[{}] {:.1f} ms, failed{}: {}", backend, in_milliseconds(took),
               sqlstate.empty() ? std::string{} : " with " + std::string{sqlstate}, one_line(sql));
}

} // namespace pgtend::pg

// SPDX-License-Identifier: Apache-2.0
#include "base/secrets.hpp"

#include <cstring>
#include <strings.h>

namespace pgtend {
namespace {

void wipe(char *from, char const *to) noexcept
{
    for (; from != to; ++from) {
        *from = 'x';
    }
}

// conninfo: the value runs to a blank, or to the closing quote, which SQL doubles within a literal.
// URI query: to '&'.
char *end_of_value(char *value) noexcept
{
    bool const doubled = std::strncmp(value, "''", 2) == 0 && value[2] != '\0' && value[2] != ' ';
    if (doubled) { // a conninfo within a literal of SQL
        char *close = std::strstr(value + 2, "''");
        return close != nullptr ? close : value + std::strlen(value);
    }
    if (*value == '\'') {
        for (++value; *value != '\0' && (*value != '\'' || value[1] == '\''); ++value) {
            value += (*value == '\\' || *value == '\'') && value[1] != '\0' ? 1 : 0;
        }
        return value;
    }
    while (*value != '\0' && *value != ' ' && *value != '\t' && *value != '\n' && *value != '&') {
        value += *value == '\\' && value[1] != '\0' ? 2 : 1;
    }
    return value;
}

char *skip_blanks(char *at) noexcept
{
    return at + std::strspn(at, " \t\r\n");
}

// Where the value begins behind the word; null when there is none.
char *value_behind(char *word) noexcept
{
    char *at = skip_blanks(word);
    bool const assigned = *at == '=';
    if (assigned) {
        at = skip_blanks(at + 1);
    }
    char *literal = at + std::strspn(at, "eEnNuU&"); // E'...' and the like
    if (*literal == '\'') {
        return literal;
    }
    return assigned || (*at == '$' && at != word) ? at : nullptr;
}

void wipe_user_part(char *scheme) noexcept
{
    char *user = scheme + 3;
    char *path = user + std::strcspn(user, "/?");
    // The last '@' before the path: a password may hold one that is not percent-encoded.
    char *at = nullptr;
    for (char *c = user; c != path; ++c) {
        at = *c == '@' ? c : at;
    }
    if (at == nullptr) {
        return;
    }
    auto *colon = static_cast<char *>(std::memchr(user, ':', static_cast<std::size_t>(at - user)));
    if (colon != nullptr) {
        wipe(colon + 1, at);
    }
}

} // namespace

void wipe_secrets(char *text) noexcept
{
    for (char *at = text; *at != '\0'; ++at) {
        if (strncasecmp(at, "password", 8) == 0) {
            if (char *value = value_behind(at + 8)) {
                wipe(value + (*value == '\'' ? 1 : 0), end_of_value(value));
            }
        } else if (std::strncmp(at, "://", 3) == 0) {
            wipe_user_part(at);
        }
    }
}

std::string without_secrets(std::string_view text)
{
    std::string out{text};
    wipe_secrets(out.data());
    return out;
}

} // namespace pgtend

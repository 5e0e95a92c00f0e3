// SPDX-License-Identifier: Apache-2.0
#include "tools/secrets.hpp"

#include <cstring>
#include <strings.h>

namespace pgtend::tools {
namespace {

void wipe(char *from, char const *to) noexcept
{
    for (; from != to; ++from) {
        *from = 'x';
    }
}

// conninfo: the value runs to a blank, or to the closing quote. URI query: to '&'.
char *end_of_value(char *value) noexcept
{
    if (*value == '\'') {
        for (++value; *value != '\0' && *value != '\''; ++value) {
            value += *value == '\\' && value[1] != '\0' ? 1 : 0;
        }
        return value;
    }
    while (*value != '\0' && *value != ' ' && *value != '\t' && *value != '&') {
        value += *value == '\\' && value[1] != '\0' ? 2 : 1;
    }
    return value;
}

} // namespace

void wipe_secrets(char *argument) noexcept
{
    for (char *at = argument; *at != '\0'; ++at) {
        if (strncasecmp(at, "password", 8) != 0) {
            continue;
        }
        char *value = at + 8;
        while (*value == ' ' || *value == '\t') {
            ++value;
        }
        if (*value != '=') {
            continue;
        }
        do {
            ++value;
        } while (*value == ' ' || *value == '\t');
        wipe(value + (*value == '\'' ? 1 : 0), end_of_value(value));
    }
    char *scheme = std::strstr(argument, "://");
    if (scheme == nullptr) {
        return;
    }
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

} // namespace pgtend::tools

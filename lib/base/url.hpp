// SPDX-License-Identifier: Apache-2.0
// Addresses as people write them.
#pragma once
#include <string>
#include <string_view>

namespace pgtend {

struct url {
    std::string scheme;         // lower case
    std::string user, password; // percent-decoded; empty: not given
    std::string host;           // lower case, of IPv6 in its brackets
    int port = 0;
    std::string path; // with the query, as written; "/" when there is none
};

// scheme://[user[:password]@]host[:port][/path][?query], of http, https, redis, rediss. Throws
// error with a hint; no message repeats the text, which may hold a password.
url parse_url(std::string_view text);

// A host alone, as an address has it: one of IPv6 may be written without its brackets, and gets
// them. Throws error with a hint, which does not repeat the text.
std::string parse_host(std::string_view text);

// For people: without user, password and query, and without a port that is the scheme's own.
std::string display(url const &u);

} // namespace pgtend

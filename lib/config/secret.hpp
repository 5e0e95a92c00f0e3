// SPDX-License-Identifier: Apache-2.0
// ${VAR} in a target's values, and passwords that stand in the file itself. No message of this
// module repeats a value.
#pragma once
#include <string>
#include <string_view>

#include "config/load.hpp"

namespace pgtend::config {

// The text with each ${VAR} replaced by that environment variable, and $${ by ${. A dollar sign
// before anything else is itself. Throws error with a hint, naming the variable: not set, empty, a
// malformed reference. Values are not looked into again.
std::string expand(std::string_view text, load_options const &options);

// The same for scheme://..., in whose user and password part a value with one of @ / ? # or a blank
// is refused, because it would have to be percent-encoded.
std::string expand_address(std::string_view text, load_options const &options);

// The same for a conninfo string or a URI. In a conninfo string a variable that stands behind
// `key=` is one value, and is escaped so; elsewhere it may be several settings, or the whole
// string.
std::string expand_conninfo(std::string_view text, load_options const &options);

// Whether an address, before variables are replaced, holds a password of which any character is
// written out.
bool password_in_address(std::string_view text);

// A conninfo string or URI, before variables are replaced, by libpq's grammar (fe-connect.c,
// conninfo_parse and conninfo_uri_parse_options).
struct conninfo_facts {
    // It holds a password (`password`, `sslpassword`, `oauth_client_secret`, or one in a URI) of
    // which any character is written out.
    bool password = false;
    bool malformed = false; // not key=value; URIs are left to libpq
};
conninfo_facts look_at_conninfo(std::string_view text);

} // namespace pgtend::config

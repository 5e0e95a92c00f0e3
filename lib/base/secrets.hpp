// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace pgtend {

// Overwrites in place, with 'x', what looks like a password in a text: the value of password= and
// sslpassword= in a conninfo, the literal behind PASSWORD in SQL, and what stands between the last
// ':' and the '@' of a URI's user part. For argv, which everybody may read. Rather too much than
// too little.
void wipe_secrets(char *text) noexcept;

// The same for a text that is shown.
std::string without_secrets(std::string_view text);

} // namespace pgtend

// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pgtend::tools {

// Overwrites in place, with 'x', what looks like a password in one argument: the value of password=
// and sslpassword= in a conninfo, and what stands between the last ':' and the '@' of a URI's user
// part. For argv, which everybody may read.
void wipe_secrets(char *argument) noexcept;

} // namespace pgtend::tools

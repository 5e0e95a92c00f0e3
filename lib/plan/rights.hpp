// SPDX-License-Identifier: Apache-2.0
// What gives a role the right to work on something that belongs to another one.
#pragma once
#include <string>
#include <string_view>

#include "base/name.hpp"

namespace pgtend::plan {

struct belonging {
    std::string_view kind; // as ALTER calls it: "TABLE", "MATERIALIZED VIEW"
    qualified_name object;
    std::string owner;
    bool to_superuser = false; // the owner is one
};

// `GRANT "owner" TO "role", or run as owner`. Whoever is granted a superuser is one, too: then the
// object is to change hands instead.
std::string owner_right(belonging const &what, std::string_view role);

// From PostgreSQL 17 on `GRANT MAINTAIN ON ... TO "role"`, before owner_right().
std::string maintain_right(belonging const &what, std::string_view role, int server_version);

} // namespace pgtend::plan

// SPDX-License-Identifier: Apache-2.0
#include "plan/rights.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "plan/statement.hpp"

namespace pgtend::plan {

std::string owner_right(belonging const &what, std::string_view role)
{
    auto const as = display_identifier(what.owner);
    return what.to_superuser ? fmt::format("ALTER {} {} OWNER TO {}, or run as {}", what.kind,
                                           quote(what.object), quote_ident(role), as)
                             : fmt::format("GRANT {} TO {}, or run as {}", quote_ident(what.owner),
                                           quote_ident(role), as);
}

std::string maintain_right(belonging const &what, std::string_view role, int server_version)
{
    return server_version >= 170000
               ? fmt::format("GRANT MAINTAIN ON {} TO {}", quote(what.object), quote_ident(role))
               : owner_right(what, role);
}

} // namespace pgtend::plan

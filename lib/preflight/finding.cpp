// SPDX-License-Identifier: Apache-2.0
#include "preflight/finding.hpp"

#include <array>

namespace pgtend::preflight {
namespace {

constexpr std::array all{kind::statement,   kind::privilege,  kind::policy,     kind::refused,
                         kind::transaction, kind::obstacle,   kind::may_refuse, kind::trigger,
                         kind::cascade,     kind::index,      kind::twice,      kind::readers,
                         kind::never,       kind::multiplied, kind::hidden};

} // namespace

std::span<kind const> kinds()
{
    return all;
}

std::string_view name(severity s)
{
    return s == severity::error ? "error" : s == severity::warning ? "warning" : "info";
}

std::string_view name(kind k)
{
    switch (k) {
    case kind::statement:
        return "statement";
    case kind::privilege:
        return "privilege";
    case kind::policy:
        return "policy";
    case kind::refused:
        return "refused";
    case kind::transaction:
        return "transaction";
    case kind::obstacle:
        return "obstacle";
    case kind::may_refuse:
        return "may_refuse";
    case kind::trigger:
        return "trigger";
    case kind::cascade:
        return "cascade";
    case kind::index:
        return "index";
    case kind::twice:
        return "twice";
    case kind::readers:
        return "readers";
    case kind::never:
        return "never";
    case kind::multiplied:
        return "multiplied";
    case kind::hidden:
        break;
    }
    return "hidden";
}

severity severity_of(kind k)
{
    switch (k) {
    case kind::statement:
    case kind::privilege:
    case kind::policy:
    case kind::refused:
    case kind::transaction:
    case kind::obstacle:
        return severity::error;
    case kind::may_refuse:
    case kind::trigger:
    case kind::cascade:
    case kind::index:
    case kind::twice:
    case kind::readers:
        return severity::warning;
    case kind::never:
    case kind::multiplied:
    case kind::hidden:
        break;
    }
    return severity::info;
}

} // namespace pgtend::preflight

// SPDX-License-Identifier: Apache-2.0
#include "model/action.hpp"

namespace pgtend::model {
namespace {

template <class... Cases> struct overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases> overloaded(Cases...) -> overloaded<Cases...>;

} // namespace

std::string_view kind(action const &what)
{
    return std::visit(overloaded{
                          [](refresh_action const &) { return "refresh"; },
                          [](cleanup_action const &) { return "cleanup"; },
                          [](expire_action const &) { return "expire"; },
                          [](vacuum_action const &v) { return v.vacuum ? "vacuum" : "analyze"; },
                          [](partition_action const &) { return "partition"; },
                          [](index_action const &) { return "index"; },
                          [](sql_action const &) { return "sql"; },
                          [](watch_action const &) { return "watch"; },
                          [](check_action const &) { return "check"; },
                      },
                      what);
}

bool idempotent(action const &what)
{
    auto const *sql = std::get_if<sql_action>(&what);
    return sql == nullptr || sql->idempotent;
}

} // namespace pgtend::model

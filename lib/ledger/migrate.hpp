// SPDX-License-Identifier: Apache-2.0
// What init() does, with the list of migrations as a parameter, so that upgrades are tested.
// Internal to the module.
#pragma once
#include <span>

#include "ledger/call.hpp"
#include "ledger/init.hpp"

namespace pgtend::ledger {

init_result migrate(pg::session &s, std::span<migration const> list, init_options const &options,
                    clock &time, random_source const &random);

} // namespace pgtend::ledger

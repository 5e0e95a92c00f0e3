// SPDX-License-Identifier: Apache-2.0
// Why a storage parameter cannot be changed, in words. Internal to the module.
#pragma once
#include <optional>
#include <span>
#include <string>

#include "base/error.hpp"
#include "catalog/snapshot/vacuum.hpp"
#include "model/storage_parameter.hpp"
#include "plan/plan.hpp"

namespace pgtend::vacuum {

// A refused step for each of these names, which `all` was asked for, that is no table, or is gone.
void refuse_unusable(catalog::vacuum_snapshot const &all, std::span<catalog::lookup const> asked,
                     std::string const &verb, plan::plan &out);

// Nothing: the role may, and there is a ledger that it may use.
std::optional<error> obstacle(catalog::vacuum_table const &table,
                              catalog::vacuum_snapshot const &all,
                              model::parameter_ledger const &ledger);

// "public.orders: fillfactor is 70, changed by somebody since pgtend set it to 80 (before: not
// set): left alone"
std::string changed_since(catalog::vacuum_table const &table, model::saved_parameter const &saved,
                          std::optional<std::string> const &present);

} // namespace pgtend::vacuum

// SPDX-License-Identifier: Apache-2.0
// Part of validate(). Internal to the module.
#pragma once
#include <vector>

#include "model/configuration.hpp"

namespace pgtend::model {

// Notes each storage parameter that two places declare for one table: one of them would win.
void check_parameters_declared_once(configuration const &all, std::vector<diagnostic> &out);

} // namespace pgtend::model

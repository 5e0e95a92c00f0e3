// SPDX-License-Identifier: Apache-2.0
// What a job does, in one line of plain English.
#pragma once
#include <string>

#include "model/action.hpp"

namespace pgtend::jobs {

// "deletes rows of public.sessions where seen_at < now() - interval '7 days'". One line; long
// conditions and SQL are cut in the middle.
std::string in_words(model::action const &what);

} // namespace pgtend::jobs

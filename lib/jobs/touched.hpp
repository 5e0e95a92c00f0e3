// SPDX-License-Identifier: Apache-2.0
// Which tables a job works on, as far as the file tells: two jobs that share one get into each
// other's way. Pure.
#pragma once
#include <vector>

#include "model/configuration.hpp"

namespace pgtend::jobs {

struct touched {
    // Sorted, each once. A name without a schema counts as one of `public`.
    std::vector<qualified_name> tables;
    // Free SQL, or "every table that is due": there may be others.
    bool unknown = false;
};

// Tables of expire, cleanup, vacuum and analyze; materialized views of refresh; of partition
// and index those that they name, else all that the file declares; the table that a watch inserts
// into.
touched touched_by(model::action const &what, model::configuration const &all);

} // namespace pgtend::jobs

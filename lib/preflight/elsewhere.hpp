// SPDX-License-Identifier: Apache-2.0
// The same work in other schedulers: pg_cron and pg_partman.
#pragma once
#include "model/configuration.hpp"
#include "preflight/asking.hpp"
#include "preflight/outbox.hpp"

namespace pgtend::preflight {

// Throws what ends the session.
void read_elsewhere(asking &with, model::configuration const &all, outbox &out);

} // namespace pgtend::preflight

// SPDX-License-Identifier: Apache-2.0
// The keys that say how a run behaves. They stand in `defaults:`, and again in each job that wants
// it otherwise.
#pragma once
#include "config/reader.hpp"
#include "model/job.hpp"

namespace pgtend::config {

// Each changes what its key says, and leaves the rest as `defaults:` has it.
void read_lock(reader &r, node const &n, model::run_policy &out);
void read_retry(reader &r, node const &n, model::run_policy &out);
void read_breaker(reader &r, node const &n, model::run_policy &out); // a map, or true or false
void read_timeout(reader &r, node const &n,
                  model::run_policy &out); // takes an inherited window away
void read_window(reader &r, node const &n, model::run_policy &out);
void read_missed(reader &r, node const &n, model::run_policy &out);
void read_max_age(reader &r, node const &n, model::run_policy &out);
void read_overlap(reader &r, node const &n, model::run_policy &out);
void read_search_path(reader &r, node const &n, model::run_policy &out);
void read_row_security(reader &r, node const &n, model::run_policy &out);
void read_role(reader &r, node const &n, model::run_policy &out);

// Notes what two keys of one map say against each other.
void check_run_policy(reader &r, node const &map);

// `defaults:`
void read_defaults(reader &r, node const &n, model::run_policy &out);

} // namespace pgtend::config

// SPDX-License-Identifier: Apache-2.0
// What a job does: one function a kind, named as its key in the file.
#pragma once
#include "config/reader.hpp"
#include "model/action.hpp"

namespace pgtend::config {

void read_refresh(reader &r, node const &n, model::action &out);
void read_cleanup(reader &r, node const &n, model::action &out);
void read_expire(reader &r, node const &n, model::action &out);
void read_vacuum(reader &r, node const &n, model::action &out);
void read_analyze(reader &r, node const &n, model::action &out);
void read_partition(reader &r, node const &n, model::action &out);
void read_index(reader &r, node const &n, model::action &out);
void read_sql(reader &r, node const &n,
              model::action &out); // reads `file:` beside the file, and checks who may write it
void read_watch(reader &r, node const &n, model::action &out);
void read_check(reader &r, node const &n, model::action &out);

} // namespace pgtend::config

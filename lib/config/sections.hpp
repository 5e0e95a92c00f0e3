// SPDX-License-Identifier: Apache-2.0
// The lists and maps of the top level, each of which one file or several fill.
#pragma once
#include "config/reader.hpp"
#include "model/configuration.hpp"

namespace pgtend::config {

// Each adds to `all` what it read, also what is wrong in part: as a job or policy that has its name
// and position and is harmless otherwise, so that what refers to it is not reported as well.

// `defaults` and `time_zone` of `all` are those of the main file, already read.
void read_jobs(reader &r, node const &n, model::configuration &all);
void read_partitions(reader &r, node const &n, model::configuration &all);
void read_autovacuum(reader &r, node const &n, model::configuration &all);
void read_indexes(reader &r, node const &n, model::configuration &all);
void read_matviews(reader &r, node const &n, model::configuration &all);
void read_checks(reader &r, node const &n, model::configuration &all);

// `private_file`: nobody but its owner may read or write the file, which then may hold passwords.
// Otherwise they are refused. `mode` is for that message.
struct file_secrecy {
    bool private_file = true;
    unsigned mode = 0600;
};
void read_probes(reader &r, node const &n, file_secrecy const &file, model::configuration &all);
void read_attestations(reader &r, node const &n, model::configuration &all);
// What they measure by are the probes of `all`, already read.
void read_objectives(reader &r, node const &n, model::configuration &all);
void read_targets(reader &r, node const &n, file_secrecy const &file, model::configuration &all);

} // namespace pgtend::config

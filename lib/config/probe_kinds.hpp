// SPDX-License-Identifier: Apache-2.0
// What stands below the key of each kind of probe.
#pragma once
#include "config/reader.hpp"
#include "config/sections.hpp"
#include "model/probe.hpp"

namespace pgtend::config {

// Of a file that others may read, secrets that are written out are refused.
void read_http(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out);
void read_tcp(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out);
void read_tls(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out);
void read_redis(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out);
void read_rate_limit(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out);

// Those that look at a file, or at PgBouncer or Prometheus.
void read_k6(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out);
void read_pgbench(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out);
void read_log(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out);
void read_pgbouncer(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out);
void read_prometheus(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out);

// What they share.

// A text whose variables are replaced when the probe runs; a secret of which a character is written
// out is refused unless the file is private; of a credential one word before a blank may be:
// "Bearer ${TOKEN}".
enum class secrecy { open, secret, credential };
bool read_variable_text(reader &r, node const &n, secrecy s, file_secrecy const &file,
                        std::string &out);
// An address with one of these schemes; with variables it is looked at when the probe runs.
void read_url(reader &r, node const &n, std::string_view schemes, file_secrecy const &file,
              std::string &out);
// A file's path, relative to the folder of this one.
void read_path(reader &r, node const &n, std::string &out);
// The same, or one that begins with a variable, which has to say an absolute one when the probe
// runs.
void read_variable_path(reader &r, node const &n, std::string &out);
void read_headers(reader &r, node const &n, file_secrecy const &file, model::header_texts &out);
void read_statuses(reader &r, node const &n, std::vector<int> &out);
void read_texts(reader &r, node const &n, std::vector<std::string> &out);

// What a map of keys fills.
template <class Kind> struct kind_parts {
    Kind kind;
    file_secrecy const *file;
};

} // namespace pgtend::config

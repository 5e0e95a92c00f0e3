// SPDX-License-Identifier: Apache-2.0
// The kinds that look at a file, at PgBouncer or at Prometheus.
#include "config/probe_kinds.hpp"
#include "config/secret.hpp"

namespace pgtend::config {
namespace {

using days = std::chrono::duration<int, std::ratio<86'400>>;
constexpr microseconds longest = days{3650};
constexpr microseconds usual_age = days{90};

template <class Summary>
void read_summary(reader &r, node const &n, std::string_view what, model::probe_kind &out)
{
    static constexpr std::array<map_key<Summary>, 2> keys{{
        {"file", [](reader &in, node const &v, Summary &s) { read_variable_path(in, v, s.file); },
         true},
        {"max_age", [](reader &in, node const &v,
                       Summary &s) { in.duration(v, s.max_age, seconds{1}, longest); }},
    }};
    Summary s{.file = {}, .max_age = usual_age};
    read_map(r, n, what, keys, s);
    out = std::move(s);
}

} // namespace

void read_k6(reader &r, node const &n, file_secrecy const & /*file*/, model::probe_kind &out)
{
    read_summary<model::k6_probe>(r, n, "'k6'", out);
}

void read_pgbench(reader &r, node const &n, file_secrecy const & /*file*/, model::probe_kind &out)
{
    read_summary<model::pgbench_probe>(r, n, "'pgbench'", out);
}

void read_log(reader &r, node const &n, file_secrecy const & /*file*/, model::probe_kind &out)
{
    using model::log_probe;
    static constexpr std::array<map_key<log_probe>, 3> keys{{
        {"file", [](reader &in, node const &v, log_probe &p) { read_variable_path(in, v, p.file); },
         true},
        {"line", [](reader &in, node const &v, log_probe &p) { in.text(v, p.line); }, true},
        {"within",
         [](reader &in, node const &v, log_probe &p) {
             in.duration(v, p.within, seconds{1}, longest);
         },
         true},
    }};
    log_probe p;
    read_map(r, n, "'log'", keys, p);
    out = std::move(p);
}

void read_pgbouncer(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out)
{
    using model::pgbouncer_probe;
    using parts = kind_parts<pgbouncer_probe>;
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> modes{
        {{"session", "session"}, {"transaction", "transaction"}, {"statement", "statement"}}};
    static constexpr std::array<map_key<parts>, 2> keys{{
        {"dsn",
         [](reader &in, node const &v, parts &p) {
             std::string written;
             if (!read_variable_text(in, v, secrecy::open, *p.file, written)) {
                 return;
             }
             auto const facts = look_at_conninfo(written);
             if (facts.malformed) {
                 in.error(v, "it is not a connection string",
                          "write \"host=... dbname=pgbouncer\", a URI, or \"${VARIABLE}\"");
             } else if (facts.password && !p.file->private_file) {
                 in.error(v, "it holds a password, and group or others may read or write the file",
                          "chmod 600 it, or write \"${VARIABLE}\"");
             } else {
                 p.kind.dsn = std::move(written);
             }
         },
         true},
        {"pool_mode",
         [](reader &in, node const &v, parts &p) {
             std::string_view chosen;
             if (in.choice(v, chosen, modes)) {
                 p.kind.pool_mode = chosen;
             }
         }},
    }};
    parts p{{}, &file};
    read_map(r, n, "'pgbouncer'", keys, p);
    out = std::move(p.kind);
}

void read_prometheus(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out)
{
    using parts = kind_parts<model::prometheus_probe>;
    static constexpr std::array<map_key<parts>, 7> keys{{
        {"url",
         [](reader &in, node const &v, parts &p) {
             read_url(in, v, "http https", *p.file, p.kind.url);
         },
         true},
        {"query", [](reader &in, node const &v, parts &p) { in.text(v, p.kind.query); }, true},
        {"headers",
         [](reader &in, node const &v, parts &p) { read_headers(in, v, *p.file, p.kind.headers); }},
        {"user",
         [](reader &in, node const &v, parts &p) {
             read_variable_text(in, v, secrecy::open, *p.file, p.kind.as.user);
         }},
        {"password",
         [](reader &in, node const &v, parts &p) {
             read_variable_text(in, v, secrecy::secret, *p.file, p.kind.as.password);
         }},
        {"password_file",
         [](reader &in, node const &v, parts &p) { read_path(in, v, p.kind.as.password_file); }},
        {"ca_file", [](reader &in, node const &v, parts &p) { read_path(in, v, p.kind.ca_file); }},
    }};
    parts p{{}, &file};
    read_map(r, n, "'prometheus'", keys, p);
    out = std::move(p.kind);
}

} // namespace pgtend::config

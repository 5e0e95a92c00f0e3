// SPDX-License-Identifier: Apache-2.0
// The kinds that ask over the network.
#include "config/probe_kinds.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/url.hpp"

namespace pgtend::config {
namespace {

using model::connect_probe;
using model::http_probe;
using model::rate_limit_probe;
using model::rate_tier;
using model::redis_probe;

template <class Kind> using key = map_key<kind_parts<Kind>>;

// Members that several kinds call the same.
template <class Kind>
constexpr key<Kind> ca_file{"ca_file", [](reader &r, node const &n, kind_parts<Kind> &p) {
                                read_path(r, n, p.kind.ca_file);
                            }};
template <class Kind>
constexpr key<Kind> user{"user", [](reader &r, node const &n, kind_parts<Kind> &p) {
                             read_variable_text(r, n, secrecy::open, *p.file, p.kind.as.user);
                         }};
template <class Kind>
constexpr key<Kind> password{"password", [](reader &r, node const &n, kind_parts<Kind> &p) {
                                 read_variable_text(r, n, secrecy::secret, *p.file,
                                                    p.kind.as.password);
                             }};
template <class Kind>
constexpr key<Kind> password_file{"password_file",
                                  [](reader &r, node const &n, kind_parts<Kind> &p) {
                                      read_path(r, n, p.kind.as.password_file);
                                  }};
template <class Kind>
constexpr key<Kind> headers{"headers", [](reader &r, node const &n, kind_parts<Kind> &p) {
                                read_headers(r, n, *p.file, p.kind.headers);
                            }};
template <class Kind>
constexpr key<Kind> http_url{"url",
                             [](reader &r, node const &n, kind_parts<Kind> &p) {
                                 read_url(r, n, "http https", *p.file, p.kind.url);
                             },
                             true};
template <class Kind>
constexpr key<Kind> body{"body", [](reader &r, node const &n, kind_parts<Kind> &p) {
                             read_variable_text(r, n, secrecy::open, *p.file, p.kind.body);
                         }};
template <class Kind>
constexpr key<Kind> method{
    "method", [](reader &r, node const &n, kind_parts<Kind> &p) {
        static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> all{
            {{"GET", "GET"},
             {"HEAD", "HEAD"},
             {"POST", "POST"},
             {"PUT", "PUT"},
             {"PATCH", "PATCH"},
             {"DELETE", "DELETE"}}};
        std::string_view chosen = p.kind.method;
        if (r.choice(n, chosen, all)) {
            p.kind.method = chosen;
        }
    }};

template <class Kind, std::size_t N>
void read_kind(reader &r, node const &n, std::string_view what,
               std::array<key<Kind>, N> const &keys, file_secrecy const &file,
               model::probe_kind &out)
{
    kind_parts<Kind> parts{{}, &file};
    read_map(r, n, what, keys, parts);
    out = std::move(parts.kind);
}

using http_parts = kind_parts<http_probe>;
void read_http_expect(reader &r, node const &n, http_parts &p)
{
    static constexpr std::array<key<http_probe>, 3> keys{{
        {"status",
         [](reader &in, node const &v, http_parts &of) { read_statuses(in, v, of.kind.status); }},
        {"headers",
         [](reader &in, node const &v, http_parts &of) {
             read_headers(in, v, {}, of.kind.expect_headers); // no secrets
         }},
        {"body",
         [](reader &in, node const &v, http_parts &of) { in.text(v, of.kind.expect_body); }},
    }};
    read_map(r, n, "'expect'", keys, p);
}

void read_connection(reader &r, node const &n, bool tls, file_secrecy const &file,
                     model::probe_kind &out)
{
    using parts = kind_parts<connect_probe>;
    static constexpr std::array<key<connect_probe>, 3> keys{{
        {"host",
         [](reader &in, node const &v, parts &p) {
             if (read_variable_text(in, v, secrecy::open, *p.file, p.kind.host) &&
                 p.kind.host.find("${") == std::string::npos) {
                 in.checked(v, [&] { p.kind.host = parse_host(p.kind.host); });
             }
         },
         true},
        {"port", [](reader &in, node const &v, parts &p) { in.integer(v, p.kind.port, 1, 65535); },
         true},
        ca_file<connect_probe>,
    }};
    parts p{{.host = {}, .tls = tls}, &file};
    if (tls) {
        read_map(r, n, "'tls'", keys, p);
    } else {
        read_map(r, n, "'tcp'", std::array{keys[0], keys[1]}, p);
    }
    out = std::move(p.kind);
}

void read_tier(reader &r, node const &n, kind_parts<rate_limit_probe> &all)
{
    using parts = kind_parts<rate_tier>;
    static constexpr std::array<key<rate_tier>, 7> keys{{
        {"name", [](reader &in, node const &v, parts &p) { in.text(v, p.kind.name); }, true},
        {"limit", [](reader &in, node const &v, parts &p) { in.integer(v, p.kind.limit, 1, 1000); },
         true},
        {"over", [](reader &in, node const &v, parts &p) { in.integer(v, p.kind.over, 1, 1000); }},
        headers<rate_tier>,
        user<rate_tier>,
        password<rate_tier>,
        password_file<rate_tier>,
    }};
    parts p{{}, all.file};
    read_map(r, n, "a tier", keys, p);
    if (p.kind.over == 0) {
        p.kind.over = std::max(1, p.kind.limit / 10);
    }
    all.kind.tiers.push_back(std::move(p.kind));
}

} // namespace

void read_http(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out)
{
    static constexpr std::array<key<http_probe>, 11> keys{{
        http_url<http_probe>,
        method<http_probe>,
        headers<http_probe>,
        body<http_probe>,
        user<http_probe>,
        password<http_probe>,
        password_file<http_probe>,
        ca_file<http_probe>,
        {"samples",
         [](reader &in, node const &v, http_parts &p) { in.integer(v, p.kind.samples, 1, 1000); }},
        {"follow",
         [](reader &in, node const &v, http_parts &p) { read_texts(in, v, p.kind.follow); }},
        {"expect", read_http_expect},
    }};
    read_kind(r, n, "'http'", keys, file, out);
}

void read_tcp(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out)
{
    read_connection(r, n, false, file, out);
}

void read_tls(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out)
{
    read_connection(r, n, true, file, out);
}

void read_redis(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out)
{
    using parts = kind_parts<redis_probe>;
    static constexpr std::array<key<redis_probe>, 8> keys{{
        {"url",
         [](reader &in, node const &v, parts &p) {
             read_url(in, v, "redis rediss", *p.file, p.kind.url);
         },
         true},
        user<redis_probe>,
        password<redis_probe>,
        password_file<redis_probe>,
        ca_file<redis_probe>,
        {"interval",
         [](reader &in, node const &v, parts &p) {
             in.duration(v, p.kind.interval, milliseconds{10}, std::chrono::minutes{5});
         }},
        {"prefix", [](reader &in, node const &v, parts &p) { in.text(v, p.kind.prefix); }},
        {"queues", [](reader &in, node const &v, parts &p) { read_texts(in, v, p.kind.queues); }},
    }};
    read_kind(r, n, "'redis'", keys, file, out);
}

void read_rate_limit(reader &r, node const &n, file_secrecy const &file, model::probe_kind &out)
{
    using parts = kind_parts<rate_limit_probe>;
    static constexpr std::array<key<rate_limit_probe>, 6> keys{{
        http_url<rate_limit_probe>,
        method<rate_limit_probe>,
        body<rate_limit_probe>,
        ca_file<rate_limit_probe>,
        {"status",
         [](reader &in, node const &v, parts &p) { read_statuses(in, v, p.kind.status); }},
        {"tiers",
         [](reader &in, node const &v, parts &p) {
             in.list(v, [&](node const &item) { read_tier(in, item, p); });
             constexpr std::size_t most = 10;
             if (p.kind.tiers.size() > most) {
                 in.error(v, fmt::format("more than {} tiers", most), "split them into two probes");
             }
         },
         true},
    }};
    read_kind(r, n, "'rate_limit'", keys, file, out);
}

} // namespace pgtend::config

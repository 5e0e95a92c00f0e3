// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "config/probe_kinds.hpp"
#include "model/job.hpp"

namespace pgtend::config {
namespace {

using model::probe;

struct probe_parts {
    model::probe probe;
    file_secrecy const *file;
    node const *limits = nullptr;
    int kinds = 0;
};

template <void (*Read)(reader &, node const &, file_secrecy const &, model::probe_kind &)>
void of_kind(reader &r, node const &n, probe_parts &p)
{
    if (++p.kinds > 1) {
        r.plain_error(*r.key_node, "a probe has one kind", "write two probes");
        return;
    }
    Read(r, n, *p.file, p.probe.kind);
}

void read_probe_name(reader &r, node const &n, probe_parts &p)
{
    std::string written;
    if (r.text(n, written)) {
        r.checked(n, [&] {
            try {
                model::check_job_name(written);
            } catch (error const &e) {
                throw error{fmt::format("{} is not a valid name of a probe", shown(written)),
                            e.hint()};
            }
            p.probe.name = std::move(written);
        });
    }
}

constexpr std::array<map_key<probe_parts>, 13> probe_keys{{
    {"name", read_probe_name, true},
    {"timeout",
     [](reader &r, node const &n, probe_parts &p) {
         r.duration(n, p.probe.timeout, milliseconds{10}, std::chrono::minutes{10});
     }},
    {"limits", [](reader &, node const &n, probe_parts &p) { p.limits = &n; }},
    {"http", of_kind<read_http>},
    {"tcp", of_kind<read_tcp>},
    {"tls", of_kind<read_tls>},
    {"redis", of_kind<read_redis>},
    {"rate_limit", of_kind<read_rate_limit>},
    {"k6", of_kind<read_k6>},
    {"pgbench", of_kind<read_pgbench>},
    {"log", of_kind<read_log>},
    {"pgbouncer", of_kind<read_pgbouncer>},
    {"prometheus", of_kind<read_prometheus>},
}};

void read_amount(reader &r, node const &n, model::unit of, std::optional<double> &out)
{
    if (n.kind != node_kind::scalar) {
        r.error(n, "a number is wanted", "write p95: 500ms, or p95: { warning: 300ms, error: 1s }");
        return;
    }
    r.checked(n, [&] { out = model::parse_amount(n.text, of); });
}

struct limit_parts {
    model::metric_limit limit;
    model::unit unit;
};

void read_limit(reader &r, map_entry const &entry, probe &out)
{
    auto const *of = model::find_metric(out.kind, entry.key.text);
    if (of == nullptr) {
        std::vector<std::string_view> known;
        for (auto const &each : model::metrics(out.kind)) {
            known.push_back(each.name);
        }
        auto const near = nearest(entry.key.text, known);
        std::vector<std::string> const all{known.begin(), known.end()};
        r.plain_error(entry.key,
                      fmt::format("a probe of kind {} has no metric {}", model::name(out.kind),
                                  shown(entry.key.text)),
                      near ? fmt::format("did you mean '{}'?", *near)
                           : "it has " + join(all, ", "));
        return;
    }
    static constexpr std::array<map_key<limit_parts>, 2> levels{{
        {"warning", [](reader &in, node const &v,
                       limit_parts &p) { read_amount(in, v, p.unit, p.limit.warning); }},
        {"error", [](reader &in, node const &v,
                     limit_parts &p) { read_amount(in, v, p.unit, p.limit.error); }},
    }};
    limit_parts parts{{.metric = entry.key.text, .at = r.at(entry.key)}, of->unit};
    r.key = entry.key.text;
    if (entry.value.kind == node_kind::map) {
        read_map(r, entry.value, "a limit", levels, parts);
    } else {
        read_amount(r, entry.value, of->unit, parts.limit.error);
    }
    out.limits.push_back(std::move(parts.limit));
}

void read_probe_limits(reader &r, node const &n, probe &out)
{
    if (n.kind != node_kind::map || n.entries.empty()) {
        r.key = "limits";
        r.error(n, "a map is wanted", "write { p95: 500ms }, a metric of the probe");
        return;
    }
    for (auto const &each : n.entries) {
        read_limit(r, each, out);
    }
}

} // namespace

void read_probes(reader &r, node const &n, file_secrecy const &file, model::configuration &all)
{
    r.list(n, [&](node const &item) {
        r.key = "probes";
        probe_parts parts{{.name = {}, .kind = {}, .at = r.at(item)}, &file};
        if (!read_map(r, item, "a probe", probe_keys, parts).is_map) {
            return;
        }
        if (parts.kinds == 0) {
            r.plain_error(item, "the probe has no kind",
                          "give it one of http, tcp, tls, redis, rate_limit, k6, pgbench, log, "
                          "pgbouncer, prometheus");
        } else if (parts.limits != nullptr) {
            read_probe_limits(r, *parts.limits, parts.probe);
        }
        all.probes.push_back(std::move(parts.probe));
    });
}

} // namespace pgtend::config

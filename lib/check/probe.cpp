// SPDX-License-Identifier: Apache-2.0
// What stands around the database, as the file declares it under probes:.
#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "check/areas.hpp"
#include "check/evidence.hpp"

namespace pgtend::check {
namespace {

template <char const *Kind> bool is_declared(sources const &from)
{
    return std::any_of(from.probes.begin(), from.probes.end(),
                       [](auto const &each) { return model::name(each.kind) == Kind; });
}

// "api, web: environment variable API is not set": what several lack is told once.
class reasons {
  public:
    void add(std::string const &probe, std::string const &told)
    {
        auto const of_it = probe + ": ";
        if (!told.starts_with(of_it)) {
            all_.emplace_back(told, std::vector<std::string>{});
            return;
        }
        auto why = told.substr(of_it.size());
        auto const known = std::find_if(all_.begin(), all_.end(), [&](auto const &each) {
            return !each.second.empty() && each.first == why;
        });
        if (known == all_.end()) {
            all_.emplace_back(std::move(why), std::vector{probe});
        } else {
            known->second.push_back(probe);
        }
    }
    void tell(evidence &with) const
    {
        for (auto const &[why, probes] : all_) {
            with.miss(join(probes, ", ") + (probes.empty() ? "" : ": ") + why);
        }
    }

  private:
    std::vector<std::pair<std::string, std::vector<std::string>>> all_;
};

template <char const *Kind> std::vector<finding> of_kind(evidence &with)
{
    if (!is_declared<Kind>(with.given())) {
        throw unseen{fmt::format("a probe of kind {} under probes: of the file", Kind)};
    }
    std::vector<finding> out;
    reasons missing;
    for (auto const &each : with.given().probes) {
        if (model::name(each.kind) != Kind) {
            continue;
        }
        auto const &said = with.of(each);
        for (auto const &one : said.faults) {
            out.push_back({.severity = one.gravity == probe::gravity::error ? severity::error
                                                                            : severity::warning,
                           .object = each.name + (one.of.empty() ? "" : "/" + one.of),
                           .message = one.message,
                           .value = one.number,
                           .fix = one.fix,
                           .at = each.at});
        }
        for (auto const &one : said.unseen) {
            missing.add(each.name, one);
        }
    }
    missing.tell(with);
    return out;
}

constexpr char http[] = "http", tcp[] = "tcp", tls[] = "tls", redis[] = "redis",
               rate_limit[] = "rate_limit", k6[] = "k6", pgbench[] = "pgbench", log[] = "log",
               pgbouncer[] = "pgbouncer", prometheus[] = "prometheus";

template <char const *Kind>
constexpr rule of(std::string_view id, std::string_view title, std::string_view why,
                  std::string_view fix)
{
    return {.id = id,
            .severity = severity::error,
            .title = title,
            .why = why,
            .fix = fix,
            .look = of_kind<Kind>,
            .graded = true,
            .declared = is_declared<Kind>};
}

} // namespace

std::span<rule const> probe_rules()
{
    static rule const all[] = {
        of<http>("probe.http", "HTTP answers as the file expects, within its limits",
                 "what users see is down, slow, or not cached, or the certificate ends soon",
                 "look at the service itself: curl -v with the address of the probe"),
        of<tcp>("probe.tcp", "declared ports take connections",
                "what listens there is down, or a firewall keeps this host away",
                "start the service, or open the firewall"),
        of<tls>("probe.tls", "declared TLS ports have a certificate that is valid and stays so",
                "clients refuse to connect from the day on which a certificate ends",
                "renew the certificate; openssl s_client -connect HOST:PORT shows it"),
        of<redis>("probe.redis", "Redis answers, its cache hits, and its queues are worked off",
                  "without its cache the database gets every query; jobs that wait are not done",
                  "redis-cli INFO; more memory, longer times to live, more workers"),
        of<rate_limit>("probe.rate_limit", "requests over the limit are refused with 429",
                       "one client can take the whole service, or guess passwords without end",
                       "check that the limiter is on for this address, and counts this client"),
        of<k6>("probe.k6", "the load test was run lately, and within its limits",
               "nobody knows whether the service carries its users",
               "k6 run --summary-export FILE"),
        of<pgbench>("probe.pgbench", "pgbench was run lately, and within its limits",
                    "nobody knows whether the database carries its load", "pgbench ... >FILE"),
        of<log>("probe.log", "the log has the declared line, and not long ago",
                "what should have written it does not run, or does not do its work",
                "look at the service that writes the log"),
        of<pgbouncer>("probe.pgbouncer", "PgBouncer pools as declared, and nobody waits",
                      "clients wait or are refused, or share sessions that they count on",
                      "pool_mode, default_pool_size in pgbouncer.ini, then RELOAD"),
        of<prometheus>("probe.prometheus", "what Prometheus has measured is within its limits",
                       "what it measures is beyond what was agreed on",
                       "look at the query in Prometheus, and at what it measures"),
    };
    return all;
}

} // namespace pgtend::check

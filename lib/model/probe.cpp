// SPDX-License-Identifier: Apache-2.0
#include "model/probe.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::model {
namespace {

constexpr double day = 86'400;

constexpr metric age{"age", unit::time, false, "since the file was written"};
constexpr metric certificate{
    "certificate", unit::time,
    true,          "until the first certificate of those that the server sends ends",
    21 * day,      7 * day};
constexpr metric rate_of_errors{"error_rate", unit::percent, false, "requests that failed"};

constexpr std::array<metric, 7> of_http{{
    {"p50", unit::time, false, "half of the samples took at most that"},
    {"p95", unit::time, false, "19 of 20 samples took at most that"},
    {"p99", unit::time, false, "99 of 100 samples took at most that"},
    {"max", unit::time, false, "the slowest sample"},
    {"size", unit::bytes, false, "of the largest body"},
    {"error_rate", unit::percent, false, "samples that failed, or were not as expected"},
    certificate,
}};
constexpr std::array<metric, 2> of_connection{{
    {"time", unit::time, false, "until it is connected, TLS included"},
    certificate,
}};
constexpr std::array<metric, 8> of_redis{{
    {"time", unit::time, false, "from PING to PONG"},
    {"hit_ratio", unit::percent, true, "lookups within the interval that found their key"},
    {"evictions", unit::count, false, "keys that were evicted within the interval"},
    {"memory", unit::percent, false, "used, of maxmemory"},
    {"used_memory", unit::bytes, false, "used"},
    {"clients", unit::count, false, "clients that are connected"},
    {"queue_length", unit::count, false, "jobs that wait in a queue"},
    {"queue_age", unit::time, false, "since the oldest job that waits in a queue was added"},
}};
constexpr std::array<metric, 1> of_rate_limit{{
    {"passed", unit::count, false, "requests of a tier that passed before one was refused"},
}};
constexpr std::array<metric, 5> of_k6{{
    {"p95", unit::time, false, "19 of 20 requests took at most that"},
    rate_of_errors,
    {"users", unit::count, true, "virtual users at most"},
    {"requests", unit::count, true, "requests in all"},
    age,
}};
constexpr std::array<metric, 5> of_pgbench{{
    {"latency", unit::time, false, "of a transaction, on average"},
    {"error_rate", unit::percent, false, "transactions that failed"},
    {"users", unit::count, true, "clients"},
    {"tps", unit::count, true, "transactions per second"},
    age,
}};
constexpr std::array<metric, 2> of_log{{
    {"matches", unit::count, true, "lines within the time"},
    {"age", unit::time, false, "since the last such line"},
}};
constexpr std::array<metric, 5> of_pgbouncer{{
    {"waiting", unit::count, false, "clients that wait for a server connection"},
    {"max_wait", unit::time, false, "since the one that waits longest does"},
    {"clients", unit::count, false, "clients that are connected"},
    {"servers", unit::count, false, "server connections that are open"},
    {"pool_size", unit::count, false, "server connections that its pools may open"},
}};
constexpr std::array<metric, 1> of_prometheus{{
    {"value", unit::count, false, "what the query gives"},
}};

struct kind_view {
    std::string_view name;
    std::span<metric const> metrics;
};

kind_view view_of(probe_kind const &kind)
{
    struct visitor {
        kind_view operator()(http_probe const &) const { return {"http", of_http}; }
        kind_view operator()(connect_probe const &p) const
        {
            return p.tls ? kind_view{"tls", of_connection}
                         : kind_view{"tcp", std::span{of_connection}.first(1)};
        }
        kind_view operator()(redis_probe const &) const { return {"redis", of_redis}; }
        kind_view operator()(rate_limit_probe const &) const
        {
            return {"rate_limit", of_rate_limit};
        }
        kind_view operator()(k6_probe const &) const { return {"k6", of_k6}; }
        kind_view operator()(pgbench_probe const &) const { return {"pgbench", of_pgbench}; }
        kind_view operator()(log_probe const &) const { return {"log", of_log}; }
        kind_view operator()(pgbouncer_probe const &) const { return {"pgbouncer", of_pgbouncer}; }
        kind_view operator()(prometheus_probe const &) const
        {
            return {"prometheus", of_prometheus};
        }
    };
    return std::visit(visitor{}, kind);
}

// A number with an optional unit of these; nothing when it is none.
std::optional<double> number_with(std::string_view text,
                                  std::span<std::pair<std::string_view, double> const> units)
{
    double out = 0;
    auto const [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (failure != std::errc{} || !std::isfinite(out) || out < 0) {
        return std::nullopt;
    }
    auto const rest = trim(text.substr(static_cast<std::size_t>(stop - text.data())));
    auto const found = std::find_if(units.begin(), units.end(),
                                    [&](auto const &each) { return each.first == rest; });
    return rest.empty()           ? std::optional{out}
           : found == units.end() ? std::nullopt
                                  : std::optional{out * found->second};
}

} // namespace

std::string_view name(probe_kind const &kind)
{
    return view_of(kind).name;
}

std::span<metric const> metrics(probe_kind const &kind)
{
    return view_of(kind).metrics;
}

metric const *find_metric(probe_kind const &kind, std::string_view name)
{
    for (auto const &each : metrics(kind)) {
        if (each.name == name) {
            return &each;
        }
    }
    return nullptr;
}

double parse_amount(std::string_view text, unit of)
{
    using units = std::pair<std::string_view, double>;
    static constexpr std::array<units, 1> percent{{{"%", 1}}};
    // As PostgreSQL's units are.
    static constexpr std::array<units, 5> bytes{{{"B", 1},
                                                 {"kB", 1024},
                                                 {"MB", 1024. * 1024},
                                                 {"GB", 1024. * 1024 * 1024},
                                                 {"TB", 1024. * 1024 * 1024 * 1024}}};
    auto const written = trim(text);
    if (of == unit::time) {
        return std::chrono::duration<double>(parse_duration(written)).count();
    }
    bool const bare = of == unit::percent && !written.ends_with('%'); // 0.8 may be a ratio
    auto const out = bare                  ? std::nullopt
                     : of == unit::percent ? number_with(written, percent)
                     : of == unit::bytes   ? number_with(written, bytes)
                                           : number_with(written, {});
    if (!out) {
        throw error{in_quotes(text) + " is not " +
                        (of == unit::percent ? "a percentage"
                         : of == unit::bytes ? "a size"
                                             : "a number"),
                    of == unit::percent ? "write 1% or 99.9%"
                    : of == unit::bytes ? "write 20kB, 1.5MB or 1GB"
                                        : "write digits alone: 300"};
    }
    return *out;
}

std::string show_amount(double amount, unit of)
{
    // What whole microseconds, and whole bytes, can count.
    double const most = of == unit::time ? 9e12 : of == unit::bytes ? 9e18 : HUGE_VAL;
    amount = std::clamp(amount, -most, most);
    switch (of) {
    case unit::time:
        return amount < 0 ? "-" + show_amount(-amount, of)
                          : humanize(std::chrono::duration_cast<microseconds>(
                                std::chrono::duration<double>(amount)));
    case unit::percent:
        return fmt::format("{:.4g} %", amount);
    case unit::bytes:
        return byte_size(static_cast<long long>(amount));
    case unit::count:
        break;
    }
    return std::abs(amount) < 1e15 && amount == std::floor(amount)
               ? thousands(static_cast<long long>(amount))
               : fmt::format("{:.6g}", amount);
}

std::pair<objective::relation, double> parse_target(std::string_view text, unit of)
{
    using relation = objective::relation;
    constexpr std::array<std::pair<std::string_view, relation>, 4> all{{{"<=", relation::at_most},
                                                                        {">=", relation::at_least},
                                                                        {"<", relation::less},
                                                                        {">", relation::more}}};
    auto const written = trim(text);
    for (auto const &[sign, is] : all) {
        if (written.starts_with(sign)) {
            return {is, parse_amount(written.substr(sign.size()), of)};
        }
    }
    throw error{in_quotes(text) + " is not a target", "write \"<= 500ms\", \"> 99.9%\""};
}

std::string show_target(objective const &o, unit of)
{
    using relation = objective::relation;
    auto const sign = o.is == relation::at_most    ? "<="
                      : o.is == relation::less     ? "<"
                      : o.is == relation::at_least ? ">="
                                                   : ">";
    return fmt::format("{} {}", sign, show_amount(o.target, of));
}

bool is_met(objective const &o, double actual)
{
    switch (o.is) {
    case objective::relation::at_most:
        return actual <= o.target;
    case objective::relation::less:
        return actual < o.target;
    case objective::relation::at_least:
        return actual >= o.target;
    case objective::relation::more:
        break;
    }
    return actual > o.target;
}

} // namespace pgtend::model

// SPDX-License-Identifier: Apache-2.0
// What load tests wrote.
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "probe/judge.hpp"
#include "probe/words.hpp"
#include "json/reader.hpp"

namespace pgtend::probe {
namespace {

void add_age(verdict &out, instant written, instant now, microseconds most)
{
    auto const age = now - written;
    out.values.push_back({"age", in_seconds(age)});
    if (age > most) {
        out.partial = true;
        out.wrong(fmt::format("the summary is {} old, and {} is the most", humanize(age),
                              humanize(most)));
    }
}

// A metric of k6: of --summary-export its members stand in it, of handleSummary() below `values`.
double const *of_k6(json::value const &root, std::string_view metric, std::string_view member)
{
    auto const *at = root.follow({"metrics", metric});
    auto const *values = at == nullptr ? nullptr : at->find("values");
    auto const *found = at == nullptr ? nullptr : (values == nullptr ? at : values)->find(member);
    return found == nullptr ? nullptr : found->number();
}

// The number behind a label of pgbench.
std::optional<double> of_pgbench(std::string const &text, std::string const &label)
{
    auto const at = ("\n" + text).find("\n" + label);
    if (at == std::string::npos) {
        return std::nullopt;
    }
    auto const rest = trim(std::string_view{text}.substr(std::min(at + label.size(), text.size())));
    double out = 0;
    auto const [stop, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
    return failure == std::errc{} && std::isfinite(out) ? std::optional{out} : std::nullopt;
}

} // namespace

verdict judge(model::k6_probe const &of, file_seen const &seen, instant now)
{
    verdict out;
    json::value root;
    try {
        root = json::parse(seen.text);
    } catch (error const &e) {
        out.wrong(of.file + " is no summary of k6: " + e.message());
        return out;
    }
    if (root.find("metrics") == nullptr) {
        out.wrong(of.file + " is no summary of k6: it has no metrics");
        return out;
    }
    struct source {
        char const *metric, *of, *member;
        double factor;
    };
    constexpr source all[] = {{"p95", "http_req_duration", "p(95)", 1e-3},
                              {"error_rate", "http_req_failed", "rate", 100},
                              {"error_rate", "http_req_failed", "value", 100},
                              {"users", "vus_max", "max", 1},
                              {"users", "vus_max", "value", 1},
                              {"requests", "http_reqs", "count", 1}};
    for (auto const &each : all) {
        auto const *number = of_k6(root, each.of, each.member);
        bool const known = !out.values.empty() && out.values.back().metric == each.metric;
        if (number != nullptr && !known) {
            out.values.push_back({each.metric, *number * each.factor});
        } else if (!known) {
            out.absent[each.metric] = fmt::format("the summary has no {}", each.of);
        }
    }
    add_age(out, seen.written, now, of.max_age);
    return out;
}

verdict judge(model::pgbench_probe const &of, file_seen const &seen, instant now)
{
    verdict out;
    auto const latency = of_pgbench(seen.text, "latency average =");
    auto const tps = of_pgbench(seen.text, "tps =");
    if (!latency || !tps) {
        out.wrong(of.file + " is not what pgbench prints: it lacks \"latency average\" or \"tps\"");
        return out;
    }
    out.values = {{"latency", *latency / 1e3}, {"tps", *tps}};
    if (auto const clients = of_pgbench(seen.text, "number of clients:")) {
        out.values.push_back({"users", *clients});
    }
    auto const failed = of_pgbench(seen.text, "number of failed transactions:");
    auto const done = of_pgbench(seen.text, "number of transactions actually processed:");
    if (failed && done && *failed + *done > 0) {
        out.values.push_back({"error_rate", 100 * *failed / (*failed + *done)});
    } else {
        out.absent["error_rate"] = "pgbench tells failed transactions from 15 on";
    }
    add_age(out, seen.written, now, of.max_age);
    return out;
}

} // namespace pgtend::probe

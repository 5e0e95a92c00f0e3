// SPDX-License-Identifier: Apache-2.0
// probes: what stands around the database, and how it has to be. attestations: what a person has
// done. objectives: what the numbers of probes have to reach.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/position.hpp"
#include "model/date.hpp"

namespace pgtend::model {

// A text in which ${VAR} stands for an environment variable until the probe runs.
using address_text = std::string;
using header_texts = std::vector<std::pair<std::string, address_text>>;

// Who asks. `password_file` holds the password on its first line.
struct credentials {
    address_text user = {}, password = {};
    std::string password_file = {};
};

struct http_probe {
    address_text url;
    std::string method = "GET";
    header_texts headers = {};
    address_text body = {};
    credentials as = {};
    std::string ca_file = {};
    int samples = 1;
    std::vector<std::string> follow = {}; // hosts that a redirect may lead to

    std::vector<int> status = {};     // empty: 200 to 299
    header_texts expect_headers = {}; // the value with * for any text
    std::string expect_body = {};     // the same; empty: any
};

// A connection, with TLS or without.
struct connect_probe {
    address_text host;
    int port = 0;
    bool tls = false;
    std::string ca_file = {};
};

struct redis_probe {
    address_text url;
    credentials as = {};
    std::string ca_file = {};
    microseconds interval = seconds{1}; // over which hits and evictions are counted
    std::string prefix = "bull";        // of BullMQ's keys
    std::vector<std::string> queues = {};
};

// Who is let through how often.
struct rate_tier {
    std::string name;
    int limit = 0; // requests that must pass
    int over = 0;  // that are sent beyond them, of which one must be refused
    header_texts headers = {};
    credentials as = {};
};
struct rate_limit_probe {
    address_text url;
    std::string method = "GET";
    address_text body = {};
    std::string ca_file = {};
    std::vector<int> status = {}; // of what passes; empty: 200 to 399
    std::vector<rate_tier> tiers = {};
};

// Summaries that load tests wrote. A `file` that begins with ${VAR} is a path when the probe runs.
struct k6_probe {
    std::string file;
    microseconds max_age{};
};
struct pgbench_probe {
    std::string file;
    microseconds max_age{};
};

// A line of a log that must have come lately.
struct log_probe {
    std::string file;
    std::string line; // with * for any text
    microseconds within{};
};

struct pgbouncer_probe {
    address_text dsn;           // of the admin console
    std::string pool_mode = {}; // empty: any
};

struct prometheus_probe {
    address_text url;
    std::string query;
    header_texts headers = {};
    credentials as = {};
    std::string ca_file = {};
};

using probe_kind = std::variant<http_probe, connect_probe, redis_probe, rate_limit_probe, k6_probe,
                                pgbench_probe, log_probe, pgbouncer_probe, prometheus_probe>;

// The key of the file that a kind has: "http", "tcp", "tls", "redis" ...
std::string_view name(probe_kind const &kind);

// What numbers are of: seconds, per cent, bytes, or a count.
enum class unit { time, percent, bytes, count };

// A number that a kind of probe gives.
struct metric {
    std::string_view name;
    model::unit unit = unit::count;
    bool more_is_better = false;
    std::string_view what; // for documents
    // Its limits when the file gives none.
    std::optional<double> warning = {}, error = {};
};
std::span<metric const> metrics(probe_kind const &kind);
metric const *find_metric(probe_kind const &kind, std::string_view name);

// "500ms" is 0.5, "1%" is 1, "20kB" is 20,480, "300" is 300. Throws error with a hint.
double parse_amount(std::string_view text, unit of);
std::string show_amount(double amount, unit of);

// limits: { p95: 500ms, certificate: { warning: 30d, error: 7d } }
struct metric_limit {
    std::string metric;
    std::optional<double> warning = {}, error = {};
    source_position at = {};
};

struct probe {
    std::string name = {};
    probe_kind kind = {};
    microseconds timeout = seconds{10}; // of all that it does
    std::vector<metric_limit> limits = {};
    source_position at = {};
};

struct attestation {
    std::string name = {};
    std::string by = {}, evidence = {}; // empty: nobody said
    std::optional<date> on = {}, until = {};
    source_position at = {};
};

struct objective {
    std::string name = {};
    std::string probe = {}, metric = {};
    enum class relation { at_most, less, at_least, more };
    relation is = relation::at_most;
    double target = 0;
    source_position at = {};
};

// "<= 500ms", "> 99.9%". Throws error with a hint.
std::pair<objective::relation, double> parse_target(std::string_view text, unit of);
std::string show_target(objective const &o, unit of);
bool is_met(objective const &o, double actual);

} // namespace pgtend::model

// SPDX-License-Identifier: Apache-2.0
// From what a probe saw to what is to be said of it. Pure; limits are applied afterwards.
#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/rows.hpp"
#include "net/curl.hpp"
#include "probe/verdict.hpp"

namespace pgtend::probe {

struct http_seen {
    struct sample {
        net::http_answer answer = {}; // without its body, of which only what follows is kept
        std::size_t bytes = 0;
        bool body_fits = true;    // what is expected
        std::string failure = {}; // why there is no answer
    };
    std::vector<sample> samples;
    bool in_time = true; // else the time was over before all samples were taken
};
verdict judge(model::http_probe const &of, http_seen const &seen, instant now);

struct connect_seen {
    microseconds time{};
    std::optional<instant> certificate_end = {};
};
verdict judge(model::connect_probe const &of, connect_seen const &seen, instant now);

// `INFO` of a Redis: its fields.
using redis_info = std::map<std::string, std::string>;
redis_info parse_info(std::string const &text);

struct queue_seen {
    std::string name;
    bool known = false; // BullMQ has made it
    long long waiting = 0;
    std::optional<microseconds> oldest = {}; // since it was added
    bool ageless = false;                    // a job waits that does not say since when

    void note(std::optional<microseconds> const &age) // of a job that waits
    {
        oldest = std::max(oldest, age);
        ageless = ageless || !age;
    }
};
struct redis_seen {
    microseconds ping{};
    redis_info before, after; // an interval apart; empty when INFO was refused
    std::string refused;      // why INFO was
    std::vector<queue_seen> queues;
};
verdict judge(model::redis_probe const &of, redis_seen const &seen);

struct tier_seen {
    std::string name;
    std::vector<net::http_answer> answers = {}; // the last one is what ended it
    std::string failure = {};                   // why there are no more
    bool in_time = true;
};
// Whether an answer of that status was let through.
bool passes(model::rate_limit_probe const &of, int status);
verdict judge(model::rate_limit_probe const &of, std::vector<tier_seen> const &seen);

// A file as it lies there.
struct file_seen {
    std::string text; // its end, when it is longer than what is looked at
    instant written;
    bool cut = false; // it is
};
verdict judge(model::k6_probe const &of, file_seen const &seen, instant now);
verdict judge(model::pgbench_probe const &of, file_seen const &seen, instant now);
verdict judge(model::log_probe const &of, file_seen const &seen, instant now);
// The time that stands in a line of a log: RFC 3339 and its likes, which without an offset are in
// UTC, or "time": with milliseconds since 1970.
std::optional<instant> time_in(std::string_view line);

// Of PgBouncer's admin console; the databases and pools of the console itself included.
struct pgbouncer_seen {
    rows config, databases, pools;                    // SHOW CONFIG, SHOW DATABASES, SHOW POOLS
    std::optional<long long> server_connections = {}; // max_connections of the server behind it
};
verdict judge(model::pgbouncer_probe const &of, pgbouncer_seen const &seen);

verdict judge(model::prometheus_probe const &of, net::http_answer const &answer);

} // namespace pgtend::probe

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "probe/judge.hpp"

namespace pgtend::probe {
namespace {

constexpr char console[] = "pgbouncer";

bool has(rows const &of, std::string_view column)
{
    return std::find(of.names().begin(), of.names().end(), column) != of.names().end();
}

std::string setting(pgbouncer_seen const &seen, std::string_view key)
{
    for (std::size_t i = 0; i < seen.config.size(); ++i) {
        if (seen.config.text(i, "key") == key) {
            return seen.config.text(i, "value");
        }
    }
    return {};
}

void judge_mode(verdict &out, model::pgbouncer_probe const &of, pgbouncer_seen const &seen)
{
    auto const usual = setting(seen, "pool_mode");
    std::set<std::string> wrong;
    if (usual != of.pool_mode) {
        wrong.insert(fmt::format("pool_mode is {}, and {} is declared", usual, of.pool_mode));
    }
    for (std::size_t i = 0; i < seen.databases.size(); ++i) {
        auto const mode = seen.databases.text(i, "pool_mode");
        auto const name = seen.databases.text(i, "name");
        if (name != console && !mode.empty() && mode != usual && mode != of.pool_mode) {
            wrong.insert(fmt::format("pool_mode of database {} is {}, and {} is declared", name,
                                     mode, of.pool_mode));
        }
    }
    for (auto const &each : wrong) {
        out.wrong(each);
    }
}

// What its pools may open: a pool for each role and database that was seen.
long long most_servers(pgbouncer_seen const &seen)
{
    long long out = 0;
    auto const &all = seen.databases;
    auto const reserve = has(all, "reserve_pool_size") ? "reserve_pool_size" : "reserve_pool";
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto const name = all.text(i, "name");
        if (name == console) {
            continue;
        }
        long long pools = 0;
        for (std::size_t p = 0; p < seen.pools.size(); ++p) {
            pools += seen.pools.text(p, "database") == name ? 1 : 0;
        }
        auto const each = all.integer(i, "pool_size") + all.integer(i, reserve);
        auto const most = all.integer(i, "max_connections"); // 0: no limit
        auto const sum = each * std::max(pools, 1LL);
        out += most > 0 ? std::min(sum, most) : sum;
    }
    return out;
}

} // namespace

verdict judge(model::pgbouncer_probe const &of, pgbouncer_seen const &seen)
{
    verdict out;
    if (!of.pool_mode.empty()) {
        judge_mode(out, of, seen);
    }
    double waiting = 0, clients = 0, servers = 0, longest = 0;
    auto const &pools = seen.pools;
    for (std::size_t i = 0; i < pools.size(); ++i) {
        if (pools.text(i, "database") == console) {
            continue;
        }
        auto const number = [&](char const *column) {
            return static_cast<double>(pools.integer(i, column));
        };
        waiting += number("cl_waiting");
        clients += number("cl_waiting") + number("cl_active");
        servers += number("sv_active") + number("sv_idle") + number("sv_used") +
                   number("sv_tested") + number("sv_login");
        longest = std::max(longest, number("maxwait") + number("maxwait_us") / 1e6);
    }
    auto const most = most_servers(seen);
    out.values = {{"waiting", waiting},
                  {"max_wait", longest},
                  {"clients", clients},
                  {"servers", servers},
                  {"pool_size", static_cast<double>(most)}};
    if (seen.server_connections && most > *seen.server_connections) {
        out.doubtful(
            fmt::format("its pools may open {} server connections, and the server takes {}", most,
                        *seen.server_connections));
    }
    return out;
}

} // namespace pgtend::probe

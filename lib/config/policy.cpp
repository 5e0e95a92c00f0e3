// SPDX-License-Identifier: Apache-2.0
#include "config/policy.hpp"

#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/name.hpp"
#include "base/text.hpp"

namespace pgtend::config {
namespace {

using model::run_policy;
using std::chrono::hours;
using std::chrono::minutes;

constexpr microseconds shortest = milliseconds{1};
constexpr microseconds longest_run = hours{24 * 7};

// For SQL: unlike display_identifier(), which is for people and escapes control characters.
std::string quoted_where_needed(std::string const &name)
{
    return display_identifier(name) == name ? name : quote_ident(name);
}

// app, public, "$user", "Mixed Case": as set_config() of search_path takes it.
std::string parse_search_path(std::string_view text)
{
    std::string out;
    if (trim(text).empty()) {
        return out; // no schema but pg_catalog
    }
    for (auto const &part : split(text, ',')) {
        auto const name = trim(part);
        out += out.empty() ? "" : ", ";
        out += name == "\"$user\"" || name == "$user" ? "\"$user\""
                                                      : quoted_where_needed(parse_identifier(name));
    }
    return out;
}

} // namespace

void read_lock(reader &r, node const &n, run_policy &out)
{
    static constexpr std::array<map_key<model::lock_policy>, 2> keys{{
        {"attempt", [](reader &in, node const &v,
                       model::lock_policy &p) { in.duration(v, p.attempt, shortest, minutes{1}); }},
        {"deadline",
         [](reader &in, node const &v, model::lock_policy &p) {
             in.duration(v, p.deadline, shortest, hours{24});
         }},
    }};
    auto lock = out.lock;
    if (read_map(r, n, "'lock'", keys, lock).clean && lock.attempt > lock.deadline) {
        r.error(n,
                fmt::format("an attempt of {} is longer than the deadline of {}",
                            to_string(lock.attempt), to_string(lock.deadline)),
                "the deadline is over all attempts");
    }
    out.lock = lock;
}

void read_retry(reader &r, node const &n, run_policy &out)
{
    static constexpr std::array<map_key<model::retry_policy>, 3> keys{{
        {"max",
         [](reader &in, node const &v, model::retry_policy &p) { in.integer(v, p.max, 0, 100); }},
        {"initial", [](reader &in, node const &v,
                       model::retry_policy &p) { in.duration(v, p.initial, shortest, hours{1}); }},
        {"ceiling", [](reader &in, node const &v,
                       model::retry_policy &p) { in.duration(v, p.ceiling, shortest, hours{1}); }},
    }};
    auto retry = out.retry;
    if (read_map(r, n, "'retry'", keys, retry).clean && retry.initial > retry.ceiling) {
        r.error(n, fmt::format("an initial pause of {} is longer than the ceiling of {}",
                               to_string(retry.initial), to_string(retry.ceiling)));
    }
    out.retry = retry;
}

void read_breaker(reader &r, node const &n, run_policy &out)
{
    static constexpr std::array<map_key<model::breaker_policy>, 3> keys{{
        {"failures", [](reader &in, node const &v,
                        model::breaker_policy &p) { in.integer(v, p.failures, 1, 1000); }},
        {"pause", [](reader &in, node const &v,
                     model::breaker_policy &p) { in.duration(v, p.pause, seconds{1}, hours{24}); }},
        {"ceiling",
         [](reader &in, node const &v, model::breaker_policy &p) {
             in.duration(v, p.ceiling, seconds{1}, hours{24 * 7});
         }},
    }};
    if (n.kind == node_kind::scalar) {
        r.boolean(n, out.breaker.on);
        return;
    }
    auto breaker = out.breaker;
    breaker.on = true;
    if (read_map(r, n, "'breaker'", keys, breaker).clean && breaker.pause > breaker.ceiling) {
        r.error(n,
                fmt::format("a pause of {} is longer than the ceiling of {}",
                            to_string(breaker.pause), to_string(breaker.ceiling)),
                "the pauses grow from 'pause' to 'ceiling'");
    }
    out.breaker = breaker;
}

void read_timeout(reader &r, node const &n, run_policy &out)
{
    if (r.duration(n, out.timeout, microseconds{0}, longest_run)) {
        out.window.reset();
    }
}

void read_window(reader &r, node const &n, run_policy &out)
{
    microseconds value{0};
    if (r.duration(n, value, seconds{1}, longest_run)) {
        out.window = value;
    }
}

void read_missed(reader &r, node const &n, run_policy &out)
{
    static constexpr std::array<std::pair<std::string_view, model::missed>, 3> all{
        {{"none", model::missed::none},
         {"once", model::missed::once},
         {"all", model::missed::all}}};
    r.choice(n, out.missed, all);
}

void read_max_age(reader &r, node const &n, run_policy &out)
{
    microseconds value{0};
    if (r.duration(n, value, seconds{1}, hours{24 * 366})) {
        out.max_age = value;
    }
}

void read_overlap(reader &r, node const &n, run_policy &out)
{
    static constexpr std::array<std::pair<std::string_view, model::overlap>, 2> all{
        {{"skip", model::overlap::skip}, {"queue", model::overlap::queue}}};
    r.choice(n, out.overlap, all);
}

void read_search_path(reader &r, node const &n, run_policy &out)
{
    std::string written;
    if (r.text(n, written)) {
        r.checked(n, [&] { out.search_path = parse_search_path(written); });
    }
}

void read_row_security(reader &r, node const &n, run_policy &out)
{
    r.boolean(n, out.row_security);
}

void read_role(reader &r, node const &n, run_policy &out)
{
    r.identifier(n, out.role);
}

void check_run_policy(reader &r, node const &map)
{
    for (auto const &entry : map.entries) {
        if (entry.key.text == "window" && map.find("timeout") != nullptr) {
            r.plain_error(entry.key, "keys 'window' and 'timeout' exclude each other",
                          "keep 'window', which replaces the time limit, or 'timeout'");
        }
    }
}

void read_defaults(reader &r, node const &n, run_policy &out)
{
    static constexpr std::array<map_key<run_policy>, 11> keys{{
        {"lock", read_lock},
        {"retry", read_retry},
        {"breaker", read_breaker},
        {"timeout", read_timeout},
        {"window", read_window},
        {"missed", read_missed},
        {"max_age", read_max_age},
        {"overlap", read_overlap},
        {"search_path", read_search_path},
        {"row_security", read_row_security},
        {"role", read_role},
    }};
    read_map(r, n, "'defaults'", keys, out);
    check_run_policy(r, n);
}

} // namespace pgtend::config

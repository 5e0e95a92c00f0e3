// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>

#include "config/actions.hpp"
#include "config/policy.hpp"
#include "config/sections.hpp"

namespace pgtend::config {
namespace {

struct job_parts {
    model::job job;
    node const *schedule = nullptr; // a text
    cron::day_match day_match = cron::day_match::vixie;
    bool has_action = false;
};

template <void (*Read)(reader &, node const &, model::run_policy &)>
void policy(reader &r, node const &n, job_parts &p)
{
    Read(r, n, p.job.policy);
}

template <void (*Read)(reader &, node const &, model::action &)>
void does(reader &r, node const &n, job_parts &p)
{
    if (p.has_action) {
        r.plain_error(*r.key_node, fmt::format("'{}' is a second action of the job", r.key),
                      "a job does one thing; write a job for each");
        model::action unused;
        Read(r, n, unused);
        return;
    }
    p.has_action = true;
    p.job.action_at = r.at(*r.key_node);
    Read(r, n, p.job.action);
}

void read_job_name(reader &r, node const &n, job_parts &p)
{
    std::string name;
    if (r.text(n, name) && r.checked(n, [&] { model::check_job_name(name); })) {
        p.job.name = std::move(name);
    }
}

void read_schedule(reader &r, node const &n, job_parts &p)
{
    if (r.text(n, p.job.schedule_text)) {
        p.schedule = &n;
    }
}

void read_spread(reader &r, node const &n, job_parts &p)
{
    r.duration(n, p.job.spread, microseconds{0}, std::chrono::hours{24});
}

void read_day_match(reader &r, node const &n, job_parts &p)
{
    static constexpr std::array<std::pair<std::string_view, cron::day_match>, 2> words{
        {{"all", cron::day_match::all}, {"any", cron::day_match::any}}};
    r.choice(n, p.day_match, words);
}

void read_max_age_of_job(reader &r, node const &n, job_parts &p)
{
    auto const before = r.problems();
    read_max_age(r, n, p.job.policy);
    if (r.problems() == before) {
        p.job.max_age_at = r.at(n);
    }
}

constexpr std::array<map_key<job_parts>, 29> job_keys{{
    {"name", read_job_name, true},
    {"schedule", read_schedule, true},
    {"timezone", [](reader &r, node const &n, job_parts &p) { r.time_zone(n, p.job.time_zone); }},
    {"spread", read_spread},
    {"day_match", read_day_match},
    {"enabled", [](reader &r, node const &n, job_parts &p) { r.boolean(n, p.job.enabled); }},
    {"target",
     [](reader &r, node const &n, job_parts &p) {
         r.text(n, p.job.target);
         p.job.target_at = r.at(n);
     }},
    {"timeout", policy<read_timeout>},
    {"window", policy<read_window>},
    {"retry", policy<read_retry>},
    {"lock", policy<read_lock>},
    {"breaker", policy<read_breaker>},
    {"missed", policy<read_missed>},
    {"max_age", read_max_age_of_job},
    {"overlap", policy<read_overlap>},
    {"search_path", policy<read_search_path>},
    {"row_security", policy<read_row_security>},
    {"role", policy<read_role>},
    {"refresh", does<read_refresh>},
    {"expire", does<read_expire>},
    {"cleanup", does<read_cleanup>},
    {"vacuum", does<read_vacuum>},
    {"analyze", does<read_analyze>},
    {"partition", does<read_partition>},
    {"sql", does<read_sql>},
    {"watch", does<read_watch>},
    {"index", does<read_index>},
    {"check", does<read_check>},
    {"backup"},
}};
constexpr std::string_view actions[] = {"refresh", "expire",    "cleanup", "vacuum",
                                        "analyze", "partition", "sql",     "watch",
                                        "index",   "check",     "backup"};

void read_job(reader &r, node const &n, model::configuration &all)
{
    auto const before = r.problems();
    job_parts parts;
    parts.job.time_zone = all.time_zone;
    parts.job.policy = all.defaults;
    parts.job.at = r.at(n);
    auto const result = read_map(r, n, "a job", job_keys, parts);
    if (!result.is_map) {
        return;
    }
    auto const acts = [&](std::string_view action) { return result.means(action); };
    if (std::none_of(std::begin(actions), std::end(actions), acts)) {
        r.plain_error(n, "the job has no action",
                      "give it one of refresh, expire, cleanup, vacuum, analyze, partition, sql, "
                      "watch, check");
    }
    check_run_policy(r, n);
    if (parts.schedule != nullptr) {
        r.key = {}; // its messages begin with the word
        r.checked(*parts.schedule, [&] {
            parts.job.schedule = cron::expression::parse(parts.job.schedule_text, parts.day_match);
        });
    }
    if (r.problems() != before) {
        model::job harmless;
        harmless.name = std::move(parts.job.name);
        harmless.target_at = std::move(parts.job.target_at);
        harmless.target = std::move(parts.job.target);
        harmless.at = std::move(parts.job.at);
        harmless.enabled = false;
        harmless.action = model::partition_action{};
        all.jobs.push_back(std::move(harmless));
        return;
    }
    all.jobs.push_back(std::move(parts.job));
}

} // namespace

void read_jobs(reader &r, node const &n, model::configuration &all)
{
    all.jobs.reserve(all.jobs.size() + n.items.size());
    r.list(n, [&](node const &item) {
        r.key = "jobs";
        read_job(r, item, all);
    });
}

} // namespace pgtend::config

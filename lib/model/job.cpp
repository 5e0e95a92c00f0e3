// SPDX-License-Identifier: Apache-2.0
#include "model/job.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "zone/zone.hpp"

namespace pgtend::model {

std::string_view name(missed value)
{
    switch (value) {
    case missed::none:
        return "none";
    case missed::once:
        return "once";
    case missed::all:
        return "all";
    }
    return {};
}

std::string_view name(overlap value)
{
    switch (value) {
    case overlap::skip:
        return "skip";
    case overlap::queue:
        return "queue";
    }
    return {};
}

std::string_view name(pooler value)
{
    switch (value) {
    case pooler::automatic:
        return "auto";
    case pooler::none:
        return "none";
    case pooler::session:
        return "session";
    case pooler::transaction:
        return "transaction";
    }
    return {};
}

microseconds time_limit(run_policy const &policy)
{
    return policy.window.value_or(policy.timeout);
}

microseconds effective_max_age(run_policy const &policy, microseconds interval)
{
    if (!policy.max_age) {
        return std::min<microseconds>(interval, std::chrono::hours{24});
    }
    return policy.missed == missed::all ? *policy.max_age : std::min(*policy.max_age, interval);
}

cron::expression const &default_schedule()
{
    static auto const daily = cron::expression::parse("@daily");
    return daily;
}

void check_job_name(std::string_view name)
{
    auto const starts = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    auto const continues = [&](char c) { return starts(c) || c == '_' || c == '-'; };
    if (name.empty() || name.size() > 63 || !starts(name[0]) ||
        !std::all_of(name.begin(), name.end(), continues)) {
        throw error{"'" + printable(head_and_tail(name, 63)) + "' is not a valid job name",
                    "use 1 to 63 of a-z, 0-9, _ and -, and begin with a letter or digit"};
    }
}

void check_time_zone(std::string_view name)
{
    zone::load(name);
}

} // namespace pgtend::model

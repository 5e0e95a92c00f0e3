// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/text.hpp"
#include "probe/judge.hpp"

namespace pgtend::probe {
namespace {

constexpr int too_many = 429;

// What the headers say the limit is. X-RateLimit-Limit, RateLimit-Limit, and RateLimit-Policy with
// q= (draft-ietf-httpapi-ratelimit-headers).
std::optional<long long> told_limit(net::http_answer const &a)
{
    auto const number = [](std::string_view text) -> std::optional<long long> {
        long long out = 0;
        auto const [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
        return failure == std::errc{} ? std::optional{out} : std::nullopt;
    };
    for (auto const *name : {"x-ratelimit-limit", "ratelimit-limit"}) {
        if (auto const *found = a.header(name)) {
            return number(trim(*found));
        }
    }
    if (auto const *policy = a.header("ratelimit-policy")) {
        auto const at = policy->find(";q=");
        return at == std::string::npos ? std::nullopt
                                       : number(std::string_view{*policy}.substr(at + 3));
    }
    return std::nullopt;
}

bool has_headers(net::http_answer const &a)
{
    return std::any_of(a.headers.begin(), a.headers.end(), [](auto const &each) {
        return each.first.starts_with("x-ratelimit-") || each.first.starts_with("ratelimit");
    });
}

bool tells_when(net::http_answer const &a)
{
    auto const *draft = a.header("ratelimit");
    return a.header("retry-after") != nullptr || a.header("x-ratelimit-reset") != nullptr ||
           a.header("ratelimit-reset") != nullptr ||
           (draft != nullptr && draft->find("t=") != std::string::npos);
}

void judge_tier(verdict &out, model::rate_limit_probe const &of, model::rate_tier const &tier,
                tier_seen const &seen)
{
    auto const sent = seen.answers.size();
    if (!seen.failure.empty() || !seen.in_time) {
        out.wrong(fmt::format("after {} of {} requests: {}", sent, tier.limit + tier.over,
                              seen.in_time ? seen.failure : "the timeout was over"),
                  tier.name);
        return;
    }
    if (seen.answers.empty()) {
        return;
    }
    auto const &last = seen.answers.back();
    bool const refused = last.status == too_many;
    auto const passed = sent - (refused ? 1 : 0);
    if (!refused && !passes(of, last.status)) {
        out.wrong(fmt::format("request {} is answered {}, which is neither let through nor 429",
                              sent, last.status),
                  tier.name);
        return;
    }
    out.values.push_back({"passed", static_cast<double>(passed), tier.name});
    if (!refused) {
        out.wrong(fmt::format("{} requests passed, and the limit is {}", passed, tier.limit),
                  tier.name);
    } else if (passed < static_cast<std::size_t>(tier.limit)) {
        out.doubtful(fmt::format("refused after {} requests, and {} must pass; others may have "
                                 "used the same limit",
                                 passed, tier.limit),
                     tier.name);
    }
    if (refused && !tells_when(last)) {
        out.doubtful("429 comes without Retry-After or a reset time", tier.name);
    }
    auto const &first = seen.answers.front();
    if (!has_headers(first) && !has_headers(last)) {
        out.doubtful("answers have no X-RateLimit-* or RateLimit header", tier.name);
    } else if (auto const told =
                   told_limit(first).has_value() ? told_limit(first) : told_limit(last);
               told && *told != tier.limit) {
        out.doubtful(
            fmt::format("headers tell a limit of {}, and {} is declared", *told, tier.limit),
            tier.name);
    }
}

} // namespace

bool passes(model::rate_limit_probe const &of, int status)
{
    return of.status.empty()
               ? status >= 200 && status < 400
               : std::find(of.status.begin(), of.status.end(), status) != of.status.end();
}

verdict judge(model::rate_limit_probe const &of, std::vector<tier_seen> const &seen)
{
    verdict out;
    for (std::size_t i = 0; i < of.tiers.size(); ++i) {
        if (i < seen.size()) {
            judge_tier(out, of, of.tiers[i], seen[i]);
        } else {
            out.wrong("not asked: the timeout was over", of.tiers[i].name);
        }
    }
    return out;
}

} // namespace pgtend::probe

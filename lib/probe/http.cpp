// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "base/pattern.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "probe/judge.hpp"
#include "probe/words.hpp"

namespace pgtend::probe {
namespace {

bool fits(model::http_probe const &of, int status)
{
    return of.status.empty()
               ? status >= 200 && status < 300
               : std::find(of.status.begin(), of.status.end(), status) != of.status.end();
}

std::string wanted_status(model::http_probe const &of)
{
    std::vector<std::string> words;
    for (auto const each : of.status) {
        words.push_back(std::to_string(each));
    }
    return words.empty() ? "2xx" : join(words, " or ");
}

// Where a redirect leads, without what may be secret.
std::string place_of(std::string const &address)
{
    try {
        return display(parse_url(address));
    } catch (error const &) {
        return "an address that is none of HTTP";
    }
}

// What is wrong with one answer; empty: nothing.
std::vector<std::string> problems_of(model::http_probe const &of, http_seen::sample const &sample)
{
    auto const &a = sample.answer;
    std::vector<std::string> out;
    if (!fits(of, a.status)) {
        out.push_back(fmt::format(
            "answers {}, expected {}{}", a.status, wanted_status(of),
            a.redirect.empty() ? ""
                               : fmt::format("; the redirect to {} is not followed, which is for "
                                             "`follow:` to allow",
                                             place_of(a.redirect))));
        return out; // of an error page nothing else can be expected
    }
    for (auto const &[name, pattern] : of.expect_headers) {
        auto const found = a.joined(lower(name));
        if (!found) {
            out.push_back(fmt::format("has no header {}, expected {}", name, in_quotes(pattern)));
        } else if (!is_like(*found, pattern)) {
            out.push_back(fmt::format("header {} is {}, expected {}", name, in_quotes(*found),
                                      in_quotes(pattern)));
        }
    }
    if (a.cut) {
        out.push_back(fmt::format("the body is longer than {} bytes",
                                  thousands(static_cast<long long>(sample.bytes))));
    }
    if (!sample.body_fits) {
        out.push_back(fmt::format("the body is not {}", in_quotes(of.expect_body)));
    }
    return out;
}

} // namespace

verdict judge(model::http_probe const &of, http_seen const &seen, instant now)
{
    verdict out;
    std::vector<double> times;
    double largest = 0;
    std::size_t bad = 0;
    std::optional<instant> end;
    std::map<std::string, std::size_t> problems; // and how often
    for (auto const &sample : seen.samples) {
        auto const &answer = sample.answer;
        auto const found = sample.failure.empty() ? problems_of(of, sample)
                                                  : std::vector<std::string>{sample.failure};
        bad += found.empty() ? 0 : 1;
        for (auto const &each : found) {
            ++problems[each];
        }
        if (!sample.failure.empty()) {
            continue;
        }
        times.push_back(in_seconds(answer.time));
        largest = std::max(largest, static_cast<double>(sample.bytes));
        if (answer.certificate_end) {
            end = end ? std::min(*end, *answer.certificate_end) : *answer.certificate_end;
        }
    }
    for (auto const &[message, count] : problems) {
        out.wrong(seen.samples.size() == 1
                      ? message
                      : fmt::format("{} of {}: {}", count, seen.samples.size(), message));
    }
    if (!seen.in_time) {
        out.partial = true;
        out.wrong(fmt::format("only {} of {} samples were taken before the timeout",
                              seen.samples.size(), of.samples));
    }
    if (!times.empty()) {
        out.values = {{"p50", percentile(times, 50)},
                      {"p95", percentile(times, 95)},
                      {"p99", percentile(times, 99)},
                      {"max", percentile(times, 100)},
                      {"size", largest}};
    }
    if (!seen.samples.empty()) {
        out.values.push_back({"error_rate", 100.0 * static_cast<double>(bad) /
                                                static_cast<double>(seen.samples.size())});
    }
    add_certificate(out, end, now);
    return out;
}

verdict judge(model::connect_probe const & /*of*/, connect_seen const &seen, instant now)
{
    verdict out;
    out.values = {{"time", in_seconds(seen.time)}};
    add_certificate(out, seen.certificate_end, now);
    return out;
}

} // namespace pgtend::probe

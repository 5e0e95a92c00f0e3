// SPDX-License-Identifier: Apache-2.0
// HTTP, and connections alone.
#include <algorithm>

#include "base/pattern.hpp"
#include "base/text.hpp"
#include "probe/asking.hpp"

namespace pgtend::probe {
namespace {

constexpr int most_redirects = 5;
constexpr std::size_t most_body = 10'000'000;
// What is left when a request ends by the clock, which counts in whole milliseconds: nobody would
// answer the next one in it.
constexpr microseconds rest = milliseconds{5};

// Where the answer leads, when the file allows it; never from TLS to plain text.
std::optional<url> next_hop(model::http_probe const &of, net::http_request const &asked,
                            net::http_answer const &answer)
{
    bool const repeatable = asked.method == "GET" || asked.method == "HEAD";
    if (answer.redirect.empty() || !repeatable) {
        return std::nullopt;
    }
    try {
        auto to = parse_url(answer.redirect);
        bool const declared = std::any_of(of.follow.begin(), of.follow.end(),
                                          [&](auto const &each) { return lower(each) == to.host; });
        bool const weaker = asked.to.scheme == "https" && to.scheme != "https";
        bool const http = to.scheme == "https" || to.scheme == "http";
        return declared && http && !weaker ? std::optional{std::move(to)} : std::nullopt;
    } catch (error const &) {
        return std::nullopt;
    }
}

net::http_answer send(net::http_client &client, model::http_probe const &of,
                      net::http_request request, net::limit const &limit)
{
    microseconds time{};
    for (int hop = 0;; ++hop) {
        auto answer = client.send(request, limit);
        time += answer.time;
        auto to = hop < most_redirects ? next_hop(of, request, answer) : std::nullopt;
        if (!to) {
            answer.time = time;
            return answer;
        }
        if (to->host != request.to.host || to->port != request.to.port) {
            request.headers.clear(); // they may be secrets
        } else {
            to->user = request.to.user;
            to->password = request.to.password;
        }
        request.to = std::move(*to);
    }
}

} // namespace

verdict look(model::http_probe const &of, asking const &with)
{
    net::http_request const request{.to = with.address(of.url, of.as),
                                    .method = of.method,
                                    .headers = with.headers(of.headers),
                                    .body = with.text(of.body),
                                    .ca_file = of.ca_file,
                                    .most_bytes = most_body};
    net::http_client client;
    http_seen seen;
    for (int i = 0; i < of.samples && seen.in_time; ++i) {
        http_seen::sample one;
        try {
            one.answer = send(client, of, request, with.limit);
            one.bytes = one.answer.body.size();
            one.body_fits = of.expect_body.empty() || is_like(one.answer.body, of.expect_body);
            one.answer.body.clear();
        } catch (net::failure const &e) {
            one.failure = e.message();
        }
        seen.samples.push_back(std::move(one));
        seen.in_time = i + 1 == of.samples || with.limit.left() > rest;
    }
    return judge(of, seen, with.around.time.now());
}

verdict look(model::connect_probe const &of, asking const &with)
{
    net::stream const s{{.host = parse_host(with.text(of.host)),
                         .port = of.port,
                         .tls = of.tls,
                         .ca_file = of.ca_file},
                        with.limit};
    return judge(of, {s.time_to_connect(), s.certificate_end()}, with.around.time.now());
}

} // namespace pgtend::probe

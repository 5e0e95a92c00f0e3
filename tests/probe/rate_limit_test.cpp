// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/run.hpp"
#include "support/services.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

model::rate_limit_probe limiter(web const &server, std::string const &path, int limit)
{
    return {
        .url = server.url(path),
        .tiers = {{.name = "client", .limit = limit, .over = 5, .headers = {{"X-Client", "a"}}}}};
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("a limit that holds is no finding, and no request is sent beyond the first refusal")
    {
        web const server;
        auto of = limiter(server, "/limited?n=20", 20);
        of.tiers.push_back(
            {.name = "driver", .limit = 20, .over = 5, .headers = {{"X-Client", "b"}}});
        auto const v = look(of);
        CHECK(words_of(v) == list{});
        CHECK(number(v, "passed", "client") == 20);
        CHECK(server.count("/limited") == 42);
        // The limit is used up: the next who asks is refused too early.
        CHECK(is_fault(say(limiter(server, "/limited?n=20", 20)),
                       "warning client: refused after 0 requests"));
        CHECK(server.count("/limited") == 43);
    }

    TEST_CASE("no limit, another limit, no headers, another status: each is told by itself")
    {
        web const server;
        CHECK(say(limiter(server, "/ok", 10)) ==
              list{"error client: 15 requests passed, and the limit is 10",
                   "warning client: answers have no X-RateLimit-* or RateLimit header"});
        CHECK(server.count("/ok") == 15); // limit + over, and not one more
        auto other = limiter(server, "/limited?n=12&told=99", 10);
        CHECK(say(other) == list{"warning client: headers tell a limit of 99, and 10 is declared"});
        auto bare = limiter(server, "/limited?n=10&bare=1", 10);
        bare.tiers[0].headers = {{"X-Client", "c"}};
        CHECK(say(bare).size() == 2);
        CHECK(is_fault(say(limiter(server, "/status?of=401", 10)),
                       "error client: request 1 is answered 401"));
        CHECK(server.count("/status") == 1);
        auto login = limiter(server, "/status?of=401", 3);
        login.status = {401}; // a login that is refused, until it is not even looked at
        CHECK(!say(login).empty());
        CHECK(server.count("/status") == 9);
    }

    TEST_CASE("a connection that is closed without an answer makes no second request of one")
    {
        web const server;
        CHECK(is_fault(say(limiter(server, "/gone", 10)), "error client: after 1 of 15 requests",
                       "closed the connection"));
        CHECK(server.count("/gone") == 2);
    }

    TEST_CASE("it goes nowhere else, and ends in time")
    {
        web const server, other;
        auto const away = fmt::format("/redirect?to=http://127.0.0.1:{}/ok", other.port());
        CHECK(!say(limiter(server, away, 3)).empty());
        CHECK(other.count("/ok") == 0);
        auto const hung = say(limiter(server, "/hang", 100), milliseconds{300});
        CHECK(is_fault(hung, "error client: after 0 of 105 requests", "in time"));
        CHECK(server.count("/hang") == 1);
    }
}

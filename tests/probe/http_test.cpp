// SPDX-License-Identifier: Apache-2.0
// HTTP and TLS, with a real server that misbehaves.
#include <doctest/doctest.h>
#include <thread>

#include "base/error.hpp"
#include "support/closed_port.hpp"
#include "support/run.hpp"
#include "support/services.hpp"

using namespace pgtend;
using namespace pgtend::test;
using model::http_probe;

TEST_SUITE("nodb")
{
    TEST_CASE("an answer as expected is no finding; another one is, by what differs")
    {
        web const server;
        http_probe of{.url = server.url("/ok"), .samples = 5};
        of.expect_headers = {{"cache-control", "*max-age=*"}};
        of.expect_body = "*is well*";
        auto const v = look(of);
        CHECK(words_of(v) == list{});
        CHECK(server.count("/ok") == 5);
        CHECK(number(v, "size") == 11);
        CHECK(number(v, "error_rate") == 0);
        CHECK(number(v, "p50") > 0);
        CHECK(number(v, "p50") <= number(v, "p95"));
        of.samples = 1;
        of.expect_body = "*is bad*";
        of.expect_headers = {{"X-None", "*"}};
        CHECK(say(of) ==
              list{"error has no header X-None, expected '*'", "error the body is not '*is bad*'"});
        CHECK(say(http_probe{.url = server.url("/status?of=503")}) ==
              list{"error answers 503, expected 2xx"});
        CHECK(say(http_probe{.url = server.url("/status?of=404"), .status = {404, 410}}).empty());
        auto const flaky = look(http_probe{.url = server.url("/flaky"), .samples = 10});
        CHECK(words_of(flaky) == list{"error 5 of 10: answers 500, expected 2xx"});
        CHECK(number(flaky, "error_rate") == 50);
    }

    TEST_CASE("what is sent: method, headers, body, the user")
    {
        web const server;
        http_probe of{.url = server.url("/echo"), .method = "POST"};
        of.headers = {{"X-Client", "a: b"}};
        of.body = "{\"x\": 1}";
        of.expect_body = R"(*"method": "POST", "body": "{\"x\": 1}"*"X-Client": "a: b"*)";
        CHECK(say(of) == list{});
        http_probe closed{.url = server.url("/auth")};
        CHECK(say(closed) == list{"error answers 401, expected 2xx"});
        closed.as = {.user = "watcher", .password = "s3cr3t-pw"};
        CHECK(say(closed) == list{});
        CHECK(say(http_probe{.url = server.url("/ok"), .method = "HEAD"}) == list{});
    }

    TEST_CASE(
        "a redirect is followed only to a host that the file names, and takes no secret along")
    {
        web const here, there;
        auto const elsewhere = "http://127.0.0.1:" + std::to_string(there.port());
        http_probe of{.url = here.url("/redirect?to=" + elsewhere + "/ok")};
        CHECK(is_fault(say(of), "error answers 302", "is not followed"));
        CHECK(there.count("/ok") == 0);
        of.follow = {"127.0.0.1"};
        CHECK(say(of) == list{});
        CHECK(there.count("/ok") == 1);
        of.url = here.url("/redirect?to=" + elsewhere + "/auth");
        of.as = {.user = "watcher", .password = "s3cr3t-pw"};
        of.headers = {{"Authorization", "Basic d2F0Y2hlcjpzM2NyM3QtcHc="}};
        CHECK(say(of) == list{"error answers 401, expected 2xx"});
        of.url = here.url("/redirect?to=/auth");
        of.follow = {"localhost"};
        CHECK(say(of) == list{});
        of.url = here.url("/redirect?to=http://localhost:" + std::to_string(here.port()) +
                          "/redirect?to=/redirect");
        CHECK(is_fault(say(of), "error"));
        CHECK(here.count("/redirect") < 20);
    }

    TEST_CASE("hangs, cuts and endless answers end, and are findings")
    {
        web const server;
        list hung;
        CHECK(time_of([&] {
                  hung = say(http_probe{.url = server.url("/hang")}, milliseconds{300});
              }) < seconds{5});
        CHECK(is_fault(hung, "error", "did not answer in time"));
        CHECK(is_fault(say(http_probe{.url = server.url("/cut")}), "error http://localhost"));
        CHECK(is_fault(say(http_probe{.url = server.url("/huge")}),
                       "error the body is longer than 10,000,000 bytes"));
        closed_port const nobody;
        auto const gone = "http://127.0.0.1:" + std::to_string(nobody.number()) + "/";
        CHECK(is_fault(say(http_probe{.url = gone}), "error http://127.0.0.1", "connect"));
        auto const slow =
            look(http_probe{.url = server.url("/hang"), .samples = 1000}, milliseconds{300});
        CHECK(slow.faults.size() == 2); // the first sample, and those that were not taken
        CHECK(server.count("/hang") == 2);
    }

    TEST_CASE("a stop ends it at once")
    {
        web const server;
        std::stop_source stop;
        std::jthread const stopper{[&] {
            eventually("it is asked", [&] { return server.count("/hang") == 1; });
            stop.request_stop();
        }};
        CHECK(time_of([&] {
                  CHECK_THROWS_AS(look(http_probe{.url = server.url("/hang")}, seconds{60}, {},
                                       stop.get_token()),
                                  interrupted);
              }) < seconds{10});
    }

    TEST_CASE("certificates: verified by their authority and host, and their days counted")
    {
        auto const ca = certificate("ca.pem");
        web const good{"good"}, near{"near"}, expired{"expired"}, elsewhere{"elsewhere"}, plain;
        auto const ask = [&](web const &server, std::string const &authority) {
            return say(http_probe{.url = server.url("/ok"), .ca_file = authority});
        };
        CHECK(ask(good, ca) == list{});
        CHECK(is_fault(ask(good, certificate("other.pem")), "error https://localhost",
                       "certificate"));
        CHECK(is_fault(ask(good, ""), "error", "certificate"));
        CHECK(is_fault(ask(near, ca), "error certificate is", "the least is 7 d"));
        CHECK(is_fault(ask(expired, ca), "error", "expired"));
        CHECK(is_fault(ask(elsewhere, ca), "error", "subject name matches"));
        auto const days =
            number(look(http_probe{.url = good.url("/ok"), .ca_file = ca}), "certificate");
        CHECK(days > 364 * 86'400.0);
        CHECK(days <= 365 * 86'400.0);

        auto const tls = [&](web const &server) {
            return say(model::connect_probe{
                .host = "localhost", .port = server.port(), .tls = true, .ca_file = ca});
        };
        CHECK(tls(good) == list{});
        CHECK(is_fault(tls(near), "error certificate is"));
        CHECK(is_fault(tls(expired), "error", "expired"));
        CHECK(is_fault(tls(plain), "error localhost:"));
        CHECK(say(model::connect_probe{.host = "localhost", .port = plain.port()}) == list{});
        CHECK(number(look(model::connect_probe{.host = "localhost", .port = plain.port()}),
                     "time") > 0);
        CHECK(is_fault(say(model::connect_probe{.host = "localhost", .port = 1}), "error"));
        // No server speaks TLS on a port that speaks plain text, and the other way round.
        CHECK(is_fault(say(http_probe{.url = "http://localhost:" + std::to_string(good.port())}),
                       "error"));
    }

    TEST_CASE("no proxy of the environment gets between")
    {
        web const server;
        ::setenv("http_proxy", "http://127.0.0.1:1", 1);
        auto const said = say(http_probe{.url = server.url("/ok")});
        ::unsetenv("http_proxy");
        CHECK(said == list{});
    }
}

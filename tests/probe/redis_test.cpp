// SPDX-License-Identifier: Apache-2.0
// A real Redis, with ACL and TLS.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/error.hpp"
#include "support/run.hpp"
#include "support/services.hpp"

using namespace pgtend;
using namespace pgtend::test;
using model::redis_probe;

namespace {

constexpr microseconds short_interval = milliseconds{50};

// Says the same to whatever it is asked first.
class answerer {
  public:
    explicit answerer(std::string text) : listener_{::socket(AF_INET, SOCK_STREAM, 0)}
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto *const where = reinterpret_cast<sockaddr *>(&address);
        REQUIRE(::bind(listener_, where, size) == 0);
        REQUIRE(::listen(listener_, 1) == 0);
        REQUIRE(::getsockname(listener_, where, &size) == 0);
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread{[this, said = std::move(text)] {
            int const client = ::accept(listener_, nullptr, nullptr);
            char asked[4096];
            if (::recv(client, asked, sizeof asked, 0) > 0) {
                static_cast<void>(::send(client, said.data(), said.size(), MSG_NOSIGNAL));
                static_cast<void>(::recv(client, asked, sizeof asked, 0)); // until it goes
            }
            ::close(client);
        }};
    }
    ~answerer()
    {
        ::shutdown(listener_, SHUT_RDWR); // accept() returns
        thread_.join();
        ::close(listener_);
    }
    answerer(answerer const &) = delete;
    answerer &operator=(answerer const &) = delete;
    int port() const { return port_; }

  private:
    int listener_;
    int port_ = 0;
    std::jthread thread_;
};

redis_probe watcher(redis_server const &server)
{
    return {.url = server.url("watcher", "watch-s3cr3t"), .interval = short_interval};
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("who may look sees; a wrong password, a missing one, a missing right are told apart")
    {
        redis_server const server;
        auto const v = look(watcher(server));
        CHECK(words_of(v) == list{});
        CHECK(number(v, "time") > 0);
        CHECK(number(v, "clients") == 1);
        CHECK(number(v, "memory") > 0);
        CHECK(number(v, "memory") < 50);
        CHECK(number(v, "evictions") == 0);
        redis_probe of{.url = server.url(), .interval = short_interval};
        CHECK(is_fault(say(of), "error PING is refused: NOAUTH"));
        of.as = {.user = "watcher", .password = "wrong-s3cr3t"};
        CHECK(is_fault(say(of), "error AUTH is refused: WRONGPASS"));
        CHECK(say(of)[0].find("s3cr3t") == std::string::npos);
        of.as = {.user = "narrow", .password = "narrow-s3cr3t"};
        CHECK(say(of) == list{}); // it answers, and nothing more was asked
        auto const blind = say(of, seconds{5}, {{.metric = "hit_ratio", .error = 80}});
        CHECK(is_fault(blind, "unseen hit_ratio of it: INFO is refused: NOPERM"));
        of.as = {};
        of.url = server.url("watcher", "watch-s3cr3t") + "/99";
        CHECK(is_fault(say(of), "error SELECT is refused"));
    }

    TEST_CASE("the hit ratio is that of the interval")
    {
        redis_server const server;
        server.ask("SET here 1\n" + [] {
            std::string many;
            for (int i = 0; i < 50; ++i) {
                many += "GET here\n";
            }
            return many;
        }());
        auto of = watcher(server);
        std::vector<model::metric_limit> const limit{{.metric = "hit_ratio", .error = 80}};
        CHECK(is_fault(say(of, seconds{5}, limit), "unseen hit_ratio of it: no key was looked up"));
        of.interval = seconds{1};
        probe::verdict v;
        {
            std::jthread const traffic{[&](std::stop_token const &stop) {
                while (!stop.stop_requested()) {
                    server.ask("GET here\nGET nowhere\nGET nowhere\nGET nowhere\n");
                }
            }};
            v = look(of, seconds{5}, limit);
        }
        CHECK(number(v, "hit_ratio") == doctest::Approx(25).epsilon(0.2));
        CHECK(is_fault(words_of(v), "error hit_ratio is", "the least is 80 %"));
    }

    TEST_CASE("queues: how many wait and since when; one that nobody made is a finding")
    {
        redis_server const server;
        auto const ms = std::chrono::duration_cast<milliseconds>(
                            system_clock{}.now().time_since_epoch() - std::chrono::hours{2})
                            .count();
        server.ask(fmt::format("HSET bull:mail:meta opts.maxLenEvents 1\n"
                               "LPUSH bull:mail:wait 1 2 3\n"
                               "HSET bull:mail:1 timestamp {0}\nHSET bull:mail:3 timestamp {1}\n"
                               "ZADD bull:mail:prioritized 1 4\nHSET bull:mail:4 timestamp {0}\n"
                               "HSET bull:idle:meta x 1\n"
                               "SET other:mail:meta 1\n",
                               ms, ms + 7'000'000));
        auto of = watcher(server);
        of.queues = {"mail", "idle"};
        auto const v = look(of);
        CHECK(words_of(v) == list{});
        CHECK(number(v, "queue_length", "mail") == 4);
        CHECK(number(v, "queue_age", "mail") == doctest::Approx(7200).epsilon(0.01));
        CHECK(number(v, "queue_length", "idle") == 0);
        CHECK(number(v, "queue_age", "idle") == 0);
        CHECK(say(of, seconds{5}, {{.metric = "queue_length", .warning = 3}}) ==
              list{"warning mail: queue_length is 4, the limit is 3"});
        // A queue of jobs with a priority alone, and one whose job does not say since when.
        server.ask(fmt::format("HSET bull:first:meta x 1\nZADD bull:first:prioritized 1 7 2 8\n"
                               "HSET bull:first:7 timestamp {}\n"
                               "HSET bull:lost:meta x 1\nLPUSH bull:lost:wait 9\n"
                               "HSET bull:marked:meta x 1\nRPUSH bull:marked:wait 0:0\n",
                               ms));
        of.queues = {"first", "lost", "marked"};
        auto const others = look(of);
        CHECK(number(others, "queue_age", "first") == doctest::Approx(7200).epsilon(0.01));
        CHECK(number(others, "queue_length", "lost") == 1);
        CHECK(number(others, "queue_age", "lost") == -1);
        CHECK(number(others, "queue_length", "marked") == 0);
        CHECK(number(others, "queue_age", "marked") == 0);
        CHECK(others.partial);
        CHECK(words_of(others) ==
              list{"unseen the age of queue lost: the job that is next has no timestamp"});
        of.queues = {"mial"};
        CHECK(say(of) == list{"error mial: there is no queue mial: no key bull:mial:meta"});
        of.queues = {"mail"};
        of.prefix = "other"; // beyond what the user may read
        auto const hidden = look(of, seconds{5}, {{.metric = "queue_length", .warning = 3}});
        CHECK(hidden.partial);
        CHECK(is_fault(words_of(hidden), "unseen queue mail: EXISTS other:mail:meta is refused"));
    }

    TEST_CASE("over TLS, verified")
    {
        redis_server const server{"good"};
        auto of = watcher(server);
        of.ca_file = certificate("ca.pem");
        CHECK(say(of) == list{});
        of.ca_file = certificate("other.pem");
        CHECK(is_fault(say(of), "error 127.0.0.1:", "certificate"));
        of.ca_file = certificate("ca.pem");
        of.url = fmt::format("redis://127.0.0.1:{}", server.port()); // plain text to a TLS port
        CHECK(is_fault(say(of, seconds{2}), "error"));
        redis_server const plain;
        of.url = fmt::format("rediss://127.0.0.1:{}", plain.port());
        CHECK(is_fault(say(of, seconds{2}), "error 127.0.0.1:"));
    }

    TEST_CASE("a list of two billion elements is not made; a password comes back to nobody")
    {
        answerer const liar{"*2147483647\r\n"};
        redis_probe of{.url = fmt::format("redis://127.0.0.1:{}", liar.port()),
                       .interval = short_interval};
        CHECK(time_of([&] {
                  CHECK(is_fault(say(of), "error the answer is not Redis's protocol"));
              }) < seconds{3});
        answerer const parrot{"-ERR no user has the password echo-s3cr3t\r\n"};
        of.url = fmt::format("redis://:echo-s3cr3t@127.0.0.1:{}", parrot.port());
        CHECK(say(of) == list{"error AUTH is refused: ERR no user has the password ..."});
    }

    TEST_CASE("what is no Redis, hangs, or goes away in the middle ends as a finding")
    {
        web const http;
        redis_probe of{.url = fmt::format("redis://127.0.0.1:{}", http.port()),
                       .interval = short_interval};
        CHECK(is_fault(say(of), "error the answer is not Redis's protocol"));
        redis_server const server;
        of = watcher(server);
        of.interval = seconds{30};
        std::stop_source stop;
        std::jthread const stopper{[&] {
            eventually("it is there", [&] {
                return server.ask("CLIENT LIST\n").find("user=watcher") != std::string::npos;
            });
            stop.request_stop();
        }};
        CHECK(time_of([&] {
                  CHECK_THROWS_AS(look(of, seconds{5}, {}, stop.get_token()), interrupted);
              }) < seconds{10});
        of.interval = seconds{2};
        std::jthread const killer{[&] {
            eventually("it is there", [&] {
                return server.ask("CLIENT LIST\n").find("user=watcher") != std::string::npos;
            });
            server.ask("CLIENT KILL USER watcher\n");
        }};
        CHECK(is_fault(say(of), "error 127.0.0.1:"));
        of.interval = short_interval;
        std::jthread const sleeper{[&] { server.ask("CLIENT PAUSE 3000 ALL\n"); }};
        eventually("it is paused", [&] {
            auto const said = say(of, milliseconds{200});
            return is_fault(said, "error 127.0.0.1:", "did not answer in time");
        });
    }
}

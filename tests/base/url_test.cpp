// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "base/url.hpp"

using namespace pgtend;

TEST_SUITE("nodb")
{
    TEST_CASE("an address in all its parts, and with those that are usual")
    {
        auto const full = parse_url("HTTPS://user:p%40ss%2Fword@Shop.EXAMPLE:8443/a/b?x=1#part");
        CHECK(full.scheme == "https");
        CHECK(full.user == "user");
        CHECK(full.password == "p@ss/word");
        CHECK(full.host == "shop.example");
        CHECK(full.port == 8443);
        CHECK(full.path == "/a/b?x=1");
        auto const least = parse_url("http://shop.example");
        CHECK(least.port == 80);
        CHECK(least.path == "/");
        CHECK(parse_url("rediss://cache?x").path == "/?x");
        CHECK(parse_url("rediss://:secret@cache/2").password == "secret");
        CHECK(parse_url("redis://cache").port == 6379);
        auto const six = parse_url("http://[::1]:81/x");
        CHECK(six.host == "[::1]");
        CHECK(six.port == 81);
    }

    TEST_CASE("a host alone: an address of IPv6 gets its brackets, and nothing stands beside it")
    {
        CHECK(parse_host("mail.example.org") == "mail.example.org");
        CHECK(parse_host("127.0.0.1") == "127.0.0.1");
        CHECK(parse_host("::1") == "[::1]");
        CHECK(parse_host("[fe80::1]") == "[fe80::1]");
        for (auto const *bad : {"", "localhost:22", "localhost/x", "user@localhost", "a b", "[::1",
                                "::1/x", "a?b", "a#b"}) {
            CAPTURE(bad);
            CHECK_THROWS_AS(parse_host(bad), error);
        }
    }

    TEST_CASE("what is shown has no user, no password, no query")
    {
        CHECK(display(parse_url("https://user:s3cr3t@shop.example:443/a?token=s3cr3t")) ==
              "https://shop.example/a");
        CHECK(display(parse_url("redis://:s3cr3t@cache:6380/2")) == "redis://cache:6380/2");
    }

    TEST_CASE("what is no address is refused, and never repeated")
    {
        for (auto const *bad :
             {"", "s3cr3t", "ftp://s3cr3t", "http://", "http://s3cr3t:x", "http://s3cr3t:0",
              "http://s3cr3t:65536", "http://s3cr3t host", "http://s3cr3t\n", "http://u:%zz@s3cr3t",
              "http://u:%00@s3cr3t", "http://u:s3cr3t%4@h", "http://a@[::1", "http://s3cr3t!/"}) {
            CAPTURE(bad);
            try {
                parse_url(bad);
                FAIL("accepted");
            } catch (error const &e) {
                CHECK((e.message() + e.hint()).find("s3cr3t") == std::string::npos);
            }
        }
    }
}

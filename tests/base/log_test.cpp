// SPDX-License-Identifier: Apache-2.0
#include "base/log.hpp"

#include <array>
#include <csignal>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace pgtend;

namespace {

std::vector<std::string> seen;

struct result {
    std::string text;
    int status; // as waitpid gives it
};

// What a child that runs `body` writes to its stderr, a pipe.
template <class Body> result in_child(Body body, bool reader_gone = false)
{
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    if (reader_gone) { // before there is a writer: no luck needed
        ::close(ends[0]);
    }
    auto const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        if (!reader_gone) {
            ::close(ends[0]);
        }
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[1]);
        ::signal(SIGPIPE, SIG_DFL);
        body();
        ::_exit(0);
    }
    ::close(ends[1]);
    result out{{}, 0};
    if (!reader_gone) {
        std::array<char, 4096> buffer{};
        for (ssize_t count = 0; (count = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
            out.text.append(buffer.data(), static_cast<std::size_t>(count));
        }
        ::close(ends[0]);
    }
    ::waitpid(child, &out.status, 0);
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("levels, and lines without line ends")
    {
        seen.clear();
        log::set_sink([](log::level, std::string_view line) { seen.emplace_back(line); });
        log::debug("dropped {}", 1);
        log::info("kept {}", 2);
        log::set_level(log::level::warning);
        log::info("dropped");
        log::warning("a\nb\r\x1b[31m\tc");
        log::set_level(log::level::debug);
        log::debug("kept {}", 3);
        log::set_level(log::level::info);
        log::set_sink(nullptr);
        CHECK(seen == std::vector<std::string>{"kept 2", "a b  [31m\tc", "kept 3"});
        CHECK(log::enabled(log::level::info));
        CHECK_FALSE(log::enabled(log::level::debug));
    }

    TEST_CASE("a pipe gets the time in UTC, the journal does not")
    {
        auto const piped = in_child([] {
            ::unsetenv("JOURNAL_STREAM");
            ::setenv("TZ", "Asia/Tokyo", 1);
            log::warning("disk {} is full", "sda");
            log::error("second");
        });
        CHECK(piped.status == 0);
        REQUIRE(piped.text.size() > 26);
        CHECK(piped.text.substr(23, piped.text.find('\n') - 23) ==
              "Z pgtend: warning: disk sda is full");
        CHECK(piped.text.substr(10, 1) == "T");
        CHECK(piped.text.find("Z pgtend: error: second\n") != std::string::npos);

        auto const foreign = in_child([] {
            ::setenv("JOURNAL_STREAM", "1:2", 1); // inherited, but stderr was redirected since
            log::info("x");
        });
        CHECK(foreign.text.find("Z pgtend: info: x\n") != std::string::npos);
    }

    TEST_CASE("a closed stderr, or one whose reader is gone, ends nothing")
    {
        auto const closed = in_child([] {
            ::close(STDERR_FILENO);
            log::error("nobody hears this");
        });
        CHECK(closed.status == 0);
        auto const broken = in_child(
            [] {
                for (int i = 0; i < 100; ++i) {
                    log::error("nobody hears this");
                }
                sigset_t pending;
                sigpending(&pending);
                ::_exit(sigismember(&pending, SIGPIPE) == 1 ? 7 : 0);
            },
            true);
        CHECK(broken.status == 0);
    }
}

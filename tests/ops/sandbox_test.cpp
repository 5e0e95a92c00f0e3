// SPDX-License-Identifier: Apache-2.0
// A throwaway server, begun and ended by the built program.
#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "support/database.hpp"
#include "support/hour.hpp"
#include "support/launch.hpp"
#include "support/terminal.hpp"

using namespace pgtend;
namespace fs = std::filesystem;
using test::has;

namespace {

std::string line_of(std::string const &text)
{
    return text.substr(0, text.find('\n'));
}

// A sandbox in a folder of its own, which is ended whatever happens.
class box {
  public:
    box()
    {
        ::chmod(files_.path().c_str(), 0755); // the server's user has to pass
    }
    ~box() { run("stop"); }
    box(box const &) = delete;
    box &operator=(box const &) = delete;

    std::string directory() const { return files_.path() + "/box"; }
    test::finished run(std::string const &verb, std::vector<std::string> const &more = {}) const
    {
        std::vector<std::string> args{"sandbox", verb, "--directory", directory()};
        args.insert(args.end(), more.begin(), more.end());
        return test::pgtend(args);
    }

  private:
    test::scratch files_;
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("start prints a conninfo that works, again the same server; stop leaves nothing")
    {
        box const b;
        CHECK(b.run("status").code == 3);
        auto const first = b.run("start");
        REQUIRE_MESSAGE(first.code == 0, first.err);
        auto const dsn = line_of(first.out);
        auto const pid = test::open(dsn).run("SELECT pg_postmaster_start_time()").text(0, 0);
        test::open(dsn).run("CREATE TABLE kept (n int)");

        auto const again = b.run("start");
        CHECK(again.code == 0);
        CHECK(line_of(again.out) == dsn);
        CHECK(test::open(dsn).run("SELECT pg_postmaster_start_time()").text(0, 0) == pid);
        CHECK(b.run("start", {"--pg", "99"}).code == 2);

        // Nobody else gets in, and no network.
        auto s = test::open(dsn);
        CHECK(s.run("SHOW listen_addresses").text(0, 0).empty());
        CHECK(s.run("SHOW unix_socket_directories").text(0, 0) == b.directory() + "/socket");
        struct stat found {};
        REQUIRE(::stat((b.directory() + "/socket").c_str(), &found) == 0);
        CHECK((found.st_mode & 0777) == 0700);
        REQUIRE(::stat(b.directory().c_str(), &found) == 0);
        CHECK((found.st_mode & 066) == 0);
        CHECK(found.st_uid == ::geteuid());

        auto const status = b.run("status", {"-o", "json"});
        CHECK(status.code == 0);
        CHECK(has(status.out, "\"running\": true"));

        CHECK(b.run("stop").code == 0);
        CHECK_FALSE(fs::exists(b.directory()));
        CHECK_THROWS(test::open(dsn));
        CHECK(b.run("stop").code == 0);
    }

    TEST_CASE("a server that died is begun again with its data")
    {
        box const b;
        auto const dsn = line_of(b.run("start").out);
        auto const pid = [&] {
            std::ifstream file{b.directory() + "/data/postmaster.pid"};
            int out = 0;
            file >> out;
            return out;
        };
        test::open(dsn).run("CREATE TABLE kept (n int)");
        auto const before = pid();
        REQUIRE(before > 1);
        ::kill(before, SIGKILL);
        test::eventually("the server is gone", [&] { return b.run("status").code == 3; });
        // Its children may live for a moment, and keep the data.
        test::eventually("it is begun again", [&] { return b.run("start").code == 0; });
        CHECK(pid() != before);
        CHECK(test::open(dsn).run("SELECT count(*) FROM kept").text(0, 0) == "0");
    }

    TEST_CASE("psql takes over, with its arguments, signals and exit code")
    {
        box const b;
        auto const none = b.run("psql");
        CHECK(none.code == 4);
        CHECK(has(none.err, "pgtend sandbox start"));
        REQUIRE(b.run("start").code == 0);
        auto const one = b.run("psql", {"--", "-XAtc", "SELECT 40 + 2"});
        CHECK(one.code == 0);
        CHECK(one.out == "42\n");
        CHECK(b.run("psql", {"--", "-Xc", "SELECT 1/0"}).code == 1);
        CHECK(b.run("psql", {"-o", "json"}).code == 2);
        // ^C must reach it: pgtend itself had blocked the signal.
        test::terminal person{
            test::pgtend_words({"sandbox", "psql", "--directory", b.directory(), "--", "-X", "-c",
                                "SELECT 'asleep' FROM pg_sleep(600)"}),
            80};
        test::eventually("it waits", [&] {
            return b.run("psql", {"--", "-XAtc",
                                  "SELECT count(*) FROM pg_stat_activity WHERE query LIKE "
                                  "'%asleep%pg_sleep%' AND wait_event = 'PgSleep'"})
                       .out == "1\n";
        });
        person.type("\x03");
        CHECK(has(person.wait().out, "canceling statement"));
    }

    TEST_CASE("what is not its own is left alone")
    {
        test::scratch files;
        auto const left_alone = [&](std::string const &directory) {
            for (auto const *verb : {"start", "stop", "status"}) {
                auto const done = test::pgtend({"sandbox", verb, "--directory", directory});
                INFO(verb, ": ", done.err);
                CHECK(done.code == 2);
                CHECK(has(done.err, "left alone"));
            }
        };
        auto const in = [&](char const *name) { return files.path() + "/" + name; };
        fs::create_directory(in("other"));
        files.write("other/precious", "x");
        left_alone(in("other"));
        CHECK(fs::exists(in("other/precious")));

        fs::create_directory(in("real"));
        fs::create_directory_symlink(in("real"), in("link"));
        left_alone(in("link"));
        files.write("file", "x");
        left_alone(in("file"));

        fs::create_directory(in("shared"));
        files.write("shared/.pgtend-sandbox", "");
        ::chmod(in("shared").c_str(), 0777);
        left_alone(in("shared"));
    }

    TEST_CASE("paths that no server could use are refused before anything is made")
    {
        auto const long_one =
            test::pgtend({"sandbox", "start", "--directory", "/tmp/" + std::string(100, 'x')});
        CHECK(long_one.code == 2);
        CHECK(has(long_one.err, "too long"));
        auto const odd = test::pgtend({"sandbox", "start", "--directory", "/tmp/a b'c"});
        CHECK(odd.code == 2);
        CHECK_FALSE(fs::exists("/tmp/a b'c"));
    }

    TEST_CASE("an ordinary user has one in XDG_RUNTIME_DIR, and root one as another user")
    {
        if (::geteuid() != 0) {
            test::scratch runtime;
            test::environment_changes const changes{{"XDG_RUNTIME_DIR", runtime.path()}};
            CHECK(test::pgtend({"sandbox", "start"}, changes).code == 0);
            CHECK(fs::exists(runtime.path() + "/pgtend-sandbox/data"));
            CHECK(test::pgtend({"sandbox", "stop"}, changes).code == 0);
            return;
        }
        box const b;
        REQUIRE(b.run("start").code == 0);
        struct stat found {};
        REQUIRE(::stat((b.directory() + "/data/PG_VERSION").c_str(), &found) == 0);
        CHECK(found.st_uid != 0);
        CHECK(b.run("stop").code == 0);
        // The same as somebody else: nobody's, in a folder of its own.
        test::scratch other;
        ::chmod(other.path().c_str(), 0777);
        fs::copy(std::getenv("PGTEND_BINARY"), other.path() + "/pgtend");
        for (std::string const verb : {"start", "status", "stop"}) {
            auto const command = "setpriv --reuid nobody --clear-groups env XDG_RUNTIME_DIR='" +
                                 other.path() + "' '" + other.path() + "/pgtend' sandbox " + verb +
                                 " >/dev/null 2>&1";
            INFO(verb);
            CHECK(std::system(command.c_str()) == 0);
            CHECK(fs::exists(other.path() + "/pgtend-sandbox") == (verb != "stop"));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
#include "pg/connect.hpp"

#include <cstdlib>
#include <dirent.h>
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <functional>
#include <future>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/log.hpp"
#include "support/closed_port.hpp"
#include "support/database.hpp"
#include "support/proxy.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using test::database;

namespace {

connect_error failure(pg::connect_options const &options, pgtend::clock &time)
{
    try {
        pg::connect(options, time, [] { return 0.5; });
    } catch (connect_error const &e) {
        CHECK(e.code() == exit_code::cannot_connect);
        return e;
    }
    throw std::logic_error{"it connected"};
}

connect_error failure(std::string const &dsn)
{
    fake_clock time{instant{}};
    return failure(test::options_for(dsn), time);
}

bool contains(std::string const &text, std::string const &part)
{
    return text.find(part) != std::string::npos;
}

std::string tcp_dsn(std::string const &password)
{
    return fmt::format("host=127.0.0.1 port={} dbname=postgres user={} password={}",
                       test::server_variable("PORT"), test::server_variable("LOGIN"), password);
}

std::vector<std::string> logged;
void keep_log(log::level, std::string_view line)
{
    logged.emplace_back(line);
}

// A port that drops every packet of new connections: its queue of connections is full and nobody
// accepts.
class black_hole {
  public:
    black_hole() : listener_{::socket(AF_INET, SOCK_STREAM, 0)}
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto *const where = reinterpret_cast<sockaddr *>(&address);
        REQUIRE(::bind(listener_, where, size) == 0);
        REQUIRE(::listen(listener_, 0) == 0);
        REQUIRE(::getsockname(listener_, where, &size) == 0);
        port_ = ntohs(address.sin_port);
        for (int &filler : fillers_) {
            filler = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
            ::connect(filler, where, size);
        }
    }
    ~black_hole()
    {
        for (int const filler : fillers_) {
            ::close(filler);
        }
        ::close(listener_);
    }
    black_hole(black_hole const &) = delete;
    black_hole &operator=(black_hole const &) = delete;
    int port() const { return port_; }

  private:
    int listener_;
    int port_ = 0;
    int fillers_[4]{};
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("what cannot pass fails at once, and each cause is told")
    {
        database const db;
        // no password of the person who runs the tests
        ::setenv("PGPASSFILE", "/nowhere", 1);
        CHECK(pg::connect(test::options_for(tcp_dsn(test::server_variable("PASSWORD"))),
                          *std::make_unique<system_clock>(), system_random())
                  .run("SELECT current_user")
                  .text(0, 0) == test::server_variable("LOGIN"));

        auto const wrong = failure(tcp_dsn("wr0ng-w0rd"));
        CHECK(wrong.sqlstate() == "28P01");
        CHECK(contains(wrong.message(), "cannot connect to host=127.0.0.1 port="));
        CHECK(contains(wrong.message(), "password authentication failed"));
        CHECK(!contains(describe(wrong), "wr0ng"));

        auto const none =
            failure(fmt::format("host=127.0.0.1 port={} dbname=postgres user={}",
                                test::server_variable("PORT"), test::server_variable("LOGIN")));
        CHECK(contains(none.message(), "no password supplied"));
        CHECK(contains(none.hint(), "pgpass"));

        auto const database = failure(db.dsn() + " dbname=no_such_database");
        CHECK(database.sqlstate() == "3D000");
        auto const role = failure(db.dsn("no_such_role"));
        CHECK(role.sqlstate() == "28000");
        CHECK(contains(role.hint(), "role"));
        auto const host = failure("host=not..a..host");
        CHECK(contains(host.message(), "could not translate host name"));
    }

    TEST_CASE(
        "a refused connection is tried again until the deadline, with jitter, and a warning once")
    {
        logged.clear();
        log::set_sink(keep_log);
        test::closed_port const closed;
        auto options = test::options_for(
            fmt::format("host=127.0.0.1 port={} password=hidden-w0rd", closed.number()));
        options.deadline = 20s;
        fake_clock time{instant{}};
        auto const begun = time.steady();
        auto const e = failure(options, time);
        log::set_sink(nullptr);
        CHECK(contains(e.message(), "Connection refused"));
        CHECK(contains(e.message(), " attempts in "));
        CHECK(contains(e.hint(), "Is the server running"));
        CHECK(time.steady() - begun > 10s);
        CHECK(time.steady() - begun <= 20s);
        REQUIRE(logged.size() == 1);
        CHECK(contains(logged[0], "trying again"));
        CHECK(!contains(logged[0] + describe(e), "hidden"));
        CHECK(contains(failure("host=/nowhere/at/all").message(), "No such file or directory"));
    }

    TEST_CASE("too many connections: tried again until there is room")
    {
        database const db;
        db.psql(fmt::format("CREATE ROLE {0}_one LOGIN CONNECTION LIMIT 1", db.name()));
        auto const dsn = db.dsn(db.name() + "_one");
        std::optional<pg::session> first{test::open(dsn)};
        CHECK(failure(dsn).sqlstate() == "53300");
        auto options = test::options_for(dsn);
        options.deadline = 20s;
        auto const release = std::async(std::launch::async, [&] {
            std::this_thread::sleep_for(200ms);
            first.reset();
        });
        log::set_sink(keep_log);
        system_clock time;
        CHECK(pg::connect(options, time, system_random()).run("SELECT 1").size() == 1);
        log::set_sink(nullptr);
        release.wait();
        db.psql(fmt::format("DROP ROLE {}_one", db.name()));
    }

    TEST_CASE("a server that does not answer: the attempt ends in time, also when stopped")
    {
        test::proxy network;
        network.ignore_new();
        auto options = test::options_for(network.dsn("postgres"));
        options.attempt_timeout = 300ms;
        fake_clock time{instant{}};
        auto begun = std::chrono::steady_clock::now();
        auto const e = failure(options, time);
        CHECK(std::chrono::steady_clock::now() - begun < 600ms);
        CHECK(contains(e.message(), "no answer from 127.0.0.1"));

        options.attempt_timeout = 10s;
        std::stop_source source;
        options.stop = source.get_token();
        auto const asker = std::async(std::launch::async, [&] {
            std::this_thread::sleep_for(100ms);
            source.request_stop();
        });
        begun = std::chrono::steady_clock::now();
        CHECK_THROWS_AS(pg::connect(options, time, system_random()), interrupted);
        CHECK(std::chrono::steady_clock::now() - begun < 500ms);
        CHECK_THROWS_AS(pg::connect(options, time, system_random()), interrupted);
    }

    TEST_CASE("several hosts: refused, silent and unreachable ones are passed over")
    {
        database const db;
        test::proxy good;
        test::proxy silent;
        silent.ignore_new();
        black_hole const hole;
        auto const try_ports = [&](std::string const &ports, std::string const &hosts,
                                   std::string const &more) {
            CAPTURE(ports);
            auto options = test::options_for(fmt::format(
                "host={} port={} user=postgres dbname={} sslmode=disable gssencmode=disable {}",
                hosts, ports, db.name(), more));
            options.attempt_timeout = 300ms;
            system_clock time;
            return pg::connect(options, time, system_random()).run("SELECT 1").integer(0, 0) == 1;
        };
        auto const hosts = std::string{"127.0.0.1,127.0.0.1"};
        test::closed_port const closed;
        CHECK(try_ports(fmt::format("{},{}", closed.number(), good.port()), hosts, ""));
        CHECK(try_ports(fmt::format("{},{}", silent.port(), good.port()), hosts, ""));
        CHECK(try_ports(fmt::format("{},{}", hole.port(), good.port()), hosts, ""));
        CHECK(try_ports(fmt::format("{},{},{}", silent.port(), hole.port(), good.port()),
                        hosts + ",127.0.0.1", "target_session_attrs=read-write"));
        CHECK(try_ports(fmt::format("{},{}", silent.port(), good.port()), "localhost,localhost",
                        "hostaddr=127.0.0.1,127.0.0.1"));
        // the one that it is connected to
        CHECK(test::open(fmt::format("host=127.0.0.1,localhost hostaddr=127.0.0.1,127.0.0.1 "
                                     "port={},{} user=postgres dbname={} sslmode=disable",
                                     closed.number(), good.port(), db.name()))
                  .host() == "localhost");
        CHECK_THROWS_AS(try_ports(fmt::format("{},{}", silent.port(), hole.port()), hosts, ""),
                        connect_error);
    }

    TEST_CASE("target_session_attrs: no host of that kind is told, and may pass")
    {
        database const db;
        auto options = test::options_for(db.dsn() + " target_session_attrs=standby");
        options.deadline = 3s;
        fake_clock time{instant{}};
        log::set_sink(keep_log);
        auto const e = failure(options, time);
        log::set_sink(nullptr);
        CHECK(contains(e.hint(), "target_session_attrs"));
        CHECK(contains(e.message(), "attempts in"));
    }

    TEST_CASE("the socket has keepalives and tcp_user_timeout, unless the connection string says "
              "otherwise")
    {
        test::proxy network;
        auto const look = [&](std::string const &more, int level, int option) {
            auto options = test::options_for(network.dsn("postgres") + more);
            options.tcp_user_timeout = 12s;
            system_clock time;
            auto const s = pg::connect(options, time, system_random());
            int found = -1;
            for (int fd = 0; fd < 1024; ++fd) { // of this process: the one that leads to the proxy
                sockaddr_in peer{};
                socklen_t size = sizeof peer;
                if (::getpeername(fd, reinterpret_cast<sockaddr *>(&peer), &size) == 0 &&
                    peer.sin_family == AF_INET && ntohs(peer.sin_port) == network.port()) {
                    size = sizeof found;
                    ::getsockopt(fd, level, option, &found, &size);
                }
            }
            return found;
        };
        CHECK(look("", SOL_SOCKET, SO_KEEPALIVE) == 1);
        CHECK(look("", IPPROTO_TCP, TCP_KEEPIDLE) == 10);
        CHECK(look("", IPPROTO_TCP, TCP_KEEPINTVL) == 5);
        CHECK(look("", IPPROTO_TCP, TCP_KEEPCNT) == 4);
        CHECK(look("", IPPROTO_TCP, TCP_USER_TIMEOUT) == 12000);
        CHECK(look(" tcp_user_timeout=5000 keepalives_idle=77", IPPROTO_TCP, TCP_USER_TIMEOUT) ==
              5000);
        CHECK(look(" keepalives_idle=77", IPPROTO_TCP, TCP_KEEPIDLE) == 77);
    }

    TEST_CASE("application_name: at most 63 bytes of printable ASCII")
    {
        database const db;
        auto options = db.connect_options();
        options.application_name = "pgtend/ä\n" + std::string(80, 'x');
        system_clock time;
        auto s = pg::connect(options, time, system_random());
        CHECK(s.take_notices().empty());
        CHECK(s.run("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
                  .text(0, 0) == "pgtend/???" + std::string(53, 'x'));
    }

    TEST_CASE("no password in anything that is said")
    {
        auto const word = std::string{"pa55w0rd-of-the-search"};
        logged.clear();
        log::set_sink(keep_log);
        std::string said;
        test::closed_port const closed;
        for (auto const &dsn : {
                 tcp_dsn(word),
                 tcp_dsn(word) + " dbname=missing",
                 fmt::format("postgresql://me:{}@127.0.0.1:{}/x", word, closed.number()),
                 "host=/nowhere user=me password=" + word,
                 "host=not..a..host user=me password=" + word,
                 "host=127.0.0.1 port=1 sslpassword=" + word + " sslkey=/nowhere sslcert=/nowhere",
                 "password=" + word + " x",
             }) {
            auto options = pg::connect_options{};
            options.deadline = 200ms;
            fake_clock time{instant{}};
            try {
                options.target = pg::conninfo{dsn};
                options.application_name = "pgtend/test";
                pg::connect(options, time, [] { return 0.5; });
                said += "connected";
            } catch (error const &e) {
                said += describe(e) + "\n" + options.target.display() + "\n";
            }
        }
        log::set_sink(nullptr);
        for (auto const &line : logged) {
            said += line;
        }
        CHECK(!contains(said, "connected"));
        CAPTURE(said);
        CHECK(!contains(said, word));
    }

    TEST_CASE("what became of a transaction: aborted, committed, and asked again while in progress")
    {
        database const db;
        system_clock time;
        auto options = db.connect_options();
        options.deadline = 10s;
        auto const ask = [&](std::string const &id) {
            return pg::commit_status(options, id, time, system_random());
        };
        db.psql(
            "CREATE TABLE t (a int); CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_sleep(0.7); RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER w "
            "AFTER INSERT ON t "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait()");
        test::proxy network;
        auto s = test::open(network.dsn(db.name()));
        auto const pid = s.backend_pid();
        // Once COMMIT is in its deferred trigger.
        auto const in_commit = [&](std::function<void(pg::session &)> const &action) {
            return std::async(std::launch::async, [&db, pid, action] {
                auto watcher = db.connect();
                while (!watcher
                            .run("SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = "
                                 "$1::int",
                                 {std::to_string(pid)})
                            .flag(0, 0)) {
                    std::this_thread::sleep_for(5ms);
                }
                action(watcher);
            });
        };
        s.begin();
        s.run("INSERT INTO t VALUES (1)");
        auto const id = s.note_transaction_id();

        SUBCASE("the backend was killed")
        {
            auto const killer = in_commit([pid](pg::session &watcher) {
                watcher.run("SELECT pg_terminate_backend($1::int)", {std::to_string(pid)});
            });
            CHECK_THROWS_AS(s.commit(), outcome_unknown);
            CHECK(ask(id) == pg::commit_outcome::aborted);
            CHECK(db.value("SELECT count(*) FROM t") == "0");
        }
        SUBCASE("the network was cut, and the backend goes on")
        {
            auto const cutter = in_commit([&network](pg::session &) { network.cut(); });
            CHECK_THROWS_AS(s.commit(), outcome_unknown);
            CHECK(db.value("SELECT pg_xact_status('" + id + "'::xid8)") == "in progress");
            CHECK(ask(id) == pg::commit_outcome::committed);
            CHECK(db.value("SELECT count(*) FROM t") == "1");
        }
        SUBCASE("unknown: no id, one that the server never gave, in progress for longer than the "
                "deadline")
        {
            CHECK(ask("") == pg::commit_outcome::unknown);
            CHECK(ask("99999999") == pg::commit_outcome::unknown);
            fake_clock quick{instant{}};
            CHECK(pg::commit_status(options, id, quick, system_random()) ==
                  pg::commit_outcome::unknown);
            s.rollback();
            CHECK(ask(id) == pg::commit_outcome::aborted);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
#include "support/database.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>
#include <unistd.h>

#include "base/backoff.hpp"
#include "base/error.hpp"

namespace pgtend::test {

std::string server_variable(std::string const &name)
{
    auto const *value = std::getenv(("PGTEND_TEST_" + name).c_str());
    if (value == nullptr || *value == '\0') {
        throw error{"PGTEND_TEST_" + name +
                    " is not set: this test needs a server. Run './dev test', or first: eval "
                    "\"$(tests/support/server start /tmp/pgtend-test)\""};
    }
    return value;
}

std::string server_dsn()
{
    return server_variable("DSN");
}

std::string run_script(std::string const &name, std::string const &arguments)
{
    auto const *source = std::getenv("PGTEND_SOURCE"); // set by ctest
    auto const command =
        fmt::format("'{}/tests/support/{}' {}", source == nullptr ? "." : source, name, arguments);
    auto *const pipe = ::popen(command.c_str(), "r");
    if (pipe == nullptr) {
        throw error{"cannot run " + command};
    }
    std::string out;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
        out += static_cast<char>(c);
    }
    if (::pclose(pipe) != 0) {
        throw error{"failed: " + command};
    }
    return out;
}

void stop_script(char const *name, std::string const &directory) noexcept
{
    try {
        run_script(name, "stop '" + directory + "'");
    } catch (std::exception const &e) {
        fmt::print(stderr, "{}\n", e.what());
    }
}

pg::connect_options options_for(std::string const &dsn)
{
    pg::connect_options options;
    options.target = pg::conninfo{dsn};
    options.application_name = "pgtend/test";
    options.attempt_timeout = std::chrono::seconds{10};
    options.deadline = microseconds{0};
    return options;
}

pg::session open(std::string const &dsn)
{
    system_clock time;
    return pg::connect(options_for(dsn), time, system_random());
}

database::database(std::string const &pattern)
{
    static std::atomic<int> count{0};
    name_ = fmt::format("pgtend_test_{}_{}", ::getpid(), ++count);
    open(server_dsn()).run(fmt::format("CREATE DATABASE {} TEMPLATE \"{}\"", name_, pattern));
}

database::~database()
{
    if (std::getenv("PGTEND_KEEP_TEST_DB") != nullptr) {
        fmt::print(stderr, "kept: {}\n", dsn());
        return;
    }
    try {
        open(server_dsn()).run(fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
    } catch (std::exception const &e) {
        fmt::print(stderr, "cannot drop {}: {}\n", name_, e.what());
    }
}

std::string database::dsn() const
{
    return fmt::format("{} dbname={}", server_dsn(), name_); // the last value of a keyword counts
}

std::string database::dsn(std::string const &user) const
{
    return fmt::format("{} user={}", dsn(), user);
}

pg::connect_options database::connect_options() const
{
    return options_for(dsn());
}

pg::session database::connect() const
{
    return open(dsn());
}

void database::psql(std::string_view statements) const
{
    connect().batch(statements);
}

std::string database::value(std::string_view query) const
{
    std::lock_guard const lock{mutex_};
    if (asking_) {
        try {
            return asking_->run(query).text(0, 0);
        } catch (connection_lost const &) {
            asking_.reset();
        }
    }
    asking_.emplace(connect());
    return asking_->run(query).text(0, 0);
}

} // namespace pgtend::test

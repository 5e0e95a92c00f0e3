// SPDX-License-Identifier: Apache-2.0
#include "support/own_server.hpp"

#include <cstdlib>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "support/database.hpp"

namespace pgtend::test {
namespace {

std::string first_cell(std::string const &dsn, std::string const &query)
{
    return open(dsn).run(query).text(0, 0);
}

std::string first_line(std::string const &text)
{
    return text.substr(0, text.find('\n'));
}

} // namespace

own_server::own_server(environment_changes const &environment)
    : directory_{files_.path() + "/server"}
{
    ::chmod(files_.path().c_str(), 0755); // the server's user has to pass
    ::setenv("PGTEND_TEST_OWNER", std::to_string(::getpid()).c_str(), 1); // it goes with this test
    auto const start = "start '" + directory_ + "' ";
    std::string first = start;
    for (auto const &[name, value] : environment) {
        first += fmt::format("'{}={}' ", name, value);
    }
    run_script("server", first + ">/dev/null");
    auto const port =
        first_line(run_script("server", start + "| sed -n 's/^export PGTEND_TEST_PORT=//p'"));
    auto const host =
        first_line(run_script("server", start + ">/dev/null; cat '" + directory_ +
                                            "/sockets' 2>/dev/null || echo '" + directory_ + "'"));
    dsn_ = fmt::format("host='{}' port={} user=postgres dbname=postgres", host, port);
}

own_server::~own_server()
{
    stop_script("server", directory_);
}

std::string own_server::value(std::string const &query) const
{
    return first_cell(dsn_, query);
}

void own_server::psql(std::string const &statements) const
{
    open(dsn_).batch(statements);
}

void own_server::restart(std::string const &mode) const
{
    run_script("server", "restart '" + directory_ + "' " + mode);
}

void own_server::halt(std::string const &mode) const
{
    run_script("server", "halt '" + directory_ + "' " + mode);
}

void own_server::resume() const
{
    run_script("server", "start '" + directory_ + "' >/dev/null");
}

standby::standby(own_server const &of) : primary_{of}, directory_{files_.path() + "/standby"}
{
    ::chmod(files_.path().c_str(), 0755);
    dsn_ = first_line(run_script("standby", "start '" + directory_ + "' '" + of.directory() + "'"));
    catch_up();
}

standby::~standby()
{
    stop_script("standby", directory_);
}

std::string standby::value(std::string const &query) const
{
    return first_cell(dsn_, query);
}

void standby::catch_up() const
{
    auto const until = primary_.value("SELECT pg_catalog.pg_current_wal_flush_lsn()");
    eventually("the standby has caught up", [&] {
        return value("SELECT pg_catalog.pg_last_wal_replay_lsn() >= '" + until + "'") == "t";
    });
}

void standby::promote() const
{
    run_script("standby", "promote '" + directory_ + "'");
}

} // namespace pgtend::test

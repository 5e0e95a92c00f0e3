// SPDX-License-Identifier: Apache-2.0
#include "support/pooler.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

namespace pgtend::test {
namespace {

int start(std::string const &parent, std::string const &directory, std::string const &mode,
          int size, std::string const &role)
{
    ::chmod(parent.c_str(), 0755); // the server's user has to pass
    return std::stoi(
        run_script("pooler", fmt::format("start {} {} {} {}", directory, mode, size, role)));
}

} // namespace

pooler::pooler(std::string const &mode, int size, std::string const &role)
    : directory_{files_.path() + "/pooler"}, port_{
                                                 start(files_.path(), directory_, mode, size, role)}
{
}

pooler::~pooler()
{
    try {
        run_script("pooler", "stop " + directory_);
    } catch (std::exception const &e) {
        fmt::print(stderr, "{}\n", e.what());
    }
}

std::string pooler::dsn(database const &db) const
{
    return dsn(db, "postgres");
}

std::string pooler::dsn(database const &db, std::string const &role) const
{
    return fmt::format(
        "host=127.0.0.1 port={} user={} dbname={} sslmode=disable gssencmode=disable", port_, role,
        db.name());
}

std::string pooler::console() const
{
    return fmt::format(
        "host=127.0.0.1 port={} user=postgres dbname=pgbouncer sslmode=disable gssencmode=disable",
        port_);
}

} // namespace pgtend::test

// SPDX-License-Identifier: Apache-2.0
#include "catalog/load.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

std::optional<long long> number_at(rows const &found, std::size_t row, std::string_view column)
{
    auto const at = found.column(column);
    return found.at(row, at) ? std::optional{found.integer(row, at)} : std::nullopt;
}

running_vacuum vacuum_of(rows const &found, std::size_t row)
{
    running_vacuum out;
    out.pid = static_cast<int>(found.integer(row, "pid"));
    out.database = found.text(row, "database");
    out.oid = found.text(row, "oid");
    out.table = {found.text(row, "schema"), found.text(row, "name")};
    out.command = found.text(row, "command");
    out.phase = found.text(row, "phase");
    out.blocks = number_at(found, row, "blocks");
    out.scanned = number_at(found, row, "scanned");
    out.vacuumed = number_at(found, row, "vacuumed");
    out.index_rounds = number_at(found, row, "index_rounds");
    out.indexes = number_at(found, row, "indexes");
    out.indexes_done = number_at(found, row, "indexes_done");
    if (auto const at = found.column("memory_used"); found.at(row, at)) {
        out.memory_used = found.real(row, at);
    }
    out.autovacuum = found.flag(row, "autovacuum");
    out.against_wraparound = found.flag(row, "against_wraparound");
    out.started = number_at(found, row, "started");
    out.user = found.text(row, "username");
    return out;
}

horizon_holder holder_of(rows const &found, std::size_t row)
{
    return {found.text(row, "kind"),          found.text(row, "who"),
            found.text(row, "database"),      found.text(row, "username"),
            found.text(row, "application"),   found.text(row, "state"),
            number_at(found, row, "since"),   found.integer(row, "age"),
            found.flag(row, "only_catalogs"), found.text(row, "query")};
}

} // namespace

vacuum_activity load_vacuum_activity(pg::session &s, pg::limits const &limit)
{
    vacuum_activity out;
    auto const server = s.run(sql::vacuum_server, {}, limit);
    out.autovacuum = server.flag(0, "autovacuum");
    out.max_workers = static_cast<int>(server.integer(0, "max_workers"));
    out.failsafe_age = static_cast<double>(server.integer(0, "failsafe_age"));
    out.multixact_failsafe_age = static_cast<double>(server.integer(0, "multixact_failsafe_age"));
    out.standby = server.flag(0, "standby");
    out.role = server.text(0, "role");
    out.database = server.text(0, "database");
    out.sees_all = server.flag(0, "sees_all");
    out.hidden = server.integer(0, "hidden");
    auto const running = s.run(sql::vacuum_running, {}, limit);
    for (std::size_t i = 0; i < running.size(); ++i) {
        out.running.push_back(vacuum_of(running, i));
    }
    auto const holders = s.run(sql::vacuum_horizon, {}, limit);
    for (std::size_t i = 0; i < holders.size(); ++i) {
        out.holders.push_back(holder_of(holders, i));
    }
    auto const databases = s.run(sql::vacuum_databases, {}, limit);
    for (std::size_t i = 0; i < databases.size(); ++i) {
        out.databases.push_back({databases.text(i, "name"),
                                 databases.real(i, databases.column("age")),
                                 databases.real(i, databases.column("multixact_age"))});
    }
    return out;
}

} // namespace pgtend::catalog

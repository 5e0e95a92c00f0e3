// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>

#include "base/error.hpp"
#include "catalog/default_part.hpp"
#include "catalog/load.hpp"
#include "catalog/lookup.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

std::vector<qualified_name> names_of(std::string const &flat)
{
    auto const parts = parse_array(flat);
    std::vector<qualified_name> out;
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
        out.push_back({parts[i].value_or(""), parts[i + 1].value_or("")});
    }
    return out;
}

creation_facts facts_of(rows const &found, std::size_t row)
{
    creation_facts out;
    out.table_oid = found.text(row, "oid");
    out.owner = found.text(row, "owner");
    out.role = found.text(row, "role");
    out.is_owner = out.role == out.owner;
    out.row_security = found.flag(row, "row_security");
    out.force_row_security = found.flag(row, "force_row_security");
    out.replica_identity = found.text(row, "replica_identity").at(0);
    if (auto const index = names_of(found.text(row, "replica_index")); !index.empty()) {
        out.replica_index = index.front();
    }
    out.access_method = found.text(row, "access_method");
    out.tablespace = found.text(row, "tablespace");
    out.comment = found.value(row, found.column("comment"));
    out.temporary = found.flag(row, "temporary");
    out.excludes = found.flag(row, "excludes");
    out.references = names_of(found.text(row, "referenced"));
    out.referenced_by = names_of(found.text(row, "referenced_by"));
    auto const columns = parse_array(found.text(row, "columns"));
    for (std::size_t i = 0; i + 2 < columns.size(); i += 3) {
        column_setting setting{columns[i].value_or("")};
        if (columns[i + 1]) {
            setting.statistics = std::stoi(*columns[i + 1]);
        }
        for (auto &option : parse_array(columns[i + 2].value_or("{}"))) {
            setting.options.push_back(std::move(option).value_or(""));
        }
        out.columns.push_back(std::move(setting));
    }
    auto const grants = parse_array(found.text(row, "grants"));
    for (std::size_t i = 0; i + 3 < grants.size(); i += 4) {
        out.grants.push_back({grants[i].value_or(""), grants[i + 1].value_or(""),
                              grants[i + 2].value_or(""), grants[i + 3] == "true"});
    }
    for (auto &grantee : parse_array(found.text(row, "default_grantees"))) {
        out.default_grantees.push_back(std::move(grantee).value_or(""));
    }
    out.may_act_as_owner = found.flag(row, "may_act_as_owner");
    out.may_create_in_schema = found.flag(row, "may_create_in_schema");
    out.owner_may_create = found.flag(row, "owner_may_create");
    out.owner_is_superuser = found.flag(row, "owner_is_superuser");
    out.default_below = names_of(found.text(row, "default_below"));
    out.default_bytes = found.integer(row, "default_bytes");
    return out;
}

// Whoever holds ACCESS EXCLUSIVE on the default partition is not waited for without an end.
std::vector<long long> count_briefly(pg::session &s, default_part const &of,
                                     creation_request const &request, pg::limits const &limit)
{
    if (s.in_transaction()) {
        return count_in_ranges(s, of, request, limit);
    }
    s.begin(pg::isolation::read_committed, true, limit);
    try {
        s.run("SELECT pg_catalog.set_config('lock_timeout', '1s', true)", {}, limit);
        auto out = count_in_ranges(s, of, request, limit);
        s.rollback();
        return out;
    } catch (...) {
        s.rollback();
        throw;
    }
}

void count_rows_in_default(pg::session &s, rows const &found, std::size_t row,
                           creation_request const &request, creation_facts &into,
                           pg::limits const &limit)
{
    try {
        auto const counted = count_briefly(s, default_part_of(found, row), request, limit);
        into.rows_in_default.assign(counted.begin(), counted.end());
    } catch (error const &e) {
        // Not readable, locked, or dropped meanwhile: ATTACH looks itself.
        if (s.in_transaction() || s.lost() ||
            (!e.sqlstate().starts_with("42") && e.sqlstate() != "55P03")) {
            throw;
        }
    }
}

} // namespace

std::vector<creation_facts> load_creation_facts(pg::session &s,
                                                std::vector<creation_request> const &requests,
                                                std::string const &role, pg::limits const &limit)
{
    std::vector<creation_facts> out;
    if (requests.empty()) {
        return out;
    }
    check_role(s, role, limit);
    std::vector<param> oids;
    for (auto const &request : requests) {
        oids.emplace_back(request.table_oid);
    }
    auto const found =
        s.run(sql::catalog_creation, {array_literal(oids), role_parameter(role)}, limit);
    auto taken_by = load_names_taken(s, requests, limit);
    std::unordered_map<std::string, std::size_t> row_of;
    for (std::size_t i = 0; i < found.size(); ++i) {
        row_of.emplace(found.text(i, "oid"), i);
    }
    for (std::size_t i = 0; i < requests.size(); ++i) {
        auto const &request = requests[i];
        auto const at = row_of.find(request.table_oid);
        if (at == row_of.end()) {
            continue; // dropped meanwhile
        }
        auto facts = facts_of(found, at->second);
        facts.server_version = s.server_version();
        facts.taken_by = std::move(taken_by[i]);
        facts.rows_in_default.resize(request.partitions.size());
        if (found.at(at->second, found.column("default_relation"))) {
            count_rows_in_default(s, found, at->second, request, facts, limit);
        }
        out.push_back(std::move(facts));
    }
    return out;
}

} // namespace pgtend::catalog

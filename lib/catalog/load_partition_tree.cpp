// SPDX-License-Identifier: Apache-2.0
#include "catalog/load.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

std::vector<std::string> texts(rows const &found, std::size_t row, std::size_t column)
{
    std::vector<std::string> out;
    if (auto const cell = found.at(row, column)) {
        for (auto &each : parse_array(*cell)) {
            out.push_back(std::move(each).value_or(""));
        }
    }
    return out;
}

// "16400 16397 O name": the name may have blanks.
tree_trigger trigger_of(std::string const &text)
{
    auto const parent = text.find(' ') + 1;
    auto const enabled = text.find(' ', parent) + 1;
    return {text.substr(0, parent - 1), text.substr(parent, enabled - 1 - parent), text.at(enabled),
            text.substr(enabled + 2)};
}

// Columns by position: a tree may have 100,000 partitions.
class tree_reader {
  public:
    explicit tree_reader(rows const &found) : found_{found} {}

    tree_relation read(std::size_t row) const
    {
        tree_relation out;
        out.root = found_.text(row, root_);
        out.parent = found_.text(row, parent_);
        out.oid = found_.text(row, oid_);
        out.name = {found_.text(row, schema_), found_.text(row, name_)};
        out.kind = found_.text(row, kind_).at(0);
        out.pending_detach = found_.flag(row, pending_);
        out.persistence = found_.text(row, persistence_).at(0);
        out.owner = found_.text(row, owner_);
        out.row_security = found_.flag(row, row_security_);
        out.force_row_security = found_.flag(row, force_row_security_);
        out.replica_identity = found_.text(row, replica_identity_).at(0);
        out.access_method = found_.text(row, access_method_);
        out.tablespace = found_.text(row, tablespace_);
        out.options = texts(found_, row, options_);
        out.has_toast = found_.flag(row, has_toast_);
        out.row_estimate = found_.real(row, row_estimate_);
        if (found_.at(row, live_rows_)) {
            out.live_rows = found_.integer(row, live_rows_);
        }
        out.indexes = found_.integer(row, indexes_);
        out.attached_to = texts(found_, row, attached_to_);
        out.replica_of = found_.text(row, identity_of_);
        out.invalid = texts(found_, row, invalid_);
        auto const own = texts(found_, row, own_indexes_);
        for (std::size_t i = 0; i + 2 < own.size(); i += 3) {
            out.own_indexes.push_back({own[i], own[i + 1], own[i + 2] == "true"});
        }
        for (auto const &each : texts(found_, row, triggers_)) {
            out.triggers.push_back(trigger_of(each));
        }
        auto const grants = texts(found_, row, grants_);
        for (std::size_t i = 0; i + 1 < grants.size(); i += 2) {
            out.grants.push_back({grants[i], grants[i + 1], {}, false});
        }
        out.policies = texts(found_, row, policies_);
        auto const above = texts(found_, row, above_);
        for (std::size_t i = 0; i + 1 < above.size(); i += 2) {
            out.above.push_back({above[i], above[i + 1]});
        }
        return out;
    }

  private:
    rows const &found_;
    std::size_t root_ = found_.column("root"), parent_ = found_.column("parent"),
                oid_ = found_.column("oid"), schema_ = found_.column("schema"),
                name_ = found_.column("name"), kind_ = found_.column("kind"),
                pending_ = found_.column("pending"), persistence_ = found_.column("persistence"),
                owner_ = found_.column("owner"), row_security_ = found_.column("row_security"),
                force_row_security_ = found_.column("force_row_security"),
                replica_identity_ = found_.column("replica_identity"),
                access_method_ = found_.column("access_method"),
                tablespace_ = found_.column("tablespace"), options_ = found_.column("options"),
                has_toast_ = found_.column("has_toast"),
                row_estimate_ = found_.column("row_estimate"),
                live_rows_ = found_.column("live_rows"), indexes_ = found_.column("indexes"),
                attached_to_ = found_.column("attached_to"),
                identity_of_ = found_.column("identity_of"), invalid_ = found_.column("invalid"),
                own_indexes_ = found_.column("own_indexes"), triggers_ = found_.column("triggers"),
                grants_ = found_.column("grants"), policies_ = found_.column("policies"),
                above_ = found_.column("above");
};

} // namespace

std::vector<qualified_name> load_partition_roots(pg::session &s, pg::limits const &limit)
{
    auto const found = s.run(sql::catalog_partition_roots, {}, limit);
    std::vector<qualified_name> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back({found.text(i, "schema"), found.text(i, "name")});
    }
    return out;
}

std::vector<tree_relation> load_partition_tree(pg::session &s, std::vector<std::string> const &oids,
                                               pg::limits const &limit)
{
    std::vector<tree_relation> out;
    if (oids.empty()) {
        return out;
    }
    auto const found =
        s.run(sql::catalog_partition_tree, {array_literal({oids.begin(), oids.end()})}, limit);
    tree_reader const reader{found};
    out.reserve(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back(reader.read(i));
    }
    return out;
}

std::vector<std::vector<std::string>>
load_names_taken(pg::session &s, std::vector<creation_request> const &requests,
                 pg::limits const &limit)
{
    std::vector<std::vector<std::string>> out;
    std::vector<param> relations, names;
    std::vector<std::string *> places;
    out.reserve(requests.size());
    for (auto const &request : requests) {
        auto &of_table = out.emplace_back(request.partitions.size());
        for (std::size_t i = 0; i < request.partitions.size(); ++i) {
            relations.emplace_back(request.table_oid);
            names.emplace_back(request.partitions[i].name);
            places.push_back(&of_table[i]);
        }
    }
    if (names.empty()) {
        return out;
    }
    auto const taken =
        s.run(sql::catalog_names_taken, {array_literal(relations), array_literal(names)}, limit);
    for (std::size_t i = 0; i < taken.size(); ++i) {
        *places.at(static_cast<std::size_t>(taken.integer(i, 0) - 1)) = taken.text(i, 1);
    }
    return out;
}

long long load_lock_table_size(pg::session &s, pg::limits const &limit)
{
    return s.run(sql::server_lock_table, {}, limit).integer(0, 0);
}

} // namespace pgtend::catalog

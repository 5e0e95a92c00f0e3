// SPDX-License-Identifier: Apache-2.0
#include "catalog/index_reader.hpp"

#include "base/text.hpp"

namespace pgtend::catalog {

std::vector<std::string> vector_elements(std::string const &text)
{
    return text.empty() ? std::vector<std::string>{} : split(text, ' ');
}

table_index index_reader::read(std::size_t row) const
{
    table_index out;
    out.oid = found_.text(row, oid_);
    out.name = {found_.text(row, schema_), found_.text(row, name_)};
    out.table = {found_.text(row, table_schema_), found_.text(row, table_name_)};
    out.table_oid = found_.text(row, table_oid_);
    out.partitioned = found_.text(row, kind_) == "I";
    out.of_matview = found_.text(row, table_kind_) == "m";
    out.parent = found_.text(row, parent_);
    out.definition = found_.text(row, definition_);
    out.locked_by = found_.text(row, locked_by_);
    out.printed = found_.flag(row, is_printed_);
    out.method = found_.text(row, method_);
    out.unique = found_.flag(row, is_unique_);
    out.valid = found_.flag(row, is_valid_);
    out.live = found_.flag(row, is_live_);
    out.immediate = found_.flag(row, is_immediate_);
    out.exclusion = found_.flag(row, is_exclusion_);
    out.replica_identity = found_.flag(row, is_replica_identity_);
    out.clustered = found_.flag(row, is_clustered_);
    out.constraint = found_.text(row, constraint_);
    out.referring = found_.text(row, referring_);
    out.partial = found_.flag(row, is_partial_);
    out.tablespace = found_.text(row, tablespace_);
    out.pages = found_.real(row, pages_);
    out.scans = found_.integer(row, scans_);
    out.building = found_.flag(row, building_);
    out.working = found_.flag(row, working_);
    read_keys(row, out);
    return out;
}

void index_reader::read_keys(std::size_t row, table_index &out) const
{
    auto const columns = vector_elements(found_.text(row, columns_)),
               classes = vector_elements(found_.text(row, classes_)),
               collations = vector_elements(found_.text(row, collations_)),
               options = vector_elements(found_.text(row, options_));
    auto const expressions = found_.at(row, expressions_)
                                 ? parse_array(*found_.at(row, expressions_))
                                 : std::vector<param>{};
    auto const keys = static_cast<std::size_t>(found_.integer(row, key_columns_));
    for (std::size_t k = 0; k < columns.size(); ++k) {
        if (k >= keys) {
            out.included.push_back(std::stoi(columns[k]));
            continue;
        }
        out.key_columns.push_back(std::stoi(columns[k]));
        auto const &what =
            columns[k] == "0" && k < expressions.size() ? expressions[k].value_or("") : columns[k];
        out.keys.push_back(what + "\n" + classes.at(k) + " " + collations.at(k) + " " +
                           options.at(k));
    }
}

} // namespace pgtend::catalog

// SPDX-License-Identifier: Apache-2.0
// A row of sql/catalog_indexes.sql as an index.
#pragma once
#include <string>
#include <vector>

#include "base/rows.hpp"
#include "catalog/snapshot/indexes.hpp"

namespace pgtend::catalog {

// The elements of an int2vector or oidvector, which text shows with blanks between them.
std::vector<std::string> vector_elements(std::string const &text);

// Columns by position: a database may have 100,000 indexes.
class index_reader {
  public:
    // `found` outlives it. Throws error when it lacks a column.
    explicit index_reader(rows const &found) : found_{found} {}

    table_index read(std::size_t row) const;

  private:
    void read_keys(std::size_t row, table_index &out) const;

    rows const &found_;
    std::size_t oid_ = found_.column("oid"), schema_ = found_.column("schema"),
                name_ = found_.column("name"), kind_ = found_.column("kind"),
                table_oid_ = found_.column("table_oid"),
                table_schema_ = found_.column("table_schema"),
                table_name_ = found_.column("table_name"),
                table_kind_ = found_.column("table_kind"), parent_ = found_.column("parent"),
                definition_ = found_.column("definition"), locked_by_ = found_.column("locked_by"),
                is_printed_ = found_.column("is_printed"), method_ = found_.column("method"),
                is_unique_ = found_.column("is_unique"), is_valid_ = found_.column("is_valid"),
                is_live_ = found_.column("is_live"), is_immediate_ = found_.column("is_immediate"),
                is_exclusion_ = found_.column("is_exclusion"),
                is_replica_identity_ = found_.column("is_replica_identity"),
                is_clustered_ = found_.column("is_clustered"),
                key_columns_ = found_.column("key_columns"), columns_ = found_.column("columns"),
                classes_ = found_.column("classes"), collations_ = found_.column("collations"),
                options_ = found_.column("options"), expressions_ = found_.column("expressions"),
                is_partial_ = found_.column("is_partial"),
                tablespace_ = found_.column("tablespace"), pages_ = found_.column("pages"),
                scans_ = found_.column("scans"), constraint_ = found_.column("constraint_name"),
                referring_ = found_.column("referring_name"), building_ = found_.column("building"),
                working_ = found_.column("working");
};

} // namespace pgtend::catalog

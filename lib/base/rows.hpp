// SPDX-License-Identifier: Apache-2.0
// Values as they go to the server and come back: text, or NULL.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgtend {

// A parameter or a cell in text format; nullopt is NULL. Cast it in SQL: $1::bigint.
using param = std::optional<std::string>;

// The result of one statement. Copies share its bytes.
class rows {
  public:
    using cell = std::optional<std::string_view>;

    rows() = default;
    // cells: row by row, names.size() cells each, in bytes that `owner` keeps. affected: the count
    // of the command tag, which is rows changed for INSERT, UPDATE, DELETE, MERGE and COPY, and
    // rows returned for SELECT.
    rows(std::vector<std::string> names, std::vector<cell> cells, std::size_t count,
         long long affected, std::shared_ptr<void const> owner)
        : names_{std::move(names)}, cells_{std::move(cells)}, count_{count}, affected_{affected},
          owner_{std::move(owner)}
    {
    }
    rows(std::vector<std::string> names, std::vector<param> cells, std::size_t count,
         long long affected);

    std::size_t size() const noexcept { return count_; } // also of rows without columns
    bool empty() const noexcept { return count_ == 0; }
    std::size_t width() const noexcept { return names_.size(); }
    std::vector<std::string> const &names() const noexcept { return names_; }
    long long affected() const noexcept { return affected_; }

    // Throws error when there is no column of that name.
    std::size_t column(std::string_view name) const;
    // As long as these rows or a copy of them live. Throws std::out_of_range outside the result.
    cell at(std::size_t row, std::size_t column) const &;
    cell at(std::size_t row, std::size_t column) const && = delete;
    // The cell, copied.
    param value(std::size_t row, std::size_t column) const { return param{at(row, column)}; }
    // The cell as text; NULL is the empty string.
    std::string text(std::size_t row, std::size_t column) const
    {
        return std::string{at(row, column).value_or("")};
    }
    std::string text(std::size_t row, std::string_view name) const
    {
        return text(row, column(name));
    }
    // The cell as a number, 0 when NULL; throws error when it is not one.
    long long integer(std::size_t row, std::size_t column) const;
    long long integer(std::size_t row, std::string_view name) const
    {
        return integer(row, column(name));
    }
    double real(std::size_t row, std::size_t column) const;
    // 't' or 'f'; NULL is false.
    bool flag(std::size_t row, std::size_t column) const { return at(row, column) == "t"; }
    bool flag(std::size_t row, std::string_view name) const { return flag(row, column(name)); }

  private:
    std::vector<std::string> names_;
    std::vector<cell> cells_;
    std::size_t count_ = 0;
    long long affected_ = 0;
    std::shared_ptr<void const> owner_;
};

// A PostgreSQL array literal ({"a","b"}) of these elements; nullopt is NULL. For parameters of type
// text[] and the like.
std::string array_literal(std::vector<param> const &elements);
// The elements of a one-dimensional array literal; throws error when it is malformed.
std::vector<param> parse_array(std::string_view literal);

} // namespace pgtend

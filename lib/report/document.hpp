// SPDX-License-Identifier: Apache-2.0
// What a command has to tell, independent of how it is shown. Each field is named once; renderers
// do the rest.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"

namespace pgtend::report {

// How a person should see a value; ignored by JSON.
enum class tone { plain, good, bad, warn, dim };

// Null, text, whole number, real number, boolean, instant (JSON: RFC 3339) or duration (JSON:
// seconds, as a number).
using value =
    std::variant<std::monostate, std::string, long long, double, bool, instant, microseconds>;

struct cell {
    value data;
    report::tone tone = tone::plain;
    // What text output shows in place of `data` (humanized); empty: data itself.
    std::string shown = {};
};

// Null where there is nothing to tell.
inline cell or_null(std::string const &text)
{
    return text.empty() ? cell{} : cell{text};
}
template <class Value> cell or_null(std::optional<Value> const &known)
{
    return known ? cell{*known} : cell{};
}

struct field {
    std::string key;   // JSON member, snake_case
    std::string title; // of text output; empty: not shown there
    cell content;
};

enum class align { left, right };

struct column {
    std::string key;
    std::string title; // empty: not shown in text
    report::align align = align::left;
    bool shrinks = false; // may be cut when the terminal is narrow
};

struct table {
    std::string key; // JSON member: the plural of what it holds
    std::vector<column> columns;
    std::vector<std::vector<cell>> rows;
    std::string when_empty = {}; // said in text output when there is no row
    // Keys of columns without which a table may do on a narrow terminal: the first goes first.
    std::vector<std::string> spare = {};
};

// What a person reads in place of a table: the same thing said of several objects. Not in JSON,
// where a table has it.
struct remark {
    std::string subject, text;
    std::string remedy = {}; // a statement or command on a line of its own
};
struct remarks {
    std::string label; // "error"
    report::tone tone = tone::plain;
    std::string title;
    std::vector<remark> items;
    std::size_t more = 0; // how many are not told
};

struct document {
    std::string schema; // "pgtend/job-list/1"
    std::vector<field> fields;
    std::vector<table> tables;
    std::vector<report::remarks> remarks = {}; // after the tables
    std::vector<std::string> notes = {};       // lines after the tables; JSON member "notes"
    // Text output begins with this line, may be empty.
    std::string heading = {};
};

struct text_style {
    int columns = 0; // width of the terminal; 0: no limit
    bool color = false;
};

// Columns whose cells are all blank are not shown. A table that does not fit, though what may be
// cut is cut to 20 characters, does without its spare columns and says so; when that is not enough,
// not even at 12, it shows a line for each column of a row, blank ones left out, and nothing is
// lost.
std::string render_text(document const &d, text_style const &style);
// For a pull request: heading, fields as a list, tables with their titled columns, notes.
std::string render_markdown(document const &d);
// One object: "schema" first, the fields, then each table's rows as an array of objects, then
// notes. Ends with a line feed.
std::string render_json(document const &d);

} // namespace pgtend::report

// SPDX-License-Identifier: Apache-2.0
// The SQL of a batched change, on one table that holds rows (a leaf).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/snapshot/batches.hpp"
#include "model/action.hpp"
#include "plan/statement.hpp"

namespace pgtend::batch {

// What is done to which rows of a table.
struct change {
    qualified_name table; // as the condition may call it
    std::string where;
    std::vector<model::assignment> set; // empty: the rows are deleted
    bool deletes() const noexcept { return set.empty(); }
};

// Some rows of a leaf; the condition comes on top.
struct section {
    enum class kind {
        all,       // every row
        keys,      // key in [from, to), or (from, to) when `beyond`; without bounds: key not null
        one_key,   // key = from
        null_keys, // key is null
        blocks,    // heap blocks in [first_block, end_block)
        listed,    // those at these places (ctid)
    };
    kind what = kind::all;
    catalog::walk_column key = {};
    std::optional<std::string> from = {}, to = {};
    bool beyond = false;
    long long first_block = 0, end_block = 0;
    std::string places = {}; // an array literal of tid
    long long rows = 0;      // that matched when it was found; 0: not counted
    // A transaction's ID (xid): what this one and later ones wrote came after the section's rows
    // were looked for. Empty: not known.
    std::string since = {};
    // Others may add rows as fast as batches go: leave out what came since, whoever wrote it.
    bool far = false;
};

// A leaf and what is to be known of it for its statements.
struct leaf_facts {
    catalog::leaf_table const &table;
    std::string root; // the OID of the named table
    // Transactions of this run (xid, with a comma before each): rows that they wrote are not looked
    // at. Null: it needs no such thing.
    std::string const *writers = nullptr;
    // The table is not looked through once more: rows that others wrote meanwhile must be met now.
    bool once = false;
    // Only rows that no other row of the table refers to are listed.
    std::vector<catalog::self_reference> unreferenced = {};
};

// The longest that a batch waits for a row of somebody else, holding its own.
inline constexpr microseconds longest_row_wait = milliseconds{100};

class leaf_statements {
  public:
    // A leaf that is not the named table is changed only while it is still below that, under its
    // name. Both parameters outlive it.
    leaf_statements(change const &what, leaf_facts leaf);

    // -- looking, in READ ONLY transactions

    // EXPLAIN (FORMAT JSON) of the change of all rows: which index helps, how many rows are
    // expected; the server checks names, types and privileges.
    plan::statement explain() const;
    // One row: the blocks of the heap (`blocks`), and the next transaction's ID (`since`).
    plan::statement size() const;
    // One row or none: the key of the row after the next `rows` ones from `from` on, in the order
    // of the key (`key`, null when it is), and whether it is greater than `from` (`beyond`).
    plan::statement boundary(section const &from, long long rows) const;
    // EXPLAIN of the same, ordered as an index has it, or with nulls on the other side, which no
    // index has but a constant.
    plan::statement explain_boundary(catalog::walk_column const &key, long long rows,
                                     bool nulls_first) const;
    // One row: the places of at most `most` matching rows behind `after`, in their order, as an
    // array literal (`places`, null when there are none), and the next transaction's ID (`since`).
    plan::statement list(section const &rows, std::string const &after, long long most) const;
    // A row for each `step` blocks from first_block on that hold matching rows: `block`,
    // `matching`.
    plan::statement count_blocks(section const &blocks, long long step) const;
    // One row, one column: how many rows match, counted up to `most`.
    plan::statement count(section const &rows, long long most) const;

    // -- changing

    // Changes the rows of a section, at most `most` when given. For an update the result is one
    // row, `changed`, and it fails (22P02, `still_matching`) when an updated row still matches the
    // condition; for a delete it is the count of affected rows.
    plan::statement change_rows(section const &rows, std::optional<long long> most = {}) const;

    // The careful way, three statements of one transaction: lock what nobody else holds (one row:
    // `locked`), change those that still match, and tell how many match that were not
    // changed (one row: `still`, `stamp`); all: also of those that this run wrote.
    plan::statement lock_free(section const &rows, std::optional<long long> most = {}) const;
    plan::statement change_locked() const;
    plan::statement count_still(section const &rows, bool all = false) const;

    // The last one of a changing transaction. One row: the clock again (`stamp`), and whether the
    // leaf is still what it was (`attached`): after a change, which has locked it, that is what the
    // change saw; with `writers` also this transaction (`writer`). count_still tells all of it,
    // too.
    plan::statement stamp() const;

  private:
    plan::statement change_where(std::string which, std::vector<param> parameters) const;
    std::string within(section const &rows, std::vector<param> &parameters) const;
    std::string predicate(section const &rows, std::vector<param> &parameters) const;
    std::string attached(std::vector<param> &parameters) const;
    std::string not_written(section const &rows, std::vector<param> &parameters) const;
    std::string unreferenced() const;
    std::string ending(std::string_view clock, std::vector<param> &parameters) const;
    std::string column(std::string_view name) const;
    plan::statement statement(std::string sql, std::vector<param> parameters,
                              plan::lock_mode mode) const;

    change const &what_;
    leaf_facts leaf_;
    bool below_;        // the leaf is not the named table
    std::string from_;  // ONLY "s"."leaf" AS "table"
    std::string alias_; // "table"
};

// The first statement of a changing transaction. One row: the server's clock in microseconds
// (`stamp`). Compiling a statement (JIT) costs more than it gains in a batch, and a wrong estimate
// of a large table asks for it in each.
plan::statement prelude();

// The message of the error by which an update is taken back that leaves rows matching.
inline constexpr std::string_view still_matching = "pgtend: rows still match after the update: ";

} // namespace pgtend::batch

// SPDX-License-Identifier: Apache-2.0
// Reads the facts of one change, question by question. Inside of the module.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "batch/statements.hpp"
#include "preflight/facts.hpp"
#include "preflight/read_change.hpp"

namespace pgtend::preflight {

class change_reader {
  public:
    change_reader(asking &with, change_request const &what, outbox &out);
    void read();

  private:
    struct column {
        std::string name, type, base_type, stored_type;
        bool is_enum = false, not_null = false, partition_key = false, plain = false;
        bool domain_calls = false; // functions of users, in a CHECK
    };
    using assignments = std::vector<model::assignment>;
    using attempt = std::function<void(assignments const &)>;

    // change_reader.cpp: the statement
    bool condition_parses();
    bool change_parses();
    bool is_planned();
    void read_policies();
    plan::statement change_of(assignments const &set, catalog::leaf_table const &leaf) const;
    rows plan_of(assignments const &set, catalog::leaf_table const &leaf);
    void note(catalog::leaf_table const &leaf, rows const &answer, double rows_of_it);
    bool tried(outbox::failure const &of, std::function<void()> const &work);
    bool tried_set(assignments const &set, plan::statement const &whole, attempt const &work);
    model::assignment const *culprit(assignments const &set, attempt const &work);
    outbox::failure of_table(std::string otherwise, plan::statement const *what) const;
    std::string fix_of(model::assignment const &set, error const &why) const;
    std::vector<param> oids() const;

    // change_values.cpp: what is set, and what may refuse it
    void read_columns();
    assignments harmless() const;
    void read_set();
    void evaluate(std::string const &expression, column const &c, set_column &into);
    void read_checks();
    void read_uniques();
    std::optional<verdict> ask_about(check_constraint const &one,
                                     std::vector<known_column> const &known);

    // change_surroundings.cpp: what its rows meet
    void read_triggers();
    void look_up_tables_of(row_trigger &one);
    void read_references();
    void look_for_contradictions();
    void read_literals();

    asking &with_;
    change_request const &what_;
    outbox &out_;
    qualified_name table_;
    change_facts facts_ = {};
    std::vector<catalog::leaf_table> leaves_ = {}; // the table itself when it has none
    bool has_leaves_ = false;
    std::map<std::string, column> columns_ = {};
};

// The elements of an array of text.
std::vector<std::string> texts(rows const &from, std::size_t row, std::string_view name);

} // namespace pgtend::preflight

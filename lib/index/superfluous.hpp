// SPDX-License-Identifier: Apache-2.0
// Which indexes of a table another one of it makes superfluous. Pure.
#pragma once
#include <vector>

#include "catalog/snapshot/indexes.hpp"

namespace pgtend::index {

// May go without anybody but queries noticing: attached to no other one, and neither a constraint,
// a foreign key nor a replica identity rests on it.
bool removable(catalog::table_index const &index);

struct superfluous {
    catalog::table_index const *index; // removable
    catalog::table_index const *stays; // what does the same, and more
    bool equal = false;                // else `stays` begins with its keys, or has the same
};

// Of the indexes of one table, each superfluous one once; what `stays` may itself begin another
// one. Equal: same keys, operator classes, collations, order, INCLUDE, WHERE and uniqueness. Else
// both are btrees of the same WHERE, the superfluous one is not unique, and the other has all its
// INCLUDE columns. Exclusion constraints, invalid indexes and those whose definition was not read
// are left out. The pointers are those given.
std::vector<superfluous>
superfluous_among(std::vector<catalog::table_index const *> const &of_one_table);

} // namespace pgtend::index

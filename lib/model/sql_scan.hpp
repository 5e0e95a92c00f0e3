// SPDX-License-Identifier: Apache-2.0
// What a text of SQL may have in it: too much rather than too little. Pure, linear in its length.
#pragma once
#include <string_view>
#include <vector>

#include "base/name.hpp"
#include "base/position.hpp"

namespace pgtend::model {

// The comments that go to the end of their lines, without what ends these; and in strings of every
// kind, which may be code, from each -- to the end of the line or string. Ascending. Of what cannot
// be read those before the error.
std::vector<text_span> possible_line_comments(std::string_view sql);

// Every name in it that could be a relation's, with its schema where one is written, each once, 100
// at most; names of columns and functions are among them, reserved words are so in quotes only.
std::vector<qualified_name> possible_relations(std::string_view statement);

} // namespace pgtend::model

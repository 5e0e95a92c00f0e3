// SPDX-License-Identifier: Apache-2.0
// The source tree as the tests of the house read it.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace pgtend::house {

// The root of the tree: $PGTEND_SOURCE, else the working directory.
std::filesystem::path root();

// Throws std::runtime_error when it cannot be read.
std::string read(std::filesystem::path const &file);

std::vector<std::string> lines_of(std::string_view text);

// Files below `folder` of the root with one of these endings, sorted, as paths from the root.
std::vector<std::string> files_below(std::string const &folder,
                                     std::vector<std::string> const &endings);

// The cells of a Markdown table's body, blanks taken off: the first table after a line that starts
// with `heading`.
std::vector<std::vector<std::string>> table_after(std::string const &text,
                                                  std::string const &heading);

// "a, b" -> {"a", "b"}; "-" -> {}.
std::vector<std::string> list_of(std::string const &cell, char separator = ',');

} // namespace pgtend::house

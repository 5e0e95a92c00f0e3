// SPDX-License-Identifier: Apache-2.0
// A YAML document as a small tree that keeps what the library's own nodes lose: how a value was
// written, and where.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace pgtend::config {

enum class node_kind {
    missing, // nothing is written after the key, or after the dash
    null,    // ~ or null
    scalar,
    sequence,
    map,
    refused, // an alias or something else that was reported already: say nothing more of it
};

enum class node_style { plain, quoted, block };

struct map_entry;

struct node {
    node_kind kind = node_kind::missing;
    node_style style = node_style::plain; // of a scalar
    int line = 0;                         // from 1
    int column = 0;                       // from 1, in characters
    std::string text;                     // of a scalar
    std::vector<std::size_t> joined = {}; // joined_lines of a scalar
    std::vector<node> items;              // of a sequence
    std::vector<map_entry> entries;       // of a map, as written, each key once

    // The value of that key, or nullptr.
    node const *find(std::string_view key) const;
};

struct map_entry {
    node key; // a scalar
    node value;
};

constexpr std::size_t longest_file = 1'000'000; // bytes
constexpr int deepest_nesting = 32;
constexpr std::size_t most_problems = 1'000; // what is found after them is not told

// The document of a text, which is one file's. A text of blanks and comments is a missing node at
// 1:1.
//
// Throws config_error with one diagnostic for what leaves no tree to go on with: bad syntax, bytes
// that are not UTF-8, control characters, a second document, nesting deeper than `deepest_nesting`,
// more than `longest_file` bytes. What YAML has and a configuration must not have is added to
// `problems`, and reading goes on: anchors, aliases, merge keys (<<), tags, a key that is there
// twice, a key that is not a scalar, tabs before a value.
node parse_yaml(std::string_view text, std::string const &file, std::vector<diagnostic> &problems);

} // namespace pgtend::config

// SPDX-License-Identifier: Apache-2.0
#include "batch/explain.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.hpp"

namespace pgtend::batch {
namespace {

[[noreturn]] void malformed()
{
    throw error{"the server's EXPLAIN (FORMAT JSON) is not understood"};
}

void append_code_point(std::string &out, unsigned code)
{
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
        out += static_cast<char>(0xE0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    }
}

// A string at `position` (the opening quote), decoded; position is behind it. PostgreSQL writes
// other than ASCII as it is and only control characters as \uXXXX (escape_json in json.c).
std::string read_string(std::string_view json, std::size_t &position)
{
    std::string out;
    for (auto i = position + 1; i < json.size(); ++i) {
        char const c = json[i];
        if (c == '"') {
            position = i + 1;
            return out;
        }
        if (c != '\\') {
            out += c;
            continue;
        }
        ++i;
        if (i >= json.size()) {
            break;
        }
        static constexpr std::string_view short_forms = "bfnrt", meant = "\b\f\n\r\t";
        if (auto const at = short_forms.find(json[i]); at != std::string_view::npos) {
            out += meant[at];
        } else if (json[i] == 'u') {
            unsigned code = 0;
            auto const digits = json.substr(i + 1, 4);
            auto const end = digits.data() + digits.size();
            if (digits.size() != 4 || std::from_chars(digits.data(), end, code, 16).ptr != end) {
                malformed();
            }
            append_code_point(out, code);
            i += 4;
        } else {
            out += json[i];
        }
    }
    malformed();
}

bool gathers(std::string const &type)
{
    static constexpr std::array<std::string_view, 8> some{
        "Sort",   "Incremental Sort", "Aggregate", "Hash Join",
        "Unique", "WindowAgg",        "Gather",    "Bitmap Heap Scan"};
    return std::find(some.begin(), some.end(), type) != some.end();
}

} // namespace

std::vector<plan_node> nodes_of(std::string_view json)
{
    std::vector<plan_node> out;
    std::string key;
    bool value_follows = false;
    for (std::size_t i = 0; i < json.size();) {
        char const c = json[i];
        if (c == '"') {
            auto text = read_string(json, i);
            if (!value_follows) {
                key = std::move(text);
                continue;
            }
            value_follows = false;
            if (key == "Node Type") {
                out.push_back({std::move(text), {}, {}, 0});
            } else if (!out.empty() && key == "Relation Name") {
                out.back().relation.name = std::move(text);
            } else if (!out.empty() && key == "Schema") {
                out.back().relation.schema = std::move(text);
            } else if (!out.empty() && key == "Index Name") {
                out.back().index = std::move(text);
            }
        } else if (value_follows && ((c >= '0' && c <= '9') || c == '-')) {
            auto const end = json.find_first_not_of("0123456789+-.eE", i);
            auto const stop = end == std::string_view::npos ? json.size() : end;
            if (key == "Plan Rows" && !out.empty()) {
                std::from_chars(json.data() + i, json.data() + stop, out.back().rows);
            }
            value_follows = false;
            i = stop;
        } else {
            if (c == ':') {
                value_follows = true;
            } else if (c == '[' || c == '{' || c == ',') {
                value_follows = false;
            }
            ++i;
        }
    }
    if (out.empty()) {
        malformed();
    }
    return out;
}

bool reads_in_order(std::vector<plan_node> const &nodes, std::string_view relation)
{
    for (auto const &node : nodes) {
        if (gathers(node.type)) {
            return false;
        }
        if (node.relation.name == relation) {
            return !node.index.empty();
        }
    }
    return false;
}

std::vector<std::string> indexes_of(std::vector<plan_node> const &nodes)
{
    std::vector<std::string> out;
    for (auto const &node : nodes) {
        if (!node.index.empty()) {
            out.push_back(node.index);
        }
    }
    return out;
}

} // namespace pgtend::batch

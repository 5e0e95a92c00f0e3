// SPDX-License-Identifier: Apache-2.0
#include "tree.hpp"

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "base/text.hpp"

namespace pgtend::house {

namespace fs = std::filesystem;

fs::path root()
{
    auto const *told = std::getenv("PGTEND_SOURCE");
    return told != nullptr ? fs::path{told} : fs::current_path();
}

std::string read(fs::path const &file)
{
    std::ifstream in{file, std::ios::binary};
    std::ostringstream out;
    if (!in || !(out << in.rdbuf())) {
        throw std::runtime_error{"cannot read " + file.string()};
    }
    return out.str();
}

std::vector<std::string> lines_of(std::string_view text)
{
    std::vector<std::string> out;
    std::istringstream in{std::string{text}};
    for (std::string line; std::getline(in, line);) {
        out.push_back(line);
    }
    return out;
}

std::vector<std::string> files_below(std::string const &folder,
                                     std::vector<std::string> const &endings)
{
    std::vector<std::string> out;
    for (auto const &entry : fs::recursive_directory_iterator{root() / folder}) {
        auto const name = fs::relative(entry.path(), root()).string();
        if (entry.is_regular_file() && std::any_of(endings.begin(), endings.end(),
                                                   [&](auto &e) { return name.ends_with(e); })) {
            out.push_back(name);
        }
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<std::vector<std::string>> table_after(std::string const &text,
                                                  std::string const &heading)
{
    std::vector<std::vector<std::string>> out;
    bool found = false;
    int row = 0;
    for (auto const &line : lines_of(text)) {
        found = found || line.starts_with(heading);
        if (!found) {
            continue;
        }
        if (!line.starts_with("|")) {
            if (row > 0) {
                break;
            }
            continue;
        }
        if (++row <= 2) {
            continue; // names of the columns, and the line below them
        }
        std::vector<std::string> cells;
        for (std::size_t at = 1; at < line.size();) {
            auto const end = std::min(line.find('|', at), line.size());
            cells.emplace_back(trim(std::string_view{line}.substr(at, end - at)));
            at = end + 1;
        }
        out.push_back(std::move(cells));
    }
    return out;
}

std::vector<std::string> list_of(std::string const &cell, char separator)
{
    std::vector<std::string> out;
    std::istringstream in{cell == "-" ? "" : cell};
    for (std::string item; std::getline(in, item, separator);) {
        out.emplace_back(trim(item));
    }
    return out;
}

TEST_SUITE("nodb")
{
    TEST_CASE("a table of Markdown is found behind its heading")
    {
        auto const text = "| a |\n|---|\n| no |\n\n## Here\n\nwords\n\n| a | b |\n|---|---|\n"
                          "| x, y | - |\n| z | `q` |\n\n| c |\n|---|\n| no |\n";
        auto const table = table_after(text, "## Here");
        REQUIRE(table.size() == 2);
        CHECK(table[0] == std::vector<std::string>{"x, y", "-"});
        CHECK(table[1] == std::vector<std::string>{"z", "`q`"});
        CHECK(list_of(table[0][0]) == std::vector<std::string>{"x", "y"});
        CHECK(list_of(table[0][1]).empty());
        CHECK(table_after(text, "## There").empty());
    }
}

} // namespace pgtend::house

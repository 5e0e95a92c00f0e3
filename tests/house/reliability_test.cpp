// SPDX-License-Identifier: Apache-2.0
// The table of docs/reliability.md and the tests that it names.
#include <cctype>
#include <doctest/doctest.h>
#include <map>
#include <set>
#include <sstream>

#include "tree.hpp"

using namespace pgtend;
using namespace pgtend::house;

namespace {

// "F04" and the like, wherever they stand.
std::set<std::string> faults_in(std::string_view text)
{
    std::set<std::string> out;
    auto const digit = [&](std::size_t at) {
        return at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    for (auto at = text.find('F'); at != std::string_view::npos; at = text.find('F', at + 1)) {
        if (digit(at + 1) && digit(at + 2) && !digit(at + 3)) {
            out.emplace(text.substr(at, 3));
        }
    }
    return out;
}

// The paths below tests/ that a line names in backquotes; without a folder they are in faults/.
std::vector<std::string> files_in(std::string const &line)
{
    std::vector<std::string> out;
    constexpr std::string_view end = "_test.cpp`";
    for (auto at = line.find(end); at != std::string::npos; at = line.find(end, at + 1)) {
        auto const begin = line.rfind('`', at) + 1;
        auto const name = line.substr(begin, at + end.size() - 1 - begin);
        out.push_back(name.find('/') == std::string::npos ? "faults/" + name : name);
    }
    return out;
}

// By fault, the files that the table names for it; a semicolon ends what belongs together.
std::map<std::string, std::set<std::string>> promised()
{
    std::map<std::string, std::set<std::string>> out;
    for (auto const &line : lines_of(read(root() / "docs/reliability.md"))) {
        if (!line.starts_with("| ")) {
            continue;
        }
        std::istringstream parts{line};
        for (std::string part; std::getline(parts, part, ';');) {
            auto const files = files_in(part);
            for (auto const &fault : faults_in(part)) {
                out[fault].insert(files.begin(), files.end());
            }
            for (auto const &file : files) {
                CHECK_MESSAGE(std::filesystem::exists(root() / "tests" / file), file);
            }
        }
    }
    return out;
}

std::set<std::string> tested_in(std::string const &file)
{
    std::string names;
    bool in_name = false;
    for (auto const &line : lines_of(read(root() / "tests" / file))) {
        in_name = in_name || line.find("TEST_CASE(") != std::string::npos;
        names += in_name ? line : "";
        in_name = in_name && line.find('{') == std::string::npos;
    }
    return faults_in(names);
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("each fault of the table is tested where it says, and each tested fault is in it")
    {
        auto const table = promised();
        CHECK(table.size() > 30);
        for (auto const &[fault, files] : table) {
            for (auto const &file : files) {
                CHECK_MESSAGE(tested_in(file).contains(fault), fault, " in ", file);
            }
            CHECK_MESSAGE(!files.empty(), fault);
        }
        for (auto const &entry : std::filesystem::directory_iterator{root() / "tests/faults"}) {
            auto const file = "faults/" + entry.path().filename().string();
            if (!file.ends_with("_test.cpp")) {
                continue;
            }
            for (auto const &fault : tested_in(file)) {
                auto const row = table.find(fault);
                CHECK_MESSAGE((row != table.end() && row->second.contains(file)),
                              fault << " of " << file << " is not in docs/reliability.md");
            }
        }
    }
}

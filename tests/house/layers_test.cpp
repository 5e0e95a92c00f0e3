// SPDX-License-Identifier: Apache-2.0
// The table of modules in docs/architecture.md, held against every #include and against CMake.
#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "tree.hpp"

using namespace pgtend;
using namespace pgtend::house;

namespace {

struct module_row {
    std::set<std::string> may_include;
    // The first part of an outside header's path, and the file that may include it.
    std::map<std::string, std::string> outside;
};

std::map<std::string, module_row> table_of_modules()
{
    std::map<std::string, module_row> out;
    for (auto const &cells :
         table_after(read(root() / "docs/architecture.md"), "| module | may include")) {
        REQUIRE(cells.size() == 4);
        auto &row = out[cells[0]];
        for (auto const &name : list_of(cells[1])) {
            row.may_include.insert(name);
        }
        for (auto const &pair : list_of(cells[2], ';')) {
            auto const colon = pair.find(": ");
            REQUIRE(colon != std::string::npos);
            row.outside.emplace(pair.substr(0, colon), pair.substr(colon + 2));
        }
    }
    return out;
}

// What stands between `#include` and the end of the line.
std::vector<std::string> includes_of(std::string const &file)
{
    std::vector<std::string> out;
    for (auto const &line : lines_of(read(root() / file))) {
        auto const text = trim(line);
        if (text.starts_with("#include")) {
            out.emplace_back(trim(text.substr(8)));
        }
    }
    return out;
}

// The outside library of <...>: the first part of its path, or the stem of a header of C. Nothing
// for what is free: the standard library, the operating system, fmt.
std::optional<std::string> library_of(std::string const &header)
{
    static std::set<std::string> const system{
        "arpa",    "dlfcn.h",   "fcntl.h", "fmt",       "grp.h",     "net",
        "netdb.h", "netinet",   "poll.h",  "pthread.h", "pwd.h",     "signal.h",
        "spawn.h", "strings.h", "sys",     "time.h",    "termios.h", "unistd.h"};
    auto const first = header.substr(0, header.find('/'));
    bool const standard = header.find_first_of("/.") == std::string::npos;
    if (standard || system.contains(first)) {
        return std::nullopt;
    }
    return first.ends_with(".h") ? first.substr(0, first.size() - 2) : first;
}

std::string module_of(std::string const &file)
{
    auto const at = file.starts_with("lib/") ? std::size_t{4} : std::size_t{0};
    return file.substr(at, file.find('/', at) - at);
}

std::vector<std::string> sources()
{
    auto out = files_below("lib", {".cpp", ".hpp"});
    auto const tools = files_below("tools", {".cpp", ".hpp"});
    out.insert(out.end(), tools.begin(), tools.end());
    return out;
}

bool is_planner(std::string const &module)
{
    return module == "partition" || module == "matview" || module == "vacuum" ||
           module == "batch" || module == "index";
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("every file includes only the modules that its row of the table names")
    {
        auto const table = table_of_modules();
        auto const files = sources();
        REQUIRE(files.size() > 100);
        for (auto const &file : files) {
            auto const module = module_of(file);
            auto const row = table.find(module);
            REQUIRE_MESSAGE(row != table.end(), file, " is in no module of docs/architecture.md");
            for (auto const &header : includes_of(file)) {
                if (!header.starts_with('"')) {
                    continue;
                }
                auto const other = header.substr(1, header.find('/') - 1);
                INFO(file, " includes ", header);
                CHECK((other == module || row->second.may_include.contains(other)));
                bool const snapshot = header.starts_with("\"catalog/snapshot/");
                if (is_planner(module) && other == "catalog") {
                    CHECK(snapshot);
                }
                if (file.starts_with("lib/catalog/snapshot/")) { // data alone
                    CHECK((snapshot || other == "base"));
                }
            }
        }
    }

    TEST_CASE("an outside library stays in the file that the table names, and is used there")
    {
        auto const table = table_of_modules();
        std::set<std::string> used;
        for (auto const &file : sources()) {
            for (auto const &header : includes_of(file)) {
                auto const library = header.starts_with('<')
                                         ? library_of(header.substr(1, header.find('>') - 1))
                                         : std::nullopt;
                if (!library) {
                    continue;
                }
                auto const &outside = table.at(module_of(file)).outside;
                auto const found = outside.find(*library);
                INFO(file, " includes ", header);
                REQUIRE(found != outside.end());
                CHECK(file.ends_with("/" + found->second));
                used.insert(module_of(file) + " " + *library);
            }
        }
        for (auto const &[module, row] : table) {
            for (auto const &[library, file] : row.outside) {
                INFO(module, " does not use ", library);
                CHECK(used.contains(module + " " + library));
            }
        }
    }

    TEST_CASE("the table has no module that does not exist, and no circle")
    {
        auto const table = table_of_modules();
        std::set<std::string> above; // the order of the rows is not kept by the map: by includes
        for (auto const &[module, row] : table) {
            INFO(module);
            CHECK((module == "tools" || module == "sql" ||
                   std::filesystem::is_directory(root() / "lib" / module)));
            for (auto const &other : row.may_include) {
                INFO(other);
                REQUIRE(table.contains(other));
                CHECK_FALSE(table.at(other).may_include.contains(module));
            }
        }
        // Layers: take away what depends on nothing that is left, until nothing is left.
        auto left = table;
        while (!left.empty()) {
            auto const free = std::find_if(left.begin(), left.end(), [&](auto const &entry) {
                return std::none_of(entry.second.may_include.begin(),
                                    entry.second.may_include.end(),
                                    [&](auto const &name) { return left.contains(name); });
            });
            REQUIRE_MESSAGE(free != left.end(), "a circle through ", left.begin()->first);
            left.erase(free);
        }
    }

    TEST_CASE("CMake links a module with no module that its row does not name")
    {
        auto const table = table_of_modules();
        int seen = 0;
        for (auto const &line : lines_of(read(root() / "lib/CMakeLists.txt"))) {
            if (!line.starts_with("pgtend_module(")) {
                continue;
            }
            ++seen;
            auto const words = list_of(line.substr(14, line.rfind(')') - 14), ' ');
            INFO(line);
            REQUIRE(table.contains(words[0]));
            bool names = false;
            for (std::size_t i = 1; i < words.size(); ++i) {
                if (words[i] == "DEPENDS" || words[i] == "LINKS") {
                    names = words[i] == "DEPENDS";
                } else if (names) {
                    INFO(words[i]);
                    CHECK(table.at(words[0]).may_include.contains(words[i]));
                }
            }
        }
        CHECK(seen + 2 == static_cast<int>(table.size())); // sql and tools are made elsewhere
    }
}

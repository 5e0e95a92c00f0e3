// SPDX-License-Identifier: Apache-2.0
// Every link of every document leads somewhere, and every complete file shown in one can be loaded.
#include <cctype>
#include <doctest/doctest.h>
#include <fmt/core.h>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/load.hpp"
#include "pg/probe.hpp"
#include "support/database.hpp"
#include "tree.hpp"

using namespace pgtend;
using namespace pgtend::house;

namespace {

// The anchor that GitHub gives a heading.
std::string anchor(std::string_view heading)
{
    std::string out;
    for (char const c : lower(heading)) {
        if (c == ' ' || c == '-') {
            out += '-';
        } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
            out += c;
        }
    }
    return out;
}

std::set<std::string> anchors_of(std::string const &text)
{
    std::set<std::string> out;
    bool in_code = false;
    for (auto const &line : lines_of(text)) {
        in_code ^= line.starts_with("```");
        auto const hashes = line.find_first_not_of('#');
        if (!in_code && hashes != std::string::npos && hashes > 0 && line[hashes] == ' ') {
            out.insert(anchor(trim(std::string_view{line}.substr(hashes))));
        }
    }
    return out;
}

// What stands in the round brackets of [text](target), outside of code.
std::vector<std::string> targets_of(std::string const &text)
{
    std::vector<std::string> out;
    bool in_block = false;
    for (auto const &line : lines_of(text)) {
        in_block ^= line.starts_with("```");
        if (in_block || line.starts_with("    ")) {
            continue;
        }
        bool in_code = false;
        for (std::size_t at = 0; at + 1 < line.size(); ++at) {
            in_code ^= line[at] == '`';
            if (!in_code && line[at] == ']' && line[at + 1] == '(') {
                auto const end = line.find(')', at);
                out.push_back(line.substr(at + 2, end - at - 2));
            }
        }
    }
    return out;
}

std::vector<std::string> documents()
{
    std::vector<std::string> out{"README.md", "CHANGELOG.md", "CONTRIBUTING.md"};
    for (char const *folder : {"docs", "sql", "tests"}) {
        for (auto &file : files_below(folder, {".md"})) {
            out.push_back(std::move(file));
        }
    }
    return out;
}

// Blocks of YAML that begin with `version:`: complete files.
std::vector<std::string> configurations_of(std::string const &text)
{
    std::vector<std::string> out;
    bool inside = false, complete = false;
    for (auto const &line : lines_of(text)) {
        if (line.starts_with("```")) {
            inside = line == "```yaml";
            complete = false;
        } else if (inside) {
            if (!complete && line.starts_with("version:")) {
                complete = true;
                out.emplace_back();
            }
            if (complete) {
                out.back() += line + "\n";
            }
        }
    }
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("the complete files that documents show can be loaded")
    {
        config::load_options options;
        options.environment = [](std::string const &) {
            return std::optional<std::string>{"dbname=shop"};
        };
        int loaded = 0;
        for (auto const &file : documents()) {
            for (auto const &yaml : configurations_of(read(root() / file))) {
                std::string problem;
                try {
                    config::load_text(yaml, (root() / file).string(), options);
                } catch (error const &e) {
                    problem = e.what();
                }
                INFO(file, ":\n", yaml);
                CHECK(problem.empty());
                ++loaded;
            }
        }
        CHECK(loaded > 0);
    }

    TEST_CASE("links between documents lead to files, and to headings in them")
    {
        int followed = 0;
        for (auto const &file : documents()) {
            for (auto const &target : targets_of(read(root() / file))) {
                if (target.starts_with("https://")) {
                    continue;
                }
                ++followed;
                INFO(file, " links to ", target);
                auto const hash = std::min(target.find('#'), target.size());
                auto const path = hash == 0
                                      ? root() / file
                                      : (root() / file).parent_path() / target.substr(0, hash);
                CHECK(std::filesystem::exists(path));
                if (hash < target.size() && std::filesystem::exists(path)) {
                    CHECK(anchors_of(read(path)).contains(target.substr(hash + 1)));
                }
            }
        }
        CHECK(followed > 10);
    }

    TEST_CASE("every document of docs/ can be reached from the README")
    {
        auto const readme = read(root() / "README.md");
        for (auto const &file : files_below("docs", {".md"})) {
            INFO(file);
            CHECK(readme.find("(" + file + ")") != std::string::npos);
        }
    }

    TEST_CASE(
        "the versions of PostgreSQL that are promised are those that pgtend accepts, and those "
        "that ./dev test --pg all tries")
    {
        std::string accepted;
        for (int major = pg::oldest_server; major <= pg::newest_tested_server; ++major) {
            accepted += std::to_string(major) + "\n";
        }
        CHECK(test::run_script("server_binaries", "list") == accepted);
        auto const promise =
            fmt::format("PostgreSQL {} to {}", pg::oldest_server, pg::newest_tested_server);
        for (char const *file : {"README.md", "docs/postgresql.md", "CONTRIBUTING.md"}) {
            INFO(file);
            CHECK(read(root() / file).find(promise) != std::string::npos);
        }
    }

    TEST_CASE("anchors are made as GitHub makes them")
    {
        CHECK(anchor("Exit codes") == "exit-codes");
        CHECK(anchor("One slot, from the schedule to the history") ==
              "one-slot-from-the-schedule-to-the-history");
        CHECK(anchor("`where:` and `set:`") == "where-and-set");
    }
}

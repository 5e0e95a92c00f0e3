// SPDX-License-Identifier: Apache-2.0
// docs/commands.md and the README's table are what the program says of itself. ./dev docs writes
// them: with PGTEND_WRITE_DOCS set, what differs is written instead of told.
#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>

#include "base/text.hpp"
#include "tools/parse.hpp"
#include "tree.hpp"

using namespace pgtend;
using namespace pgtend::house;

namespace {

std::string block(std::string const &text)
{
    return "```text\n" + text + "```\n";
}

// "job history" has job-history.json and job-history-stats.json.
std::vector<std::string> schemas_of(std::string const &command)
{
    auto const stem = replace_all(command, " ", "-");
    std::vector<std::string> out;
    for (auto const &file : files_below("docs/schemas", {".json"})) {
        auto const name = file.substr(file.rfind('/') + 1);
        if (name == stem + ".json" || name.starts_with(stem + "-")) {
            out.push_back(name);
        }
    }
    std::sort(out.begin(), out.end(),
              [](auto const &a, auto const &b) { return a.size() < b.size(); });
    return out;
}

std::string reference()
{
    auto const global = tools::help_of(nullptr).global;
    std::string out =
        "# Commands\n\n"
        "What `pgtend COMMAND --help` says, command by command. `./dev docs` writes this page. "
        "[The command line](command-line.md) tells how to\nconnect and what comes out; with "
        "`-o json` a command prints what its [schema](schemas/) says.\n\n"
        "## Every command\n\n" +
        block(tools::text_of(global));
    for (auto const &command : tools::commands()) {
        auto help = tools::help_of(&command);
        // One that the command has another way: forms of -o.
        for (std::size_t i = 0; i < global.size(); ++i) {
            if (help.global[i].placeholder != global[i].placeholder) {
                help.own.push_back(help.global[i]);
            }
        }
        help.global.clear();
        out += "\n## " + help.name + "\n\n" + block(tools::text_of(help));
        if (command.document) {
            std::vector<std::string> links;
            for (auto const &file : schemas_of(help.name)) {
                links.push_back("[" + file + "](schemas/" + file + ")");
            }
            out += "\n`-o json`: " + join(links, ", ") + "\n";
        }
    }
    return out;
}

// The README with the rows of its table of commands as they should be.
std::string readme()
{
    std::string out, rows;
    for (auto const &command : tools::commands()) {
        rows += "| `" + std::string{command.name} + "` | " + std::string{command.summary} + " |\n";
    }
    bool below = false;
    for (auto const &line : lines_of(read(root() / "README.md"))) {
        bool const row = below && line.starts_with("| `");
        below = (below || line == "## Commands") && !(below && line.starts_with("## "));
        out += row ? "" : line + "\n";
        out += below && line == "|---|---|" ? rows : "";
    }
    return out;
}

void hold(std::string const &file, std::string const &expected)
{
    auto const path = root() / file;
    if (std::getenv("PGTEND_WRITE_DOCS") != nullptr) {
        std::ofstream{path} << expected;
    }
    CHECK_MESSAGE(read(path) == expected, file, " is not current: ./dev docs");
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("docs/commands.md is what --help says")
    {
        hold("docs/commands.md", reference());
    }

    TEST_CASE("the README's table is the program's")
    {
        hold("README.md", readme());
    }
}

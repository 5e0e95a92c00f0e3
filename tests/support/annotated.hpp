// SPDX-License-Identifier: Apache-2.0
// What pgtend check finds, as a list: of its annotations for GitHub, a line for each finding.
#pragma once
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "support/ground.hpp"

namespace pgtend::test {

// "error job.runner: runner" for each; "skipped job.runner: needs ..." for what cannot be seen.
inline std::vector<std::string> annotated(std::string const &out)
{
    std::vector<std::string> list;
    for (auto const &line : split(out, '\n')) {
        auto const title = line.find("title=");
        auto const text = line.find("::", title == std::string::npos ? 0 : title);
        if (!line.starts_with("::") || title == std::string::npos || text == std::string::npos) {
            continue;
        }
        auto const id = line.substr(title + 6, text - title - 6);
        auto const message = line.substr(text + 2);
        if (message.starts_with("skipped, ")) {
            list.push_back("skipped " + id + ": " + message.substr(9));
            continue;
        }
        auto const level = line.substr(2, line.find(' ') - 2);
        list.push_back((level == "notice" ? "info" : level) + " " + id + ": " +
                       message.substr(0, message.find(": ")));
    }
    return list;
}

inline std::vector<std::string> findings(ground const &g, std::vector<std::string> more)
{
    more.insert(more.begin(), {"-o", "github", "check"});
    auto const done = g.run(more);
    if (done.code != 0 && done.code != 3) {
        throw error{"pgtend check failed: " + done.err};
    }
    return annotated(done.out);
}

// Of one check, or one area.
inline std::vector<std::string> findings(ground const &g, std::string const &id)
{
    return findings(g, std::vector<std::string>{"--only", id});
}

} // namespace pgtend::test

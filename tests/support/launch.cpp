// SPDX-License-Identifier: Apache-2.0
#include "support/launch.hpp"

#include <cstdlib>
#include <unistd.h>

#include "base/error.hpp"

extern char **environ;

namespace pgtend::test {
namespace {

std::vector<std::string> environment(environment_changes const &changes)
{
    std::vector<std::string> out;
    for (char **entry = environ; *entry != nullptr; ++entry) {
        std::string const text{*entry};
        if (changes.find(text.substr(0, text.find('='))) == changes.end()) {
            out.push_back(text);
        }
    }
    for (auto const &[name, value] : changes) {
        if (!value.empty()) {
            out.push_back(name + "=" + value);
        }
    }
    return out;
}

std::vector<char *> pointers(std::vector<std::string> &texts)
{
    std::vector<char *> out;
    for (auto &text : texts) {
        out.push_back(text.data());
    }
    out.push_back(nullptr);
    return out;
}

} // namespace

std::vector<std::string> pgtend_words(std::vector<std::string> const &args)
{
    auto const *binary = std::getenv("PGTEND_BINARY");
    if (binary == nullptr) {
        throw error{"PGTEND_BINARY is not set",
                    "run the tests by ./dev test, or export the path of the built pgtend"};
    }
    std::vector<std::string> out{binary};
    out.insert(out.end(), args.begin(), args.end());
    return out;
}

launch::launch(std::vector<std::string> const &words, environment_changes const &changes)
    : words_{words}, environment_{environment(changes)}, argv_{pointers(words_)}, envp_{pointers(
                                                                                      environment_)}
{
}

void launch::execute()
{
    execvpe(argv_[0], argv_.data(), envp_.data());
}

} // namespace pgtend::test

// SPDX-License-Identifier: Apache-2.0
// Files that pgtend wrote.
#pragma once
#include <fstream>
#include <iterator>
#include <string>

namespace pgtend::test {

inline std::string text_of(std::string const &path)
{
    std::ifstream file{path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace pgtend::test

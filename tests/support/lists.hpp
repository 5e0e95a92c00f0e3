// SPDX-License-Identifier: Apache-2.0
// Lists of text, and how doctest shows them when a check fails.
#pragma once
#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace doctest {

template <> struct StringMaker<std::vector<std::string>> {
    static String convert(std::vector<std::string> const &list)
    {
        std::string out = "[";
        for (auto const &each : list) {
            out += (out.size() == 1 ? "" : " | ") + each;
        }
        return (out + "]").c_str();
    }
};

} // namespace doctest

namespace pgtend::test {

using list = std::vector<std::string>;

} // namespace pgtend::test

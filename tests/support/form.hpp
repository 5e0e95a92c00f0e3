// SPDX-License-Identifier: Apache-2.0
// What `pgtend -o FORM check` printed, held against the rules of the form.
#pragma once
#include <cstdlib>
#include <string>

#include "base/error.hpp"
#include "support/process.hpp"

namespace pgtend::test {

// How many findings are in it. Throws error with what is wrong.
inline int hold(scratch const &files, std::string const &form, std::string const &out)
{
    auto const *told = std::getenv("PGTEND_SOURCE");
    auto const rules = std::string{told == nullptr ? "." : told} + "/tests/support/forms/hold";
    process held{process::program{{rules, form, files.write("out." + form, out)}}};
    auto const said = held.wait();
    if (said.code != 0) {
        throw error{form + ": " + said.out + said.err};
    }
    return std::stoi(said.out);
}

} // namespace pgtend::test

// SPDX-License-Identifier: Apache-2.0
// What tests of findings share: a rule by its id, and an instant to judge at.
#pragma once
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "check/evaluate.hpp"

namespace pgtend::test {

inline instant const new_year{seconds{1'767'225'600}}; // 2026-01-01

inline check::rule const *rule_of(std::string_view id)
{
    return check::chosen({.only = {std::string{id}}, .skip = {}}).front();
}

} // namespace pgtend::test

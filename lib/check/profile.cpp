// SPDX-License-Identifier: Apache-2.0
#include "check/profile.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::check {
namespace {

model::check_profile const &find_profile(model::check_policy const &policy, std::string const &name)
{
    std::vector<std::string_view> known;
    for (auto const &each : policy.profiles) {
        if (each.name == name) {
            return each;
        }
        known.push_back(each.name);
    }
    auto const near = nearest(name, known);
    throw usage_error{"there is no profile " + in_quotes(name),
                      near            ? "did you mean " + *near + "?"
                      : known.empty() ? "declare it under checks: profiles:"
                                      : "see checks: profiles: of the file"};
}

template <class T> void append(std::vector<T> &to, std::vector<T> const &more)
{
    to.insert(to.end(), more.begin(), more.end());
}

} // namespace

judgement judge_by(model::check_policy const &policy, std::string const &profile,
                   choice const &asked)
{
    judgement out{
        .which = asked, .fail_on = policy.fail_on, .strict = policy.strict, .thresholds = {}};
    append(out.which.skip, policy.skip);
    if (!profile.empty()) {
        auto const &set = find_profile(policy, profile);
        if (out.which.only.empty()) {
            out.which.only = set.only;
        }
        append(out.which.skip, set.skip);
        out.fail_on = set.fail_on.value_or(policy.fail_on);
        out.strict = set.strict.value_or(policy.strict);
        out.thresholds = set.thresholds;
    }
    append(out.thresholds, policy.thresholds);
    return out;
}

} // namespace pgtend::check

// SPDX-License-Identifier: Apache-2.0
#include "model/configuration.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::model {
namespace {

// The element of that name, or a usage_error that offers the nearest one.
template <class Named>
Named const &find(std::vector<Named> const &all, std::string_view what, std::string_view wanted)
{
    std::vector<std::string_view> names;
    for (auto const &one : all) {
        if (one.name == wanted) {
            return one;
        }
        names.push_back(one.name);
    }
    auto const near = nearest(wanted, names);
    auto hint = std::string{"the file declares none"};
    if (near) {
        hint = "did you mean '" + *near + "'?";
    } else if (!names.empty()) {
        hint = "the file declares ";
        for (std::size_t i = 0; i < names.size() && i < 10; ++i) {
            hint += (i == 0 ? "" : ", ") + std::string{names[i]};
        }
        hint += names.size() > 10 ? ", ..." : "";
    }
    throw usage_error{"unknown " + std::string{what} + " '" + printable(wanted) + "'", hint};
}

} // namespace

job const &configuration::find_job(std::string_view name) const
{
    return find(jobs, "job", name);
}

target const &configuration::find_target(std::string_view name) const
{
    return find(targets, "target", name);
}

} // namespace pgtend::model

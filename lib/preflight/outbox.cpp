// SPDX-License-Identifier: Apache-2.0
#include "preflight/outbox.hpp"

#include <fmt/format.h>
#include <iterator>
#include <utility>

#include "base/text.hpp"
#include "preflight/judge.hpp"

namespace pgtend::preflight {
namespace {

std::string with_sqlstate(error const &e)
{
    auto text = replace_all(e.message(), "\n", "; ");
    return e.sqlstate().empty() ? text : text + " (SQLSTATE " + e.sqlstate() + ")";
}

} // namespace

void outbox::add(finding one)
{
    findings.push_back(std::move(one));
}

void outbox::add(std::vector<finding> all)
{
    std::move(all.begin(), all.end(), std::back_inserter(findings));
}

void outbox::miss(kind what, model::job const &job, source_position const &at, std::string needs)
{
    unknowns.push_back({what, job.name, at, std::move(needs)});
}

void outbox::fail(failure const &of, error const &why)
{
    auto const &state = why.sqlstate();
    if (state == "55P03") {
        miss(kind::statement, of.job, of.at,
             of.object + " without a lock that somebody else holds on it: " + with_sqlstate(why));
        return;
    }
    if (state == "57014") {
        miss(kind::statement, of.job, of.at,
             "more time for " + of.object + ": " + with_sqlstate(why));
        return;
    }
    auto what = kind_of(state, why.message());
    if (what == kind::refused && !of.sets) {
        what = kind::statement;
    }
    if (what == kind::privilege) {
        denials.push_back(
            {findings.size(), &of.job, why, of.what == nullptr ? plan::statement{} : *of.what});
    }
    auto const otherwise = what == kind::policy
                               ? fmt::format("{}; or {}", sees_all_rows, leaves_hidden_rows)
                               : of.otherwise;
    add({what, of.job.name, of.at, of.object, with_sqlstate(why),
         why.hint().empty() ? otherwise : why.hint()});
}

void outbox::refuse(failure const &of, error const &why)
{
    auto what = kind::obstacle;
    if (why.sqlstate() == "42501") {
        what = kind::privilege;
    } else if (why.sqlstate() == "42P01" || why.message().ends_with("does not exist")) {
        what = kind::statement;
    }
    add({what, of.job.name, of.at, of.object, with_sqlstate(why),
         why.hint().empty() ? of.otherwise : why.hint()});
}

source_position place_of(model::job const &job)
{
    return job.action_at.line > 0 ? job.action_at : job.at;
}

} // namespace pgtend::preflight

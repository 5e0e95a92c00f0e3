// SPDX-License-Identifier: Apache-2.0
#include "jobs/matviews.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "catalog/load.hpp"
#include "ledger/ledger.hpp"
#include "matview/declared.hpp"

namespace pgtend::jobs {
namespace {

bool names(model::refresh_action const &action, qualified_name const &view)
{
    return std::find(action.matviews.begin(), action.matviews.end(), view) != action.matviews.end();
}

// Its jobs that refresh some view.
std::vector<model::job const *> refreshing(model::configuration const &file)
{
    std::vector<model::job const *> out;
    for (auto const &job : file.jobs) {
        if (std::holds_alternative<model::refresh_action>(job.action)) {
            out.push_back(&job);
        }
    }
    return out;
}

struct known_runs {
    std::map<std::string, instant> started; // by job, of the newest that succeeded
    std::string problem;                    // why there are none
};

known_runs ask_ledger(std::vector<model::job const *> const &jobs, planning const &with)
{
    known_runs out;
    std::vector<std::string> wanted;
    for (auto const *job : jobs) {
        wanted.push_back(job->name);
    }
    if (wanted.empty()) {
        return out;
    }
    try {
        ledger::ledger book{with.session, with.limit};
        for (auto const &row : book.last_successes(wanted)) {
            out.started[row.job] = row.started;
        }
    } catch (usage_error const &e) {
        out.problem = e.message();
    }
    return out;
}

void add_refresh(matview::status_request &out, qualified_name const &view,
                 std::vector<model::job const *> const &jobs, known_runs const &runs)
{
    out.unknown = "no job of the file refreshes it";
    for (auto const *job : jobs) {
        if (!names(std::get<model::refresh_action>(job->action), view)) {
            continue;
        }
        auto const found = runs.started.find(job->name);
        if (found != runs.started.end()) {
            if (!out.refreshed || out.refreshed->started < found->second) {
                out.refreshed = {job->name, found->second};
            }
        } else if (!out.refreshed) {
            out.unknown = !runs.problem.empty()
                              ? runs.problem
                              : "the history has no run of " + job->name + " that succeeded";
        }
    }
}

// Those asked for, each once: of the names, else of the file and the database.
std::vector<matview::status_request> wanted(std::vector<qualified_name> names,
                                            model::configuration const &file, planning const &with)
{
    if (names.empty()) {
        for (auto const &policy : file.matviews) {
            names.push_back(policy.name);
        }
        auto const all = catalog::all_matviews(with.session, with.limit);
        names.insert(names.end(), all.begin(), all.end());
    }
    std::vector<matview::status_request> out;
    for (auto const &name : names) {
        auto const same = [&](qualified_name const &other) {
            return other.name == name.name && (name.schema.empty() || other.schema == name.schema);
        };
        auto const policy = std::find_if(file.matviews.begin(), file.matviews.end(),
                                         [&](auto const &each) { return same(each.name); });
        matview::status_request request;
        request.asked.name = name;
        if (policy != file.matviews.end()) {
            request.policy = *policy;
            request.asked = {policy->name, policy->query, policy->owner};
        }
        if (std::none_of(out.begin(), out.end(),
                         [&](auto const &each) { return each.asked.name == request.asked.name; })) {
            out.push_back(std::move(request));
        }
    }
    return out;
}

} // namespace

plan::plan create_matviews(std::vector<model::matview_policy> const &policies, planning const &with,
                           bool certain)
{
    return matview::plan_declared(
        policies,
        catalog::load_declared_matviews(with.session, matview::requests(policies), with.role,
                                        with.search_path, with.limit),
        certain);
}

std::vector<matview::view_status> survey_matviews(std::vector<qualified_name> const &names,
                                                  model::configuration const &file,
                                                  planning const &with)
{
    auto all = wanted(names, file, with);
    auto const jobs = refreshing(file);
    auto const runs = ask_ledger(jobs, with);
    std::vector<catalog::matview_request> asked;
    for (auto const &each : all) {
        asked.push_back(each.asked);
    }
    auto const seen = catalog::load_declared_matviews(with.session, asked, with.role,
                                                      with.search_path, with.limit);
    for (std::size_t i = 0; i < all.size(); ++i) {
        auto const &found = seen.views[i].view.found;
        add_refresh(all[i], found.usable() ? found.name : found.asked, jobs, runs);
    }
    return matview::judge(all, seen, with.now);
}

} // namespace pgtend::jobs

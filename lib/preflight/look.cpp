// SPDX-License-Identifier: Apache-2.0
#include "preflight/look.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "batch/plan.hpp"
#include "catalog/load.hpp"
#include "catalog/load_leaves.hpp"
#include "engine/privileges.hpp"
#include "jobs/kinds.hpp"
#include "jobs/run.hpp"
#include "matview/obstacle.hpp"
#include "matview/refresh.hpp"
#include "model/sql_text.hpp"
#include "plan/impact.hpp"
#include "plan/refusal.hpp"
#include "preflight/asking.hpp"
#include "preflight/elsewhere.hpp"
#include "preflight/outbox.hpp"
#include "preflight/read_change.hpp"
#include "preflight/read_text.hpp"

namespace pgtend::preflight {
namespace {

// A job as it was planned.
struct planned {
    model::job const *job;
    plan::plan work = {};
    std::vector<model::selection> rows = {};
    std::vector<model::assignment> set = {};
    std::vector<catalog::batch_target> targets = {}; // of these rows
};

class looking {
  public:
    looking(pg::session &s, model::configuration const &all, environment const &around)
        : session_{s}, all_{all}, around_{around}
    {
    }

    report look()
    {
        std::vector<planned> jobs;
        for (auto const &job : all_.jobs) {
            if (job.enabled) {
                jobs.push_back({&job});
                tried(job, [&] { plan(jobs.back()); });
                session_.rollback();
            }
        }
        {
            asking with{session_, around_.limit};
            for (auto const &each : jobs) {
                tried(*each.job, [&] { with.aside([&] { read(with, each); }); });
            }
            read_elsewhere(with, all_, out_);
        }
        find_grants();
        return result(jobs);
    }

  private:
    template <class Work> void tried(model::job const &job, Work const &work)
    {
        try {
            work();
        } catch (error const &e) {
            bool const of_one = dynamic_cast<timed_out const *>(&e) != nullptr;
            if (session_.lost() || (ends_work(e) && !of_one)) {
                throw;
            }
            auto const failure = outbox::failure{job, place_of(job), job.name};
            if (e.sqlstate().empty()) {
                out_.refuse(failure, e);
            } else {
                out_.fail(failure, e);
            }
        }
    }

    jobs::planning planning_of(model::job const &job) const
    {
        return {.session = session_,
                .partitions = all_.partitions,
                .autovacuum = all_.autovacuum,
                .indexes = all_.indexes,
                .now = around_.now,
                .role = job.policy.role,
                .search_path = job.policy.search_path,
                .limit = around_.limit};
    }

    void plan(planned &one)
    {
        auto const &job = *one.job;
        if (around_.transaction_pooler && jobs::works_outside_transactions(job.action)) {
            out_.add({kind::transaction, job.name, place_of(job),
                      std::string{model::kind(job.action)},
                      "needs settings of a session, which a pooler in transaction mode gives to "
                      "other clients: it is refused",
                      "a target that connects to the server directly"});
        }
        if (auto const *cleanup = std::get_if<model::cleanup_action>(&job.action)) {
            one.rows = cleanup->from;
            one.targets = targets_of(one);
            one.work = batch::plan_cleanup(*cleanup, one.targets);
        } else if (auto const *expire = std::get_if<model::expire_action>(&job.action)) {
            one.rows = expire->in;
            one.set = expire->set;
            one.targets = targets_of(one);
            one.work = batch::plan_expire(*expire, one.targets);
        } else if (auto const *check = std::get_if<model::check_action>(&job.action)) {
            find_profile(job, check->profile); // it reads only, and skips what it may not see
        } else if (auto const *refresh = std::get_if<model::refresh_action>(&job.action)) {
            plan_refresh(one, *refresh);
        } else {
            one.work = jobs::kind_of(job.action).make(job.action, planning_of(job));
        }
        for (std::size_t i = 0; i < one.work.steps.size(); ++i) {
            auto const &step = one.work.steps[i];
            if (auto const *why = plan::refused(step)) {
                bool const of_rows = i < one.rows.size() && one.rows[i].at.line > 0;
                out_.refuse({job, of_rows ? one.rows[i].at : place_of(job), step.object}, *why);
            }
        }
    }

    void find_profile(model::job const &job, std::string const &name)
    {
        auto const &known = all_.checks.profiles;
        if (!name.empty() && std::none_of(known.begin(), known.end(),
                                          [&](auto const &each) { return each.name == name; })) {
            out_.refuse({job, place_of(job), name}, error{"there is no profile " + in_quotes(name) +
                                                          " under checks: profiles:"});
        }
    }

    std::vector<catalog::batch_target> targets_of(planned const &one)
    {
        std::vector<catalog::batch_request> wanted;
        for (auto const &each : one.rows) {
            model::check_condition(each.where);
            wanted.push_back({each.table, each.where});
        }
        return catalog::load_batch_targets(session_, wanted, one.job->policy.role, around_.limit);
    }

    void plan_refresh(planned &one, model::refresh_action action)
    {
        if (action.matviews.empty()) {
            action.matviews = catalog::all_matviews(session_, around_.limit);
        }
        auto const snapshot =
            catalog::load_matviews(session_, action.matviews, one.job->policy.role, around_.limit);
        one.work = matview::plan_refresh(action, snapshot);
        for (auto const &view : snapshot.views) {
            auto const hindrance = view.found.usable() ? matview::obstacle_of(view)
                                                       : std::optional<matview::obstacle>{};
            if (hindrance && action.mode == model::concurrently::automatic) {
                out_.add({kind::readers, one.job->name, place_of(*one.job),
                          display(view.found.name),
                          view.populated
                              ? "whoever reads it waits while it is refreshed: " + hindrance->why
                              : "whoever reads it gets an error until the job has run: " +
                                    hindrance->why,
                          hindrance->cure});
            }
        }
    }

    void read(asking &with, planned const &one)
    {
        for (std::size_t i = 0; i < one.targets.size(); ++i) {
            if (one.targets[i].found.usable()) {
                read_change(with, {*one.job, one.rows[i], one.set, one.targets[i]}, out_);
            }
        }
        if (std::holds_alternative<model::sql_action>(one.job->action) ||
            std::holds_alternative<model::watch_action>(one.job->action)) {
            std::vector<plan::statement> all;
            for (auto const &step : one.work.steps) {
                auto const some = plan::statements_of(step);
                all.insert(all.end(), some.begin(), some.end());
            }
            read_text(with, *one.job, all, out_);
        }
    }

    void find_grants()
    {
        for (auto const &each : out_.denials) {
            auto const settings = jobs::settings_of(each.job->policy, each.job->time_zone);
            auto const *what = each.what.sql.empty() ? nullptr : &each.what;
            try {
                auto const grants = engine::missing_grants(each.why, what, settings, session_);
                if (!grants.empty()) {
                    out_.findings.at(each.finding).fix = grants;
                }
            } catch (error const &) {
                if (session_.lost()) {
                    throw;
                }
            }
        }
    }

    report result(std::vector<planned> const &jobs)
    {
        report out;
        for (auto const &job : all_.jobs) {
            verdict_of_job one{
                .job = job.name, .kind = model::kind(job.action), .verdict = "disabled"};
            auto const found = std::find_if(jobs.begin(), jobs.end(),
                                            [&](auto &each) { return each.job == &job; });
            if (found != jobs.end()) {
                one.verdict = verdict_on(job);
                for (auto const &each : found->targets) {
                    if (each.estimated_rows) {
                        one.rows = one.rows.value_or(0) + *each.estimated_rows;
                    }
                }
            }
            out.jobs.push_back(std::move(one));
        }
        out.findings = std::move(out_.findings);
        std::stable_sort(out.findings.begin(), out.findings.end(), [&](auto &a, auto &b) {
            return place_in_file(a.job) < place_in_file(b.job);
        });
        out.unknowns = std::move(out_.unknowns);
        return out;
    }

    std::size_t place_in_file(std::string const &job) const
    {
        auto const at = std::find_if(all_.jobs.begin(), all_.jobs.end(),
                                     [&](auto const &each) { return each.name == job; });
        return static_cast<std::size_t>(at - all_.jobs.begin());
    }

    std::string_view verdict_on(model::job const &job) const
    {
        auto worst = severity::info;
        for (auto const &each : out_.findings) {
            if (each.job == job.name) {
                worst = std::max(worst, severity_of(each.kind));
            }
        }
        bool const blind = std::any_of(out_.unknowns.begin(), out_.unknowns.end(),
                                       [&](auto const &each) { return each.job == job.name; });
        return worst == severity::error     ? "fails"
               : worst == severity::warning ? "doubtful"
               : blind                      ? "unknown"
                                            : "works";
    }

    pg::session &session_;
    model::configuration const &all_;
    environment const &around_;
    outbox out_ = {};
};

} // namespace

report look(pg::session &s, model::configuration const &all, environment const &around)
{
    return looking{s, all, around}.look();
}

} // namespace pgtend::preflight

// SPDX-License-Identifier: Apache-2.0
#include "matview/refresh.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/error.hpp"
#include "matview/obstacle.hpp"
#include "plan/refusal.hpp"

namespace pgtend::matview {
namespace {

class refresh_planner {
  public:
    refresh_planner(model::refresh_action const &action, catalog::matview_snapshot const &snapshot)
        : mode_{action.mode}, all_{snapshot}
    {
        for (std::size_t i = 0; i < all_.views.size(); ++i) {
            if (all_.views[i].found.usable()) {
                place_.emplace(all_.views[i].found.oid, i); // the first of several
            }
        }
    }

    plan::plan make()
    {
        for (std::size_t i = 0; i < all_.views.size(); ++i) {
            auto const &found = all_.views[i].found;
            if (!found.usable()) {
                auto const shown = display(found.asked);
                out_.steps.push_back(plan::refused_step("refresh " + shown, shown,
                                                        error{found.problem, found.hint}));
            } else if (place_.at(found.oid) == i) {
                visit(i);
            }
        }
        for (auto const &each : all_.unnamed) {
            out_.notes.push_back(display(each) +
                                 " is read by these views and is not refreshed here");
        }
        return std::move(out_);
    }

  private:
    // What it reads first. Views can read each other in a circle, because CREATE OR REPLACE VIEW
    // does not look through materialized views: then the first one named begins.
    void visit(std::size_t i)
    {
        if (step_.contains(i) || !open_.insert(i).second) {
            return;
        }
        auto const &view = all_.views[i];
        std::vector<std::size_t> after;
        for (auto const &other : view.reads) {
            auto const at = place_.find(other);
            if (at == place_.end()) {
                continue;
            }
            visit(at->second);
            if (auto const before = step_.find(at->second); before != step_.end()) {
                after.push_back(before->second);
            } else if (at->second != i) {
                out_.notes.push_back(display(view.found.name) + " and " +
                                     display(all_.views[at->second].found.name) +
                                     " read each other, through views: the first one shows what "
                                     "the other was before");
            }
        }
        std::sort(after.begin(), after.end());
        step_.emplace(i, out_.steps.size());
        out_.steps.push_back(refresh(view));
        out_.steps.back().after = std::move(after);
        out_.steps.back().lane = display(view.found.name);
    }

    plan::step refresh(catalog::matview const &view)
    {
        auto const shown = display(view.found.name);
        auto const title = "refresh " + shown;
        if (!view.may_refresh) {
            return plan::refused_step(title, shown,
                                      missing_right(view, all_.role, all_.server_version));
        }
        auto const name = plan::quote(view.found.name);
        auto const hindrance = obstacle_of(view);
        if (mode_ == model::concurrently::yes && hindrance) {
            return plan::refused_step(
                title, shown,
                error{shown + " cannot be refreshed concurrently: " + hindrance->why,
                      hindrance->cure, "55000"});
        }
        plan::statement body;
        std::string reason;
        if (hindrance || mode_ == model::concurrently::no) {
            body.sql = "REFRESH MATERIALIZED VIEW " + name;
            body.locks = {{name, plan::lock_mode::access_exclusive}};
            body.comment = "readers wait until it ends";
            reason =
                hindrance ? "not concurrently: " + hindrance->why : "not concurrently: so asked";
            if (hindrance && mode_ == model::concurrently::automatic) {
                out_.notes.push_back(shown + " is refreshed while readers wait: " + hindrance->why +
                                     "; to change that: " + hindrance->cure);
            }
        } else {
            body.sql = "REFRESH MATERIALIZED VIEW CONCURRENTLY " + name;
            body.locks = {{name, plan::lock_mode::exclusive}};
            reason = "concurrently: readers go on";
        }
        return {title, std::move(reason), shown, plan::transaction{{std::move(body)}}};
    }

    model::concurrently mode_;
    catalog::matview_snapshot const &all_;
    std::unordered_map<std::string, std::size_t> place_; // OID -> index of the view
    std::unordered_map<std::size_t, std::size_t> step_;  // index of the view -> of its step
    std::unordered_set<std::size_t> open_;               // views that were begun
    plan::plan out_;
};

} // namespace

plan::plan plan_refresh(model::refresh_action const &action,
                        catalog::matview_snapshot const &snapshot)
{
    return refresh_planner{action, snapshot}.make();
}

} // namespace pgtend::matview

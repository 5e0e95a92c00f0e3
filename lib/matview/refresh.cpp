// SPDX-License-Identifier: Apache-2.0
#include "matview/refresh.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "base/error.hpp"
#include "plan/refusal.hpp"

namespace pgtend::matview {
namespace {

// Why REFRESH ... CONCURRENTLY cannot be, and what would change it.
struct obstacle {
    std::string why;
    std::string cure;
};

std::optional<obstacle> obstacle_of(catalog::matview const &view)
{
    auto const name = plan::quote(view.found.name);
    if (!view.populated) {
        return obstacle{"it is not populated", "REFRESH MATERIALIZED VIEW " + name + ", once"};
    }
    if (view.has_unique_index) {
        return std::nullopt;
    }
    std::string why = "it has no unique index";
    for (auto const &each : view.unusable) {
        why = view.unusable.size() == 1 ? "its only unique index " : "of its unique indexes, ";
        why += display_identifier(each.name) + " " + each.why;
        break;
    }
    return obstacle{why, "CREATE UNIQUE INDEX ON " + name +
                             " (columns that tell its rows apart), without WHERE"};
}

error missing_right(catalog::matview const &view, catalog::matview_snapshot const &all)
{
    auto const name = plan::quote(view.found.name);
    auto const role = plan::quote_ident(all.role);
    auto hint = "ALTER MATERIALIZED VIEW " + name + " OWNER TO " + role;
    if (all.server_version >= 170000) {
        hint = "GRANT MAINTAIN ON " + name + " TO " + role;
    }
    return error{fmt::format("role {} may not refresh {}: it belongs to {}",
                             display_identifier(all.role), display(view.found.name),
                             display_identifier(view.owner)),
                 std::move(hint), "42501"};
}

class planner {
  public:
    planner(model::refresh_action const &action, catalog::matview_snapshot const &snapshot)
        : mode_{action.mode}, all_{snapshot}, lane_(snapshot.views.size())
    {
        std::iota(lane_.begin(), lane_.end(), std::size_t{0});
        for (std::size_t i = 0; i < all_.views.size(); ++i) {
            if (all_.views[i].found.usable()) {
                place_.emplace(all_.views[i].found.oid, i); // the first of several
            }
        }
        for (auto const &[oid, i] : place_) {
            for (auto const &other : all_.views[i].reads) {
                if (auto const at = place_.find(other); at != place_.end()) {
                    join_lanes(i, at->second);
                }
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
    std::size_t root(std::size_t i) const
    {
        while (lane_[i] != i) {
            i = lane_[i];
        }
        return i;
    }

    void join_lanes(std::size_t a, std::size_t b)
    {
        a = root(a);
        b = root(b);
        lane_[std::max(a, b)] = std::min(a, b);
    }

    // What it reads first: views cannot read each other in a circle.
    void visit(std::size_t i)
    {
        if (step_.contains(i)) {
            return;
        }
        auto const &view = all_.views[i];
        std::vector<std::size_t> after;
        for (auto const &other : view.reads) {
            if (auto const at = place_.find(other); at != place_.end()) {
                visit(at->second);
                after.push_back(step_.at(at->second));
            }
        }
        std::sort(after.begin(), after.end());
        step_.emplace(i, out_.steps.size());
        out_.steps.push_back(refresh(view));
        out_.steps.back().after = std::move(after);
        out_.steps.back().lane = display(all_.views[root(i)].found.name);
    }

    plan::step refresh(catalog::matview const &view)
    {
        auto const shown = display(view.found.name);
        auto const title = "refresh " + shown;
        if (!view.may_refresh) {
            return plan::refused_step(title, shown, missing_right(view, all_));
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
    std::vector<std::size_t> lane_; // a forest: views of one lane have one root
    plan::plan out_;
};

} // namespace

plan::plan plan_refresh(model::refresh_action const &action,
                        catalog::matview_snapshot const &snapshot)
{
    return planner{action, snapshot}.make();
}

} // namespace pgtend::matview

// SPDX-License-Identifier: Apache-2.0
#include "vacuum/run.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>
#include <unordered_set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "plan/refusal.hpp"
#include "plan/rights.hpp"
#include "vacuum/need.hpp"

namespace pgtend::vacuum {
namespace {

using catalog::vacuum_table;

error missing_right(vacuum_table const &table, catalog::vacuum_snapshot const &all)
{
    return error{fmt::format("role {} may not vacuum or analyze {}: it belongs to {}",
                             display_identifier(all.role), display(table.name),
                             display_identifier(table.owner)),
                 plan::maintain_right({table.kind == 'm' ? "MATERIALIZED VIEW" : "TABLE",
                                       table.name, table.owner, table.owner_is_superuser},
                                      all.role, all.settings.server_version),
                 "42501"};
}

// One relation and what is to be done with it.
struct work {
    vacuum_table const *table;
    need needed;
    bool vacuum = false, analyze = false;

    double score() const
    {
        return std::max(vacuum ? needed.vacuum : 0.0, analyze ? needed.analyze : 0.0);
    }
};

class run_planner {
  public:
    run_planner(model::vacuum_action const &action, catalog::vacuum_snapshot const &snapshot)
        : action_{action}, all_{snapshot}, analyze_only_{snapshot.settings.server_version >= 180000}
    {
        for (auto const &each : all_.tables) {
            tables_.emplace(each.oid, &each);
            if (!each.parent.empty()) {
                children_[each.parent].push_back(&each);
            }
        }
    }

    plan::plan make()
    {
        choose();
        // The parents' statistics first: they decide which partitions need no ANALYZE of their own.
        auto const parents = take_parents();
        add_leaves();
        for (auto const &each : parents) {
            add_parent(each);
        }
        if (vacuums_ > 1 && all_.settings.server_version >= 160000) {
            add_database_statistics();
        }
        note();
        return std::move(out_);
    }

  private:
    bool by_name() const { return !all_.asked.empty(); }

    void choose()
    {
        if (!by_name()) {
            for (auto const &each : all_.tables) {
                choose(each, false);
            }
            return;
        }
        std::unordered_set<std::string> seen;
        for (auto const &each : all_.asked) {
            auto const at = tables_.find(each.oid);
            if (!each.usable() || at == tables_.end()) {
                auto const shown = display(each.asked);
                auto const gone = shown + (each.usable() ? " is temporary, or gone" : "");
                out_.steps.push_back(
                    plan::refused_step(verb() + " " + shown, shown,
                                       error{each.usable() ? gone : each.problem, each.hint}));
            } else {
                choose_tree(*at->second, seen);
            }
        }
    }

    void choose_tree(vacuum_table const &table, std::unordered_set<std::string> &seen)
    {
        if (!seen.insert(table.oid).second) {
            return;
        }
        choose(table, true);
        if (auto const below = children_.find(table.oid); below != children_.end()) {
            for (auto const *each : below->second) {
                choose_tree(*each, seen);
            }
        }
    }

    void choose(vacuum_table const &table, bool asked)
    {
        work out{.table = &table, .needed = {}};
        if (table.kind == 'p') {
            out.needed = parent_need(table);
            out.analyze = action_.analyze && (asked || out.needed.analyze > 1);
        } else {
            out.needed = need_of(table, all_.settings);
            out.vacuum = action_.vacuum && (asked || out.needed.vacuum > 1);
            out.analyze = action_.analyze && (asked || out.needed.analyze > 1);
        }
        if (!out.vacuum && !out.analyze) {
            return;
        }
        if (table.may) {
            chosen_.push_back(std::move(out));
        } else if (table.system && !asked) {
            ++system_left_;
        } else {
            auto const shown = display(table.name);
            out_.steps.push_back(plan::refused_step(title(out), shown, missing_right(table, all_)));
        }
    }

    // Of all partitions below, at any depth.
    template <class Each> void for_each_leaf(vacuum_table const &parent, Each const &each) const
    {
        auto const below = children_.find(parent.oid);
        if (below == children_.end()) {
            return;
        }
        for (auto const *child : below->second) {
            if (child->kind == 'p') {
                for_each_leaf(*child, each);
            } else {
                each(*child);
            }
        }
    }

    // An ANALYZE by hand of a partition tells nothing: up to 17 that of the partitioned table
    // treats the partitions a moment after itself.
    need parent_need(vacuum_table const &parent) const
    {
        double rows = 0, changed = 0;
        int since = 0;
        for_each_leaf(parent, [&](vacuum_table const &leaf) {
            rows += std::max(leaf.reltuples, 0.0);
            changed += leaf.modified;
            bool const behind =
                leaf.last_autoanalyze &&
                (!parent.last_analyze || *leaf.last_autoanalyze > *parent.last_analyze);
            since += behind || need_of(leaf, all_.settings).analyze > 1;
        });
        need out;
        auto const threshold =
            all_.settings.analyze_threshold + all_.settings.analyze_scale_factor * rows;
        if (!parent.last_analyze && rows + changed > 0) {
            out.analyze = std::max(2.0, changed / threshold);
            out.analyze_reason = "the partitioned table itself was never analyzed";
        } else if (changed > threshold) {
            out.analyze = changed / threshold;
            out.analyze_reason =
                fmt::format("{} changed rows in its partitions, {:.1f} times the threshold of {}",
                            thousands(static_cast<long long>(changed)), out.analyze,
                            thousands(static_cast<long long>(threshold)));
        } else if (since > 0) {
            out.analyze = 1.01;
            out.analyze_reason = fmt::format("{} of its partitions changed enough since", since);
        }
        return out;
    }

    // Up to 17, ANALYZE of a partitioned table treats what is below it; then nothing there is
    // analyzed on its own.
    std::vector<work> take_parents()
    {
        std::vector<work> out;
        std::unordered_set<std::string> covered;
        for (auto const &each : chosen_) {
            if (each.table->kind == 'p') {
                out.push_back(each);
                if (!analyze_only_) {
                    cover(*each.table, covered);
                }
            }
        }
        std::erase_if(chosen_, [](work const &each) { return each.table->kind == 'p'; });
        std::erase_if(out, [&](work const &each) { return covered.contains(each.table->oid); });
        for (auto &each : chosen_) {
            each.analyze = each.analyze && !covered.contains(each.table->oid);
        }
        std::erase_if(chosen_, [](work const &each) { return !each.vacuum && !each.analyze; });
        sort(out);
        return out;
    }

    void cover(vacuum_table const &parent, std::unordered_set<std::string> &covered) const
    {
        if (auto const below = children_.find(parent.oid); below != children_.end()) {
            for (auto const *child : below->second) {
                covered.insert(child->oid);
                cover(*child, covered);
            }
        }
    }

    static void sort(std::vector<work> &list)
    {
        std::stable_sort(list.begin(), list.end(), [](work const &a, work const &b) {
            auto const left = a.score(), right = b.score();
            return left != right ? left > right : a.table->pages > b.table->pages;
        });
    }

    void add_leaves()
    {
        sort(chosen_);
        for (auto const &each : chosen_) {
            auto const name = plan::quote(each.table->name);
            // From 18 on what inherits from it would be treated as well.
            auto const alone =
                (each.table->inherited && all_.settings.server_version >= 180000 ? "ONLY " : "") +
                name;
            plan::statement body;
            if (each.vacuum) {
                ++vacuums_;
                std::vector<std::string> options;
                if (each.analyze) {
                    options.emplace_back("ANALYZE");
                }
                if (all_.settings.server_version >= 160000) {
                    options.emplace_back("SKIP_DATABASE_STATS");
                }
                body.sql =
                    "VACUUM " + (options.empty() ? "" : "(" + join(options, ", ") + ") ") + alone;
                body.in_transaction = false;
            } else {
                body.sql = "ANALYZE " + alone;
            }
            body.locks = {{name, plan::lock_mode::share_update_exclusive}};
            step_of_.emplace(each.table->oid, out_.steps.size());
            add(each, std::move(body));
        }
    }

    void add_parent(work const &parent)
    {
        auto const name = plan::quote(parent.table->name);
        plan::statement body;
        body.locks = {{name, plan::lock_mode::share_update_exclusive}};
        std::vector<std::size_t> after;
        if (analyze_only_) {
            body.sql = "ANALYZE ONLY " + name;
        } else {
            body.sql = "ANALYZE " + name;
            body.in_transaction = false;
            body.comment = "treats every partition as well, one after another";
            // VACUUM of a partition holds the same lock: not side by side.
            for_each_leaf(*parent.table, [&](vacuum_table const &leaf) {
                if (auto const at = step_of_.find(leaf.oid); at != step_of_.end()) {
                    after.push_back(at->second);
                }
            });
            std::sort(after.begin(), after.end());
        }
        add(parent, std::move(body));
        out_.steps.back().after = std::move(after);
    }

    void add_database_statistics()
    {
        plan::statement body;
        body.sql = "VACUUM (ONLY_DATABASE_STATS)";
        body.in_transaction = false;
        out_.steps.push_back({"update the database's oldest transaction",
                              "left out of each VACUUM above",
                              "database",
                              plan::standalone{std::move(body)},
                              {},
                              "database"});
    }

    void add(work const &what, plan::statement body)
    {
        auto const shown = display(what.table->name);
        plan::step out{title(what), reason(what), shown, {}, {}, shown};
        if (body.in_transaction) {
            out.body = plan::transaction{{std::move(body)}};
        } else {
            out.body = plan::standalone{std::move(body)};
        }
        out_.steps.push_back(std::move(out));
    }

    std::string verb() const { return action_.vacuum ? "vacuum" : "analyze"; }

    static std::string title(work const &what)
    {
        return std::string{what.vacuum ? what.analyze ? "vacuum and analyze " : "vacuum "
                                       : "analyze "} +
               display(what.table->name);
    }

    static std::string reason(work const &what)
    {
        bool const by_vacuum =
            what.vacuum && (!what.analyze || what.needed.vacuum >= what.needed.analyze);
        auto const &text = by_vacuum ? what.needed.vacuum_reason : what.needed.analyze_reason;
        if (what.score() > 1) {
            return text;
        }
        return text.empty() ? "asked for, nothing counted" : "asked for, not due: " + text;
    }

    void note()
    {
        if (!all_.settings.track_counts) {
            out_.notes.emplace_back("track_counts is off: the server counts no rows, and only old "
                                    "transactions make a table due");
        }
        if (system_left_ > 0) {
            out_.notes.push_back(
                fmt::format("{} system {} due; role {} may not vacuum {}, autovacuum will",
                            system_left_, system_left_ == 1 ? "catalog is" : "catalogs are",
                            display_identifier(all_.role), system_left_ == 1 ? "it" : "them"));
        }
        if (out_.empty() && !by_name()) {
            out_.notes.emplace_back("no table is due");
        }
    }

    model::vacuum_action const &action_;
    catalog::vacuum_snapshot const &all_;
    bool analyze_only_;
    std::unordered_map<std::string, vacuum_table const *> tables_;
    std::unordered_map<std::string, std::vector<vacuum_table const *>> children_;
    std::unordered_map<std::string, std::size_t> step_of_;
    std::vector<work> chosen_;
    std::size_t vacuums_ = 0;
    int system_left_ = 0;
    plan::plan out_;
};

} // namespace

plan::plan plan_run(model::vacuum_action const &action, catalog::vacuum_snapshot const &snapshot)
{
    return run_planner{action, snapshot}.make();
}

} // namespace pgtend::vacuum

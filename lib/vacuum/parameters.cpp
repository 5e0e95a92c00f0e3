// SPDX-License-Identifier: Apache-2.0
#include "vacuum/parameters.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "plan/refusal.hpp"
#include "vacuum/declared.hpp"
#include "vacuum/parameter_refusals.hpp"
#include "vacuum/parameter_statements.hpp"

namespace pgtend::vacuum {
namespace {

using catalog::vacuum_table;

class parameter_planner {
  public:
    parameter_planner(std::span<model::autovacuum_policy const> policies,
                      catalog::vacuum_snapshot const &snapshot,
                      model::parameter_ledger const &ledger, changed_parameter changed,
                      std::span<qualified_name const> only)
        : all_{snapshot}, ledger_{ledger}, changed_{changed}, only_{only},
          declared_{policies, snapshot, ledger}, found_{declared_.all()}
    {
        std::erase_if(found_, [&](auto const &each) { return !chosen(*each.table); });
    }

    plan::plan make()
    {
        refuse_unusable(all_, asked_for(), "set storage parameters of ", out_);
        refuse_too_new();
        auto const changes = sort_out();
        std::map<std::string, std::size_t> noted; // the parent's OID -> its step
        for (auto const *parent : declared_.parents()) {
            if (chosen(*parent)) {
                note_new_partitions(*parent, changes, noted);
            }
        }
        for (auto const &[name, each] : changes) {
            add(*each.front()->table, each, noted);
        }
        if (in_force_ > 0) {
            out_.notes.push_back(fmt::format("{} declared storage {} in force", in_force_,
                                             in_force_ == 1 ? "parameter is" : "parameters are"));
        }
        return std::move(out_);
    }

  private:
    using work = std::map<qualified_name, std::vector<declared_parameter const *>>;

    // Or is below one that is.
    bool chosen(vacuum_table const &table) const
    {
        return only_.empty() ||
               std::any_of(all_.asked.begin(), all_.asked.end(), [&](auto const &each) {
                   return each.usable() && named(each.asked) && declared_.below(table, each.oid);
               });
    }

    bool named(qualified_name const &table) const
    {
        return only_.empty() || std::find(only_.begin(), only_.end(), table) != only_.end();
    }

    std::vector<catalog::lookup> asked_for() const
    {
        std::vector<catalog::lookup> out;
        std::copy_if(all_.asked.begin(), all_.asked.end(), std::back_inserter(out),
                     [&](auto const &each) { return named(each.asked); });
        return out;
    }

    // What is to be changed, by table; what is left is told.
    work sort_out()
    {
        work out;
        for (auto const &each : found_) {
            switch (each.how) {
            case standing::in_force:
                ++in_force_;
                break;
            case standing::changed_since:
                if (changed_ != changed_parameter::is_set) {
                    leave(each);
                    break;
                }
                [[fallthrough]];
            case standing::differs:
                out[each.table->name].push_back(&each);
                break;
            case standing::no_toast:
                out_.notes.push_back(fmt::format("{} has no TOAST table, and {} means nothing",
                                                 display(each.table->name), each.wanted.name));
                break;
            case standing::too_new:
                break; // refused as a whole
            }
        }
        return out;
    }

    void leave(declared_parameter const &each)
    {
        auto what = changed_since(*each.table, *each.saved, each.present);
        if (changed_ == changed_parameter::is_told) {
            out_.notes.push_back(what + "; --force sets what is declared");
            return;
        }
        auto const shown = display(each.table->name);
        out_.steps.push_back(plan::refused_step(
            "set " + each.wanted.name + " of " + shown, shown,
            error{what, "declare what is there, or pgtend autovacuum apply --force " +
                            display(declared_for(*each.table).name)}));
    }

    // The table that the file names: itself, or the one above it of which it is a partition.
    vacuum_table const &declared_for(vacuum_table const &table) const
    {
        auto const is_asked = [&](vacuum_table const &one) {
            return std::any_of(all_.asked.begin(), all_.asked.end(),
                               [&](auto const &each) { return each.oid == one.oid; });
        };
        auto const *at = &table;
        while (at != nullptr && !is_asked(*at)) {
            at = declared_.table(at->parent);
        }
        return at == nullptr ? table : *at;
    }

    void refuse_too_new()
    {
        for (auto const &found : all_.asked) {
            auto const *table = found.usable() ? declared_.table(found.oid) : nullptr;
            if (table == nullptr || !chosen(*table)) {
                continue;
            }
            for (auto const &each : declared_.of(found.oid)) {
                auto const *known = model::find_storage_parameter(each.name);
                if (known != nullptr && known->since > all_.settings.server_version) {
                    auto const shown = display(found.name);
                    out_.steps.push_back(plan::refused_step(
                        "set " + each.name + " of " + shown, shown,
                        error{fmt::format("{} exists from PostgreSQL {} on; the server is {}",
                                          each.name, known->since / 10000,
                                          all_.settings.server_version / 10000),
                              "remove it, or upgrade the server"}));
                }
            }
        }
    }

    // From here on a partition with the value was made with it. What has one already without our
    // doing is written down as it is, so that this run's next one, and `autovacuum revert`, can
    // tell the two apart; what was made with an earlier value, as having had none.
    void note_new_partitions(vacuum_table const &parent, work const &changes,
                             std::map<std::string, std::size_t> &noted)
    {
        std::vector<ledger_row> rows;
        for (auto const &wanted : declared_.of(parent.oid)) {
            auto const *known = declared_.saved(parent.oid, wanted.name);
            if ((known == nullptr || known->value != wanted.value) &&
                changes_below(parent, wanted.name, changes)) {
                rows.push_back(
                    {parent.oid, display(parent.name), wanted.name, {}, wanted.value, true});
                note_leaves(parent, wanted.name, rows);
            }
        }
        if (rows.empty() || !ledger_.usable()) {
            return;
        }
        auto const shown = display(parent.name);
        noted.emplace(parent.oid, out_.steps.size());
        out_.steps.push_back({.title = "note what new partitions of " + shown + " get",
                              .reason = "so that it can be taken off again",
                              .object = shown,
                              .body = plan::transaction{{note_rows(rows)}},
                              .lane = shown});
    }

    bool changes_below(vacuum_table const &parent, std::string const &name,
                       work const &changes) const
    {
        for (auto const &[table, list] : changes) {
            for (auto const *each : list) {
                if (each->wanted.name == name && each->table->may_alter &&
                    declared_.below(*each->table, parent.oid)) {
                    return true;
                }
            }
        }
        return false;
    }

    void note_leaves(vacuum_table const &parent, std::string const &name,
                     std::vector<ledger_row> &rows) const
    {
        for (auto const &each : found_) {
            if (each.wanted.name == name && each.present &&
                declared_.below(*each.table, parent.oid) &&
                declared_.saved(each.table->oid, name) == nullptr) {
                rows.push_back({each.table->oid, display(each.table->name), name,
                                each.saved ? each.saved->original : each.present,
                                each.saved ? each.saved->value : *each.present});
            }
        }
    }

    void add(vacuum_table const &table, std::vector<declared_parameter const *> const &list,
             std::map<std::string, std::size_t> const &noted)
    {
        auto const shown = display(table.name);
        std::vector<std::string> names, reasons;
        std::vector<parameter_change> changes;
        for (auto const *each : list) {
            names.push_back(each->wanted.name);
            reasons.push_back(fmt::format("{} is {}, declared is {}", each->wanted.name,
                                          each->present.value_or("not set"), each->wanted.value));
            bool const ours = each->saved && each->how == standing::differs;
            changes.push_back({each->wanted.name, each->present, each->wanted.value,
                               ours ? each->saved->original : each->present});
        }
        auto const title = "set " + join(names, ", ") + " of " + shown;
        if (auto const why = obstacle(table, all_, ledger_)) {
            out_.steps.push_back(plan::refused_step(title, shown, *why));
            return;
        }
        plan::step step{.title = title,
                        .reason = join(reasons, "; "),
                        .object = shown,
                        .body = plan::transaction{save_and_set(table, changes)},
                        .lane = shown};
        for (auto const &[oid, index] : noted) {
            if (declared_.below(table, oid)) {
                step.after.push_back(index);
            }
        }
        out_.steps.push_back(std::move(step));
    }

    catalog::vacuum_snapshot const &all_;
    model::parameter_ledger const &ledger_;
    changed_parameter changed_;
    std::span<qualified_name const> only_;
    declarations declared_;
    std::vector<declared_parameter> found_;
    int in_force_ = 0;
    plan::plan out_;
};

} // namespace

plan::plan plan_parameters(std::span<model::autovacuum_policy const> policies,
                           catalog::vacuum_snapshot const &snapshot,
                           model::parameter_ledger const &ledger, changed_parameter changed,
                           std::span<qualified_name const> only)
{
    return parameter_planner{policies, snapshot, ledger, changed, only}.make();
}

} // namespace pgtend::vacuum

// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <span>

#include "base/text.hpp"
#include "plan/refusal.hpp"
#include "vacuum/declared.hpp"
#include "vacuum/parameter_refusals.hpp"
#include "vacuum/parameter_statements.hpp"
#include "vacuum/parameters.hpp"

namespace pgtend::vacuum {
namespace {

using catalog::vacuum_table;

class way_back {
  public:
    way_back(catalog::vacuum_snapshot const &snapshot, model::parameter_ledger const &ledger,
             std::size_t named, bool force)
        : all_{snapshot}, ledger_{ledger}, named_{named}, force_{force}, known_{
                                                                             {}, snapshot, ledger}
    {
    }

    plan::plan make()
    {
        refuse_unusable(all_, std::span{all_.asked}.first(named_),
                        "put storage parameters back of ", out_);
        std::map<qualified_name, vacuum_table const *> leaves;
        for (auto const &each : all_.tables) {
            if (each.kind != 'p' && chosen(each.oid)) {
                leaves.emplace(each.name, &each);
            }
        }
        for (auto const &[name, each] : leaves) {
            add(*each);
        }
        forget_parents();
        forget_gone();
        if (out_.empty() && out_.notes.empty()) {
            out_.notes.emplace_back("no storage parameter is set by pgtend");
        }
        return std::move(out_);
    }

  private:
    bool chosen(std::string const &oid) const
    {
        auto const *table = known_.table(oid);
        return named_ == 0 ||
               (table != nullptr &&
                std::any_of(all_.asked.begin(),
                            all_.asked.begin() + static_cast<std::ptrdiff_t>(named_),
                            [&](auto const &each) {
                                return each.usable() && known_.below(*table, each.oid);
                            }));
    }

    // Every parameter that the ledger may have of it.
    std::vector<std::string> names_of(vacuum_table const &table) const
    {
        std::vector<std::string> out;
        for (auto const &each : ledger_.saved) {
            bool const its = each.table_oid == table.oid ||
                             (each.of_new_partitions && known_.below(table, each.table_oid));
            if (its && std::find(out.begin(), out.end(), each.name) == out.end()) {
                out.push_back(each.name);
            }
        }
        std::sort(out.begin(), out.end());
        return out;
    }

    void add(vacuum_table const &table)
    {
        std::vector<parameter_change> changes;
        std::vector<std::string> names, reasons;
        for (auto const &name : names_of(table)) {
            auto const present = own_parameter(table, name);
            auto const saved = known_.saved_of(table, name, present);
            if (!saved) {
                continue; // nothing of ours
            }
            if (model::find_storage_parameter(name) == nullptr) {
                out_.steps.push_back(plan::refused_step(
                    "put " + printable(name) + " of " + display(table.name) + " back",
                    display(table.name),
                    error{in_quotes(name) + " is not a storage parameter that this pgtend knows",
                          "use the pgtend that set it"}));
                continue;
            }
            auto const same = [&](std::string const &value) {
                return present && model::same_parameter_value(name, *present, value);
            };
            bool const as_before = saved->original ? same(*saved->original) : !present;
            if (!as_before && !same(saved->value) && !force_) {
                out_.notes.push_back(changed_since(table, *saved, present) +
                                     "; --force puts it back");
                continue;
            }
            changes.push_back({name, present, as_before ? present : saved->original, {}});
            if (!as_before) {
                names.push_back(name);
                reasons.push_back(fmt::format("{} is {}, and was {} before", name,
                                              present.value_or("not set"),
                                              saved->original.value_or("not set")));
            }
        }
        if (!changes.empty()) {
            add(table, changes, names, reasons);
        }
    }

    void add(vacuum_table const &table, std::vector<parameter_change> const &changes,
             std::vector<std::string> const &names, std::vector<std::string> const &reasons)
    {
        auto const shown = display(table.name);
        auto const title = names.empty() ? "forget what was saved of " + shown
                                         : "put " + join(names, ", ") + " of " + shown + " back";
        if (auto const why = obstacle(table, all_, ledger_); why && !names.empty()) {
            out_.steps.push_back(plan::refused_step(title, shown, *why));
            refused_.push_back(&table);
            return;
        }
        plan::step step{.title = title,
                        .reason =
                            names.empty() ? "they are as they were before" : join(reasons, "; "),
                        .object = shown,
                        .lane = shown};
        if (names.empty()) {
            std::vector<ledger_key> keys;
            for (auto const &each : changes) {
                keys.push_back({table.oid, each.name});
            }
            step.body = plan::transaction{{forget_rows(keys)}};
        } else {
            step.body = plan::transaction{set_and_forget(table, changes)};
        }
        steps_.emplace_back(&table, out_.steps.size());
        out_.steps.push_back(std::move(step));
    }

    // After everything below: until then new partitions are known by it.
    void forget_parents()
    {
        for (auto const &parent : all_.tables) {
            std::vector<ledger_key> keys;
            for (auto const &each : ledger_.saved) {
                if (each.table_oid == parent.oid && each.of_new_partitions && chosen(parent.oid)) {
                    keys.push_back({each.table_oid, each.name});
                }
            }
            bool const kept = std::any_of(refused_.begin(), refused_.end(), [&](auto const *leaf) {
                return known_.below(*leaf, parent.oid);
            });
            if (keys.empty() || kept) {
                continue;
            }
            auto const shown = display(parent.name);
            plan::step step{.title = "forget what new partitions of " + shown + " got",
                            .reason = "their parameters are put back",
                            .object = shown,
                            .body = plan::transaction{{forget_rows(keys)}},
                            .lane = shown};
            for (auto const &[leaf, index] : steps_) {
                if (known_.below(*leaf, parent.oid)) {
                    step.after.push_back(index);
                }
            }
            out_.steps.push_back(std::move(step));
        }
    }

    void forget_gone()
    {
        std::map<std::string, std::vector<ledger_key>> gone;
        for (auto const &each : ledger_.saved) {
            if (named_ == 0 && each.table.name.empty()) {
                gone[each.table_name].push_back({each.table_oid, each.name});
            }
        }
        for (auto const &[table, keys] : gone) {
            out_.steps.push_back({.title = "forget what was saved of " + table,
                                  .reason = "the table is gone",
                                  .object = table,
                                  .body = plan::transaction{{forget_rows(keys)}},
                                  .lane = table});
        }
    }

    catalog::vacuum_snapshot const &all_;
    model::parameter_ledger const &ledger_;
    std::size_t named_;
    bool force_;
    declarations known_;
    plan::plan out_;
    std::vector<vacuum_table const *> refused_;
    std::vector<std::pair<vacuum_table const *, std::size_t>> steps_;
};

} // namespace

plan::plan plan_parameters_back(catalog::vacuum_snapshot const &snapshot,
                                model::parameter_ledger const &ledger, std::size_t named,
                                bool force)
{
    return way_back{snapshot, ledger, named, force}.make();
}

} // namespace pgtend::vacuum

// SPDX-License-Identifier: Apache-2.0
#include "index/status.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "index/create.hpp"
#include "index/definition.hpp"
#include "index/superfluous.hpp"
#include "plan/refusal.hpp"

namespace pgtend::index {
namespace {

using catalog::table_index;

constexpr long long page = 8192;

std::string drop_command(table_index const &index)
{
    return "pgtend index drop " + display(index.name);
}

// An index, and all that is attached to it.
struct family {
    table_index const *root = nullptr;
    int members = 0; // that have rows
    long long bytes = 0, scans = 0;
    std::vector<table_index const *> invalid; // attached ones
};

class examiner {
  public:
    examiner(catalog::index_overview const &all, instant now, microseconds unused_after)
        : all_{all}, now_{now}, unused_after_{unused_after}
    {
    }

    examination make()
    {
        group();
        for (auto const *each : roots_) {
            look_at_validity(families_.at(each->oid));
        }
        for (auto const &[oid, indexes] : by_table_) {
            compare(indexes);
            tell_lock(indexes);
        }
        look_for_unused();
        for (auto const &key : all_.foreign_keys) {
            look_at(key);
        }
        std::stable_sort(
            out_.findings.begin(), out_.findings.end(), [](finding const &a, finding const &b) {
                return std::tie(a.kind, a.table, a.index) < std::tie(b.kind, b.table, b.index);
            });
        out_.indexes = static_cast<long long>(roots_.size());
        return std::move(out_);
    }

  private:
    void group()
    {
        std::unordered_map<std::string_view, table_index const *> by_oid;
        for (auto const &each : all_.indexes) {
            by_oid.emplace(each.oid, &each);
            by_table_[each.table_oid].push_back(&each);
        }
        for (auto const &each : all_.indexes) {
            auto const *root = &each;
            while (!root->parent.empty() && by_oid.contains(root->parent)) {
                root = by_oid.at(root->parent);
            }
            auto &whole = families_[root->oid];
            whole.root = root;
            whole.members += each.partitioned ? 0 : 1;
            whole.bytes += static_cast<long long>(each.pages) * page;
            whole.scans += each.scans;
            if (root == &each) {
                roots_.push_back(root);
            } else if (!each.valid) {
                whole.invalid.push_back(&each);
            }
        }
    }

    void add(finding_kind kind, table_index const &index, std::string why, std::string remedy)
    {
        auto const &whole = families_.at(index.oid);
        out_.findings.push_back({kind, display(index.name), display(index.table),
                                 index.partitioned ? whole.members : 0, whole.bytes, std::move(why),
                                 std::move(remedy)});
        told_.insert(index.oid);
    }

    void look_at_validity(family const &whole)
    {
        auto const &index = *whole.root;
        if (index.valid && whole.invalid.empty()) {
            return;
        }
        if (index.building && !index.valid) {
            out_.notes.push_back(display(index.name) + " of " + display(index.table) +
                                 ": invalid as yet, an index of this table is being built");
            told_.insert(index.oid);
            return;
        }
        if (index.partitioned) {
            auto why = index.valid
                           ? std::string{}
                           : std::string{"not every partition has a valid index that is attached"};
            if (!whole.invalid.empty()) {
                why += fmt::format("{}{} of {} attached indexes {} invalid, such as {}",
                                   why.empty() ? "" : "; ", whole.invalid.size(), whole.members,
                                   whole.invalid.size() == 1 ? "is" : "are",
                                   display(whole.invalid.front()->name));
            }
            add(finding_kind::invalid, index, std::move(why),
                "declare it, and run pgtend index create");
        } else if (!index.live) {
            add(finding_kind::leftover, index, "its DROP ... CONCURRENTLY was interrupted",
                drop_command(index));
        } else if (left_by_reindex(index.name.name)) {
            add(finding_kind::leftover, index,
                "left by a REINDEX CONCURRENTLY that was interrupted", drop_command(index));
        } else {
            add(finding_kind::invalid, index,
                index.working ? "its build was interrupted, or goes on right now"
                              : "its build was interrupted: it serves nobody, and each write pays "
                                "for it",
                "REINDEX INDEX CONCURRENTLY " + plan::quote(index.name) +
                    ", or pgtend index create when it is declared");
        }
    }

    void tell_lock(std::vector<table_index const *> const &indexes)
    {
        auto const &any = *indexes.front();
        if (any.locked_by.empty()) {
            return;
        }
        out_.notes.push_back(display(any.table) +
                             ": its indexes were not compared, because an "
                             "ACCESS EXCLUSIVE lock is held or awaited: " +
                             any.locked_by);
        if (indexes.size() > 1) {
            wait_for_lock(finding_kind::duplicate, any);
            wait_for_lock(finding_kind::redundant, any);
        }
    }

    void wait_for_lock(finding_kind kind, table_index const &index)
    {
        out_.unseen.emplace_back(kind, "the end of the ACCESS EXCLUSIVE lock on " +
                                           display(index.table) + ": " + index.locked_by);
    }

    void compare(std::vector<table_index const *> const &indexes)
    {
        for (auto const &each : superfluous_among(indexes)) {
            auto const kept = display(each.stays->name);
            auto const as_much = each.stays->keys.size() == each.index->keys.size();
            add(each.equal ? finding_kind::duplicate : finding_kind::redundant, *each.index,
                (each.equal ? "equal to " + kept
                 : as_much  ? kept + " has the same keys"
                            : kept + " begins with its keys") +
                    of_use(*each.stays) + clustered(*each.index),
                drop_command(*each.index));
        }
    }

    static std::string of_use(table_index const &kept)
    {
        return kept.constraint.empty() ? std::string{}
                                       : " of constraint " + display_identifier(kept.constraint);
    }
    static std::string clustered(table_index const &index)
    {
        return index.clustered ? "; the table is marked to be clustered by it" : std::string{};
    }

    void look_for_unused()
    {
        std::vector<table_index const *> never;
        for (auto const *each : roots_) {
            auto const &whole = families_.at(each->oid);
            bool const empty = whole.bytes <= whole.members * page;
            if (whole.scans == 0 && !empty && each->valid && !each->unique && removable(*each) &&
                !each->exclusion && !told_.contains(each->oid)) {
                never.push_back(each);
            }
        }
        auto const doubt = [&](std::string const &why) {
            out_.notes.push_back("unused indexes are not told: " + why);
            if (!never.empty()) {
                out_.unseen.emplace_back(finding_kind::unused,
                                         "scans of " + humanize(unused_after_) + ": " + why);
            }
        };
        if (!all_.counted_since) {
            doubt("since when scans are counted is not known");
            return;
        }
        auto const age = std::chrono::duration_cast<microseconds>(
            now_ - instant{microseconds{*all_.counted_since}});
        if (age < unused_after_) {
            doubt("scans were counted for " + humanize(age) + " only");
            return;
        }
        auto const since = "in the " + humanize(age) + " that scans were counted";
        for (auto const *each : never) {
            add(finding_kind::unused, *each, "never scanned " + since + clustered(*each),
                drop_command(*each));
        }
    }

    void look_at(catalog::foreign_key const &key)
    {
        if (auto const at = by_table_.find(key.table_oid); at != by_table_.end()) {
            table_index const *unread = nullptr; // serves it when its condition is the right one
            for (auto const *each : at->second) {
                if (serves(*each, key)) {
                    if (!each->partial || !each->definition.empty()) {
                        return;
                    }
                    unread = each;
                }
            }
            if (unread != nullptr) {
                wait_for_lock(finding_kind::foreign_key, *unread);
                return;
            }
        }
        std::vector<std::string> columns, quoted;
        for (auto const &each : key.column_names) {
            columns.push_back(display_identifier(each));
            quoted.push_back(plan::quote_ident(each));
        }
        out_.findings.push_back({finding_kind::foreign_key, display_identifier(key.name),
                                 display(key.table), 0, 0,
                                 "no index on (" + join(columns, ", ") +
                                     "): each delete of what it refers to reads the table",
                                 "declare under indexes: on: (" + join(quoted, ", ") + ")"});
    }

    static bool serves(table_index const &index, catalog::foreign_key const &key)
    {
        if (!index.valid || !index.live || index.exclusion ||
            index.key_columns.size() < key.columns.size() ||
            (index.method != "btree" && index.method != "hash")) {
            return false;
        }
        if (index.partial && !index.definition.empty()) { // else it may serve
            auto const where = parts_of(index.definition).where;
            if (std::none_of(key.column_names.begin(), key.column_names.end(), [&](auto const &c) {
                    return where == "(" + display_identifier(c) + " IS NOT NULL)";
                })) {
                return false;
            }
        }
        auto first = index.key_columns;
        first.resize(key.columns.size());
        return std::is_permutation(first.begin(), first.end(), key.columns.begin(),
                                   key.columns.end());
    }

    catalog::index_overview const &all_;
    instant now_;
    microseconds unused_after_;
    std::unordered_map<std::string, std::vector<table_index const *>> by_table_;
    std::unordered_map<std::string, family> families_;
    std::vector<table_index const *> roots_;
    std::unordered_set<std::string> told_; // one thing of each index
    examination out_;
};

} // namespace

std::string_view name(finding_kind kind)
{
    switch (kind) {
    case finding_kind::missing:
        return "missing";
    case finding_kind::different:
        return "different";
    case finding_kind::unknown:
        return "unknown";
    case finding_kind::invalid:
        return "invalid";
    case finding_kind::leftover:
        return "leftover";
    case finding_kind::duplicate:
        return "duplicate";
    case finding_kind::redundant:
        return "redundant";
    case finding_kind::unused:
        return "unused";
    case finding_kind::foreign_key:
        break;
    }
    return "foreign_key";
}

examination examine(catalog::index_overview const &all, instant now, microseconds unused_after)
{
    return examiner{all, now, unused_after}.make();
}

std::vector<finding> compare(std::vector<model::index_policy> const &declared,
                             catalog::index_snapshot const &found)
{
    std::vector<finding> out;
    for (std::size_t i = 0; i < declared.size(); ++i) {
        auto const plan = plan_one(declared[i], i, found);
        if (plan.empty()) {
            continue;
        }
        auto const &first = plan.steps.front();
        auto const &schema = found.wanted.at(i).found.usable()
                                 ? found.wanted.at(i).found.name.schema
                                 : declared[i].table.schema;
        finding told{finding_kind::missing,
                     display({schema, declared[i].name}),
                     display(declared[i].table),
                     0,
                     0,
                     first.reason,
                     "pgtend index create " + display(declared[i].table)};
        auto const *task = std::get_if<std::unique_ptr<plan::task>>(&first.body);
        if (auto const *why = task == nullptr ? nullptr : plan::refused(**task)) {
            // A right that is missing to build it keeps nobody from seeing that it is not there.
            bool const compared = found.wanted.at(i).problem.empty();
            told.kind = why->sqlstate() == "42P07"               ? finding_kind::different
                        : why->sqlstate() == "42501" && compared ? finding_kind::missing
                                                                 : finding_kind::unknown;
            told.why = why->message();
            told.remedy = why->hint();
        }
        out.push_back(std::move(told));
    }
    return out;
}

} // namespace pgtend::index

// SPDX-License-Identifier: Apache-2.0
// Indexes of partitioned tables: the whole, level by level, then asked whether it is valid.
#include <algorithm>
#include <fmt/format.h>

#include "index/create.hpp"
#include "index/planner.hpp"
#include "index/validity.hpp"

namespace pgtend::index {

bool planner::whole(index_table const &table, table_index const &index) const
{
    auto const &children = around_.children(table);
    return std::all_of(children.begin(), children.end(), [&](auto const *child) {
        auto const *const its = attached(*child, &index);
        return child->kind == 'f' || (its != nullptr && its->valid && whole(*child, *its));
    });
}

void planner::plan_tree(index_table const &root, table_index const *there)
{
    refuse_foreign(root);
    std::vector<std::size_t> all;
    if (there == nullptr) {
        all.push_back(
            add_transaction("create index " + display(name_) + " on only " + display(root.name),
                            "missing; partitions made from now on get theirs by themselves", root,
                            create_only_statement(what(root, name_)), {}));
    } else {
        refuse_hopeless(root, *there);
    }
    descend(root, there, name_, all);
    auto expected = what(root, name_);
    if (there != nullptr) {
        expected.also.push_back(there->definition); // equal, though perhaps written otherwise
    }
    auto check = validity_check(expected);
    add({"check index " + display(name_), "every partition must have its own by now",
         display(root.name), std::move(check), std::move(all)});
}

void planner::refuse_foreign(index_table const &table) const
{
    for (auto const *child : around_.children(table)) {
        if (child->kind == 'f') {
            throw error{
                fmt::format("index {} of {}: the partition {} is a foreign table, which has no "
                            "index, and without one the server never calls the whole valid",
                            display(name_), shown_, display(child->name)),
                fmt::format("CREATE INDEX on each partition with rows, or CREATE INDEX on {}, "
                            "which blocks writes",
                            plan::quote(table.name)),
                "42809"};
        }
        refuse_foreign(*child);
    }
}

// The server looks whether an index is valid when one of a partition is attached, and never else.
void planner::refuse_hopeless(index_table const &table, table_index const &index) const
{
    if (table.kind == 'p' && !index.valid && around_.children(table).empty()) {
        auto const &whole = index.parent.empty() ? index.name : name_; // cannot be dropped alone
        throw error{fmt::format("index {} of {} is invalid, and there is no partition whose "
                                "index could make it valid",
                                display(index.name), display(table.name)),
                    fmt::format("DROP INDEX {}, and run this again", plan::quote(whole))};
    }
    for (auto const *child : around_.children(table)) {
        if (auto const *its = attached(*child, &index)) {
            refuse_hopeless(*child, *its);
        }
    }
}

void planner::descend(index_table const &table, table_index const *index,
                      qualified_name const &name, std::vector<std::size_t> &all)
{
    auto const made = all; // what stands above
    bool attached_some = false;
    attacher const attach = [&](index_table const &child, qualified_name const &its,
                                std::string reason, std::vector<std::size_t> after) {
        attached_some = true;
        after.insert(after.end(), made.begin(), made.end());
        std::sort(after.begin(), after.end());
        all.push_back(add_transaction(
            "attach " + display(its) + " to " + display(name), std::move(reason), child,
            attach_statement(name, table.name, its, child.name), std::move(after)));
    };
    auto const &children = around_.children(table);
    for (auto const *child : children) {
        auto const *const its = attached(*child, index);
        if (!child->may || !child->may_create) {
            if (its == nullptr || !its->valid) {
                all.push_back(
                    refuse(display(child->name), missing_right(*child, around_.all().role)));
            }
        } else if (child->kind == 'p') {
            descend_into(*child, its, made, all, attach);
        } else if (its == nullptr) {
            plan_leaf(*child, made, attach);
        } else if (!its->valid) {
            auto const rebuilt =
                add_alone("rebuild index " + display(its->name),
                          "invalid; attached already, so that it cannot be dropped", *child,
                          rebuild_statement(its->name, its->oid, child->name), made);
            attach(*child, its->name, "looks again whether the whole is valid", {rebuilt});
        }
    }
    if (index != nullptr && !index->valid && !attached_some && !children.empty()) {
        auto const &first = *children.front();
        if (auto const *its = attached(first, index)) {
            attach(first, its->name,
                   "every partition has its index; looks again whether the "
                   "whole is valid",
                   {});
        }
    }
}

void planner::descend_into(index_table const &child, table_index const *its,
                           std::vector<std::size_t> const &made, std::vector<std::size_t> &all,
                           attacher const &attach)
{
    auto const *own = its != nullptr ? its : candidate(child, true);
    auto const name = own != nullptr ? own->name : free_name(child);
    if (its == nullptr && own != nullptr) {
        refuse_hopeless(child, *own);
    }
    auto below = made;
    if (own == nullptr) {
        below.push_back(
            add_transaction("create index " + display(name) + " on only " + display(child.name),
                            "partition " + display(child.name) + " has no index", child,
                            create_only_statement(what(child, name)), made));
        all.push_back(below.back());
    }
    auto const before = below.size();
    descend(child, own, name, below);
    all.insert(all.end(), below.begin() + static_cast<std::ptrdiff_t>(before), below.end());
    if (its == nullptr) {
        // Valid or not: the server looks again when its last partition is attached.
        below.resize(before);
        attach(child, name, "one of its partitions", std::move(below));
    }
}

void planner::plan_leaf(index_table const &leaf, std::vector<std::size_t> const &made,
                        attacher const &attach)
{
    if (auto const *ready = candidate(leaf, false)) {
        attach(leaf, ready->name, fmt::format("leaf {} has an equal index", display(leaf.name)),
               {});
        return;
    }
    auto const name = free_name(leaf);
    auto const *const leftover = named(leaf, name);
    auto const built =
        build(leaf, name, leftover,
              leftover == nullptr ? fmt::format("leaf {} has no index", display(leaf.name))
                                  : interrupted(*leftover),
              made);
    attach(leaf, name, "one of its partitions", {built});
}

table_index const *planner::attached(index_table const &child, table_index const *parent) const
{
    for (auto const *each : around_.indexes(child)) {
        if (parent != nullptr && each->parent == parent->oid) {
            return each;
        }
    }
    return nullptr;
}

table_index const *planner::candidate(index_table const &child, bool partitioned)
{
    for (auto const *each : around_.indexes(child)) {
        if (each->partitioned == partitioned && (each->valid || partitioned) && each->live &&
            attachable(*each) && others_.claimed.insert(each->oid).second) {
            return each;
        }
    }
    return nullptr;
}

qualified_name planner::free_name(index_table const &child)
{
    for (int number = 0;; ++number) {
        qualified_name out{child.name.schema,
                           partition_index_name(child.name.name, declared_.name, number)};
        auto const *const there = named(child, out);
        if (there == nullptr && around_.all().taken.contains(out)) {
            continue; // by something that is no index of this partition
        }
        if ((there == nullptr || (child.kind != 'p' && !there->valid && attachable(*there))) &&
            others_.names.insert(out).second) {
            return out;
        }
    }
}

} // namespace pgtend::index

// SPDX-License-Identifier: Apache-2.0
// Plans one declared index; create.hpp says how. Internal to this module.
#pragma once
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/error.hpp"
#include "catalog/snapshot/indexes.hpp"
#include "index/definition.hpp"
#include "model/index_policy.hpp"
#include "plan/plan.hpp"

namespace pgtend::index {

using catalog::index_table;
using catalog::table_index;
using model::index_policy;

// The snapshot by table.
class landscape {
  public:
    explicit landscape(catalog::index_snapshot const &all) : all_{all}
    {
        for (auto const &each : all.tables) {
            tables_.emplace(each.oid, &each);
            if (!each.parent.empty()) {
                children_[each.parent].push_back(&each);
            }
        }
        for (auto const &each : all.indexes) {
            indexes_[each.table_oid].push_back(&each);
        }
    }

    catalog::index_snapshot const &all() const { return all_; }
    bool has(std::string const &oid) const { return tables_.contains(oid); }
    index_table const &table(std::string const &oid) const { return *tables_.at(oid); }
    std::vector<index_table const *> const &children(index_table const &of) const
    {
        return in(children_, of.oid);
    }
    std::vector<table_index const *> const &indexes(index_table const &of) const
    {
        return in(indexes_, of.oid);
    }

  private:
    template <class Map>
    static typename Map::mapped_type const &in(Map const &map, std::string const &oid)
    {
        static typename Map::mapped_type const none;
        auto const at = map.find(oid);
        return at == map.end() ? none : at->second;
    }

    catalog::index_snapshot const &all_;
    std::unordered_map<std::string, index_table const *> tables_;
    std::unordered_map<std::string, std::vector<index_table const *>> children_;
    std::unordered_map<std::string, std::vector<table_index const *>> indexes_;
};

// Why the role cannot create an index on that table.
error missing_right(index_table const &table, std::string const &worker);

// What the indexes of one plan share.
struct company {
    bool drops_leftovers = true;
    std::unordered_set<std::string> cleaned = {}; // tables without leftovers by now
    std::set<qualified_name> names = {};          // of indexes on partitions that are to come
    std::unordered_set<std::string> claimed = {}; // indexes of partitions that one attaches
};

class planner {
  public:
    planner(index_policy const &declared, catalog::wanted_index const &wanted,
            landscape const &around, company &others)
        : declared_{declared}, wanted_{wanted}, around_{around}, others_{others},
          name_{wanted.found.usable() ? wanted.found.name.schema : declared.table.schema,
                declared.name},
          shown_{display(wanted.found.usable() ? wanted.found.name : declared.table)}
    {
    }

    plan::plan make();

  private:
    // Attaches the index of that name on a partition, with a reason, after these steps.
    using attacher = std::function<void(index_table const &, qualified_name const &, std::string,
                                        std::vector<std::size_t>)>;

    void consider();
    // What there is cannot be told of a table whose indexes could not be read.
    void refuse_locked(index_table const &table) const;
    void check_name(table_index const *there) const;
    static std::string told(std::string const &definition, bool unique,
                            std::string const &tablespace);
    std::string told(table_index const &index) const;
    std::string told_declared() const;
    bool equal(table_index const &index) const;
    bool same_but_storage(table_index const &index) const;
    // Whether an index of a partition can be attached: by what the server compares.
    bool attachable(table_index const &index) const;
    table_index const *named(index_table const &table, qualified_name const &name) const;
    table_index const *serving(index_table const &table) const;
    void check_right(index_table const &table) const;
    static std::string interrupted(table_index const &index);
    // Of each table once.
    void drop_leftovers(index_table const &table);
    std::size_t add(plan::step step);
    std::size_t add_alone(std::string title, std::string reason, index_table const &on,
                          plan::statement body, std::vector<std::size_t> after);
    std::size_t add_transaction(std::string title, std::string reason, index_table const &on,
                                plan::statement body, std::vector<std::size_t> after);
    std::size_t refuse(std::string const &object, error const &why);
    building what(index_table const &table, qualified_name const &name) const;
    // A table with rows; `leftover` is an invalid index of that name. The step that builds.
    std::size_t build(index_table const &table, qualified_name const &name,
                      table_index const *leftover, std::string const &reason,
                      std::vector<std::size_t> after);

    // -- partitioned tables: create_tree.cpp
    // Whether every partition has a valid index that is attached; true of a table with rows.
    bool whole(index_table const &table, table_index const &index) const;
    void plan_tree(index_table const &root, table_index const *there);
    void refuse_foreign(index_table const &table) const;
    // An index that nothing could make valid any more.
    void refuse_hopeless(index_table const &table, table_index const &index) const;
    // The partitions of a table whose index is `index` (nullptr: made by an earlier step) of that
    // name. Appends to `all` what must have succeeded.
    void descend(index_table const &table, table_index const *index, qualified_name const &name,
                 std::vector<std::size_t> &all);
    void descend_into(index_table const &child, table_index const *its,
                      std::vector<std::size_t> const &made, std::vector<std::size_t> &all,
                      attacher const &attach);
    void plan_leaf(index_table const &leaf, std::vector<std::size_t> const &made,
                   attacher const &attach);
    table_index const *attached(index_table const &child, table_index const *parent) const;
    // An index of a partition that is nobody's yet and may be attached; a partitioned one need not
    // be valid. Each is given once.
    table_index const *candidate(index_table const &child, bool partitioned);
    // Not another index's, nor given before; an invalid equal one of that name is what an earlier
    // run left.
    qualified_name free_name(index_table const &child);

    index_policy const &declared_;
    catalog::wanted_index const &wanted_;
    landscape const &around_;
    company &others_;
    qualified_name name_;
    std::string shown_; // the table
    plan::plan out_;
};

} // namespace pgtend::index

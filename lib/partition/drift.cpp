// SPDX-License-Identifier: Apache-2.0
#include "partition/drift.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>

#include "base/text.hpp"
#include "model/storage_parameter.hpp"
#include "partition/protection.hpp"
#include "plan/statement.hpp"

namespace pgtend::partition {
namespace {

using catalog::tree_relation;
using plan::quote;
using plan::quote_ident;

std::string on_off(bool flag)
{
    return flag ? "on" : "off";
}

std::string or_default(std::string const &name)
{
    return name.empty() ? "the default" : display_identifier(name);
}

std::pair<std::string, std::string> parameter(std::string const &text)
{
    auto const equals = std::min(text.find('='), text.size());
    return {std::string{trim(std::string_view{text}.substr(0, equals))},
            equals < text.size() ? std::string{trim(std::string_view{text}.substr(equals + 1))}
                                 : std::string{}};
}

std::string identity_name(char letter)
{
    return letter == 'f'   ? "full"
           : letter == 'n' ? "nothing"
           : letter == 'i' ? "an index"
                           : "the primary key";
}

std::string persistence_name(char letter)
{
    return letter == 'u' ? "unlogged" : letter == 't' ? "temporary" : "logged";
}

std::string enabled_name(char letter)
{
    return letter == 'D'   ? "disabled"
           : letter == 'R' ? "on replicas only"
           : letter == 'A' ? "always"
                           : "enabled";
}

std::string enable(char letter)
{
    return letter == 'D'   ? "DISABLE"
           : letter == 'R' ? "ENABLE REPLICA"
           : letter == 'A' ? "ENABLE ALWAYS"
                           : "ENABLE";
}

using grant = std::pair<std::string, std::string>; // grantee, privilege

std::set<grant> grants_of(tree_relation const &of)
{
    std::set<grant> out;
    for (auto const &each : of.grants) {
        out.emplace(each.grantee, each.privilege);
    }
    return out;
}

std::string grantee(std::string const &name)
{
    return name.empty() ? "PUBLIC" : quote_ident(name);
}

std::set<std::string> declared_for(qualified_name const &table,
                                   std::span<model::autovacuum_policy const> autovacuum)
{
    std::set<std::string> out;
    for (auto const &policy : autovacuum) {
        if (std::find(policy.tables.begin(), policy.tables.end(), table) != policy.tables.end()) {
            for (auto const &each : policy.parameters) {
                out.insert(each.name);
            }
        }
    }
    return out;
}

class comparison {
  public:
    comparison(tree_relation const &root, tree_relation const &parent, tree_relation const &leaf,
               protection const &above, std::set<std::string> const &ignored,
               std::vector<difference> &into)
        : root_{root}, parent_{parent}, leaf_{leaf}, above_{above}, ignored_{ignored}, into_{into},
          alter_{"ALTER TABLE " + quote(leaf.name) + " "}
    {
    }

    void attributes()
    {
        if (leaf_.owner != root_.owner) {
            add("owner", display_identifier(leaf_.owner), display_identifier(root_.owner),
                alter_ + "OWNER TO " + quote_ident(root_.owner));
        }
        // What protects only a part of the tree is no accident: no statement that opens it.
        auto const alter = [&](std::string_view what, bool closes) {
            return closes || leaf_.kind != 'p'
                       ? fmt::format("{}{} ROW LEVEL SECURITY", alter_, what)
                       : std::string{};
        };
        if (leaf_.row_security != above_.on && leaf_.kind != 'f') { // those cannot have it
            add("row_security", on_off(leaf_.row_security), on_off(above_.on),
                alter(above_.on ? "ENABLE" : "DISABLE", above_.on));
        }
        if (leaf_.force_row_security != above_.forced && (leaf_.row_security || above_.on) &&
            leaf_.kind != 'f') {
            add("force_row_security", on_off(leaf_.force_row_security), on_off(above_.forced),
                alter(above_.forced ? "FORCE" : "NO FORCE", above_.forced));
        }
        if (leaf_.persistence != root_.persistence && leaf_.kind != 'f') {
            add("persistence", persistence_name(leaf_.persistence),
                persistence_name(root_.persistence),
                root_.persistence == 't' || leaf_.persistence == 't'
                    ? ""
                    : alter_ + (root_.persistence == 'u' ? "SET UNLOGGED" : "SET LOGGED"));
        }
        if (!root_.access_method.empty() && leaf_.kind == 'r' &&
            leaf_.access_method != root_.access_method) {
            add("access_method", leaf_.access_method, root_.access_method,
                alter_ + "SET ACCESS METHOD " + quote_ident(root_.access_method));
        }
        if (leaf_.tablespace != root_.tablespace && leaf_.kind != 'f') {
            add("tablespace", or_default(leaf_.tablespace), or_default(root_.tablespace),
                root_.tablespace.empty()
                    ? ""
                    : alter_ + "SET TABLESPACE " + quote_ident(root_.tablespace));
        }
    }

    void policies()
    {
        for (auto const &each : leaf_.policies) {
            if (!above_.policies.contains(each)) {
                auto const name = policy_name(each);
                bool const opens = leaf_.kind == 'p' || !is_permissive(each);
                add("policies", display_identifier(name), "none that the parent lacks",
                    opens ? "" : "DROP POLICY " + quote_ident(name) + " ON " + quote(leaf_.name));
            }
        }
    }

    void grants(std::optional<model::partition_policy> const &policy)
    {
        auto const has = grants_of(leaf_), parent = grants_of(root_);
        for (auto const &each : has) {
            bool const beyond = !parent.contains(each);
            // VACUUM and ANALYZE ask for the right on each partition itself.
            bool const through_parent = each.second != "MAINTAIN";
            if (beyond || (policy && !policy->grants && through_parent)) {
                add("grants",
                    fmt::format("{} may {}",
                                each.first.empty() ? "everybody" : display_identifier(each.first),
                                each.second),
                    beyond ? "nothing that the parent refuses" : "access through the parent only",
                    fmt::format("REVOKE {} ON TABLE {} FROM {}", each.second, quote(leaf_.name),
                                grantee(each.first)));
            }
        }
        if (!policy || !policy->grants) {
            return;
        }
        for (auto const &each : parent) {
            if (!has.contains(each)) {
                add("grants",
                    fmt::format("{} may not {}",
                                each.first.empty() ? "everybody" : display_identifier(each.first),
                                each.second),
                    "granted, as on the parent",
                    fmt::format("GRANT {} ON TABLE {} TO {}", each.second, quote(leaf_.name),
                                grantee(each.first)));
            }
        }
    }

    // `elsewhere`: names that autovacuum: declares for this partition or a table above it.
    void storage_parameters(model::partition_policy const &policy,
                            std::set<std::string> const &elsewhere)
    {
        if (leaf_.kind != 'r') {
            return;
        }
        for (auto const &wanted : policy.storage_parameters) {
            auto const [name, value] = parameter(wanted);
            if (elsewhere.contains(name)) {
                continue;
            }
            if (name.starts_with("toast.") && !leaf_.has_toast) {
                continue; // the server keeps no parameters of a TOAST table that is not there
            }
            std::optional<std::string> is;
            for (auto const &option : leaf_.options) {
                auto const [existing, set] = parameter(option);
                is = existing == name ? set : is;
            }
            if (!is || !model::same_parameter_value(name, *is, value)) {
                add("storage_parameters", name + ": " + is.value_or("not set"), value,
                    alter_ + "SET (" + name + " = " +
                        std::string{trim(plan::quote_literal(value))} + ")");
            }
        }
    }

    void replica_identity()
    {
        if (leaf_.kind == 'f') {
            return;
        }
        std::string index; // the parent's, where it is one that exists
        for (auto const &each : parent_.own_indexes) {
            index = each.is_replica_identity ? each.oid : index;
        }
        auto const should = parent_.replica_identity == 'i' && index.empty()
                                ? 'd' // its index was dropped: new partitions get the default
                                : parent_.replica_identity;
        bool const same = leaf_.replica_identity == should &&
                          (should != 'i' || leaf_.kind == 'p' || leaf_.replica_of == index);
        if (same || (should != parent_.replica_identity && leaf_.replica_identity == 'i')) {
            return;
        }
        add("replica_identity",
            identity_name(leaf_.replica_identity) +
                (should == 'i' && leaf_.replica_identity == 'i' ? " of its own" : ""),
            identity_name(should),
            should == 'i' ? alter_ + "REPLICA IDENTITY USING INDEX its part of the parent's"
                          : alter_ + "REPLICA IDENTITY " +
                                (should == 'f'   ? "FULL"
                                 : should == 'n' ? "NOTHING"
                                                 : "DEFAULT"));
    }

    void indexes()
    {
        if (leaf_.kind == 'f') {
            return;
        }
        for (auto const &each : parent_.own_indexes) {
            if (std::find(leaf_.attached_to.begin(), leaf_.attached_to.end(), each.oid) ==
                leaf_.attached_to.end()) {
                auto const name = qualified_name{parent_.name.schema, each.name};
                add("indexes", "none", "one attached to " + display(name),
                    "CREATE INDEX CONCURRENTLY the same on " + quote(leaf_.name) +
                        ", then ALTER INDEX " + quote(name) + " ATTACH PARTITION it");
            }
        }
        invalid_indexes();
    }

    void invalid_indexes()
    {
        for (auto const &each : leaf_.invalid) {
            auto const name = qualified_name{leaf_.name.schema, each};
            add("indexes", display(name) + " is invalid", "valid",
                leaf_.kind == 'p' ? "valid as soon as each partition has its part attached"
                                  : "REINDEX INDEX CONCURRENTLY " + quote(name));
        }
    }

    void triggers()
    {
        for (auto const &each : parent_.triggers) {
            auto const own = std::find_if(leaf_.triggers.begin(), leaf_.triggers.end(),
                                          [&](auto const &t) { return t.parent_oid == each.oid; });
            auto const name = display_identifier(each.name);
            if (own == leaf_.triggers.end()) {
                add("triggers", "no " + name, "as on the parent", "");
            } else if (own->enabled != each.enabled) {
                add("triggers", name + " " + enabled_name(own->enabled), enabled_name(each.enabled),
                    alter_ + enable(each.enabled) + " TRIGGER " + quote_ident(own->name));
            }
        }
        for (auto const &each : leaf_.triggers) {
            if (each.parent_oid == "0") {
                add("triggers", display_identifier(each.name) + " of its own",
                    "none that the parent lacks", "");
            }
        }
    }

  private:
    void add(std::string_view attribute, std::string is, std::string should, std::string cure)
    {
        if (!ignored_.contains(std::string{attribute})) {
            into_.push_back({leaf_.name, std::string{attribute}, std::move(is), std::move(should),
                             std::move(cure)});
        }
    }

    tree_relation const &root_, &parent_, &leaf_;
    protection const &above_;
    std::set<std::string> const &ignored_;
    std::vector<difference> &into_;
    std::string alter_;
};

} // namespace

std::span<std::string_view const> attributes()
{
    static constexpr std::string_view all[] = {"owner",
                                               "row_security",
                                               "force_row_security",
                                               "persistence",
                                               "access_method",
                                               "tablespace",
                                               "policies",
                                               "grants",
                                               "storage_parameters",
                                               "replica_identity",
                                               "indexes",
                                               "triggers"};
    return all;
}

std::vector<difference> differences(std::vector<catalog::tree_relation> const &tree,
                                    std::optional<model::partition_policy> const &policy,
                                    std::set<std::string> const &without_parameters,
                                    std::set<std::string> const &ignored,
                                    std::span<model::autovacuum_policy const> autovacuum)
{
    std::unordered_map<std::string_view, tree_relation const *> by_oid;
    std::vector<tree_relation const *> order;
    tree_relation const *root = nullptr;
    for (auto const &each : tree) {
        by_oid.emplace(each.oid, &each);
        order.push_back(&each);
        root = each.parent.empty() ? &each : root;
    }
    std::vector<difference> out;
    if (root == nullptr) {
        return out;
    }
    std::sort(order.begin(), order.end(),
              [](auto const *a, auto const *b) { return a->name < b->name; });
    comparison{*root, *root, *root, {}, ignored, out}.invalid_indexes();
    std::set<std::string> declared_above;
    for (auto const &name : root->above) {
        declared_above.merge(declared_for(name, autovacuum));
    }
    declared_above.merge(declared_for(root->name, autovacuum));
    for (auto const *leaf : order) {
        auto const parent = by_oid.find(leaf->parent);
        if (leaf->pending_detach || parent == by_oid.end()) {
            continue;
        }
        protection above;
        bool leaves = false; // with a table above it, whose detach did not end
        for (auto const *at = leaf; at != root;) {
            at = by_oid.at(at->parent);
            above.add(*at);
            leaves = leaves || at->pending_detach;
        }
        if (leaves) {
            continue;
        }
        comparison each{*root, *parent->second, *leaf, above, ignored, out};
        each.attributes();
        each.policies();
        each.grants(policy);
        if (policy && !policy->storage_parameters.empty() &&
            !without_parameters.contains(leaf->oid)) {
            auto elsewhere = declared_above;
            for (auto const *at = leaf; at != root; at = by_oid.at(at->parent)) {
                elsewhere.merge(declared_for(at->name, autovacuum));
            }
            each.storage_parameters(*policy, elsewhere);
        }
        each.replica_identity();
        each.indexes();
        each.triggers();
    }
    return out;
}

} // namespace pgtend::partition

// SPDX-License-Identifier: Apache-2.0
#include "catalog/lookup.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

struct candidate {
    std::string oid;
    qualified_name name;
    char kind;
};

// The names of that kind are read only when a name was not found.
class name_suggester {
  public:
    name_suggester(pg::session &s, std::string_view kinds, pg::limits const &limit)
        : session_{s}, kinds_{kinds}, limit_{limit}
    {
    }

    std::string hint(qualified_name const &asked)
    {
        load();
        std::vector<std::string_view> candidates;
        auto const &names = asked.schema.empty() ? plain_ : full_;
        candidates.assign(names.begin(), names.end());
        auto const word = asked.schema.empty() ? asked.name : asked.schema + "." + asked.name;
        auto const near = nearest(word, candidates);
        if (!near) {
            return {};
        }
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (names[i] == *near) {
                return "did you mean " + shown_[i] + "?";
            }
        }
        return {};
    }

  private:
    void load()
    {
        if (loaded_) {
            return;
        }
        loaded_ = true;
        std::vector<param> letters;
        for (auto const kind : kinds_) {
            letters.emplace_back(std::string{kind});
        }
        auto const found = session_.run(sql::catalog_names, {array_literal(letters)}, limit_);
        for (std::size_t i = 0; i < found.size(); ++i) {
            qualified_name name{found.text(i, 0), found.text(i, 1)};
            full_.push_back(name.schema + "." + name.name);
            plain_.push_back(name.name);
            shown_.push_back(display(name));
        }
    }

    pg::session &session_;
    std::string_view kinds_;
    pg::limits const &limit_;
    bool loaded_ = false;
    std::vector<std::string> full_, plain_, shown_;
};

std::string with_article(std::string_view what)
{
    return (what.starts_with('i') ? "an " : "a ") + std::string{what};
}

std::string listed(std::vector<candidate> const &several)
{
    std::vector<std::string> names;
    for (auto const &each : several) {
        names.push_back(display(each.name));
    }
    return join(names, ", ");
}

} // namespace

std::string_view kind_name(char kind)
{
    switch (kind) {
    case 'r':
        return "table";
    case 'p':
        return "partitioned table";
    case 'v':
        return "view";
    case 'm':
        return "materialized view";
    case 'S':
        return "sequence";
    case 'f':
        return "foreign table";
    case 'i':
    case 'I':
        return "index";
    default:
        return "relation";
    }
}

std::vector<lookup> find(pg::session &s, std::vector<qualified_name> const &names,
                         std::string_view kinds, std::string_view what, pg::limits const &limit)
{
    std::vector<lookup> out;
    if (names.empty()) {
        return out;
    }
    std::vector<param> schemas, plain;
    for (auto const &each : names) {
        out.push_back({each, {}, {}, {}, {}});
        schemas.emplace_back(each.schema);
        plain.emplace_back(each.name);
    }
    auto const found =
        s.run(sql::catalog_lookup, {array_literal(schemas), array_literal(plain)}, limit);
    std::vector<std::vector<candidate>> right(names.size()), wrong(names.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        auto const position = static_cast<std::size_t>(found.integer(i, "position") - 1);
        auto const kind = found.text(i, "kind").at(0);
        auto &list = kinds.find(kind) == std::string_view::npos ? wrong : right;
        list.at(position).push_back(
            {found.text(i, "oid"), {found.text(i, "schema"), found.text(i, "name")}, kind});
    }
    name_suggester suggester{s, kinds, limit};
    for (std::size_t i = 0; i < out.size(); ++i) {
        auto &each = out[i];
        if (right[i].size() == 1) {
            each.oid = right[i].front().oid;
            each.name = right[i].front().name;
        } else if (right[i].size() > 1) {
            each.problem = display(each.asked) + " is ambiguous: " + listed(right[i]);
            each.hint = "write the schema";
        } else if (!wrong[i].empty()) {
            each.problem = display(wrong[i].front().name) + " is " +
                           with_article(kind_name(wrong[i].front().kind)) + ", not " +
                           with_article(what);
        } else {
            each.problem = std::string{what} + " " + display(each.asked) + " does not exist";
            each.hint = suggester.hint(each.asked);
        }
    }
    return out;
}

std::string found_oids(std::vector<lookup> const &all)
{
    std::vector<param> oids;
    for (auto const &each : all) {
        if (each.usable()) {
            oids.emplace_back(each.oid);
        }
    }
    return array_literal(oids);
}

void check_role(pg::session &s, std::string const &role, pg::limits const &limit)
{
    if (!role.empty() && s.run(sql::catalog_role, {role}, limit).empty()) {
        throw error{"role " + display_identifier(role) + " does not exist"};
    }
}

param role_parameter(std::string const &role)
{
    return role.empty() ? param{} : param{role};
}

} // namespace pgtend::catalog

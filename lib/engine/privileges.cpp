// SPDX-License-Identifier: Apache-2.0
#include "engine/privileges.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "base/name.hpp"
#include "base/rows.hpp"
#include "base/text.hpp"
#include "plan/rights.hpp"
#include "sql/queries.hpp"

namespace pgtend::engine {
namespace {

using kind = denied_object::kind;

struct phrase {
    std::string_view text;
    kind what;
};

// aclcheck_error() of the server's aclchk.c; the longer ones first.
constexpr std::array phrases{
    phrase{"materialized view ", kind::relation},
    phrase{"foreign table ", kind::relation},
    phrase{"set role ", kind::role},
    phrase{"table ", kind::relation},
    phrase{"view ", kind::relation},
    phrase{"relation ", kind::relation},
    phrase{"sequence ", kind::sequence},
    phrase{"function ", kind::routine},
    phrase{"procedure ", kind::routine},
    phrase{"routine ", kind::routine},
    phrase{"aggregate ", kind::routine},
    phrase{"schema ", kind::schema},
    phrase{"database ", kind::database},
};

std::string_view name_of(kind what)
{
    switch (what) {
    case kind::relation:
        return "relation";
    case kind::sequence:
        return "sequence";
    case kind::routine:
        return "routine";
    case kind::schema:
        return "schema";
    case kind::role:
        return "role";
    case kind::database:
    case kind::none:
        break;
    }
    return "";
}

bool is_part_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
}

// Words and names; a quoted identifier belongs to its name. Literals and comments are left out.
std::vector<std::string> words_of(std::string_view sql)
{
    std::vector<std::string> out;
    for (std::size_t i = 0; i < sql.size();) {
        if (sql[i] == '\'') {
            i = std::min(sql.find('\'', i + 1), sql.size() - 1) + 1;
        } else if (sql.substr(i, 2) == "--") {
            i = std::min(sql.find('\n', i), sql.size());
        } else if (is_part_of_name(sql[i]) || sql[i] == '"') {
            auto const begin = i;
            while (i < sql.size() && (is_part_of_name(sql[i]) || sql[i] == '"')) {
                i = sql[i] == '"' ? std::min(sql.find('"', i + 1), sql.size() - 1) + 1 : i + 1;
            }
            out.emplace_back(sql.substr(begin, i - begin));
        } else {
            ++i;
        }
    }
    return out;
}

std::vector<std::string_view> privileges_asked(std::vector<std::string> const &words,
                                               std::size_t at)
{
    auto const before = [&](std::size_t distance) {
        return at >= distance ? lower(words[at - distance]) : std::string{};
    };
    std::size_t const skip = before(1) == "only" ? 1 : 0;
    auto const last = before(1 + skip), first = before(2 + skip);
    if (last == "into") {
        return {"INSERT"};
    }
    if (last == "from" && first == "delete") {
        return {"SELECT", "DELETE"};
    }
    if (last == "update") {
        return {"SELECT", "UPDATE"};
    }
    if (last == "truncate" || (last == "table" && first == "truncate")) {
        return {"TRUNCATE"};
    }
    return {"SELECT"};
}

bool changes_rows_only(std::string const &sql)
{
    constexpr std::string_view words[] = {"select", "insert",  "update",  "delete",
                                          "with",   "explain", "truncate"};
    auto const text = lower(trim(sql));
    return std::any_of(std::begin(words), std::end(words),
                       [&](std::string_view word) { return text.starts_with(word); });
}

// What the statement asks for is asked of all the tables that it locks.
std::vector<std::string_view> privileges_of(std::string const &sql)
{
    std::vector<std::string_view> out{"SELECT"};
    auto const words = words_of(lower(sql));
    for (auto const &[word, privilege] : std::map<std::string_view, std::string_view>{
             {"insert", "INSERT"}, {"update", "UPDATE"}, {"delete", "DELETE"}}) {
        if (std::find(words.begin(), words.end(), word) != words.end()) {
            out.push_back(privilege);
        }
    }
    return out;
}

struct wanted {
    qualified_name relation;
    std::vector<std::string_view> privileges; // empty: to own it
};

class finder {
  public:
    finder(work_settings const &settings, pg::session &ask) : settings_{settings}, ask_{ask} {}

    void add(std::string grant)
    {
        if (!grant.empty() && std::find(out_.begin(), out_.end(), grant) == out_.end()) {
            out_.push_back(std::move(grant));
        }
    }

    rows objects(kind what, std::string const &name)
    {
        return ask_.run(sql::denied_objects, {settings_.role, std::string{name_of(what)}, name},
                        {.timeout = seconds{5}});
    }

    void relations(std::vector<wanted> const &all)
    {
        if (all.empty()) {
            return;
        }
        std::vector<param> schemas, names;
        for (auto const &each : all) {
            schemas.emplace_back(each.relation.schema);
            names.emplace_back(each.relation.name);
        }
        auto const found = ask_.run(sql::missing_privileges,
                                    {settings_.role, array_literal(schemas), array_literal(names)},
                                    {.timeout = seconds{5}});
        for (std::size_t i = 0; i < found.size(); ++i) {
            qualified_name const name{found.text(i, "schema"), found.text(i, "name")};
            for (auto const &each : all) {
                if (each.relation == name) {
                    relation(found, i, each);
                }
            }
        }
    }

    std::string text() const { return join(out_, "; "); }

  private:
    void relation(rows const &found, std::size_t i, wanted const &what)
    {
        auto const role = plan::quote_ident(found.text(i, "role"));
        if (!found.flag(i, "may_use_schema")) {
            add("GRANT USAGE ON SCHEMA " + plan::quote_ident(what.relation.schema) + " TO " + role);
        }
        std::vector<std::string> missing;
        for (auto const privilege : what.privileges) {
            if (!found.flag(i, "may_" + lower(privilege))) {
                missing.emplace_back(privilege);
            }
        }
        if (!missing.empty()) {
            add("GRANT " + join(missing, ", ") + " ON " + plan::quote(what.relation) + " TO " +
                role);
        } else if (what.privileges.empty() && !found.flag(i, "owns")) {
            add(plan::owner_right({found.text(i, "kind") == "m" ? "MATERIALIZED VIEW" : "TABLE",
                                   what.relation, found.text(i, "owner"),
                                   found.flag(i, "owned_by_superuser")},
                                  found.text(i, "role")));
        }
    }

    work_settings const &settings_;
    pg::session &ask_;
    std::vector<std::string> out_;
};

std::vector<wanted> of_locks(plan::statement const &failed)
{
    auto const privileges =
        changes_rows_only(failed.sql) ? privileges_of(failed.sql) : std::vector<std::string_view>{};
    std::vector<wanted> out;
    for (auto const &l : failed.locks) {
        auto const name = parse_qualified_name(l.relation);
        if (!name.schema.empty()) {
            out.push_back({name, privileges});
        }
    }
    return out;
}

// The relations that the message, or a schema in it, may mean: those that the statement writes so;
// else the only one of that name.
std::vector<wanted> meant(denied_object const &what, rows const &found,
                          std::vector<named_relation> const &written)
{
    std::vector<wanted> out;
    for (auto const &each : written) {
        bool const of_schema = what.what == kind::schema && each.schema == what.name;
        if (of_schema || (what.what == kind::relation && each.name == what.name)) {
            for (std::size_t i = 0; i < found.size(); ++i) {
                auto const schema = found.text(i, "schema");
                if (each.schema.empty() ? found.size() == 1 : each.schema == schema) {
                    out.push_back({{schema, each.name},
                                   what.owner ? std::vector<std::string_view>{} : each.privileges});
                }
            }
        }
    }
    return out;
}

void add_named(finder &out, denied_object const &what, plan::statement const &failed)
{
    auto const found = out.objects(what.what, what.name);
    auto const role = plan::quote_ident(found.text(0, "role"));
    std::vector<std::size_t> denied; // of which there may be several of the same name
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found.at(i, found.column("schema")) && !found.flag(i, "may")) {
            denied.push_back(i);
        }
    }
    auto const written = relations_named(failed.sql);
    auto const only = [&](std::string_view column) { return found.text(denied.front(), column); };
    if (what.what == kind::schema) {
        // Whoever may use it lacks CREATE.
        out.add(std::string{"GRANT "} + (denied.empty() ? "CREATE" : "USAGE") + " ON SCHEMA " +
                plan::quote_ident(what.name) + " TO " + role);
        out.relations(meant(what, found, written));
    } else if (what.what == kind::relation) {
        auto all = meant(what, found, written);
        if (all.empty() && denied.size() == 1 && !what.owner) {
            out.add("what a function, trigger or view of this statement does with it, such as "
                    "GRANT SELECT ON " +
                    plan::quote({only("schema"), what.name}) + " TO " + role);
        } else if (all.empty() && denied.size() == 1) {
            all.push_back({{only("schema"), what.name}, {}});
        }
        out.relations(all);
    } else if (what.what == kind::sequence && denied.size() == 1) {
        out.add("GRANT USAGE ON SEQUENCE " + plan::quote({only("schema"), what.name}) + " TO " +
                role);
    } else if (what.what == kind::routine && denied.size() == 1 && !what.owner) {
        out.add("GRANT EXECUTE ON ROUTINE " + only("signature") + " TO " + role);
    }
}

} // namespace

denied_object denied_by(std::string_view message)
{
    denied_object out;
    auto text = message.substr(0, message.find('\n'));
    auto const take = [&](std::string_view prefix) {
        bool const there = text.starts_with(prefix);
        text.remove_prefix(there ? prefix.size() : 0);
        return there;
    };
    out.owner = take("must be owner of ");
    if (!out.owner && !take("permission denied for ") && !take("permission denied to ")) {
        return {};
    }
    for (auto const &each : phrases) {
        if (take(each.text)) {
            out.what = each.what;
            out.name = text;
            if (out.name.size() > 1 && out.name.front() == '"' && out.name.back() == '"') {
                out.name = out.name.substr(1, out.name.size() - 2);
            }
            return out;
        }
    }
    return {};
}

std::vector<named_relation> relations_named(std::string_view sql)
{
    auto const words = words_of(sql);
    std::vector<named_relation> out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        try {
            auto name = parse_qualified_name(words[i]);
            out.push_back(
                {std::move(name.schema), std::move(name.name), privileges_asked(words, i)});
        } catch (error const &) {
            // A number, or a column with table and schema.
        }
    }
    return out;
}

std::string missing_grants(error const &denied, plan::statement const *failed,
                           work_settings const &settings, pg::session &ask)
{
    finder out{settings, ask};
    auto const text = denied.message();
    auto const at = text.find("permission denied to set role ");
    auto const what = denied_by(at == std::string::npos ? text : text.substr(at));
    if (what.what == kind::role) {
        auto const login = out.objects(what.what, what.name);
        out.add("GRANT " + plan::quote_ident(what.name) + " TO " +
                plan::quote_ident(login.text(0, "role")));
    }
    if (failed == nullptr) {
        return out.text();
    }
    auto const locked = of_locks(*failed);
    bool const asked = what.what == kind::relation &&
                       std::any_of(locked.begin(), locked.end(), [&](wanted const &each) {
                           return each.relation.name == what.name;
                       });
    if (!asked && !name_of(what.what).empty() && what.what != kind::role) {
        add_named(out, what, *failed);
    }
    out.relations(locked);
    return out.text();
}

} // namespace pgtend::engine

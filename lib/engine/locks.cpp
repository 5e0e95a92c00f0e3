// SPDX-License-Identifier: Apache-2.0
#include "engine/locks.hpp"

#include <algorithm>
#include <set>

#include "base/duration.hpp"
#include "base/name.hpp"
#include "base/rows.hpp"
#include "base/text.hpp"
#include "plan/script.hpp"
#include "sql/queries.hpp"

namespace pgtend::engine {
namespace {

// In a READ ONLY transaction of one message, so that no timeout of the role ends it and nothing is
// left in a session behind a pooler. The search_path says what an unqualified name means; nothing:
// the session's.
rows ask(pg::session &s, std::string_view query, std::vector<param> parameters,
         pg::limits const &limit, std::optional<std::string> const &search_path = {})
{
    plan::statement question;
    question.sql = std::string{query};
    question.parameters = std::move(parameters);
    try {
        return s.batch("BEGIN READ ONLY; SET LOCAL statement_timeout = '10s'; " +
                           (search_path ? "SELECT pg_catalog.set_config('search_path', " +
                                              plan::quote_literal(*search_path) + ", true); "
                                        : std::string{}) +
                           plan::inlined(question) + "\n; COMMIT",
                       limit);
    } catch (...) {
        s.rollback();
        throw;
    }
}

template <class Each>
void for_each_conflict(std::vector<plan::lock> const &wanted, Each const &each)
{
    for (auto const &l : wanted) {
        for (auto const mode : plan::all_lock_modes) {
            if (plan::conflict(l.mode, mode)) {
                each(l, mode);
            }
        }
    }
}

// Cheap, and may be wrong in one direction: true although nobody holds one.
bool may_be_held(pg::session &s, std::vector<plan::lock> const &wanted, pg::limits const &limit,
                 int &existing)
{
    std::vector<param> relations;
    for (auto const &l : wanted) {
        if (std::find(relations.begin(), relations.end(), l.relation) == relations.end()) {
            relations.emplace_back(l.relation);
        }
    }
    rows held;
    try {
        held = ask(s, sql::lock_conflicts, {array_literal(relations)}, limit);
    } catch (error const &e) {
        if (e.sqlstate() != "42501") {
            throw;
        }
        existing = static_cast<int>(relations.size());
        return true; // the login may not use the schema; the work's role may
    }
    std::set<std::string> found;
    bool conflicting = false;
    for (std::size_t i = 0; i < held.size(); ++i) {
        found.insert(held.text(i, 0));
        for_each_conflict(wanted, [&](plan::lock const &l, plan::lock_mode mode) {
            conflicting = conflicting || (l.relation == held.text(i, 0) &&
                                          plan::catalog_name(mode) == held.text(i, 1));
        });
    }
    existing = std::max(1, static_cast<int>(found.size()));
    return conflicting;
}

std::string mode_of_catalog(std::string const &text)
{
    for (auto const mode : plan::all_lock_modes) {
        if (plan::catalog_name(mode) == text) {
            return std::string{plan::name(mode)};
        }
    }
    return text;
}

std::vector<holder> in_both(std::vector<holder> const &first, std::vector<holder> second)
{
    std::erase_if(second, [&](holder const &now) {
        return std::none_of(first.begin(), first.end(), [&](holder const &before) {
            return before.transaction == now.transaction && before.relation == now.relation;
        });
    });
    return second;
}

std::string in_short(std::string_view query)
{
    for (query = trim(query); query.starts_with("--"); query = trim(query)) {
        query.remove_prefix(std::min(query.find('\n'), query.size()));
    }
    return on_one_line(query);
}

std::string relations_of(std::vector<plan::lock> const &wanted)
{
    std::set<std::string> names;
    for (auto const &l : wanted) {
        names.insert(display(parse_qualified_name(l.relation)));
    }
    std::vector<std::string> const list{names.begin(), names.end()};
    return join(list, ", ");
}

// What both queries tell of a transaction.
holder transaction_of(rows const &found, std::size_t i)
{
    holder out;
    out.pid = found.text(i, "pid");
    out.prepared = found.text(i, "prepared");
    out.application = found.text(i, "application");
    out.user = found.text(i, "username");
    out.state = found.text(i, "state");
    out.since = found.text(i, "since");
    out.query = found.text(i, "query");
    return out;
}

std::vector<holder> find_holders(pg::session &s, std::vector<plan::lock> const &wanted,
                                 pg::limits const &limit, microseconds &deadlock_timeout,
                                 std::optional<std::string> const &search_path = {})
{
    std::vector<param> schemas, names, modes;
    for_each_conflict(wanted, [&](plan::lock const &l, plan::lock_mode mode) {
        auto const name = parse_qualified_name(l.relation);
        schemas.emplace_back(name.schema);
        names.emplace_back(name.name);
        modes.emplace_back(std::string{plan::catalog_name(mode)});
    });
    auto const found = ask(s, sql::lock_holders,
                           {array_literal(schemas), array_literal(names), array_literal(modes)},
                           limit, search_path);
    std::vector<holder> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        deadlock_timeout = milliseconds{found.integer(i, "deadlock_timeout_ms")};
        if (!found.at(i, found.column("transaction"))) {
            continue;
        }
        auto who = transaction_of(found, i);
        who.relation = display({found.text(i, "schema"), found.text(i, "name")});
        who.mode = mode_of_catalog(found.text(i, "mode"));
        who.transaction = found.text(i, "transaction");
        who.yields = found.flag(i, "yields");
        out.push_back(std::move(who));
    }
    return out;
}

} // namespace

std::string describe(holder const &who)
{
    if (who.pid.empty()) {
        return "the prepared transaction '" + printable(who.prepared) + "'";
    }
    std::vector<std::string> facts;
    if (!who.application.empty()) {
        facts.push_back("application \"" + printable(who.application) + "\"");
    }
    if (!who.user.empty()) {
        facts.push_back("user \"" + printable(who.user) + "\"");
    }
    if (!who.state.empty()) {
        facts.push_back(who.state +
                        (who.since.empty() ? "" : ", in a transaction since " + who.since));
    }
    if (who.query == "<insufficient privilege>") { // as pg_stat_activity calls it
        facts.emplace_back("what it does is not visible without pg_read_all_stats");
    } else if (!who.query.empty()) {
        facts.push_back("query: " + printable(head_and_tail(in_short(who.query), 200)));
    }
    return "pid " + who.pid + (facts.empty() ? "" : " (" + join(facts, "; ") + ")");
}

std::string describe(std::vector<holder> const &who)
{
    std::vector<std::string> lines;
    for (auto const &h : who) {
        auto line = describe(h);
        if (!h.relation.empty()) {
            line += " holds " + h.mode + " on " + h.relation;
        }
        if (std::find(lines.begin(), lines.end(), line) == lines.end()) {
            lines.push_back(std::move(line));
        }
    }
    constexpr std::size_t most = 3;
    if (lines.size() > most) {
        auto const more = lines.size() - most;
        lines.resize(most);
        lines.push_back("and " + std::to_string(more) + " more");
    }
    return join(lines, "; ");
}

std::vector<plan::lock> wanted_locks(std::vector<plan::statement> const &statements)
{
    std::vector<plan::lock> out;
    for (auto const &s : statements) {
        for (auto const &l : s.locks) {
            if (std::none_of(out.begin(), out.end(), [&](plan::lock const &o) {
                    return o.relation == l.relation && o.mode == l.mode;
                })) {
                out.push_back(l);
            }
        }
    }
    return out;
}

std::vector<holder> find_holders(pg::session &s, std::vector<plan::lock> const &wanted,
                                 pg::limits const &limit)
{
    microseconds ignored{0};
    return wanted.empty() ? std::vector<holder>{} : find_holders(s, wanted, limit, ignored);
}

std::vector<holder> find_suspects(pg::session &s, plan::statement const &statement,
                                  std::optional<std::string> const &search_path,
                                  pg::limits const &limit)
{
    std::vector<plan::lock> wanted;
    for (auto const &relation : statement.may_lock) {
        wanted.push_back({relation, statement.short_waits ? plan::lock_mode::access_exclusive
                                                          : plan::lock_mode::exclusive});
    }
    if (wanted.empty()) {
        return {};
    }
    microseconds ignored{0};
    auto out = find_holders(s, wanted, limit, ignored, search_path);
    // VACUUM and CREATE INDEX CONCURRENTLY let what reads and writes rows pass, and lock none.
    if (!statement.short_waits) {
        std::erase_if(out,
                      [](holder const &each) { return each.mode == "SHARE UPDATE EXCLUSIVE"; });
    }
    return out;
}

std::vector<holder> find_old_transactions(pg::session &s, pg::limits const &limit)
{
    auto const found = ask(s, sql::old_transactions, {"1"}, limit);
    std::vector<holder> out;
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.push_back(transaction_of(found, i));
    }
    return out;
}

sight look(pg::session &s, std::vector<plan::lock> const &wanted, pg::limits const &limit,
           std::function<void(microseconds)> const &pause)
{
    sight out;
    auto protocol = wanted;
    std::erase_if(protocol, [](plan::lock const &l) { return !plan::needs_lock_protocol(l); });
    if (protocol.empty() || !may_be_held(s, protocol, limit, out.existing)) {
        return out;
    }
    auto const first = find_holders(s, protocol, limit, out.deadlock_timeout);
    if (first.empty()) {
        return out;
    }
    pause(sample_distance);
    out.in_the_way = in_both(first, find_holders(s, protocol, limit, out.deadlock_timeout));
    out.only_yielding =
        !out.in_the_way.empty() && std::all_of(out.in_the_way.begin(), out.in_the_way.end(),
                                               [](holder const &h) { return h.yields; });
    return out;
}

microseconds attempt_timeout(microseconds attempt, sight const &seen)
{
    if (seen.only_yielding) {
        return std::max(attempt, seen.deadlock_timeout + milliseconds{500});
    }
    return std::max<microseconds>(attempt / seen.existing, milliseconds{10});
}

lock_busy busy_error(std::vector<plan::lock> const &wanted, std::vector<holder> const &who,
                     microseconds waited, std::string const &statement)
{
    auto const time = humanize(waited);
    if (who.empty() && wanted.empty()) {
        return {"a lock that the statement wants could not be had within " + time,
                "See who holds it while it waits (pg_blocking_pids), run it when there is less "
                "traffic, or raise `lock: { deadline: }`.",
                statement};
    }
    if (who.empty()) {
        return {"a lock on " + relations_of(wanted) + " could not be had within " + time +
                    ": others held it, each for a short time",
                "Run it when there is less traffic, or raise `lock: { deadline: }`.", statement};
    }
    std::string const relation = who.front().relation;
    auto const &first = who.front();
    std::string hint = "Wait for that transaction or end it";
    if (first.pid.empty()) {
        hint += " (ROLLBACK PREPARED " + plan::quote_literal(first.prepared) + ")";
    } else {
        hint += " (SELECT pg_terminate_backend(" + first.pid + "))";
    }
    if (relation.empty()) {
        return {"not begun, because it would wait for old transactions, given up after " + time +
                    ": " + describe(who),
                hint + ", or raise `lock: { deadline: }`.", statement};
    }
    if (wanted.empty()) {
        return {"a lock that the statement wants could not be had within " + time +
                    "; who may hold it, on the tables that it names: " + describe(who),
                "See which of them it waits for (pg_blocking_pids), wait until that is over, or "
                "raise `lock: { deadline: }`.",
                statement};
    }
    return {relation + " is locked, given up after " + time + ": " + describe(who),
            hint + ", or raise `lock: { deadline: }`.", statement};
}

} // namespace pgtend::engine

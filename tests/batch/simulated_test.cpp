// SPDX-License-Identifier: Apache-2.0
// The machine against a table in memory, with others who lock, move, change and add rows between
// its transactions, for many seeds: it ends, no row is changed twice or without matching, and what
// still matches is reported as left.
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <random>
#include <utility>

#include "batch/machine.hpp"
#include "batch/support.hpp"

using namespace pgtend;

namespace {

using place = std::pair<int, int>; // block, offset: a ctid

std::string text_of(place at)
{
    return fmt::format("({},{})", at.first, at.second);
}

place place_in(std::string_view text)
{
    place out;
    auto const end = text.data() + text.size();
    auto const comma = std::from_chars(text.data() + text.find('(') + 1, end, out.first).ptr;
    std::from_chars(comma + 1, end, out.second);
    return out;
}

std::vector<place> places_in(std::string const &array)
{
    std::vector<place> out;
    for (auto const &each : parse_array(array)) {
        out.push_back(place_in(each.value()));
    }
    return out;
}

std::string array_of(std::vector<place> const &places)
{
    std::vector<param> out;
    for (auto const &each : places) {
        out.emplace_back(text_of(each));
    }
    return array_literal(out);
}

struct row {
    std::optional<int> key;
    place at;
    bool matches = true;
    bool touched = false; // others have changed it, or added it, since the last look at all rows
    bool seen = false;    // it matched then
    int held_for = 0;     // transactions of the machine during which another one holds it
    int changes = 0;
    bool gone = false;
    int writer = 0; // the machine's transaction that wrote it; 0: another one's
    int xmin = 0;   // the transaction that wrote it
};

// What a statement's predicate asks, read from its text.
class predicate {
  public:
    explicit predicate(plan::statement const &s) : s_{s}
    {
        equal_ = value("\"k\"", "=");
        least_ = value("\"k\"", ">=");
        above_ = value("\"k\"", ">");
        below_ = value("\"k\"", "<");
        first_ = value("\"ctid\"", ">=");
        end_ = value("\"ctid\"", "<");
        behind_ = value("\"ctid\"", ">");
        null_ = s.sql.find("\"k\" IS NULL") != std::string::npos;
        not_null_ = s.sql.find("\"k\" IS NOT NULL") != std::string::npos;
        if (auto const listed = value("unnest(")) {
            listed_ = places_in(*listed);
            std::sort(listed_->begin(), listed_->end());
        }
        since_ = value("pg_catalog.age(");
        if (auto const writers = value("\"xmin\"", "=", "ANY (")) {
            for (auto const &each : parse_array(*writers)) {
                writers_.push_back(std::stoi(each.value()));
            }
        }
    }

    // Left out because it was written after the walk began.
    bool later(row const &r) const { return since_ && r.xmin >= std::stoi(*since_); }
    bool written(row const &r) const
    {
        return later(r) || std::find(writers_.begin(), writers_.end(), r.writer) != writers_.end();
    }

    // Nothing but the condition.
    bool everywhere() const
    {
        return !equal_ && !least_ && !above_ && !below_ && !first_ && !end_ && !behind_ && !null_ &&
               !not_null_ && !listed_;
    }

    // The parameter that follows this text.
    std::optional<std::string> value(std::string_view before) const
    {
        auto const at = s_.sql.find(std::string{before} + "$");
        if (at == std::string::npos) {
            return std::nullopt;
        }
        std::size_t number = 0;
        auto const begin = s_.sql.data() + at + before.size() + 1;
        std::from_chars(begin, s_.sql.data() + s_.sql.size(), number);
        return s_.parameters.at(number - 1);
    }
    // The parameter that this column is compared with.
    std::optional<std::string> value(std::string const &column, std::string const &op,
                                     std::string const &then = "") const
    {
        return value(column + " OPERATOR(pg_catalog." + op + ") " + then);
    }
    std::optional<int> number(std::string_view before) const
    {
        auto const text = value(before);
        return text ? std::optional{std::stoi(*text)} : std::nullopt;
    }

    bool holds(row const &r) const
    {
        auto const key = [&](std::optional<std::string> const &bound, auto compare) {
            return !bound || (r.key && compare(*r.key, std::stoi(*bound)));
        };
        auto const at = [&](std::optional<std::string> const &bound, auto compare) {
            return !bound || compare(r.at, place_in(*bound));
        };
        return r.matches && !r.gone && !written(r) && key(equal_, std::equal_to<>{}) &&
               key(least_, std::greater_equal<>{}) && key(above_, std::greater<>{}) &&
               key(below_, std::less<>{}) && at(first_, std::greater_equal<>{}) &&
               at(end_, std::less<>{}) && at(behind_, std::greater<>{}) && (!null_ || !r.key) &&
               (!not_null_ || r.key) &&
               (!listed_ || std::binary_search(listed_->begin(), listed_->end(), r.at));
    }

  private:
    plan::statement const &s_;
    std::optional<std::string> equal_, least_, above_, below_, first_, end_, behind_;
    bool null_ = false, not_null_ = false;
    std::optional<std::vector<place>> listed_ = {};
    std::optional<std::string> since_ = {};
    std::vector<int> writers_ = {};
};

class table {
  public:
    enum class way { key, list, blocks };

    table(unsigned seed, way how, bool deletes) : random{seed}, how_{how}, deletes_{deletes}
    {
        auto const kinds = 1 + below(60); // few: many rows with one key
        for (int i = below(200); i >= 0; --i) {
            if (below(4) == 0) {
                free_.push_back(new_place());
            }
            add(below(8) == 0 ? std::nullopt : std::optional{below(kinds)}, below(3) != 0);
        }
        for (auto &each : rows_) {
            each.held_for = below(10) == 0 ? below(40) : 0;
        }
    }

    int below(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }

    // Others are at work.
    void meanwhile()
    {
        for (auto &each : rows_) {
            each.held_for = std::max(0, each.held_for - 1);
            // An update did not make the condition false for ever: now() has gone on.
            if (each.changes > 0 && !each.gone && below(3) == 0) {
                each.matches = true;
            }
        }
        if (!busy || rows_.empty()) {
            return;
        }
        auto const some = static_cast<std::size_t>(below(static_cast<int>(rows_.size())));
        auto &one = rows_[some];
        if (one.gone || one.held_for > 0) {
            return;
        }
        switch (below(5)) {
        case 0:
            one.held_for = below(30);
            break;
        case 1: // updated: elsewhere now
            one.at = next_place();
            one.touched = true;
            one.xmin = ++transaction_;
            break;
        case 2: // no longer matches, or does now
            one.matches = !one.matches && one.changes == 0;
            one.at = next_place();
            one.touched = true;
            one.xmin = ++transaction_;
            break;
        case 3:
            one.key = below(100);
            one.at = next_place();
            one.touched = true;
            one.xmin = ++transaction_;
            break;
        default:
            if (rows_.size() < 400) {
                add(below(100), true);
                rows_.back().touched = true;
                rows_.back().xmin = ++transaction_;
            }
        }
    }

    plan::outcome answer(plan::work const &work)
    {
        meanwhile();
        auto const before = rows_;
        locked_.clear();
        ++transaction_;
        plan::outcome out;
        for (auto const &each : work.statements) {
            auto result = answer(each, work.read_only);
            if (!result) {
                rows_ = before;
                out.results.clear();
                out.failed = plan::failure{"55P03", "canceling statement due to lock timeout", {}};
                return out;
            }
            out.results.push_back(std::move(*result));
        }
        out.elapsed = microseconds{1 + below(20'000)};
        return out;
    }

    std::vector<row> const &all() const { return rows_; }
    bool busy = true;

  private:
    void add(std::optional<int> key, bool matches)
    {
        row one;
        one.key = key;
        one.at = new_place();
        one.matches = matches;
        rows_.push_back(one);
    }
    place new_place()
    {
        auto const n = places_++;
        return {n / 4, n % 4 + 1};
    }
    // Where a new version of a row goes: into free space, or to the end.
    place next_place()
    {
        if (free_.empty() || below(2) == 0) {
            return new_place();
        }
        auto const out = free_.back();
        free_.pop_back();
        return out;
    }
    void looked_at_all(std::vector<row *> const &found)
    {
        for (auto &each : rows_) {
            each.touched = each.seen = false;
        }
        for (auto *each : found) {
            each->seen = true;
        }
    }

    std::vector<row *> matching(predicate const &which)
    {
        std::vector<row *> out;
        for (auto &each : rows_) {
            if (which.holds(each)) {
                out.push_back(&each);
            }
        }
        return out;
    }

    rows one(std::string name, param cell) { return {{std::move(name)}, {std::move(cell)}, 1, 0}; }
    rows plan_of(std::string const &top, std::string const &scan)
    {
        auto const index = scan == "Index Scan" ? R"("Index Name": "t_k",)" : "";
        return one("plan", fmt::format(R"([{{"Plan": {{"Node Type": "{}", "Plan Rows": 0, "Plans": [
                                           {{"Node Type": "{}", "Relation Name": "t", {} "Plan Rows": 50000}}]}}}}])",
                                       top, scan, index));
    }

    // Nothing: a lock could not be had.
    std::optional<rows> answer(plan::statement const &s, bool read_only)
    {
        auto const has = [&](std::string_view text) {
            return s.sql.find(text) != std::string::npos;
        };
        if (has("row_security_active")) {
            return rows{{"policies", "reads"}, {"f", "f"}, 1, 0};
        }
        if (has("EXPLAIN")) {
            if (has("ORDER BY")) {
                return plan_of(has("NULLS FIRST") ? "Sort" : "Limit", "Index Scan");
            }
            return plan_of("ModifyTable", how_ == way::blocks ? "Seq Scan" : "Index Scan");
        }
        if (has("pg_relation_size")) {
            return rows{{"blocks", "since"},
                        {std::to_string(places_ / 4 + 1), std::to_string(transaction_ + 1)},
                        1,
                        0};
        }
        if (!has("AS still") && (has("'jit'") || has("AS stamp, true AS attached"))) {
            clock_ += 1 + below(3'000);
            return rows{{"stamp", "attached", "writer"},
                        {std::to_string(clock_), "t", std::to_string(transaction_)},
                        1,
                        0};
        }
        predicate const which{s};
        auto found = matching(which);
        if (has("AS beyond")) {
            return boundary(which, found);
        }
        auto const count = has("generate_series");
        auto const to_the_end = [&] {
            return std::stoi(s.parameters.at(1).value()) * 4 >= places_;
        };
        if (count ? s.parameters.at(0) == "0" && to_the_end()
                  : has("AS places") && which.everywhere()) {
            looked_at_all(found);
        }
        if (has("AS places")) {
            std::vector<place> places;
            for (auto const *each : found) {
                places.push_back(each->at);
            }
            std::sort(places.begin(), places.end());
            places.resize(
                std::min(places.size(), static_cast<std::size_t>(which.number("LIMIT ").value())));
            return rows{{"places", "since"},
                        {places.empty() ? param{} : param{array_of(places)},
                         std::to_string(transaction_ + 1)},
                        1,
                        0};
        }
        if (count) {
            return count_blocks(s, which);
        }
        if (has("AS matching FROM (SELECT 1")) {
            return one("matching", std::to_string(found.size()));
        }
        REQUIRE_FALSE(read_only);
        if (has("SKIP LOCKED")) {
            for (auto const *each : found) {
                if (each->held_for == 0 &&
                    static_cast<int>(locked_.size()) < which.number("LIMIT ").value_or(1'000)) {
                    locked_.push_back(each->at);
                }
            }
            return one("locked", std::to_string(locked_.size()));
        }
        if (has("AS still")) {
            clock_ += 1 + below(3'000);
            return rows{{"still", "stamp", "attached", "writer"},
                        {std::to_string(found.size()), std::to_string(clock_), "t",
                         std::to_string(transaction_)},
                        1,
                        0};
        }
        return change(s, which, std::move(found));
    }

    rows boundary(predicate const &which, std::vector<row *> found)
    {
        auto const key = [](row const *r) {
            return std::pair{!r->key.has_value(), r->key.value_or(0)};
        };
        std::sort(found.begin(), found.end(),
                  [&](auto const *a, auto const *b) { return key(a) < key(b); });
        auto const skipped = static_cast<std::size_t>(which.number("OFFSET ").value());
        if (skipped >= found.size()) {
            return {{"key", "beyond"}, {}, 0, 0};
        }
        auto const &k = found[skipped]->key;
        auto const from = which.number("\"k\" OPERATOR(pg_catalog.>=) ");
        return {{"key", "beyond"},
                {k ? param{std::to_string(*k)} : param{}, !k                    ? param{}
                                                          : !from || *k > *from ? "t"
                                                                                : "f"},
                1,
                0};
    }

    rows count_blocks(plan::statement const &s, predicate const &which)
    {
        auto const at = [&](std::size_t i) { return std::stoi(s.parameters.at(i).value()); };
        std::vector<param> cells;
        for (int block = at(0); block < at(1); block += at(2)) {
            auto const count = std::count_if(rows_.begin(), rows_.end(), [&](row const &r) {
                return r.matches && !r.gone && !which.written(r) && r.at.first >= block &&
                       r.at.first < std::min(block + at(2), at(1));
            });
            if (count > 0) {
                cells.emplace_back(std::to_string(block));
                cells.emplace_back(std::to_string(count));
            }
        }
        auto const size = cells.size() / 2;
        return {{"block", "matching"}, std::move(cells), size, 0};
    }

    std::optional<rows> change(plan::statement const &s, predicate const &which,
                               std::vector<row *> found)
    {
        bool const of_locked = s.sql.find("current_setting") != std::string::npos;
        if (of_locked) {
            std::erase_if(found, [&](row const *r) {
                return std::find(locked_.begin(), locked_.end(), r->at) == locked_.end();
            });
        }
        if (auto const most = which.number("LIMIT ")) {
            found.resize(std::min(found.size(), static_cast<std::size_t>(*most)));
        }
        long long count = 0;
        for (auto *each : found) {
            if (each->held_for >
                0) { // waits: too long, or the other one ends in time, having moved it
                if (below(2) == 0) {
                    return std::nullopt;
                }
                each->held_for = 0;
                each->at = next_place();
                each->touched = true;
                each->xmin = below(2) == 0 ? 0 : transaction_; // it has begun before, or since
                if (s.sql.find("unnest") != std::string::npos ||
                    s.sql.find("ctid\" OPERATOR(pg_catalog.>=)") != std::string::npos) {
                    continue; // PostgreSQL looks at the new place, which is not the one that was
                              // asked for
                }
            }
            ++each->changes;
            ++count;
            if (deletes_) {
                each->gone = true;
            } else {
                each->matches = false;
                each->at = next_place();
                each->writer = each->xmin = transaction_;
                if (each->key) {
                    each->key = *each->key + below(200);
                }
            }
        }
        return deletes_ ? rows{{}, {}, 0, count} : one("changed", std::to_string(count));
    }

    std::minstd_rand random;
    way how_;
    bool deletes_;
    std::vector<row> rows_;
    std::vector<place> locked_, free_;
    int places_ = 0, transaction_ = 100;
    long long clock_ = 0;
};

// PGTEND_SEED tries others.
unsigned first_seed()
{
    auto const *given = std::getenv("PGTEND_SEED");
    return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 0U;
}

catalog::batch_target target_of(table::way how, bool not_null)
{
    catalog::batch_target out;
    out.found = {
        .asked = {"public", "t"}, .name = {"public", "t"}, .oid = "1", .problem = {}, .hint = {}};
    catalog::leaf_table leaf{"1", {"public", "t"}, false, {}};
    if (how != table::way::list) {
        leaf.indexes = {{"t_k", {{"k", "integer", not_null}}}};
    }
    out.leaves = {leaf};
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("whatever others do: it ends, no row twice, none that does not match, and what is "
              "left is said")
    {
        auto const first = first_seed();
        long long runs = 0, with_left = 0, with_limit = 0, keyed = 0, blocked = 0;
        for (auto const how : {table::way::key, table::way::list, table::way::blocks}) {
            for (unsigned seed = first + 1; seed <= first + 700; ++seed) {
                bool const deletes = seed % 2 == 0, careful = seed % 3 == 0;
                table t{seed * 7919, how, deletes};
                t.busy = seed % 5 != 0;
                model::batching batches{.initial_rows = 1 + t.below(40)};
                if (seed % 4 == 0) {
                    batches.max_rows = 1 + t.below(100);
                }
                batch::change what{{"public", "t"}, careful ? "exists (select 1)" : "x", {}};
                if (!deletes) {
                    what.set = {test::value("x", "1")};
                }
                auto machine = batch::make_machine(what, target_of(how, false), batches);
                auto const run = test::drive(
                    *machine, [&](plan::work const &work) { return t.answer(work); }, 5'000);
                INFO("way ", static_cast<int>(how), " seed ", seed);
                CHECK(run.problem == "");
                keyed += run.asked("AS beyond") > 0 ? 1 : 0;
                blocked += run.asked("generate_series") > 0 ? 1 : 0;
                long long changed = 0, still = 0;
                for (auto const &each : t.all()) {
                    CHECK(each.changes <= 1);
                    changed += each.changes;
                    // Rows that others changed or added after the last look are the next run's.
                    bool const known = each.seen || !each.touched;
                    still += each.matches && !each.gone && known && each.changes == 0 ? 1 : 0;
                }
                CHECK(run.tally.rows == changed);
                if (batches.max_rows) {
                    ++with_limit;
                    CHECK(changed <= *batches.max_rows);
                    bool const said = run.tally.left >= still || run.noted("not tried again");
                    CHECK(said);
                } else {
                    CHECK(still <= run.tally.left);
                }
                with_left += run.tally.left > 0 ? 1 : 0;
                ++runs;
            }
        }
        // The cases are there at all.
        CHECK(runs == 2100);
        CHECK(with_left > 100);
        CHECK(with_limit > 400);
        CHECK(keyed == 700);
        CHECK(blocked == 700);
    }

    TEST_CASE("nobody else at work: every matching row is changed, once")
    {
        for (auto const how : {table::way::key, table::way::list, table::way::blocks}) {
            for (unsigned seed = 1; seed <= 200; ++seed) {
                table t{seed, how, seed % 2 == 0};
                t.busy = false;
                for (int i = 0; i < 50; ++i) {
                    t.meanwhile(); // what was held is free
                }
                auto const should = std::count_if(t.all().begin(), t.all().end(),
                                                  [](row const &r) { return r.matches; });
                batch::change what{{"public", "t"}, "x", {}};
                if (seed % 2 != 0) {
                    what.set = {test::value("x", "1")};
                }
                auto machine = batch::make_machine(what, target_of(how, false),
                                                   {.initial_rows = 1 + t.below(10)});
                auto const run = test::drive(
                    *machine, [&](plan::work const &work) { return t.answer(work); }, 5'000);
                INFO("way ", static_cast<int>(how), " seed ", seed);
                CHECK(run.problem == "");
                CHECK(run.tally.rows == should);
                CHECK(run.tally.left == 0);
                CHECK(run.tally.notes.empty());
            }
        }
    }
}

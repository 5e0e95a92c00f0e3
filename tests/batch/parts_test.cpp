// SPDX-License-Identifier: Apache-2.0
// The parts that need no server: what a condition may read, what an EXPLAIN says, how large a batch
// is.
#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/error.hpp"
#include "batch/condition.hpp"
#include "batch/explain.hpp"
#include "batch/finders.hpp"
#include "batch/machine.hpp"
#include "batch/narrowing.hpp"
#include "batch/sizer.hpp"
#include "batch/support.hpp"

using namespace pgtend;

TEST_SUITE("nodb")
{
    TEST_CASE("what may read other tables")
    {
        for (auto const *harmless : {
                 "true",
                 "seen_at < now() - interval '7 days'",
                 "status = 'pending' and (driver_id is null or not (a in (1, 2))) and lower(name) "
                 "like '%x%'",
                 "note = 'select (1)' -- (select)\n and \"table\" = 1 /* exists(select) */",
                 "created_at < date_trunc('day', now() at time zone 'UTC') and extract(epoch from "
                 "(a - b)) > 5",
                 "payload ->> 'a' = any (array['x', 'y']) and coalesce(n, 0) between (1) and (2)",
                 "cast(a as numeric(10, 2)) > 1 and a::varchar(5) = 'x' and t.a > 1",
                 "$q$ (select 1) $q$ = note",
                 "case when a then (b) else (c) end and timestamp(3) '2026-01-01' > at",
             }) {
            INFO(harmless);
            CHECK_FALSE(batch::mentioned_in(harmless).reads);
        }
        for (auto const *reads : {
                 "not exists (select 1 from a where a.id = t.id)",
                 "id in (SELECT id FROM other)",
                 "id in (table other)",
                 "id = any (array(with x as (values (1)) table x))",
                 "is_free(id)",
                 "public.lower(name) = 'x'",
                 "t.lower(name) = 'x'",
                 "\"now\"() > at",
                 "my_schema . f (1)",
                 "has_row /* a comment */ (id)",
                 "currval('s') = id",
                 "if(a, b)",
                 "(t).taken",
                 "a[1].b = 2",
                 "('x'::text).upper = 'X'",
                 "U&\"\\0061\" = 1",
                 "a operator(public.+) b",
             }) {
            INFO(reads);
            CHECK(batch::mentioned_in(reads).reads);
        }
    }

    TEST_CASE("what the server is asked of a condition")
    {
        auto const m = batch::mentioned_in(
            "t.\"Ta\"\"ken\" and public.t.seen < now() and a ### b and c=-1 and lower(x) like 'a' "
            "and s = 'x'::public.mood and cast(y as mine) > dom 'x' and \"Dom\" 'y' = z and t.* is "
            "not null and w < timestamp with time zone 'x'");
        CHECK_FALSE(m.reads);
        using list = std::vector<std::string>;
        CHECK(m.fields == list{"Ta\"ken", "seen"});
        CHECK(m.called == list{"now", "lower", "cast"});
        auto const has = [](list const &all, char const *name) {
            return std::find(all.begin(), all.end(), name) != all.end();
        };
        for (auto const *type : {"mood", "mine", "dom", "Dom", "lower"}) {
            CHECK(has(m.types, type));
        }
        for (auto const *symbol : {"###", "=", "-", "=-", "~~", "<"}) {
            CHECK(has(m.operators, symbol));
        }
        auto both = m;
        both.add(batch::mentioned_in("t.other = exists (select)"));
        CHECK(both.reads);
        CHECK(both.fields.size() == 3);
    }

    TEST_CASE("a condition with a sub-select, or an expression with one, takes the careful way "
              "from the start")
    {
        catalog::batch_target target;
        target.leaves = {{"1", {"public", "t"}, false, {}}};
        auto const careful = [&](batch::change const &what) {
            auto const all = batch::make_machine(what, target, {})->describe().statements;
            return std::any_of(all.begin(), all.end(), [](auto const &s) {
                return s.sql.find("FOR UPDATE SKIP LOCKED") != std::string::npos;
            });
        };
        CHECK_FALSE(careful({{"public", "t"}, "a = 1", {}}));
        CHECK(careful({{"public", "t"}, "a = (select 1)", {}}));
        CHECK(careful(
            {{"public", "t"}, "a = 1", {test::expression("a", "(select max(x) from other)")}}));
        CHECK_FALSE(careful({{"public", "t"}, "a = 1", {test::value("a", "(select 1)")}}));
    }

    TEST_CASE("a plan is read: nodes, relations, indexes, estimates")
    {
        auto const nodes = batch::nodes_of(R"json([
  {
    "Plan": {
      "Node Type": "ModifyTable", "Operation": "Delete", "Relation Name": "t", "Alias": "t", "Plan Rows": 0,
      "Output": ["\"Node Type\"", "'\\", "Plan Rows"],
      "Plans": [
        { "Node Type": "Bitmap Heap Scan", "Parent Relationship": "Outer", "Parallel Aware": false, "Relation Name": "se\"le\\ct \u0001\t🚲",
          "Schema": "public", "Startup Cost": 4.3, "Plan Rows": 1.5e+03, "Filter": "(x = '\"Index Name\": \"no\"')",
          "Plans": [ { "Node Type": "Bitmap Index Scan", "Index Name": "i", "Plan Rows": 77 } ] }
      ]
    }
  }
])json");
        REQUIRE(nodes.size() == 3);
        CHECK(nodes[0].type == "ModifyTable");
        CHECK(nodes[0].relation.name == "t");
        CHECK(nodes[1].relation == qualified_name{"public", "se\"le\\ct \x01\t🚲"});
        CHECK(nodes[1].rows == doctest::Approx(1500));
        CHECK(nodes[1].index == "");
        CHECK(nodes[2].rows == doctest::Approx(77));
        CHECK(batch::indexes_of(nodes) == std::vector<std::string>{"i"});
        for (auto const *broken :
             {"", "[]", "no plan", R"({"Node Type": "Seq)", R"({"Node Type": "a\u00)"}) {
            CHECK_THROWS_AS(batch::nodes_of(broken), error);
        }
    }

    TEST_CASE("rows come in order when nothing gathers them on the way up")
    {
        auto const ordered = [](std::vector<std::string> const &types) {
            std::vector<batch::plan_node> nodes;
            for (auto const &type : types) {
                nodes.push_back({type, {}, {}, 0});
            }
            nodes.back().relation.name = "t";
            nodes.back().index = types.back().starts_with("Index") ? "i" : "";
            return batch::reads_in_order(nodes, "t");
        };
        CHECK(ordered({"Limit", "Index Scan"}));
        CHECK(ordered({"Limit", "Index Only Scan"}));
        CHECK(ordered({"Limit", "Nested Loop", "Index Scan"}));
        CHECK_FALSE(ordered({"Limit", "Sort", "Index Scan"}));
        CHECK_FALSE(ordered({"Limit", "Incremental Sort", "Index Scan"}));
        CHECK_FALSE(ordered({"Limit", "Seq Scan"}));
        CHECK_FALSE(ordered({"Limit", "Bitmap Heap Scan"}));
        CHECK_FALSE(batch::reads_in_order({{"Limit", {}, {}, 0}}, "t"));
    }

    TEST_CASE("batches are as small as is efficient")
    {
        using us = microseconds;
        // 1 microsecond a row, 500 beside: 2,000 rows are four fifths of the time.
        batch::sizer fast{500, milliseconds{100}};
        CHECK(fast.rows() == 500);
        fast.measured(500, us{500}, us{1000});
        CHECK(fast.rows() == 1000); // at most doubled
        for (int i = 0; i < 20; ++i) {
            fast.measured(fast.rows(), us{fast.rows()}, us{fast.rows() + 500});
        }
        CHECK(fast.rows() == 2000);
        // An update with many indexes: 28 microseconds a row.
        batch::sizer slow{5000, milliseconds{100}};
        for (int i = 0; i < 20; ++i) {
            slow.measured(slow.rows(), us{slow.rows() * 28}, us{slow.rows() * 28 + 1000});
        }
        CHECK(slow.rows() == 4000 / 28);
        // Far away: the round trips take 80 ms, but a change is not longer than wanted.
        batch::sizer far{500, milliseconds{50}};
        for (int i = 0; i < 40; ++i) {
            far.measured(far.rows(), us{far.rows() * 2}, us{far.rows() * 2 + 80'000});
        }
        CHECK(far.rows() == 25'000);
        // Slow triggers: one row a batch when nothing else fits.
        batch::sizer trigger{1000, milliseconds{100}};
        for (int i = 0; i < 20; ++i) {
            trigger.measured(trigger.rows(), us{trigger.rows() * 200'000},
                             us{trigger.rows() * 200'000 + 500});
        }
        CHECK(trigger.rows() == 1);
        // Never beyond the bounds, and batches without rows say nothing.
        batch::sizer free{batch::sizer::most * 3, seconds{60}};
        CHECK(free.rows() == batch::sizer::most);
        free.measured(1'000'000, us{1}, us{1'000'000});
        CHECK(free.rows() == batch::sizer::most);
        free.measured(0, us{1'000'000}, us{1'000'000});
        CHECK(free.rows() == batch::sizer::most);
        // A commit that grows with its rows does not make batches longer than wanted.
        batch::sizer growing{500, milliseconds{25}};
        for (int i = 0; i < 30; ++i) {
            growing.measured(growing.rows(), us{growing.rows() * 10},
                             us{growing.rows() * 20 + 500});
        }
        CHECK(growing.rows() == 2'500);
        // One batch that the disk held up says little.
        batch::sizer steady{500, milliseconds{100}};
        for (int i = 0; i < 30; ++i) {
            steady.measured(steady.rows(), us{steady.rows()}, us{steady.rows() + 500});
        }
        CHECK(steady.rows() == 2'000);
        steady.measured(2'000, us{2'000}, us{4'500});
        CHECK(steady.rows() < 4'000);
    }

    TEST_CASE("a cost that does not depend on the rows does not make batches smaller")
    {
        using us = microseconds;
        // 28 microseconds a row, and what a batch costs besides grows with each.
        for (auto const target : {milliseconds{2}, milliseconds{25}}) {
            batch::sizer sizes{500, target};
            long long const fitting = microseconds{target}.count() / 28;
            long long least = batch::sizer::most, most = 0;
            for (int i = 0; i < 20'000; ++i) {
                auto const now = sizes.rows();
                auto const noise = 900 + i * 7919 % 200; // 0.9 to 1.1
                auto const took = us{(now * 28 + 100 + i / 10) * noise / 1'000};
                sizes.measured(now, took, took + us{600});
                if (i > 100) {
                    least = std::min(least, now);
                    most = std::max(most, now);
                }
            }
            INFO(target.count());
            CHECK(least >= (target == milliseconds{2} ? fitting / 4 : 40));
            CHECK(most <= 4 * fitting);
        }
    }

    TEST_CASE("a narrowed section grows to the wanted number of rows again, and not beyond it")
    {
        batch::change const what{{"public", "t"}, "true", {}};
        catalog::leaf_table const leaf{"1", {"public", "t"}, false, {}};
        batch::leaf_statements const sql{what, {.table = leaf, .root = "1"}};
        batch::narrowing narrow{sql, {}, 2};
        std::string places;
        for (int i = 1; i <= 1000; ++i) {
            places += fmt::format("{}\"(0,{})\"", places.empty() ? "{" : ",", i);
        }
        narrow.places().answer({rows{{"places", "since"}, {places + "}", "1"}, 1, 0}},
                               microseconds{0});
        CHECK(narrow.take(10)->rows == 1);
        for (int i = 0; i < 70; ++i) {
            narrow.succeeded();
            CHECK(narrow.take(10)->rows == (i == 0 ? 2 : i == 1 ? 4 : i == 2 ? 8 : 10));
        }
    }

    TEST_CASE("blocks that were counted together for large batches are parted for small ones")
    {
        constexpr long long blocks = 5000, rows_of_each = 26;
        batch::change const what{{"public", "t"}, "true", {}};
        catalog::leaf_table const leaf{"1", {"public", "t"}, false, {}};
        batch::leaf_statements const sql{what, {.table = leaf, .root = "1"}};
        batch::block_finder walk{sql, blocks, "1"};
        long long wanted = 8192, next_block = 0, found = 0;
        int questions = 0;
        while (!walk.done()) {
            auto const section = walk.take(wanted);
            if (!section) {
                auto const asked = walk.question(wanted).at(0);
                auto const number = [&](int parameter) {
                    return std::stoll(*asked.parameters.at(static_cast<std::size_t>(parameter)));
                };
                auto const first = number(0), end = number(1), step = number(2);
                std::vector<param> counts;
                for (auto block = first; block < end; block += step) {
                    counts.emplace_back(std::to_string(block));
                    counts.push_back(
                        std::to_string(rows_of_each * (std::min(block + step, end) - block)));
                }
                walk.answer({rows{{"block", "matching"}, counts, counts.size() / 2, 0},
                             rows{{"blocks"}, {std::to_string(blocks)}, 1, 0}},
                            milliseconds{100});
                ++questions;
                continue;
            }
            CHECK(section->first_block == next_block);
            CHECK(section->rows <= std::max(wanted, rows_of_each));
            next_block = section->end_block;
            found += section->rows;
            // The first one was slow; later ones are as slow again once, and become quicker.
            wanted = found < 10'000 ? 100 : found < 50'000 ? 10 : std::min(wanted + 10, 8192LL);
        }
        CHECK(next_block == blocks);
        CHECK(found == blocks * rows_of_each);
        CHECK(questions < 30);
    }
}

// SPDX-License-Identifier: Apache-2.0
// Declared indexes on a real server: definitions as it tells them, plans that it accepts.
#include "catalog/load.hpp"
#include "catalog/load_indexes.hpp"
#include "index/drop.hpp"
#include "index/status.hpp"
#include "index/support.hpp"
#include "support/apply.hpp"
#include "support/database.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

plan::plan plan_of(pg::session &s, std::vector<model::index_policy> const &declared,
                   std::string const &role = "", std::optional<std::string> const &search_path = {})
{
    auto found = catalog::load_indexes(s, index::requests(declared), role, search_path);
    for (;;) {
        auto out = index::plan_create(declared, found);
        if (!catalog::load_taken_names(s, out.names, found)) {
            return std::move(out.work);
        }
    }
}

list problems(std::vector<applied> const &all)
{
    list out;
    for (auto const &each : all) {
        if (!each.problem.empty() || each.skipped) {
            out.push_back(each.title + ": " + each.problem);
        }
    }
    return out;
}

// What a person declares, and what somebody has built who wrote it in another way.
struct pair {
    model::index_policy declared;
    std::string built;
};

model::index_policy on(std::string columns, std::string method = "btree")
{
    auto out = declare("i");
    out.on = std::move(columns);
    out.method = std::move(method);
    return out;
}

std::vector<pair> equal_pairs()
{
    std::vector<pair> out{
        {on("(a, B desc , \"C d\")"), "(a ASC, b DESC NULLS FIRST, \"C d\")"},
        {on("(lower(t) text_pattern_ops, (a+1)) -- twice"), "(lower(t) text_pattern_ops, (a + 1))"},
        {on("(t collate \"C\", u)"), "(t COLLATE pg_catalog.\"C\", u COLLATE \"POSIX\")"},
        {on("(to_tsvector('french', coalesce(t, '') || ' ' || u))", "gin"),
         "USING gin (to_tsvector('french'::regconfig, ((coalesce(t, ''::text) || ' '::text) || "
         "u)))"},
        {on("(a nulls first)"), "(a NULLS FIRST)"},
        {on("(day)", "brin"), "USING brin (day date_minmax_ops)"},
        {on("(md5(t))", "hash"), "USING hash (pg_catalog.md5(t))"},
    };
    auto partial = on("(a)");
    partial.where = "t in ('x', 'y') and b > 3 -- and so on";
    partial.include = {"b", "C d"};
    partial.storage = {"fillfactor=70", "deduplicate_items=off"};
    out.push_back({partial, "(a) INCLUDE (b, \"C d\") WITH (fillfactor = 70, deduplicate_items = "
                            "off) WHERE t = ANY (ARRAY['x', 'y']) AND b > 3"});
    // What the server prints of these has other casts when it reads it again: built as a person
    // writes it, and as a restored dump or pgtend itself does.
    auto casts = on("(a, (case when v in ('p', 'q') then 1 end))");
    casts.where = "v in ('x', 'y')";
    out.push_back({casts, "(a, (CASE WHEN v IN ('p', 'q') THEN 1 END)) WHERE v IN ('x', 'y')"});
    out.push_back({casts,
                   "(a, (CASE WHEN v::text = ANY (ARRAY['p'::varchar, 'q'::varchar]::text[]) "
                   "THEN 1 END)) WHERE v::text = ANY (ARRAY['x'::varchar, "
                   "'y'::varchar]::text[])"});
    auto nulls = on("(a, b)");
    nulls.unique = true;
    nulls.nulls_not_distinct = true;
    out.push_back({nulls, "UNIQUE (a, b) NULLS NOT DISTINCT"});
    return out;
}

constexpr char table[] = "CREATE TABLE t (a int, b int, \"C d\" int, t text, u text COLLATE "
                         "\"POSIX\", v varchar(9), day date, gone int); ALTER TABLE t DROP COLUMN "
                         "gone";

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("definitions are equal as the server understands them, however they are written")
    {
        for (auto const &[declared, built] : equal_pairs()) {
            database const db;
            db.psql(table);
            auto s = db.connect();
            if (declared.nulls_not_distinct && s.server_version() < 150000) {
                continue;
            }
            INFO(built);
            bool const unique = built.starts_with("UNIQUE ");
            s.run(std::string{"CREATE "} + (unique ? "UNIQUE " : "") + "INDEX i ON t " +
                  built.substr(unique ? 7 : 0));
            auto const plan = plan_of(s, {declared});
            CHECK(told(plan) == list{});
            CHECK(plan.notes == list{"public.t: index public.i is there"});
            // What would be built is the same again.
            auto elsewhere = declared;
            elsewhere.name = "j";
            s.run("DROP INDEX i");
            CHECK(problems(apply(plan_of(s, {elsewhere}), s)) == list{});
            CHECK(plan_of(s, {elsewhere}).empty());
            CHECK(plan_of(s, {declared}).notes.at(0).find("is equal to") != std::string::npos);
        }
    }

    TEST_CASE("each detail of a definition counts")
    {
        database const db;
        db.psql(table);
        auto s = db.connect();
        s.run("CREATE INDEX i ON t (a, t)");
        CHECK(plan_of(s, {on("(a, t)")}).empty());
        auto include = on("(a)");
        include.include = {"t"};
        auto where = on("(a, t)");
        where.where = "a > 0";
        auto unique = on("(a, t)");
        unique.unique = true;
        auto storage = on("(a, t)");
        storage.storage = {"fillfactor=50"};
        for (auto const &each : {on("(t, a)"), on("(a desc, t)"), on("(a nulls first, t)"),
                                 on("(a, t collate \"C\")"), on("(a, t text_pattern_ops)"),
                                 on("(a, lower(t))"), on("(a)"), include, where, unique, storage}) {
            INFO(each.on);
            CHECK(told(plan_of(s, {each})).at(0).find("another definition") != std::string::npos);
        }
        CHECK(s.run("SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass").text(0, 0) ==
              "1");
    }

    TEST_CASE("what is certain without asking is what the server prints, and needs no TEMPORARY")
    {
        database const db;
        db.psql(table);
        auto s = db.connect();
        auto include = on("(b)");
        include.include = {"a", "u"};
        std::vector<model::index_policy> all{on("(a)"), on("( A desc,b ASC , t ) -- all"),
                                             on("(t)", "hash"), on("(day)", "brin"), include};
        for (std::size_t i = 0; i < all.size(); ++i) {
            all[i].name = "i" + std::to_string(i);
        }
        CHECK(problems(apply(plan_of(s, all), s)) == list{});
        auto const requests = index::requests(all);
        auto const asked = catalog::load_indexes(s, requests, "", {});
        for (std::size_t i = 0; i < all.size(); ++i) {
            auto without = requests[i];
            without.plain.clear();
            CHECK(requests[i].plain ==
                  catalog::load_indexes(s, {without}, "", {}).wanted.at(0).definition);
        }
        auto const worker = "index_plain_" + std::to_string(s.backend_pid());
        s.run("CREATE ROLE " + worker + " LOGIN");
        s.run("REVOKE TEMPORARY ON DATABASE " + db.name() + " FROM PUBLIC");
        {
            auto w = open(db.dsn(worker));
            for (auto const &each : catalog::load_indexes(w, requests, "", {}).wanted) {
                CHECK(each.problem.empty());
            }
        }
        s.run("DROP ROLE " + worker);
    }

    TEST_CASE("each partition's index is told as it is, however many are printed as one")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE TABLE p (k int, t text, r int4range) PARTITION BY RANGE (k)",
              "CREATE INDEX p_t ON ONLY p (t, lower(t)) WHERE k > 3",
              "CREATE INDEX p_r ON p USING gist (r)", "CREATE INDEX p_k ON ONLY p (k)",
              "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
              "CREATE TABLE p2 (gone int, t text, k int, r int4range)",
              "ALTER TABLE p2 DROP COLUMN gone",
              "ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (10) TO (20)",
              "CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30) PARTITION BY RANGE (k)",
              "CREATE TABLE p31 PARTITION OF p3 FOR VALUES FROM (20) TO (25)",
              "CREATE TABLE p4 (k int, t text, r int4range)",
              "CREATE INDEX p4_k ON p4 (k DESC) WITH (fillfactor = 60)",
              "ALTER TABLE p ATTACH PARTITION p4 FOR VALUES FROM (40) TO (50)",
              "CREATE TABLE p5 (k int, t text, r int4range)",
              "CREATE INDEX p5_k ON p5 (k) WITH (fillfactor = 60)",
              "ALTER TABLE p ATTACH PARTITION p5 FOR VALUES FROM (50) TO (60)"}) {
            s.run(sql);
        }
        for (auto const of : {catalog::printing::all, catalog::printing::compared}) {
            catalog::looking_transaction const looking{s, false, {}};
            auto const all = catalog::read_indexes(s, {}, of, {});
            CHECK(all.size() == 21);
            for (auto const &each : all) {
                INFO(each.name.name);
                auto const whole = s.run("SELECT pg_get_indexdef($1::oid)", {each.oid}).text(0, 0);
                CHECK((each.printed ? whole.substr(whole.find("USING ")) : "") == each.definition);
            }
        }
    }

    TEST_CASE("of a tree what is attached to other indexes is not read, and all that may serve is")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE TABLE p (k int, a int) PARTITION BY RANGE (k)",
              "CREATE INDEX other ON p (a, k)", "CREATE INDEX wanted ON ONLY p (a)",
              "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
              "CREATE INDEX alone ON p1 (k)",
              "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (k)",
              "ALTER INDEX p2_a_idx RENAME TO attached_below",
              "CREATE TABLE p21 PARTITION OF p2 FOR VALUES FROM (10) TO (15)",
              "CREATE TABLE p3 (k int, a int) PARTITION BY RANGE (k)",
              "CREATE TABLE p31 PARTITION OF p3 FOR VALUES FROM (20) TO (30)",
              "CREATE INDEX candidate ON p3 (k)", "CREATE TABLE apart (a int)",
              "ALTER TABLE p ATTACH PARTITION p3 FOR VALUES FROM (20) TO (30)",
              "CREATE INDEX apart_a ON apart (a)"}) {
            s.run(sql);
        }
        auto const read = [&](std::vector<catalog::index_request> const &wanted) {
            list out;
            for (auto const &each : catalog::load_indexes(s, wanted, "", {}).indexes) {
                out.push_back(each.name.name);
            }
            return out;
        };
        catalog::index_request const of_tree{
            {"public", "p"}, "wanted", "USING btree (a)", false, {}};
        catalog::index_request const of_part{
            {"public", "p2"}, "attached_below", "USING btree (a)", false, {}};
        CHECK(read({of_tree}) == list{"other", "wanted", "alone", "p1_a_idx", "attached_below",
                                      "p21_a_idx", "candidate", "p3_a_idx", "p31_a_idx",
                                      "p31_k_idx"});
        CHECK(read({of_part}) == list{"attached_below", "p2_a_k_idx", "p21_a_idx"});
        CHECK(read({of_part, {{"public", "apart"}, "x", "USING btree (a)", false, {}}}) ==
              list{"apart_a", "attached_below", "p2_a_k_idx", "p21_a_idx"});
    }

    TEST_CASE(
        "a look at definitions leaves nothing, locks nothing, and needs no right on the table")
    {
        database const db;
        db.psql(table);
        auto s = db.connect();
        auto const worker = "index_looker_" + std::to_string(s.backend_pid());
        s.run("CREATE ROLE " + worker + " LOGIN");
        {
            auto holder = db.connect();
            holder.begin();
            holder.run("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
            auto w = open(db.dsn(worker));
            auto const found = catalog::load_indexes(w, index::requests({on("(lower(t))")}), "", {},
                                                     {.timeout = seconds{5}});
            CHECK(found.wanted.at(0).problem == "");
            CHECK(found.wanted.at(0).definition == "USING btree (lower(t))");
            CHECK_FALSE(w.in_transaction());
            CHECK(w.run("SHOW search_path").text(0, 0) == "\"$user\", public");
            holder.rollback();
            CHECK(s.run("SELECT count(*) FROM pg_class WHERE relpersistence = 't'").text(0, 0) ==
                  "0");
            // F30: without TEMPORARY it cannot be compared, which is never taken for equal.
            s.run("REVOKE TEMPORARY ON DATABASE " + db.name() + " FROM PUBLIC");
            s.run("CREATE INDEX i ON t (lower(t))");
            auto const refused =
                catalog::load_indexes(w, index::requests({on("(lower(t))")}), "", {});
            CHECK(refused.wanted.at(0).sqlstate == "42501");
            CHECK(refused.wanted.at(0).hint.starts_with("GRANT TEMPORARY ON DATABASE"));
            auto const told = index::compare({on("(lower(t))")}, refused);
            REQUIRE(told.size() == 1);
            CHECK(told[0].kind == index::finding_kind::unknown);
        }
        s.run("DROP OWNED BY " + worker);
        s.run("DROP ROLE " + worker);
    }

    TEST_CASE("a table that somebody locks is not waited for: it is told, and others are compared")
    {
        database const db;
        db.psql(table);
        db.psql(
            "CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, day); CREATE TABLE other (a int); "
            "CREATE INDEX o ON other (a)");
        auto s = db.connect();
        auto holder = db.connect();
        holder.begin();
        holder.run("LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
        auto other = on("(a)");
        other.table = {"public", "other"};
        other.name = "o";
        std::vector const declared{on("(a)"), other};
        pg::limits const limit{.timeout = seconds{10}};
        auto const plan =
            index::plan_create(declared,
                               catalog::load_indexes(s, index::requests(declared), "", {}, limit))
                .work;
        auto const who = "pid " + std::to_string(holder.backend_pid());
        CHECK(
            told(plan) ==
            list{"refused: index public.i of public.t: the indexes of public.t could not be read, "
                 "because an ACCESS EXCLUSIVE lock on it is held or awaited: " +
                 who + " [55P03]"});
        CHECK(plan.notes == list{"public.other: index public.o is there"});
        std::vector<catalog::lookup> asked;
        auto const seen = index::examine(catalog::load_index_overview(s, {}, asked, limit), {}, {});
        REQUIRE(!seen.notes.empty());
        CHECK(seen.notes.front() == "public.t: its indexes were not compared, because an ACCESS "
                                    "EXCLUSIVE lock is held or awaited: " +
                                        who);
        REQUIRE(seen.unseen.size() == 2);
        CHECK(seen.unseen[0].first == index::finding_kind::duplicate);
        CHECK(seen.unseen[0].second == "the end of the ACCESS EXCLUSIVE lock on public.t: " + who);
    }

    TEST_CASE("a wrong definition is told with the server's words, and the others are compared")
    {
        database const db;
        db.psql(table);
        db.psql("CREATE SCHEMA s; CREATE TABLE s.t (x int)");
        auto s = db.connect();
        auto wrong = on("(nope)"), other = on("(x)"), mutable_one = on("((now() > day))");
        wrong.name = "w";
        other.table = {"s", "t"};
        mutable_one.name = "m";
        auto missing = on("(a)");
        missing.table = {"public", "tt"};
        auto const plan = plan_of(s, {wrong, other, mutable_one, missing, on("(a)")});
        CHECK(told(plan) ==
              list{"refused: index public.w of public.t: column \"nope\" does not exist [42703]",
                   "create index s.i on s.t: missing",
                   "refused: index public.m of public.t: functions in index expression must be "
                   "marked IMMUTABLE [42P17]",
                   "refused: table public.tt does not exist [42P01]",
                   "create index public.i on public.t: missing"});
    }

    TEST_CASE("names are looked up where the work looks them up, and written out for the build")
    {
        database const db;
        db.psql("CREATE SCHEMA own; CREATE FUNCTION own.fold(text) RETURNS text IMMUTABLE LANGUAGE "
                "sql AS 'SELECT lower($1)'");
        db.psql(table);
        auto s = db.connect();
        auto const declared = on("(fold(t))");
        CHECK(told(plan_of(s, {declared})).at(0).find("[42883]") != std::string::npos);
        auto const plan = plan_of(s, {declared}, "", "own");
        CHECK(sql_of(plan).at(0).ends_with("USING btree (own.fold(t))"));
        CHECK(problems(apply(plan, s)) == list{});
        CHECK(plan_of(s, {declared}, "", "own").empty());
    }

    TEST_CASE("F26: hostile names of tables, columns and indexes")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE SCHEMA \"s\"\"'\"");
        s.run("CREATE TABLE \"s\"\"'\".\"a; --\n$x$\" (\"c\"\"' USING (\" int, k int) PARTITION BY "
              "RANGE (k)");
        s.run(
            "CREATE TABLE \"s\"\"'\".\"Part é\" PARTITION OF \"s\"\"'\".\"a; --\n$x$\" FOR VALUES "
            "FROM (0) TO (9)");
        auto declared = on("(\"c\"\"' USING (\", k)");
        declared.table = {"s\"'", "a; --\n$x$"};
        declared.name = "i\"'; DROP TABLE x; --";
        CHECK(problems(apply(plan_of(s, {declared}), s)) == list{});
        auto const again = plan_of(s, {declared});
        CHECK(told(again) == list{});
        CHECK(s.run("SELECT count(*) FROM pg_index WHERE indisvalid AND indrelid > 16383")
                  .text(0, 0) == "2");
    }

    TEST_CASE("generated names that earlier indexes have, a first and a second time")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (a int, b int, c int) PARTITION BY RANGE (a)");
        s.run("CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (100)");
        for (auto const *columns : {"(a)", "(b)", "(c)"}) {
            CAPTURE(columns);
            auto declared = on(columns);
            declared.table = {"public", "t"};
            CHECK(problems(apply(plan_of(s, {declared}), s)) == list{});
            CHECK(told(plan_of(s, {declared})) == list{});
            s.run(std::string{"ALTER INDEX i RENAME TO old_"} + columns[1]);
        }
        CHECK(s.run("SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_index JOIN "
                    "pg_class c ON c.oid = indexrelid WHERE indrelid = 't_1'::regclass")
                  .text(0, 0) == "t_1_i t_1_i_1 t_1_i_2");
        // Of one plan, the second of which would take the first one's further name.
        s.run("CREATE TABLE ta (a int) PARTITION BY RANGE (a)");
        s.run("CREATE TABLE ta_1 PARTITION OF ta FOR VALUES FROM (0) TO (100)");
        s.run("CREATE TABLE ta_1_x PARTITION OF ta FOR VALUES FROM (100) TO (200)");
        s.run("CREATE TABLE ta_1_x_k_1 (a int)");
        auto first = on("(a)"), second = on("(a, (a + 1))");
        first.table = second.table = {"public", "ta"};
        first.name = "x_k";
        second.name = "k";
        CHECK(problems(apply(plan_of(s, {first, second}), s)) == list{});
    }

    TEST_CASE("two declared indexes that differ in storage alone do not both attach the same one")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE t (a int, b int) PARTITION BY RANGE (a)");
        s.run("CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (100)");
        s.run("CREATE INDEX by_hand ON t_1 (b)");
        auto first = on("(b)"), second = on("(b)");
        first.table = second.table = {"public", "t"};
        second.name = "j";
        second.storage = {"fillfactor=70"};
        CHECK(problems(apply(plan_of(s, {first, second}), s)) == list{});
        CHECK(told(plan_of(s, {first, second})) == list{});
    }

    TEST_CASE("a partitioned table: whole, of two levels; what is built is attached, later "
              "partitions follow by themselves, and nothing is left to do")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE TABLE p (a int, b text, k int) PARTITION BY RANGE (k)",
              "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
              "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (a)",
              "CREATE TABLE p2a PARTITION OF p2 FOR VALUES FROM (0) TO (10)",
              // Columns in another order, and one built already.
              "CREATE TABLE p3 (k int, gone int, b text, a int)", "ALTER TABLE p3 DROP gone",
              "ALTER TABLE p ATTACH PARTITION p3 FOR VALUES FROM (20) TO (30)",
              "CREATE INDEX by_hand ON p3 (a, lower(b)) WITH (fillfactor = 50)"}) {
            s.run(sql);
        }
        auto declared = on("(a, lower(b))");
        declared.table = {"public", "p"};
        auto const plan = plan_of(s, {declared});
        CHECK(problems(apply(plan, s)) == list{});
        auto const count = [&](std::string const &what) { return s.run(what).text(0, 0); };
        CHECK(count("SELECT count(*) FROM pg_index WHERE indisvalid AND indrelid IN (SELECT oid "
                    "FROM pg_class WHERE relnamespace = 'public'::regnamespace)") == "5");
        CHECK(count("SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = "
                    "'by_hand'::regclass") == "i");
        CHECK(plan_of(s, {declared}).empty());
        s.run("CREATE TABLE p4 PARTITION OF p FOR VALUES FROM (30) TO (40)");
        CHECK(plan_of(s, {declared}).empty());
        CHECK(
            count("SELECT count(*) FROM pg_index WHERE indisvalid AND indrelid = 'p4'::regclass") ==
            "1");
        // One of its indexes cannot be dropped alone, the whole can.
        auto const drop = [&](std::string const &name) {
            return index::plan_drop(catalog::load_named_indexes(s, {{"public", name}}, ""), {});
        };
        CHECK(told(drop("by_hand")).at(0).find("is attached to public.i") != std::string::npos);
        auto const whole = drop("i");
        CHECK(std::get<plan::transaction>(whole.steps.at(0).body).statements.at(0).locks.size() ==
              6);
        CHECK(problems(apply(whole, s)) == list{});
        CHECK(count("SELECT count(*) FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class "
                    "WHERE relnamespace = 'public'::regnamespace)") == "0");
    }

    TEST_CASE("each state that an interrupted build of a partitioned table leaves is finished")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql : {"CREATE TABLE p (a int, k int) PARTITION BY RANGE (k)",
                                "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
                                "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)",
                                "CREATE TABLE p3 PARTITION OF p FOR VALUES FROM (20) TO (30)",
                                "CREATE TABLE p2_i (in_the_way int)"}) {
            s.run(sql);
        }
        auto declared = on("(a)");
        declared.table = {"public", "p"};
        auto const steps = plan_of(s, {declared}).steps.size();
        for (std::size_t stop = 0; stop <= steps; ++stop) {
            INFO("after step ", stop);
            auto begun = plan_of(s, {declared});
            begun.steps.erase(begun.steps.begin() + static_cast<std::ptrdiff_t>(stop),
                              begun.steps.end());
            CHECK(problems(apply(begun, s)) == list{});
            if (stop >= 2) { // whose session died in the middle of this one
                s.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid IN (SELECT "
                      "indexrelid FROM pg_index WHERE indrelid IN ('p1'::regclass, "
                      "'p2'::regclass, 'p3'::regclass) ORDER BY indexrelid DESC LIMIT 1)");
            }
            CHECK(problems(apply(plan_of(s, {declared}), s)) == list{});
            CHECK(s.run("SELECT count(*) FROM pg_index WHERE indisvalid AND indrelid IN (SELECT "
                        "oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)")
                      .text(0, 0) == "4");
            CHECK(plan_of(s, {declared}).empty());
            s.run("DROP INDEX i");
        }
    }

    TEST_CASE("a partitioned table, and a definition that the server prints in two ways")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql : {"CREATE TABLE p (v varchar(9), k int) PARTITION BY RANGE (k)",
                                "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
                                "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)",
                                "CREATE INDEX by_hand ON p2 (k) WHERE v IN ('x', 'y')"}) {
            s.run(sql);
        }
        auto declared = on("(k)");
        declared.table = {"public", "p"};
        declared.where = "v in ('x', 'y')";
        auto begun = plan_of(s, {declared});
        begun.steps.erase(begun.steps.begin() + 2, begun.steps.end()); // killed after p1's build
        CHECK(problems(apply(begun, s)) == list{});
        auto const rest = plan_of(s, {declared});
        CHECK(told(rest) ==
              list{"attach public.p1_i to public.i: leaf public.p1 has an equal index",
                   "attach public.by_hand to public.i: leaf public.p2 has an equal index",
                   "check index public.i: every partition must have its own by now"});
        CHECK(problems(apply(rest, s)) == list{});
        CHECK(plan_of(s, {declared}).empty());
    }

    TEST_CASE("a unique index without the partition key is refused before anything is built")
    {
        database const db;
        auto s = db.connect();
        s.run("CREATE TABLE p (a int, k int) PARTITION BY RANGE (k)");
        s.run("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)");
        auto declared = on("(a)");
        declared.table = {"public", "p"};
        declared.unique = true;
        auto const done = apply(plan_of(s, {declared}), s);
        CHECK(done.at(0).sqlstate == "0A000");
        CHECK(done.at(1).skipped);
        CHECK(s.run("SELECT count(*) FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class "
                    "WHERE relnamespace = 'public'::regnamespace)")
                  .text(0, 0) == "0");
    }

    TEST_CASE("dropping the last index by which a view is refreshed while others read is told")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE MATERIALIZED VIEW v AS SELECT g AS a, g AS b FROM generate_series(1, 3) g",
              "CREATE UNIQUE INDEX v_a ON v (a)", "CREATE UNIQUE INDEX v_b ON v (b)",
              "CREATE UNIQUE INDEX v_part ON v (a) WHERE a > 1",
              "CREATE UNIQUE INDEX v_sum ON v ((a + b))", "CREATE INDEX v_ab ON v (a, b)"}) {
            s.run(sql);
        }
        auto const notes = [&](std::vector<qualified_name> const &names) {
            return index::plan_drop(catalog::load_named_indexes(s, names, ""), {}).notes;
        };
        CHECK(notes({{"public", "v_a"}}) == list{});
        CHECK(notes({{"public", "v_a"}, {"public", "v_b"}}).size() == 2);
        s.run("DROP INDEX v_b");
        CHECK(notes({{"public", "v_ab"}, {"public", "v_part"}}) == list{});
        CHECK(notes({{"public", "v_a"}}) ==
              list{"without public.v_a, nobody can read public.v while it is refreshed: no other "
                   "index allows REFRESH ... CONCURRENTLY"});
        s.run("REFRESH MATERIALIZED VIEW CONCURRENTLY v");
        s.run("DROP INDEX v_a");
        CHECK_THROWS_WITH_AS(s.run("REFRESH MATERIALIZED VIEW CONCURRENTLY v"),
                             doctest::Contains("cannot refresh"), error);
    }

    TEST_CASE("what is loaded of all indexes is what the server has, and is judged")
    {
        database const db;
        auto s = db.connect();
        for (auto const *sql :
             {"CREATE TABLE parent (id int PRIMARY KEY, CONSTRAINT parent_excl EXCLUDE USING btree "
              "(id WITH =))",
              "CREATE TABLE child (a int REFERENCES parent, b int, c text)",
              "CREATE INDEX child_b ON child (b)", "CREATE INDEX child_b2 ON child (b)",
              "CREATE INDEX child_bc ON child (b, lower(c) DESC) INCLUDE (a)",
              "CREATE TABLE marked (a int NOT NULL)", "CREATE UNIQUE INDEX marked_a ON marked (a)",
              "ALTER TABLE marked REPLICA IDENTITY USING INDEX marked_a",
              "CREATE TABLE p (a int, k int) PARTITION BY RANGE (k)",
              "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)",
              "CREATE INDEX p_a ON p (a)", "CREATE INDEX p_a2 ON p (a)",
              "CREATE INDEX p_broken ON ONLY p (k)",
              "CREATE TEMP TABLE mine (a int PRIMARY KEY)"}) {
            s.run(sql);
        }
        std::vector<catalog::lookup> asked;
        auto const all = catalog::load_index_overview(s, {}, asked);
        auto const seen = index::examine(all, instant{}, microseconds{0});
        list out;
        for (auto const &each : seen.findings) {
            out.push_back(std::string{index::name(each.kind)} + " " + each.index);
        }
        CHECK(out == list{"invalid public.p_broken", "duplicate public.child_b2",
                          "duplicate public.p_a2", "redundant public.child_b",
                          "foreign_key child_a_fkey"});
        CHECK(seen.indexes == 9);
        CHECK(all.counted_since.has_value());
        s.run("SET track_counts = off");
        CHECK(!catalog::load_index_overview(s, {}, asked).counted_since.has_value());
        auto const only = catalog::load_index_overview(s, {{"public", "p"}}, asked);
        CHECK(only.indexes.size() == 5);
        CHECK(only.foreign_keys.empty());
        for (auto const &each : all.indexes) {
            INFO(each.name.name);
            CHECK(each.definition.starts_with("USING btree (") == each.printed);
            // What is not printed has no other one to be compared with.
            CHECK(each.printed ==
                  std::any_of(all.indexes.begin(), all.indexes.end(), [&](auto const &other) {
                      return other.table_oid == each.table_oid && &other != &each &&
                             other.key_columns.front() == each.key_columns.front();
                  }));
        }
        // The statements that drop are ones that the server accepts.
        CHECK(problems(apply(index::plan_drop(catalog::load_named_indexes(
                                                  s, {{"public", "child_b2"}, {"", "p_a2"}}, ""),
                                              {}),
                             s)) == list{});
        CHECK(told(index::plan_drop(catalog::load_named_indexes(s,
                                                                {{"public", "parent_pkey"},
                                                                 {"public", "marked_a"},
                                                                 {"public", "child"},
                                                                 {"public", "child_bd"}},
                                                                ""),
                                    {})) ==
              list{"refused: index public.parent_pkey backs the constraint parent_pkey of "
                   "public.parent [2BP01]",
                   "refused: index public.marked_a is the replica identity of public.marked: "
                   "without it, updates and deletes of a published table fail [2BP01]",
                   "refused: public.child is a table, not an index [42704]",
                   "refused: index public.child_bd does not exist [42704]"});
    }
}

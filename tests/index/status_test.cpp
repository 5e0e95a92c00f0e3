// SPDX-License-Identifier: Apache-2.0
// What is told of indexes, without a server.
#include "index/drop.hpp"
#include "index/status.hpp"
#include "index/support.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

constexpr auto month = std::chrono::hours{24 * 30};

list findings_of(catalog::index_overview const &all, instant now = instant{month * 100})
{
    list out;
    for (auto const &each : index::examine(all, now, month).findings) {
        out.push_back(std::string{index::name(each.kind)} + " " + each.index + ": " + each.why);
    }
    return out;
}

catalog::table_index keyed(std::string const &oid, std::string const &name, list const &keys)
{
    auto out = make_index(oid, name, "1");
    out.keys = keys;
    out.key_columns.clear();
    std::string columns;
    for (auto const &key : keys) {
        out.key_columns.push_back(std::stoi(key));
        columns += (columns.empty() ? "c" : ", c") + key;
    }
    out.definition = "USING btree (" + columns + ")";
    return out;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("of two equal indexes the one that can go is told, once")
    {
        catalog::index_overview all;
        all.indexes = {make_index("1", "a", "1"), make_index("2", "b", "1")};
        CHECK(findings_of(all) == list{"duplicate public.b: equal to public.a"});
        all.indexes[1].constraint = "t_key"; // it must stay
        CHECK(findings_of(all) ==
              list{"duplicate public.a: equal to public.b of constraint t_key"});
        all.indexes[0].replica_identity = true; // and this one, too
        CHECK(findings_of(all) == list{});
        all.indexes[0].replica_identity = false;
        all.indexes[1].constraint.clear();
        all.indexes[1].definition += " WITH (fillfactor='70')";
        CHECK(findings_of(all).size() == 1);
        all.indexes[1].partial = true;
        all.indexes[1].definition = std::string{btree_a} + " WHERE (a > 1)";
        CHECK(findings_of(all) == list{});
    }

    TEST_CASE("redundant: keys, uniqueness, condition, classes and INCLUDE all count")
    {
        catalog::index_overview all;
        all.indexes = {keyed("1", "short", {"1"}), keyed("2", "long", {"1", "2"})};
        CHECK(findings_of(all) == list{"redundant public.short: public.long begins with its keys"});
        auto &shorter = all.indexes[0], &longer = all.indexes[1];
        auto const kept = all;
        shorter.unique = true;
        CHECK(findings_of(all) == list{});
        all = kept;
        shorter.definition += " WHERE (c3 > 1)";
        shorter.partial = true;
        CHECK(findings_of(all) == list{});
        all = kept;
        longer.keys[0] = "1 text_pattern_ops";
        CHECK(findings_of(all) == list{});
        all = kept;
        shorter.included = {3};
        CHECK(findings_of(all) == list{});
        longer.included = {3};
        CHECK(findings_of(all).size() == 1);
        all = kept;
        longer.method = "gist";
        CHECK(findings_of(all) == list{});
        all = kept;
        longer.valid = false;
        longer.name.name = "long";
        CHECK(findings_of(all).size() == 1); // that one is invalid, and nothing is redundant
        all = kept;
        longer = keyed("2", "long", {"1"});
        longer.unique = true;
        CHECK(findings_of(all) == list{"redundant public.short: public.long has the same keys"});
    }

    TEST_CASE("invalid: left by a build, by REINDEX, by DROP, or being built")
    {
        catalog::index_overview all;
        all.counted_since = 0;
        all.indexes = {make_index("1", "a", "1"), make_index("2", "b_ccnew", "2"),
                       make_index("3", "c", "3"), make_index("4", "d", "4")};
        for (auto &each : all.indexes) {
            each.valid = false;
        }
        all.indexes[2].live = false;
        all.indexes[3].building = true;
        auto const seen = index::examine(all, instant{month * 100}, month);
        CHECK(findings_of(all) ==
              list{"invalid public.a: its build was interrupted: it serves nobody, and each write "
                   "pays for it",
                   "leftover public.b_ccnew: left by a REINDEX CONCURRENTLY that was interrupted",
                   "leftover public.c: its DROP ... CONCURRENTLY was interrupted"});
        CHECK(seen.notes ==
              list{"public.d of public.t: invalid as yet, an index of this table is being built"});
    }

    TEST_CASE("a partitioned index is one object")
    {
        catalog::index_overview all;
        all.counted_since = 0;
        all.indexes.push_back(make_index("1", "whole", "1"));
        all.indexes[0].partitioned = true;
        all.indexes[0].pages = 0;
        for (int i = 0; i < 12; ++i) {
            auto const number = std::to_string(i);
            all.indexes.push_back(
                make_index("5" + number, "part_" + number, "2" + number, "t_" + number, "1"));
            all.indexes.back().scans = 0;
        }
        all.indexes[0].scans = 0;
        auto const seen = index::examine(all, instant{month * 100}, month);
        REQUIRE(seen.findings.size() == 1);
        CHECK(seen.indexes == 1);
        CHECK(seen.findings[0].kind == index::finding_kind::unused);
        CHECK(seen.findings[0].index == "public.whole");
        CHECK(seen.findings[0].partitions == 12);
        CHECK(seen.findings[0].bytes == 12LL * 10 * 8192);
        all.indexes[7].scans = 1; // one scan of one part is use of the whole
        CHECK(findings_of(all) == list{});
        all.indexes[7].valid = false;
        CHECK(findings_of(all) ==
              list{"invalid public.whole: 1 of 12 attached indexes is invalid, such as "
                   "public.part_6"});
    }

    TEST_CASE("unused only when scans were counted for long enough")
    {
        catalog::index_overview all;
        all.indexes = {make_index("1", "a", "1")};
        all.indexes[0].scans = 0;
        auto const now = instant{month * 100};
        auto const ago = [&](std::chrono::hours age) {
            all.counted_since =
                std::chrono::duration_cast<microseconds>((now - age).time_since_epoch()).count();
        };
        using unseen = std::vector<std::pair<index::finding_kind, std::string>>;
        auto const unseen_of_all = [&] { return index::examine(all, now, month).unseen; };
        CHECK(findings_of(all) == list{}); // unknown
        CHECK(index::examine(all, now, month).notes.size() == 1);
        CHECK(unseen_of_all() == unseen{{index::finding_kind::unused,
                                         "scans of 30 d: since when scans are counted is not "
                                         "known"}});
        ago(month * 2);
        REQUIRE(findings_of(all).size() == 1);
        CHECK(findings_of(all).at(0).find("never scanned in the ") != std::string::npos);
        ago(std::chrono::hours{48});
        CHECK(findings_of(all) == list{});
        CHECK(index::examine(all, now, month).notes.size() == 1);
        CHECK(unseen_of_all().size() == 1);
        all.indexes[0].scans = 1; // whatever would be counted, this one is used
        CHECK(unseen_of_all().empty());
        all.indexes[0].scans = 0;
        ago(month * 2);
        CHECK(unseen_of_all().empty());
        all.indexes[0].unique = true; // it has a use without scans
        CHECK(findings_of(all) == list{});
        all.indexes[0].unique = false;
        all.indexes[0].pages = 1; // empty
        CHECK(findings_of(all) == list{});
    }

    TEST_CASE("a foreign key wants an index that begins with its columns, in any order")
    {
        catalog::index_overview all;
        all.foreign_keys.push_back({.name = "fk",
                                    .table = {"public", "t"},
                                    .table_oid = "1",
                                    .columns = {3, 2},
                                    .column_names = {"x", "y"}});
        CHECK(findings_of(all) == list{"foreign_key fk: no index on (x, y): each delete of what it "
                                       "refers to reads the table"});
        all.indexes = {keyed("1", "a", {"2", "3"})};
        all.indexes[0].partial = true; // with what condition cannot be read
        all.indexes[0].definition.clear();
        all.indexes[0].locked_by = "pid 7";
        CHECK(findings_of(all) == list{});
        auto const unseen = index::examine(all, instant{month * 100}, month).unseen;
        REQUIRE(!unseen.empty());
        CHECK(unseen.back().first == index::finding_kind::foreign_key);
        CHECK(unseen.back().second == "the end of the ACCESS EXCLUSIVE lock on public.t: pid 7");
        all.indexes = {keyed("1", "a", {"2", "3", "4"})};
        CHECK(findings_of(all) == list{});
        all.indexes[0].partial = true;
        all.indexes[0].definition += " WHERE (x IS NOT NULL)";
        CHECK(findings_of(all) == list{});
        all.indexes[0].definition = "USING btree (c2, c3, c4) WHERE (z > 1)";
        CHECK(findings_of(all).size() == 1);
        all.indexes = {keyed("1", "a", {"2", "4", "3"})};
        CHECK(findings_of(all).size() == 1);
        all.indexes = {keyed("1", "a", {"2", "3"})};
        all.indexes[0].valid = false;
        CHECK(findings_of(all).size() == 2);
    }

    TEST_CASE("what is declared and not there, not as declared, or not to be compared")
    {
        auto all = snapshot({"i", "j", "k", "l"});
        all.indexes.push_back(make_index("10", "j", "1"));
        all.indexes.back().definition = "USING btree (b)";
        all.wanted[2].problem = "permission denied";
        all.wanted[2].sqlstate = "42501";
        all.wanted[3].definition = "USING btree (c)";
        all.indexes.push_back(make_index("11", "l", "1"));
        all.indexes.back().definition = "USING btree (c)";
        list told;
        for (auto const &each :
             index::compare({declare("i"), declare("j"), declare("k"), declare("l")}, all)) {
            told.push_back(std::string{index::name(each.kind)} + " " + each.index);
        }
        CHECK(told == list{"missing public.i", "different public.j", "unknown public.k"});
    }

    TEST_CASE("drop: refused where something else needs it, and told of what is lost")
    {
        catalog::named_index named;
        named.found = {{"public", "a"}, {"public", "a"}, "1", {}, {}};
        named.index = make_index("1", "a", "1");
        named.tables = {{"public", "t"}};
        named.role = "worker";
        named.owner = "boss";
        auto const dropped = [&] { return sql_of(index::plan_drop({named}, {})); };
        auto const refused = [&] { return test::told(index::plan_drop({named}, {})).at(0); };
        CHECK(dropped() == list{"DROP INDEX CONCURRENTLY \"public\".\"a\""});
        CHECK(index::plan_drop({named, named}, {{"public", "a"}}).steps.size() == 1);
        CHECK(index::plan_drop({named}, {{"public", "a"}}).notes.size() == 1);
        named.index->clustered = true;
        CHECK(index::plan_drop({named}, {}).notes.at(0).starts_with("public.t was marked"));
        auto const kept = named;
        named.index->constraint = "t_pkey";
        CHECK(refused() ==
              "refused: index public.a backs the constraint t_pkey of public.t [2BP01]");
        named = kept;
        named.index->replica_identity = true;
        CHECK(refused().find("is the replica identity of public.t") != std::string::npos);
        named = kept;
        named.index->referring = "fk";
        CHECK(refused().find("foreign key fk relies on") != std::string::npos);
        named = kept;
        named.may = false;
        CHECK(refused().find("may not drop index public.a: public.t belongs to boss [42501]") !=
              std::string::npos);
        named = kept;
        named.attached = {"public", "whole"};
        CHECK(refused().find("is attached to public.whole") != std::string::npos);
        named = kept;
        named.index->partitioned = true;
        named.tables.push_back({"public", "t_1"});
        auto const whole = index::plan_drop({named}, {});
        CHECK(sql_of(whole) == list{"DROP INDEX \"public\".\"a\""});
        auto const &body = std::get<plan::transaction>(whole.steps[0].body).statements.at(0);
        CHECK(body.locks.size() == 2);
        CHECK(body.locks[1].mode == plan::lock_mode::access_exclusive);
        named.tables.resize(index::most_locked_tables + 1, {"public", "t_1"});
        CHECK(refused().find("[0A000]") != std::string::npos);
        named.found.problem = "index public.a does not exist";
        CHECK(refused() == "refused: index public.a does not exist [42704]");
    }
}

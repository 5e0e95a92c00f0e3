// SPDX-License-Identifier: Apache-2.0
// Every command as roles that lack something, as on managed services: what may be done is done,
// what may not is told by object with the statement that gives the right, and that statement is
// enough.
#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
#include <regex>

#include "base/text.hpp"
#include "support/hour.hpp"
#include "support/landlord.hpp"
#include "support/lists.hpp"
#include "support/pooler.hpp"

using namespace pgtend;
using test::has;
using test::landlord;
using test::list;

namespace {

// The statements of the hints, each once, in their order.
list statements_in(std::string const &text)
{
    static std::regex const statement{
        R"re((GRANT [A-Za-z0-9_, "]+? (ON [^;]+? )?TO [a-z0-9_"]+|ALTER (TABLE|MATERIALIZED VIEW) \S+ OWNER TO "[^"]+"))re"};
    list out;
    for (auto at = std::sregex_iterator{text.begin(), text.end(), statement};
         at != std::sregex_iterator{}; ++at) {
        if (std::find(out.begin(), out.end(), at->str()) == out.end()) {
            out.push_back(at->str());
        }
    }
    return out;
}

// Of the error in line `at`; its message may have several.
std::string hint_behind(list const &lines, std::size_t at)
{
    while (++at < lines.size() && !has(lines[at], "error: ")) {
        if (lines[at].starts_with("pgtend: HINT: ")) {
            return lines[at];
        }
    }
    return {};
}

// A right that is missing is told with what gives it, and with names.
void check_told(test::finished const &done)
{
    auto const lines = split(done.err, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
        CAPTURE(lines[i]);
        bool const denied = has(lines[i], "SQLSTATE 42501") || has(lines[i], "permission denied");
        if (denied && has(lines[i], "error: ")) {
            auto const hint = hint_behind(lines, i);
            CAPTURE(hint);
            CHECK((!statements_in(hint).empty() || has(hint, "--print-grants") ||
                   has(hint, "A policy hides rows")));
        }
        for (auto const *placeholder :
             {"ROLE`", "<role>", "the role that connects", "<insufficient privilege>"}) {
            CHECK(!has(lines[i], placeholder));
        }
    }
}

struct work {
    list command;
    int most_rounds; // of granting what the hints say
};

// All that changes something, each in its way.
work const all_work[] = {
    {{"partition", "create", "app.p_own"}, 3},
    {{"index", "create", "app.t_own"}, 3},
    {{"index", "drop", "app.t_own_dup"}, 1},
    {{"matview", "create"}, 3},
    {{"matview", "refresh", "app.v_own"}, 2}, // MAINTAIN, and USAGE on the schema
    {{"vacuum", "run", "--analyze", "app.t_own", "app.p_own"}, 3},
    {{"autovacuum", "apply", "app.t_own"}, 1},
    {{"autovacuum", "revert", "app.t_own"}, 1},
    {{"expire", "app.t_own", "--where", "id > 50 and state = 'open'", "--set", "state=over"}, 1},
    {{"cleanup", "app.t_own", "--where", "id > 95"}, 1},
    {{"cleanup", "app.t_own", "--where", "id > 94", "--role", "OWN"}, 1},
    {{"cleanup", "hidden.t", "--where", "id > 50"}, 1},
    {{"cleanup", "app.p_own", "--where", "n > 10"}, 2}, // the table, then its partitions
    {{"job", "run", "delete-one"}, 2},
    {{"job", "run", "as-owner"}, 1},
    {{"job", "run", "watch"}, 4},
    {{"job", "run", "call"}, 3},
    {{"apply", "--yes", "app.t_own", "app.p_own"}, 3},
};

std::string text_of(list const &words)
{
    return join(words, " ");
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F28: a role without any right is told what it lacks, and what it is told is enough")
    {
        landlord house;
        for (auto [command, most_rounds] : all_work) {
            std::replace(command.begin(), command.end(), std::string{"OWN"}, house.own());
            auto const shown = text_of(command);
            CAPTURE(shown);
            house.tenant();
            if (auto const kept_out = house.run(command); command.front() == "job") {
                check_told(kept_out);
                CHECK(has(kept_out.err, "pgtend init --print-grants " + house.role));
                CHECK(kept_out.code == 2);
            }
            house.give_ledger();
            auto done = house.run(command);
            bool const needs_none = command[1] == "revert" && done.code == 0;
            CHECK((done.code == 1 || needs_none));
            int rounds = 0;
            for (; done.code == 1 && rounds <= most_rounds; ++rounds) {
                check_told(done);
                auto const missing = statements_in(done.err + done.out);
                CHECK_MESSAGE(!missing.empty(), done.err);
                for (auto const &each : missing) {
                    house.db.psql(each);
                }
                done = house.run(command);
            }
            CHECK_MESSAGE(done.code == (command.back() == "watch" ? 3 : 0), done.err); // it found
            CHECK(rounds <= most_rounds);
        }
        CHECK(house.value("SELECT count(*) FROM app.p_own_old") == "10");
    }

    TEST_CASE("F28: a role as managed services give it, with one owner's rights and not the "
              "other's: its share is done, the rest told by name")
    {
        for (bool const sees_all : {true, false}) {
            CAPTURE(sees_all);
            landlord house;
            house.tenant("CREATEROLE CREATEDB");
            house.db.psql("GRANT " + house.own() + ", pg_signal_backend" +
                          (sees_all ? ", pg_monitor" : "") + " TO " + house.role +
                          "; GRANT USAGE ON SCHEMA app TO " + house.role);
            house.give_ledger();
            auto const share = [&](list const &command, std::string const &query) {
                auto const shown = text_of(command);
                CAPTURE(shown);
                auto const done = house.run(command);
                CHECK(done.code == 1);
                CHECK(has(done.err + done.out, "_far"));
                CHECK(has(done.err + done.out, "42501"));
                CHECK(house.value(query) == "t");
                check_told(done);
            };
            std::string const there = "SELECT to_regclass('app.";
            share({"partition", "create"},
                  "SELECT count(*) = 4 FROM pg_inherits WHERE inhparent = 'app.p_own'::regclass");
            share({"index", "create"}, there + "t_own_at') IS NOT NULL");
            share({"index", "drop", "app.t_own_dup", "app.t_far_dup"},
                  there + "t_own_dup') IS NULL");
            house.db.psql("DELETE FROM app.t_own WHERE id = 1");
            share({"matview", "refresh", "--all"}, "SELECT n = 99 FROM app.v_own");
            share({"vacuum", "run", "app.t_own", "app.t_far"},
                  "SELECT relpages > 0 FROM pg_class WHERE oid = 'app.t_own'::regclass");
            share({"autovacuum", "apply"},
                  "SELECT reloptions IS NOT NULL FROM pg_class WHERE oid = 'app.t_own'::regclass");
            share({"job", "run", "three"}, "SELECT count(*) = 0 FROM app.t_own WHERE id > 90");
            share({"job", "run", "vacuum"}, "SELECT true");
            share({"apply", "--yes"}, there + "w_own') IS NOT NULL");
            share({"--dry-run", "apply"}, there + "t_far_at') IS NULL");
            CHECK(house.run({"autovacuum", "revert"}).code == 0);

            house.db.psql("GRANT SELECT, DELETE ON app.r_far TO " + house.role);
            list const rows{"cleanup", "app.r_far", "--where", "id > 3"};
            share(rows, "SELECT count(*) = 100 FROM app.r_far"); // a policy hides rows
            auto seen_only = rows;
            seen_only.emplace_back("--row-security");
            CHECK(house.run(seen_only).code == 0);
            CHECK(house.value("SELECT count(*) FROM app.r_far") == "98");

            for (auto const &command : std::vector<list>{{"plan"},
                                                         {"partition", "status", "--exact"},
                                                         {"index", "status"},
                                                         {"autovacuum", "status"}}) {
                auto const told = house.run(command);
                CHECK_MESSAGE(told.code == 3, text_of(command));
                check_told(told);
            }
        }
    }

    TEST_CASE("a status that cannot see something says so, and does not call it fine")
    {
        landlord house;
        auto owner = house.db.connect();
        owner.run("SELECT 1"); // a session whose doings are nobody's business
        house.tenant();
        // Who holds the horizon is the whole server's: other tests may come and go in the tables.
        auto const unseen = "\"kind\": \"unseen\"";
        auto const vacuum = house.run({"vacuum", "status"});
        CHECK(vacuum.code == 3);
        CHECK(has(vacuum.out, "HINT: GRANT pg_monitor TO \"" + house.role + "\""));
        CHECK(has(house.run({"-o", "json", "vacuum", "status"}).out, unseen));
        house.db.psql("GRANT pg_monitor TO " + house.role);
        auto const seen = house.run({"-o", "json", "vacuum", "status"});
        CHECK_MESSAGE(!has(seen.out, unseen), seen.out);
        CHECK(has(seen.out, "\"holders\""));

        // Not the ledger: what does not need it is told.
        auto const remedy = "pgtend init --print-grants " + house.role;
        auto const parameters = house.run({"autovacuum", "status"});
        CHECK(parameters.code == 3);
        CHECK(has(parameters.out, "app.t_far"));
        CHECK(has(parameters.out, remedy));
        auto const plan = house.run({"plan"});
        CHECK(plan.code == 3);
        CHECK(has(plan.out, "create index app.t_own_at"));
        CHECK(has(plan.out, "may not use the ledger"));
        CHECK(has(plan.out, remedy));
        auto const views = house.run({"matview", "status"});
        CHECK(views.code == 3); // app.w_own is missing
        for (auto const &command :
             std::vector<list>{{"job", "list"}, {"tick"}, {"autovacuum", "revert"}, {"init"}}) {
            auto const refused = house.run(command);
            CHECK_MESSAGE(refused.code == 2, text_of(command));
            CHECK_MESSAGE(has(refused.err, remedy), refused.err);
        }

        auto const indexes = house.run({"index", "status"}); // the right to build is not asked for
        CHECK(has(indexes.out, "missing"));
        CHECK(!has(indexes.out, "unknown"));
        house.db.psql("REVOKE TEMPORARY ON DATABASE " + house.db.name() + " FROM PUBLIC");
        auto const not_compared = house.run({"index", "status"});
        CHECK(not_compared.code == 3);
        CHECK(has(not_compared.out, "unknown"));
        CHECK(has(house.run({"index", "create"}).err,
                  "GRANT TEMPORARY ON DATABASE \"" + house.db.name() + "\" TO \"" + house.role));
        auto const counted = house.run({"partition", "status", "--exact", "app.p_own"});
        CHECK(has(counted.out, "GRANT USAGE ON SCHEMA \"app\" TO \"" + house.role + "\""));
        CHECK(has(counted.out, "GRANT SELECT ON \"app\".\"p_own_rest\" TO"));
    }

    TEST_CASE("a holder of a lock whose doings are hidden is told by pid, and as hidden")
    {
        landlord house;
        house.tenant();
        house.db.psql("GRANT " + house.own() + " TO " + house.role);
        auto holder = house.db.connect();
        holder.batch("BEGIN; LOCK TABLE app.t_own IN SHARE ROW EXCLUSIVE MODE");
        auto const done = house.run({"vacuum", "run", "app.t_own", "--lock-deadline", "100ms"});
        CHECK(done.code == 1);
        CHECK(has(done.err, "pid " + std::to_string(holder.backend_pid())));
        CHECK(has(done.err, "what it does is not visible without pg_read_all_stats"));
        check_told(done);
    }

    TEST_CASE("MAINTAIN alone: vacuum, analyze and refresh, of partitions too, and nothing else")
    {
        landlord house;
        house.tenant();
        if (house.db.connect().server_version() < 170000) {
            // There is no such right: membership is what is told.
            auto const refused = house.run({"vacuum", "run", "app.t_own"});
            CHECK(statements_in(refused.err) ==
                  list{"GRANT \"" + house.own() + "\" TO \"" + house.role + "\""});
            return;
        }
        house.db.psql("GRANT USAGE ON SCHEMA app TO " + house.role +
                      "; GRANT MAINTAIN ON app.t_own, app.v_own, app.p_own, app.p_own_old, "
                      "app.p_own_rest TO " +
                      house.role);
        auto const vacuumed = house.run({"vacuum", "run", "--analyze", "app.t_own", "app.p_own"});
        CHECK_MESSAGE(vacuumed.code == 0, vacuumed.err);
        CHECK(house.run({"matview", "refresh", "app.v_own"}).code == 0);
        // It is needed on each partition, so that nobody is told to take it off.
        CHECK(!has(house.run({"partition", "status", "app.p_own"}).out, "REVOKE"));
        house.db.psql("REVOKE MAINTAIN ON app.p_own FROM " + house.role);
        CHECK(has(house.run({"partition", "status", "app.p_own"}).out, "REVOKE MAINTAIN"));
        for (auto const &command : std::vector<list>{{"index", "create", "app.t_own"},
                                                     {"index", "drop", "app.t_own_dup"},
                                                     {"partition", "create", "app.p_own"}}) {
            auto const refused = house.run(command);
            CHECK_MESSAGE(refused.code == 1, text_of(command));
            check_told(refused);
        }
    }

    TEST_CASE("F13: an own role through PgBouncer: what needs a session is refused in transaction "
              "mode, everything else is done")
    {
        struct line {
            list command;
            bool needs_session = false;
        };
        line const lines[] = {
            {{"partition", "create", "app.p_own"}},
            {{"index", "create", "app.t_own"}, true},
            {{"index", "drop", "app.t_own_dup"}, true},
            {{"matview", "create"}},
            {{"matview", "refresh", "app.v_own"}},
            {{"vacuum", "run", "app.t_own"}, true},
            {{"autovacuum", "apply", "app.t_own"}},
            {{"autovacuum", "revert"}},
            {{"expire", "app.t_own", "--where", "id > 50 and state = 'open'", "--set", "state=x"}},
            {{"cleanup", "app.t_own", "--where", "id > 95"}},
            {{"cleanup", "app.t_own", "--where", "id > 94", "--role", "OWN"}},
            {{"job", "run", "delete-one"}},
            {{"job", "run", "as-owner"}},
            {{"job", "pause", "watch"}},
            {{"job", "resume", "watch"}},
            {{"job", "reset", "watch"}},
            {{"job", "list"}},
            {{"job", "show", "watch"}},
            {{"job", "history"}},
            {{"tick"}},
            {{"init"}},
        };
        for (std::string const mode : {"transaction", "session"}) {
            CAPTURE(mode);
            landlord house;
            house.tenant();
            house.db.psql("GRANT " + house.own() + " TO " + house.role +
                          "; GRANT CREATE ON SCHEMA app TO " + house.role);
            house.give_ledger();
            test::pooler const pool{mode, 5, house.role};
            auto const dsn = pool.dsn(house.db, house.role);
            auto const run = [&](list const &command) {
                auto args = command;
                std::replace(args.begin(), args.end(), std::string{"OWN"}, house.own());
                if (mode == "session") {
                    args.insert(args.begin(), {"--pooler", "session"});
                }
                return house.run_at(dsn, args);
            };
            for (auto const &each : lines) {
                auto const done = run(each.command);
                auto const shown = text_of(each.command);
                CAPTURE(shown);
                bool const refused = each.needs_session && mode == "transaction";
                CHECK_MESSAGE(done.code == (refused ? 1 : 0), done.err);
                CHECK(has(done.err, "HINT: Connect to the server directly.") == refused);
            }
            for (auto const &command : std::vector<list>{{"plan"},
                                                         {"partition", "status"},
                                                         {"index", "status"},
                                                         {"autovacuum", "status"}}) {
                CHECK_MESSAGE(run(command).code == 3, text_of(command));
            }
        }
    }
}

TEST_SUITE("nodb")
{
    TEST_CASE("docs/privileges.md has every command")
    {
        auto const *source = std::getenv("PGTEND_SOURCE"); // set by ctest
        std::ifstream file{std::string{source == nullptr ? "." : source} + "/docs/privileges.md"};
        std::string const page{std::istreambuf_iterator<char>{file}, {}};
        static std::regex const command{"^  ([a-z]+( [a-z]+)?)  +\\S"};
        int commands = 0;
        for (auto const &line : split(test::pgtend({"--help"}).out, '\n')) {
            std::smatch found;
            if (std::regex_search(line, found, command)) {
                auto const name = found[1].str();
                bool const needs_none = name == "completion" || name.starts_with("sandbox") ||
                                        name.starts_with("what") || name.starts_with("which") ||
                                        name.starts_with("when");
                CHECK_MESSAGE((needs_none || has(page, "`" + name + "`")), name);
                ++commands;
            }
        }
        CHECK(commands > 20);
    }
}

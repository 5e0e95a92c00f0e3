// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/error.hpp"
#include "ledger/migrate.hpp"
#include "ledger/support.hpp"
#include "support/role.hpp"

using namespace pgtend;
using ledger::init_result;
using ledger::slot_request;
using test::failure_of;

namespace {

init_result migrate(pg::session &s, std::vector<ledger::migration> const &list)
{
    system_clock time;
    return ledger::migrate(s, list, {}, time, system_random());
}

std::string cell(pg::session &s, std::string const &query)
{
    return s.run(query).text(0, 0);
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("migrations are numbered from 1 without a gap")
    {
        auto const &all = ledger::migrations();
        REQUIRE_FALSE(all.empty());
        for (std::size_t i = 0; i < all.size(); ++i) {
            CHECK(all[i].number == static_cast<int>(i) + 1);
        }
        CHECK(ledger::current_version() == static_cast<int>(all.size()));
    }

    TEST_CASE("grants quote the role's name, also a hostile one")
    {
        auto const text = ledger::grants("we\"ird; --");
        CHECK(text.find("GRANT USAGE ON SCHEMA pgtend TO \"we\"\"ird; --\";") != std::string::npos);
        CHECK_THROWS_AS(ledger::grants(""), error);
        CHECK_THROWS_AS(ledger::grants(std::string_view{"a\0b", 3}), error);
    }
}

TEST_SUITE("db")
{
    TEST_CASE("a ledger of version 1 gets the rest, and default privileges give nothing of it away")
    {
        test::database const db;
        auto s = db.connect();
        test::init(s);
        test::role const reader{s, "pgtend_reader"};
        s.run("GRANT SELECT ON pgtend.run TO " + reader.name());
        s.run("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO " + reader.name());
        s.run("ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO " + reader.name());
        s.batch("INSERT INTO pgtend.lease (job, token, backend_pids, backend_starts, "
                "open_attempts, open_begun, failures, schedule, time_zone, kind, paused, "
                "paused_because) SELECT j, 1, '{}', '{}', 0, true, 0, '', '', '', false, '' FROM "
                "unnest('{ran,never,goes on}'::text[]) j");
        s.batch("INSERT INTO pgtend.run (job, status, finished, error) VALUES "
                "('ran', 'failed', now(), 'old'), ('ran', 'succeeded', now(), 'new'), "
                "('ran', 'skipped', now(), ''), ('never', 'skipped', now(), ''), "
                "('goes on', 'lost', now(), ''), ('goes on', 'running', NULL, '')");
        s.batch("DROP TABLE pgtend.readiness; ALTER TABLE pgtend.lease DROP COLUMN last_run; "
                "UPDATE pgtend.meta SET schema_version = 1");
        ledger::ledger book{s};
        CHECK_THROWS_AS(book.last_check(""), usage_error);
        auto const done = test::init(s);
        CHECK(done.from_version == 1);
        CHECK(done.applied ==
              std::vector<std::string>{"migration_0002_readiness", "migration_0003_last_run"});
        CHECK(!book.last_check(""));
        CHECK(cell(s, "SELECT string_agg(l.job || ' ' || r.status || ' ' || r.error, ', ' ORDER BY "
                      "l.job) FROM pgtend.lease l JOIN pgtend.run r ON r.id = l.last_run") ==
              "goes on lost , ran succeeded new");
        for (auto const *what :
             {"has_table_privilege($1, 'pgtend.readiness', 'SELECT, INSERT, UPDATE, DELETE')",
              "has_sequence_privilege($1, 'pgtend.readiness_id_seq', 'USAGE, SELECT, UPDATE')"}) {
            CHECK(!s.run(std::string{"SELECT "} + what, {reader.name()}).flag(0, 0));
        }
        CHECK(s.run("SELECT has_table_privilege($1, 'pgtend.run', 'SELECT')", {reader.name()})
                  .flag(0, 0));
    }

    TEST_CASE("init creates the ledger once and may be repeated")
    {
        test::database const db;
        auto s = db.connect();
        auto const first = test::init(s);
        CHECK(first.from_version == 0);
        CHECK(first.to_version == ledger::current_version());
        CHECK(first.applied.size() == ledger::migrations().size());
        CHECK(first.applied.at(0) == "migration_0001_ledger");
        auto const again = test::init(s);
        CHECK(again.from_version == ledger::current_version());
        CHECK(again.to_version == ledger::current_version());
        CHECK(again.applied.empty());
        CHECK(cell(s, "SELECT schema_version FROM pgtend.meta") ==
              std::to_string(ledger::current_version()));
        CHECK(cell(s,
                   "SELECT m.system_identifier = c.system_identifier::text AND m.database_oid = "
                   "d.oid FROM pgtend.meta m, "
                   "pg_control_system() c, pg_database d WHERE d.datname = current_database()") ==
              "t");
        CHECK(cell(s, "SELECT count(*) FROM pg_class c WHERE relnamespace = 'pgtend'::regnamespace "
                      "AND relkind = 'r' AND "
                      "obj_description(oid, 'pg_class') IS NULL") ==
              "0"); // each table says what it is for
    }

    TEST_CASE("twenty inits at once on an empty database, ten times: one schema, no error")
    {
        for (int round = 0; round < 10; ++round) {
            test::database const db;
            auto const results =
                test::at_once(db, 20, [](int, pg::session &s) { return test::init(s); });
            int created = 0;
            for (auto const &one : results) {
                created += one.from_version == 0 ? 1 : 0;
                CHECK(one.to_version == ledger::current_version());
            }
            CHECK(created == 1);
            CHECK(db.value("SELECT count(*) FROM pgtend.meta") == "1");
        }
    }

    TEST_CASE("inits race with others that create the schema")
    {
        for (int round = 0; round < 5; ++round) {
            test::database const db;
            auto const done = test::at_once(db, 16, [](int n, pg::session &s) {
                if (n % 2 == 0) {
                    return test::init(s).to_version;
                }
                try {
                    s.run("CREATE SCHEMA IF NOT EXISTS pgtend");
                } catch (error const &) { // 23505 is what the statement may do
                }
                return ledger::current_version();
            });
            for (auto const version : done) {
                CHECK(version == ledger::current_version());
            }
        }
    }

    TEST_CASE(
        "a ledger is upgraded step by step; what fails leaves it as it was; a newer one is refused")
    {
        test::database const db;
        auto s = db.connect();
        test::init(s);
        auto const now = ledger::current_version();
        auto list = ledger::migrations();
        list.push_back(
            {now + 1, "migration_next",
             "ALTER TABLE pgtend.run ADD COLUMN extra text; UPDATE pgtend.run SET extra = ''"});
        list.push_back({now + 2, "migration_broken",
                        "ALTER TABLE pgtend.run ADD COLUMN more text; SELECT 1 / 0"});
        CHECK(failure_of<error>([&] { migrate(s, list); }).sqlstate() == "22012");
        CHECK(cell(s, "SELECT schema_version FROM pgtend.meta") == std::to_string(now + 1));
        CHECK(cell(s, "SELECT count(*) FROM information_schema.columns WHERE table_schema = "
                      "'pgtend' AND column_name IN ('extra', 'more')") == "1");

        list.back().text = "ALTER TABLE pgtend.run ADD COLUMN more text";
        auto const done = migrate(s, list);
        CHECK(done.from_version == now + 1);
        CHECK(done.to_version == now + 2);
        CHECK(done.applied == std::vector<std::string>{"migration_broken"});

        // This program carries fewer migrations.
        auto const refused = failure_of<usage_error>([&] { test::init(s); });
        CHECK(refused.message() ==
              fmt::format("the ledger has version {}, newer than this pgtend, which knows up to {}",
                          now + 2, now));
        CHECK(refused.code() == exit_code::usage);
        ledger::ledger book{s};
        CHECK(failure_of<usage_error>([&] { book.read({}); }).message() == refused.message());
        // Also when what it looks for is no longer there.
        s.run("ALTER TABLE pgtend.lease RENAME COLUMN holder TO owner");
        CHECK(failure_of<usage_error>([&] { book.read({}); }).message() == refused.message());
        CHECK(failure_of<usage_error>([&] { book.mark_lost(); }).message() == refused.message());
        // An older one names init.
        s.run("UPDATE pgtend.meta SET schema_version = 0");
        CHECK(failure_of<usage_error>([&] { book.mark_lost(); }).hint() ==
              "Run `pgtend init` to upgrade it.");
        s.run(fmt::format("UPDATE pgtend.meta SET schema_version = {}", now));
        CHECK(failure_of<error>([&] { book.mark_lost(); })
                  .message()
                  .starts_with("the ledger is damaged: "));
    }

    TEST_CASE("without a ledger everything names pgtend init")
    {
        test::database const db;
        auto s = db.connect();
        ledger::ledger book{s};
        std::vector<std::string> const jobs{"nightly"};
        for (int round = 0; round < 2; ++round) {
            auto const refused = failure_of<usage_error>([&] { book.read(jobs); });
            CHECK(refused.message() == "this database has no ledger (schema pgtend)");
            CHECK(refused.hint().find("pgtend init") != std::string::npos);
            CHECK_THROWS_AS(book.heartbeat(test::runner(1)), usage_error);
            CHECK_THROWS_AS(book.claim_manual("nightly", test::runner(1)), usage_error);
            CHECK_THROWS_AS(ledger::adopt(s), usage_error);
            s.run("CREATE SCHEMA IF NOT EXISTS pgtend"); // an empty one is no ledger either
        }
        test::init(s); // and may be used: the database's owner may have made it
        CHECK(book.read(jobs).jobs.size() == 1);
        s.run("DELETE FROM pgtend.meta");
        CHECK_THROWS_AS(book.read(jobs), usage_error);
    }

    TEST_CASE("somebody else's table of that name: said, nothing changed")
    {
        test::database const db;
        db.psql("CREATE SCHEMA pgtend; CREATE TABLE pgtend.lease (mine integer)");
        auto s = db.connect();
        auto const refused = failure_of<error>([&] { test::init(s); });
        CHECK(refused.sqlstate() == "42P07");
        CHECK(refused.hint().find("move it away") != std::string::npos);
        CHECK(cell(s, "SELECT count(*) FROM pg_class WHERE relnamespace = 'pgtend'::regnamespace "
                      "AND relkind = 'r'") == "1");
    }

    TEST_CASE("a test clock is for new ledgers only")
    {
        test::database const db;
        auto s = db.connect();
        test::init(s, {.test_clock = true});
        test::init(s, {.test_clock = true});
        test::init(s);
        CHECK(ledger::ledger{s}.read({}).test_clock);
        CHECK(ledger::remove(s));
        test::init(s);
        CHECK_FALSE(ledger::ledger{s}.read({}).test_clock);
        auto const refused = failure_of<usage_error>([&] { test::init(s, {.test_clock = true}); });
        CHECK(refused.message() == "this database has a ledger that was not made for tests");
        CHECK_FALSE(ledger::ledger{s}.read({}).test_clock);
    }

    TEST_CASE("remove takes the schema out, not while a run holds a lease")
    {
        test::ledger_database l;
        auto const held = l.book
                              .claim_slots(std::vector<slot_request>{{"nightly", test::minute(1)}},
                                           test::runner(1))
                              .at(0);
        auto const refused = failure_of<error>([&] { ledger::remove(l.control); });
        CHECK(refused.code() == exit_code::held);
        CHECK(refused.message() == "job 'nightly' is held by host-1/1001/abc");
        l.book.note_backend(held, l.control.backend_pid());
        l.expire("nightly");
        CHECK_THROWS_AS(ledger::remove(l.control), error); // its backend works
        l.book.note_backend(held, 0);
        CHECK(ledger::remove(l.control));
        CHECK_FALSE(ledger::remove(l.control));
        CHECK(l.value("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgtend'") == "0");
        test::init(l.control);
    }

    TEST_CASE("no index of the ledger depends on the collations of the operating system")
    {
        test::database const db;
        auto s = db.connect();
        test::init(s);
        CHECK(s.run("SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid, "
                    "unnest(i.indcollation) used WHERE c.relnamespace = 'pgtend'::regnamespace AND "
                    "used NOT IN (0, 'pg_catalog.\"C\"'::regcollation)")
                  .text(0, 0) == "0");
        CHECK(s.run("SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid, "
                    "unnest(i.indcollation) used WHERE c.relnamespace = 'pgtend'::regnamespace AND "
                    "used <> 0")
                  .integer(0, 0) > 5);
    }

    TEST_CASE("a restored copy runs nothing until it is adopted")
    {
        test::database const original;
        {
            auto s = original.connect();
            test::init(s);
        }
        test::database const copy{original.name()};
        auto s = copy.connect();
        ledger::ledger book{s};
        auto const refused = failure_of<usage_error>([&] { book.read({}); });
        CHECK(refused.message().starts_with(
            "this database is a copy: its ledger belongs to the database with oid "));
        CHECK(refused.hint() == "If its jobs shall run here, run `pgtend init --adopt` once.");
        test::init(s); // an upgrade adopts nothing
        CHECK_THROWS_AS(book.read({}), usage_error);
        ledger::adopt(s);
        CHECK_NOTHROW(book.read({}));

        s.run(
            "UPDATE pgtend.meta SET system_identifier = '42'"); // restored by pg_dump into another
                                                                // server, with the same oid
        CHECK(failure_of<usage_error>([&] { book.read({}); })
                  .message()
                  .starts_with("this database is a copy: its ledger belongs to the server with "
                               "system identifier 42, this is "));
        // A role that may not read the identifier goes by the oid.
        auto const role = "plain_" + copy.name();
        s.run(fmt::format("CREATE ROLE {} LOGIN", role));
        s.batch(ledger::grants(role));
        s.run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
        {
            auto plain = test::open(copy.dsn(role));
            CHECK_NOTHROW(ledger::ledger{plain}.read({}));
            s.run("UPDATE pgtend.meta SET database_oid = 1");
            CHECK_THROWS_AS(ledger::ledger{plain}.read({}), usage_error);
        }
        s.batch(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
        ledger::adopt(s);
        CHECK_NOTHROW(book.read({}));
    }

    TEST_CASE("default privileges give the ledger to nobody")
    {
        test::database const db;
        auto s = db.connect();
        auto const role = "Anon " + db.name();
        s.batch(fmt::format(
            "CREATE ROLE \"{0}\"; ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO \"{0}\", PUBLIC; "
            "ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO \"{0}\"; ALTER DEFAULT PRIVILEGES "
            "GRANT USAGE ON "
            "SCHEMAS TO \"{0}\"",
            role));
        test::init(s);
        CHECK(cell(s, "SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a WHERE "
                      "c.relnamespace = 'pgtend'::regnamespace AND "
                      "a.grantee <> c.relowner") == "0");
        CHECK(cell(s, "SELECT count(*) FROM pg_namespace n, aclexplode(n.nspacl) a WHERE nspname = "
                      "'pgtend' AND a.grantee <> n.nspowner") == "0");
        s.batch(fmt::format("DROP OWNED BY \"{0}\"; DROP ROLE \"{0}\"", role));
    }

    TEST_CASE("what the database's owner granted on a schema made beforehand stays")
    {
        test::database const db;
        auto s = db.connect();
        auto const role = "runner_" + db.name();
        s.batch(fmt::format("CREATE ROLE {0} LOGIN; CREATE SCHEMA pgtend AUTHORIZATION {0}; GRANT "
                            "USAGE ON SCHEMA pgtend TO PUBLIC",
                            role));
        {
            auto owner = test::open(db.dsn(role)); // has no CREATE on the database
            CHECK(test::init(owner).from_version == 0);
        }
        CHECK(cell(s, "SELECT has_schema_privilege('public', 'pgtend', 'USAGE')") == "t");
        s.batch(fmt::format("DROP OWNED BY {0}; DROP ROLE {0}", role));
    }

    TEST_CASE("a role that may create nothing is told what to do")
    {
        test::database const db;
        auto s = db.connect();
        auto const role = "nobody_" + db.name();
        s.run(fmt::format("CREATE ROLE {} LOGIN", role));
        {
            auto plain = test::open(db.dsn(role));
            auto const refused = failure_of<usage_error>([&] { test::init(plain); });
            CHECK(refused.hint().find("CREATE SCHEMA pgtend AUTHORIZATION") != std::string::npos);
            test::init(s);
            auto const denied = failure_of<usage_error>([&] { ledger::ledger{plain}.read({}); });
            CHECK(denied.message() ==
                  "this role may not use the ledger: permission denied for schema pgtend");
            CHECK(denied.hint().find("pgtend init --print-grants") != std::string::npos);
            CHECK_THROWS_AS(ledger::remove(plain), usage_error);
            CHECK_THROWS_AS(ledger::adopt(plain), usage_error);
        }
        s.run(fmt::format("DROP ROLE {}", role));
    }
}

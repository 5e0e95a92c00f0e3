// SPDX-License-Identifier: Apache-2.0
// Each check as a superuser, as a role of a managed service and as one without any right, on a
// database with as many faults as fit: none fails, and who sees less than the superuser says so.
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "support/look.hpp"
#include "support/own_server.hpp"
#include "support/process.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

constexpr char const *faults = R"(
CREATE ROLE anon; CREATE ROLE authenticated; CREATE ROLE supabase_auth_admin; CREATE ROLE second LOGIN SUPERUSER;
CREATE ROLE bare LOGIN; CREATE ROLE managed LOGIN IN ROLE pg_monitor; CREATE ROLE clerk;
SET password_encryption = md5; CREATE ROLE old LOGIN PASSWORD 'x'; RESET password_encryption;
CREATE SCHEMA app; GRANT USAGE ON SCHEMA app TO anon; GRANT CREATE ON SCHEMA public TO PUBLIC;
CREATE EXTENSION pg_trgm VERSION '1.5' SCHEMA public; CREATE EXTENSION pg_stat_statements SCHEMA app;
CREATE SCHEMA auth; CREATE TABLE auth.users (id int PRIMARY KEY, phone text UNIQUE); ALTER TABLE auth.users OWNER TO supabase_auth_admin;
CREATE FUNCTION auth.jwt() RETURNS jsonb STABLE LANGUAGE sql SECURITY DEFINER AS $$ SELECT '{}'::jsonb $$;

CREATE TABLE app.profile (phone text REFERENCES auth.users (phone), password_hash text); GRANT SELECT ON app.profile TO anon;
CREATE TABLE app.notes (id serial PRIMARY KEY, n int, t text, at timestamptz DEFAULT now()) WITH (autovacuum_enabled = off);
INSERT INTO app.notes (n, t) SELECT i, 'note ' || i FROM generate_series(1, 5000) i;
CREATE INDEX a ON app.notes (n); CREATE INDEX b ON app.notes (n); CREATE INDEX c ON app.notes (n, t); CREATE INDEX d ON app.notes (at);
ALTER TABLE app.notes ADD CHECK (n > 0) NOT VALID;
ALTER TABLE app.notes ENABLE ROW LEVEL SECURITY; GRANT SELECT ON app.notes TO anon;
CREATE POLICY believed ON app.notes USING (auth.jwt() -> 'user_metadata' IS NOT NULL);
CREATE POLICY everything ON app.notes FOR UPDATE USING (true);
CREATE TABLE app.asleep (id int PRIMARY KEY); CREATE POLICY idle ON app.asleep USING (true);
CREATE TABLE app.mute (id int PRIMARY KEY); ALTER TABLE app.mute ENABLE ROW LEVEL SECURITY;
CREATE VIEW app.shown AS SELECT * FROM app.notes; GRANT SELECT ON app.shown TO anon;
CREATE MATERIALIZED VIEW app.totals AS SELECT count(*) FROM app.notes; GRANT SELECT ON app.totals TO anon;
CREATE MATERIALIZED VIEW app.unfilled AS SELECT 1 AS n WITH NO DATA;
CREATE FUNCTION app.pay() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE FUNCTION app.audit() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO asleep VALUES (new.id); RETURN new; END';
CREATE TRIGGER audit BEFORE INSERT ON app.notes FOR EACH ROW EXECUTE FUNCTION app.audit();
CREATE TRIGGER resting BEFORE INSERT ON app.notes FOR EACH ROW EXECUTE FUNCTION app.audit(); ALTER TABLE app.notes DISABLE TRIGGER resting;
CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER far FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE app.far (id int) SERVER far; GRANT SELECT ON app.far TO anon;
CREATE SCHEMA pgmq; GRANT USAGE ON SCHEMA pgmq TO anon; CREATE TABLE pgmq.q_mails (id int PRIMARY KEY); GRANT ALL ON pgmq.q_mails TO anon;
CREATE SCHEMA storage; GRANT USAGE ON SCHEMA storage TO anon; CREATE TABLE storage.objects (id int PRIMARY KEY, bucket_id text);
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY; GRANT SELECT ON storage.objects TO anon;
CREATE POLICY listing ON storage.objects USING (bucket_id = 'avatars');
CREATE SCHEMA graphql_public; GRANT USAGE ON SCHEMA graphql_public TO anon;
CREATE FUNCTION graphql_public.graphql(query text) RETURNS jsonb LANGUAGE sql AS 'SELECT NULL::jsonb';
CREATE TABLE app.procs (id int PRIMARY KEY, p regproc);
CREATE TABLE app.parted (id int, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE app.parted_1 PARTITION OF app.parted FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
ALTER DATABASE postgres SET session_replication_role = 'replica';
)";

// Found whatever the limits are; the others want hours, another machine, a standby or another
// version.
std::set<std::string> const certain{"backup.archiving",
                                    "backup.slot_inactive",
                                    "backup.slot_wal",
                                    "capacity.big_table",
                                    "capacity.int4_key",
                                    "capacity.sequence",
                                    "capacity.temp_files",
                                    "config.client_check",
                                    "config.durability",
                                    "config.extensions",
                                    "config.lock_table",
                                    "config.memory",
                                    "config.pending_restart",
                                    "config.role_settings",
                                    "config.timeouts",
                                    "connection.blocked",
                                    "connection.idle_in_transaction",
                                    "connection.long_transaction",
                                    "connection.prepared",
                                    "connection.use",
                                    "index.bloat",
                                    "index.duplicate",
                                    "index.foreign_key",
                                    "index.redundant",
                                    "matview.populated",
                                    "matview.unique",
                                    "partition.count",
                                    "performance.cache",
                                    "performance.slow_statements",
                                    "security.bucket_listing",
                                    "security.definer_api",
                                    "security.definer_search_path",
                                    "security.disabled_triggers",
                                    "security.extension_in_public",
                                    "security.foreign_table_api",
                                    "security.function_search_path",
                                    "security.graphql_api",
                                    "security.matview_api",
                                    "security.md5",
                                    "security.owner_view",
                                    "security.policies_without_rls",
                                    "security.policy_true",
                                    "security.public_create",
                                    "security.queue_api",
                                    "security.rls_off",
                                    "security.rls_without_policies",
                                    "security.sensitive_columns",
                                    "security.superusers",
                                    "security.trust",
                                    "security.user_metadata",
                                    "table.auth_reference",
                                    "table.bloat",
                                    "table.not_validated",
                                    "table.primary_key",
                                    "table.reg_types",
                                    "vacuum.dead_rows",
                                    "vacuum.disabled",
                                    "vacuum.horizon",
                                    "vacuum.overdue",
                                    "vacuum.scale_factor",
                                    "vacuum.wraparound"};

// Every limit as low as it goes.
std::vector<model::check_threshold> lowest()
{
    std::vector<model::check_threshold> out;
    for (auto const &rule : check::catalogue()) {
        for (auto const &each : thresholds(rule)) {
            double value = 0;
            if (rule.id == "performance.cache" && each.key == "warning") {
                value = 101; // percent below which it is found
            } else if (rule.id.ends_with(".bloat") && each.key == "least") {
                value = 8193; // what has no rows has no statistics either
            }
            out.push_back(
                {.id = std::string{rule.id}, .key = std::string{each.key}, .value = value});
        }
    }
    return out;
}

struct view {
    std::map<std::string, std::set<std::string>> objects; // by check
    std::set<std::string> unseen;                         // checks
};

view look_as(pg::session &s)
{
    pg::limits const limit{.timeout = std::chrono::seconds{10}};
    check::evidence with{s, {}, system_clock().now(), limit};
    view out;
    auto const own = "pid " + std::to_string(s.backend_pid());
    for (auto const &one : check::evaluate(s, check::chosen({}), lowest(), with, limit)) {
        std::string const id{one.of->id};
        for (auto const &each : one.findings) {
            if (each.object != own) {
                out.objects[id].insert(each.object);
            }
        }
        for (auto const &each : one.unseen) {
            INFO(id, ": ", each);
            CHECK(each.find("it failed") == std::string::npos);
            out.unseen.insert(id);
        }
    }
    return out;
}

// The checks that ask for nothing but the database.
bool asks_the_database(std::string const &id)
{
    for (auto const *area : {"declared.", "preflight.", "job.", "partition.", "matview.stale",
                             "matview.order", "probe.", "attestation.", "objective."}) {
        if (id.starts_with(area)) {
            return false;
        }
    }
    return true;
}

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("F30: no check fails for any role, and who sees less says so")
    {
        own_server const server;
        server.psql("ALTER SYSTEM SET autovacuum = off");
        server.psql("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
        std::ofstream{server.directory() + "/data/pg_hba.conf", std::ios::app}
            << "host all all 10.0.0.0/8 trust\n";
        server.restart("fast");
        auto s = open(server.dsn());
        s.batch(faults);
        s.take_notices(); // from 18 on a warning of MD5
        s.run("UPDATE app.notes SET n = n + 1");
        s.run("DELETE FROM app.notes WHERE id % 2 = 0");
        s.run("ANALYZE app.notes");
        s.run("SELECT pg_create_logical_replication_slot('left_behind', 'pgoutput')");
        server.psql("BEGIN; INSERT INTO app.asleep VALUES (1); PREPARE TRANSACTION 'left'");
        server.psql("ALTER SYSTEM SET max_connections = 201");
        server.psql("SELECT pg_reload_conf()");

        auto holder = open(server.dsn()), waiting = open(server.dsn());
        holder.begin();
        waiting.begin();
        holder.run("LOCK TABLE app.mute");
        std::jthread const waiter{[&] {
            try {
                waiting.run("LOCK TABLE app.mute");
            } catch (error const &) {
            }
        }};
        eventually("somebody waits", [&] { return !look(s, "connection.blocked", {0}).empty(); });
        eventually("a setting waits", [&] { return !look(s, "config.pending_restart").empty(); });
        eventually("blocks were counted", [&] {
            s.run("SELECT 1");
            return !look(s, "performance.cache", {101, 0}).empty();
        });

        auto const all = look_as(s);
        for (auto const &id : certain) {
            INFO(id);
            CHECK(all.objects.contains(id));
        }
        for (auto const &id : all.unseen) {
            INFO(id);
            CHECK((!asks_the_database(id) || id == "index.unused" || id == "config.minor_version"));
        }
        std::map<std::string, std::set<std::string>> blind;
        for (auto const *who : {"managed", "bare"}) {
            auto role = open(server.dsn() + " user=" + who);
            auto const seen = look_as(role);
            for (auto const &[id, objects] : all.objects) {
                auto const found = seen.objects.find(id);
                auto const mine =
                    found == seen.objects.end() ? std::set<std::string>{} : found->second;
                INFO(who, " ", id);
                CHECK((seen.unseen.contains(id) ||
                       std::includes(mine.begin(), mine.end(), objects.begin(), objects.end())));
            }
            for (auto const &id : seen.unseen) {
                if (!all.unseen.contains(id)) {
                    blind[who].insert(id);
                }
            }
        }
        // What a role of a managed service cannot see, and, beside that, one without any right.
        std::set<std::string> const closed{
            "capacity.int4_key", "capacity.sequence", "index.bloat", "performance.slow_statements",
            "security.md5",      "security.trust",    "table.bloat"};
        CHECK(blind["managed"] == closed);
        auto more = closed;
        more.insert({"config.pending_restart", "connection.idle_in_transaction",
                     "connection.long_transaction", "connection.unencrypted", "vacuum.horizon"});
        CHECK(blind["bare"] == more);
        holder.rollback();

        // With a file and a ledger: those that look at declarations and jobs.
        auto const *root = std::getenv("PGTEND_SOURCE");
        auto const file = std::string{root == nullptr ? "." : root} + "/schedules/kwenda.yaml";
        auto const run = [&](std::string const &who, std::vector<std::string> args) {
            args.insert(args.begin(), {"-c", file});
            return test::pgtend(args, {{"KWENDA_DSN", server.dsn() + " user=" + who}});
        };
        REQUIRE(run("postgres", {"init"}).code == 0);
        for (auto const *who : {"postgres", "managed", "bare"}) {
            CAPTURE(who);
            auto const done = run(who, {"-o", "json", "check", "--fail-on", "never", "--skip",
                                        "probe", "--skip", "objective"});
            CHECK(done.code == 0);
            CHECK(done.out.find("it failed: ") == std::string::npos);
            for (auto const *rule : check::chosen({.only = {}, .skip = {"probe", "objective"}})) {
                INFO(std::string{rule->id});
                CHECK((rule->declared != nullptr ||
                       done.out.find("\"check\": \"" + std::string{rule->id} + "\",") !=
                           std::string::npos));
            }
        }
    }
}

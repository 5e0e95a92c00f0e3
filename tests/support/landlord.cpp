// SPDX-License-Identifier: Apache-2.0
#include "support/landlord.hpp"

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::test {
namespace {

// @ is the suffix, # the owner.
constexpr char objects[] = R"(
CREATE TABLE app.t@ (id serial PRIMARY KEY, at timestamptz DEFAULT now(), state text DEFAULT 'open');
INSERT INTO app.t@ (at) SELECT now() - n * interval '1 hour' FROM generate_series(1, 100) n;
CREATE INDEX t@_dup ON app.t@ (id);
CREATE TABLE app.p@ (at timestamptz NOT NULL, n int) PARTITION BY RANGE (at);
CREATE TABLE app.p@_old PARTITION OF app.p@ FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-02-01 00:00+00');
CREATE TABLE app.p@_rest PARTITION OF app.p@ DEFAULT;
INSERT INTO app.p@ SELECT '2020-01-05', n FROM generate_series(1, 50) n;
CREATE MATERIALIZED VIEW app.v@ AS SELECT state, count(*) AS n FROM app.t@ GROUP BY 1;
CREATE UNIQUE INDEX ON app.v@ (state);
CREATE TABLE app.r@ AS SELECT n AS id FROM generate_series(1, 100) n;
ALTER TABLE app.r@ ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON app.r@ USING (id <= 5);
ALTER TABLE app.t@ OWNER TO #; ALTER TABLE app.p@ OWNER TO #; ALTER TABLE app.p@_old OWNER TO #;
ALTER TABLE app.p@_rest OWNER TO #; ALTER TABLE app.r@ OWNER TO #;
ALTER MATERIALIZED VIEW app.v@ OWNER TO #;
)";

std::string objects_of(std::string const &suffix, std::string const &owner)
{
    return replace_all(replace_all(objects, "@", suffix), "#", owner);
}

// What the file declares of each of the three, and its jobs. OWN is the first owner.
constexpr char file[] = R"yaml(partitions:
  - { table: app.p_own, key: at, every: month, premake: 1 }
  - { table: app.p_far, key: at, every: month, premake: 1 }
indexes:
  - { table: app.t_own, name: t_own_at, on: "(at)" }
  - { table: app.t_far, name: t_far_at, on: "(at)" }
  - { table: app.t_top, name: t_top_at, on: "(at)" }
matviews:
  - { name: app.w_own, query: "select count(*) as number from app.t_own", unique_index: [number], owner: OWN }
autovacuum:
  - { tables: [app.t_own, app.t_far], vacuum_scale_factor: 0.05 }
jobs:
  - { name: delete-one, schedule: "0 * * * *", sql: { text: "delete from app.t_own where id = 7" } }
  - { name: as-owner, schedule: "0 * * * *", role: OWN, sql: { text: "delete from app.t_own where id = 8" } }
  - { name: watch, schedule: "0 * * * *", watch: { query: "select 'k' as state from hidden.t", key: state, insert: { table: app.t_own, columns: [state] } } }
  - { name: call, schedule: "0 * * * *", sql: { text: "select hidden.touch()" } }
  - { name: three, schedule: "0 * * * *", cleanup: { tables: [ { table: app.t_own, where: "id > 90" }, { table: app.t_far, where: "id > 90" } ] } }
  - { name: vacuum, schedule: "0 * * * *", vacuum: { tables: [app.t_own, app.t_far] } }
)yaml";

} // namespace

landlord::landlord()
{
    db.psql(
        fmt::format(R"(CREATE ROLE {0}; CREATE ROLE {1}; CREATE SCHEMA app; CREATE SCHEMA hidden;
        CREATE TABLE hidden.t AS SELECT 1 AS id;
        CREATE FUNCTION hidden.touch() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM hidden.t';
        REVOKE ALL ON FUNCTION hidden.touch() FROM PUBLIC;
        GRANT USAGE, CREATE ON SCHEMA app TO {0}, {1})",
                    own(), far()));
    roles_ = {own(), far()};
    db.psql(objects_of("_own", own()) + objects_of("_far", far()) +
            objects_of("_top", "CURRENT_USER"));
    config = files.write("pgtend.yaml", "version: 1\ntargets:\n  db: { dsn: \"" + db.dsn() +
                                            "\" }\n" + replace_all(file, "OWN", own()));
    if (auto const done = pgtend({"-d", db.dsn(), "init"}); done.code != 0) {
        throw error{"pgtend init failed: " + done.err};
    }
}

landlord::~landlord()
{
    try {
        auto s = db.connect();
        for (auto const &each : roles_) {
            s.run("DROP OWNED BY " + each + " CASCADE");
            s.run("DROP ROLE " + each);
        }
    } catch (std::exception const &e) {
        fmt::print(stderr, "{}\n", e.what());
    }
}

std::string landlord::tenant(std::string const &attributes)
{
    role = fmt::format("{}_tenant{}", db.name(), roles_.size());
    db.psql("CREATE ROLE " + role + " LOGIN " + attributes);
    roles_.insert(roles_.begin(), role); // before what it may have been made a member of
    return role;
}

void landlord::give_ledger() const
{
    db.psql(pgtend({"init", "--print-grants", role}).out);
}

finished landlord::run(std::vector<std::string> args) const
{
    return run_at(db.dsn(role), std::move(args));
}

finished landlord::run_at(std::string const &dsn, std::vector<std::string> args) const
{
    args.insert(args.begin(), {"-c", config, "-d", dsn});
    return pgtend(args);
}

} // namespace pgtend::test

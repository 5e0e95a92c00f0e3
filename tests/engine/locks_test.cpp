// SPDX-License-Identifier: Apache-2.0
// Locks that others hold: nobody queues behind us for long, the holder is named, autovacuum yields.
#include <doctest/doctest.h>

#include <atomic>

#include "engine/locks.hpp"
#include "workbench.hpp"

using namespace pgtend;
using namespace pgtend::test;
using engine::step_status;
using plan::lock_mode;

namespace {

std::vector<plan::lock> lock_t(lock_mode mode)
{
    return {{R"("public"."t")", mode}};
}

plan::statement add_column(std::string const &name)
{
    return sql("alter table public.t add column " + name + " int",
               lock_t(lock_mode::access_exclusive));
}

constexpr auto margin = milliseconds{200};

// The server's naptime of autovacuum, as long as this lives.
class naptime {
  public:
    ~naptime() { set("alter system reset autovacuum_naptime"); }
    void is(std::string const &time)
    {
        set("alter system set autovacuum_naptime = '" + time + "'");
    }

  private:
    static void set(std::string const &statement)
    {
        auto s = test::open(server_dsn());
        s.run(statement);
        s.run("select pg_reload_conf()");
    }
};

// Runs `statement` all the time on a session of its own; the longest that it took.
class bystander {
  public:
    bystander(workbench &w, std::string statement)
        : session_{w.db.connect()}, thread_{[this, statement](std::stop_token const &stop) {
              while (!stop.stop_requested()) {
                  auto const start = std::chrono::steady_clock::now();
                  session_.run(statement);
                  longest_ = std::max<long long>(longest_.load(), since(start).count());
                  ++count_;
                  std::this_thread::sleep_for(milliseconds{2});
              }
          }}
    {
    }
    milliseconds longest() const { return milliseconds{longest_ / 1000}; }
    int count() const { return count_; }

  private:
    pg::session session_;
    std::atomic<long long> longest_{0};
    std::atomic<int> count_{0};
    std::jthread thread_;
};

} // namespace

TEST_SUITE_BEGIN("db");

TEST_CASE("a table that another session holds: given up in time, the holder named, nobody queued, "
          "the rest goes on")
{
    workbench w;
    w.db.psql("create table t (i int); create table u (i int)");
    auto holder = w.db.connect();
    holder.run("set application_name = 'night report'");
    holder.begin();
    holder.run(
        "select count(*) from t"); // ACCESS SHARE: only what needs ACCESS EXCLUSIVE is in its way
    bystander const reader{w, "select count(*) from t"};
    bystander const writer{w, "insert into t values (1)"};
    auto around = w.environment();
    around.settings.lock = {.attempt = milliseconds{100}, .deadline = milliseconds{1500}};
    plan::plan p = one(step("alter", {add_column("j")}));
    p.steps.push_back(step("other", {sql("insert into u values (1)")}, 0));
    auto const start = w.time.steady();
    auto const r = execute(around, std::move(p));
    auto const took = since(start);
    CHECK(took >= milliseconds{1500});
    CHECK(took < milliseconds{3000});
    CHECK(!r.ended_by);
    REQUIRE(r.steps[0].problem);
    auto const &e = *r.steps[0].problem;
    CHECK(e.sqlstate() == "55P03");
    CHECK(e.code() == exit_code::failed);
    CAPTURE(describe(e));
    CHECK(e.message().find("public.t") != std::string::npos);
    CHECK(e.message().find("pid " + std::to_string(holder.backend_pid())) != std::string::npos);
    CHECK(e.message().find("application \"night report\"") != std::string::npos);
    CHECK(e.message().find("user \"postgres\"") != std::string::npos);
    CHECK(e.message().find("idle in transaction, in a transaction since 20") != std::string::npos);
    CHECK(e.message().find("query: select count(*) from t") != std::string::npos);
    CHECK(e.message().find("holds ACCESS SHARE") != std::string::npos);
    CHECK(e.hint().find("pg_terminate_backend(" + std::to_string(holder.backend_pid()) + ")") !=
          std::string::npos);
    CHECK(e.statement().find("alter table") != std::string::npos);
    CHECK(r.steps[0].attempts == 0); // it looked, and never stood in the queue
    CHECK(r.steps[1].status == step_status::succeeded);
    CHECK(w.watcher.retries.size() >= 2);
    CHECK(reader.count() > 20);
    CHECK(writer.count() > 20);
    // Nobody waits at all (an attempt would show as 100 ms and more); the margin is for busy cores.
    CHECK(reader.longest() < milliseconds{100} + margin);
    CHECK(writer.longest() < milliseconds{100} + margin);
}

TEST_CASE("it comes back when the holder is gone")
{
    workbench w;
    w.db.psql("create table t (i int)");
    auto holder = w.db.connect();
    holder.begin();
    holder.run("lock table t in access exclusive mode");
    w.watcher.on_retry = [&] { holder.rollback(); };
    auto const r = execute(w.environment(), one(step("alter", {add_column("j")})));
    CHECK(r.succeeded());
    CHECK(r.steps[0].attempts == 1);
    CHECK(w.watcher.retries.size() == 1);
}

TEST_CASE("a lock that comes between look and attempt costs the others one attempt, not more")
{
    workbench w;
    w.db.psql("create table t (i int); create table gate (i int)");
    // The first statement of the transaction lets the holder come after the look, before the ALTER
    // TABLE.
    auto holder = w.db.connect();
    std::atomic<bool> came{false};
    auto gate = w.db.connect();
    gate.begin();
    gate.run("lock table gate in access exclusive mode");
    std::jthread const comer{[&] {
        REQUIRE(eventually([&] {
            return w.db.value("select count(*) from pg_locks where not granted and database = "
                              "(select oid from pg_database "
                              "where datname = current_database())") == "1";
        }));
        holder.begin();
        holder.run("select count(*) from t");
        came = true;
        gate.rollback();
    }};
    bystander const reader{w, "select count(*) from t"};
    auto around = w.environment();
    around.settings.lock = {.attempt = milliseconds{300}, .deadline = milliseconds{1200}};
    auto const r =
        execute(around, one(step("alter", {sql("select count(*) from gate"), add_column("j")})));
    CHECK(came);
    REQUIRE(r.first_problem() != nullptr);
    CHECK(r.first_problem()->sqlstate() == "55P03");
    CHECK(r.first_problem()->message().find("pid " + std::to_string(holder.backend_pid())) !=
          std::string::npos);
    CHECK(r.steps[0].attempts == 1);
    CHECK(reader.longest() >=
          milliseconds{150}); // the attempt was made, and it did stand in the way
    CHECK(reader.longest() < milliseconds{300} + margin);
}

TEST_CASE("transactions that come and go are no reason to wait")
{
    workbench w;
    w.db.psql("create table t (i int)");
    std::vector<std::unique_ptr<bystander>> crowd;
    for (int i = 0; i < 4; ++i) {
        // Always one of them is inside for 10 ms.
        crowd.push_back(std::make_unique<bystander>(w, "select count(*), pg_sleep(0.01) from t"));
    }
    auto const r = execute(w.environment(), one(step("alter", {add_column("j")})));
    CHECK(r.succeeded());
    CHECK(w.watcher.retries.size() <= 2);
    for (auto const &one_of : crowd) {
        CHECK(one_of->longest() < milliseconds{110} + margin);
    }
}

TEST_CASE("changing rows of a locked table gives up by the same deadline, and names the holder")
{
    workbench w;
    w.db.psql("create table t (i int)");
    auto holder = w.db.connect();
    holder.begin();
    holder.run("lock table t in access exclusive mode");
    auto around = w.environment();
    around.settings.lock.deadline = milliseconds{400};
    auto const start = w.time.steady();
    auto const r = execute(
        around,
        one(step("delete", {sql("delete from public.t", lock_t(lock_mode::row_exclusive))})));
    CHECK(since(start) < seconds{2});
    REQUIRE(r.first_problem() != nullptr);
    CHECK(r.first_problem()->sqlstate() == "55P03");
    CHECK(r.first_problem()->message().find("pid " + std::to_string(holder.backend_pid())) !=
          std::string::npos);
    CHECK(r.first_problem()->message().find("ACCESS EXCLUSIVE on public.t") != std::string::npos);
}

TEST_CASE("a task that sets a lock_timeout hears of a locked row at once, of a locked table after "
          "the deadline")
{
    workbench w;
    w.db.psql("create table t (i int); insert into t values (1)");
    auto holder = w.db.connect();
    for (bool const table : {false, true}) {
        CAPTURE(table);
        holder.begin();
        holder.run(table ? "lock table t in access exclusive mode" : "update t set i = i");
        plan::failure heard;
        int call = 0;
        auto around = w.environment();
        around.settings.lock.deadline = milliseconds{600};
        auto const start = w.time.steady();
        auto const r = execute(
            around,
            one(task("delete",
                     [&](plan::outcome const &last, plan::tally &) -> std::optional<plan::work> {
                         if (call++ > 0) {
                             heard = last.failed.value_or(plan::failure{});
                             return {};
                         }
                         auto remove =
                             sql("delete from public.t", lock_t(lock_mode::row_exclusive));
                         remove.lock_timeout = milliseconds{50};
                         return plan::work{.statements = {remove}};
                     })));
        CHECK(r.succeeded());
        CHECK(heard.sqlstate == "55P03");
        CHECK(heard.table_locked == table);
        CHECK((since(start) >= milliseconds{600}) == table);
        CHECK((r.steps[0].attempts > 1) == table);
        holder.rollback();
    }
}

TEST_CASE("an autovacuum worker in the way is made to yield")
{
    workbench w;
    w.db.psql("create table t (i int) with (autovacuum_vacuum_cost_delay = 100, "
              "autovacuum_vacuum_cost_limit = 1); "
              "insert into t select generate_series(1, 200000)");
    naptime autovacuum;
    autovacuum.is("1s");
    w.db.psql("delete from t where i % 2 = 0");
    auto const worker = [&] {
        return w.db.value("select count(*) from pg_stat_activity a join pg_locks l using (pid) "
                          "where backend_type = "
                          "'autovacuum worker' and datname = current_database() and l.relation = "
                          "'t'::regclass and granted");
    };
    auto const start = w.time.steady();
    while (worker() == "0" && since(start) < seconds{60}) {
        std::this_thread::sleep_for(milliseconds{50});
    }
    REQUIRE(worker() != "0");
    autovacuum.is("1h");
    auto around = w.environment();
    around.settings.lock = {.attempt = milliseconds{100}, .deadline = seconds{10}};
    auto const begun = w.time.steady();
    auto const r =
        execute(around, one(step("alter", {sql("alter table public.t set (fillfactor = 90)",
                                               lock_t(lock_mode::share_update_exclusive))})));
    CAPTURE(r.first_problem() == nullptr ? "" : describe(*r.first_problem()));
    CHECK(r.succeeded());
    CHECK(r.steps[0].attempts <= 3); // a worker may come between look and attempt
    CHECK(since(begun) >
          milliseconds{900}); // deadlock_timeout, after which autovacuum is cancelled
}

TEST_CASE("a prepared transaction in the way is named")
{
    workbench w;
    w.db.psql("create table t (i int)");
    auto s = w.db.connect();
    auto const id = w.db.name() + "_two";
    s.run("begin");
    s.run("insert into t values (1)");
    s.run("prepare transaction '" + id + "'");
    auto around = w.environment();
    around.settings.lock.deadline = milliseconds{200};
    auto const r = execute(around, one(step("alter", {add_column("j")})));
    REQUIRE(r.first_problem() != nullptr);
    CHECK(r.first_problem()->message().find("the prepared transaction '" + id + "'") !=
          std::string::npos);
    CHECK(r.first_problem()->hint().find("ROLLBACK PREPARED '" + id + "'") != std::string::npos);
    s.run("rollback prepared '" + id + "'");
}

TEST_CASE("a role that may not see what others do names what it can")
{
    workbench w;
    auto const role = w.db.name() + "_limited";
    w.db.psql("create role " + role + " login; grant create on schema public to " + role);
    w.db.psql("create table t (i int); alter table t owner to " + role);
    auto holder = w.db.connect();
    holder.run("set application_name = 'secret report'");
    holder.begin();
    holder.run("select count(*), 'secret text' from t");
    auto around = w.environment(role);
    around.settings.lock.deadline = milliseconds{200};
    auto const r = execute(around, one(step("alter", {add_column("j")})));
    REQUIRE(r.first_problem() != nullptr);
    auto const message = r.first_problem()->message();
    CAPTURE(message);
    CHECK(message.find("pid " + std::to_string(holder.backend_pid())) != std::string::npos);
    CHECK(message.find("secret report") != std::string::npos);
    CHECK(message.find("secret text") == std::string::npos);
    holder.rollback();
    w.db.psql("drop owned by " + role + "; drop role " + role);
}

TEST_CASE("statements outside a transaction take part in the lock protocol")
{
    workbench w;
    w.db.psql("create table t (i int)");
    auto holder = w.db.connect();
    holder.begin();
    holder.run("lock table t in share mode");
    auto around = w.environment();
    around.settings.lock.deadline = milliseconds{300};
    auto const vacuum = [] {
        return one(
            alone("vacuum", sql("vacuum public.t", lock_t(lock_mode::share_update_exclusive))));
    };
    auto const r = execute(around, vacuum());
    REQUIRE(r.first_problem() != nullptr);
    CHECK(r.first_problem()->message().find("pid " + std::to_string(holder.backend_pid())) !=
          std::string::npos);
    CHECK(r.steps[0].attempts == 0);
    holder.rollback();
    CHECK(execute(around, vacuum()).succeeded());
}

TEST_CASE("CONCURRENTLY waits for old transactions without any limit of its own")
{
    workbench w;
    w.db.psql("create table t (i int); create table u (i int)");
    auto old = w.db.connect();
    old.begin(pg::isolation::repeatable_read);
    old.run("select count(*) from u"); // a snapshot, no lock on t
    auto create = sql("create index concurrently i on public.t (i)",
                      lock_t(lock_mode::share_update_exclusive));
    create.concurrently = true;
    auto around = w.environment();
    around.settings.statement_timeout = milliseconds{100};
    around.settings.lock = {.attempt = milliseconds{50}, .deadline = milliseconds{200}};
    around.deadline = w.time.steady() + milliseconds{300};
    std::jthread const finisher{[&] {
        std::this_thread::sleep_for(milliseconds{700});
        old.rollback();
    }};
    auto const r = execute(around, one(alone("index", create)));
    CAPTURE(r.first_problem() == nullptr ? "" : describe(*r.first_problem()));
    CHECK(r.steps[0].status == step_status::succeeded);
    CHECK(w.db.value("select indisvalid from pg_index where indexrelid = 'i'::regclass") == "t");
}

TEST_CASE("CONCURRENTLY does not begin while old transactions are open: given up in time, nothing "
          "left behind")
{
    workbench w;
    w.db.psql("create table t (i int); create table u (i int)");
    auto old = w.db.connect();
    old.run("set application_name = 'the-old-one'");
    old.begin(pg::isolation::repeatable_read);
    old.run("select count(*) from u");
    REQUIRE(eventually([&] {
        return w.db.value("select count(*) from pg_stat_activity where application_name = "
                          "'the-old-one' and xact_start < clock_timestamp() - interval '1.1 s'") ==
               "1";
    }));
    auto create = sql("create index concurrently i on public.t (i)",
                      lock_t(lock_mode::share_update_exclusive));
    create.concurrently = true;
    auto around = w.environment();
    around.settings.lock = {.attempt = milliseconds{50}, .deadline = milliseconds{300}};
    auto const r = execute(around, one(alone("index", create)));
    REQUIRE(r.first_problem() != nullptr);
    CHECK(r.first_problem()->message().find("the-old-one") != std::string::npos);
    CHECK(r.first_problem()->sqlstate() == "55P03");
    CHECK(!r.begun);
    CHECK(w.db.value("select count(*) from pg_class where relname = 'i'") == "0");
    old.rollback();
    CHECK(execute(around, one(alone("index", create))).succeeded());
}

TEST_CASE("the lock table of the manual is this server's")
{
    workbench w;
    w.db.psql("create table t (i int)");
    auto first = w.db.connect(), second = w.db.connect();
    for (int a = 0; a < 8; ++a) {
        first.begin();
        first.run("lock table t in " + std::string{plan::name(static_cast<lock_mode>(a))} +
                  " mode");
        CHECK(
            w.db.value("select count(*) from pg_locks where relation = 't'::regclass and mode = '" +
                       std::string{plan::catalog_name(static_cast<lock_mode>(a))} + "'") == "1");
        for (int b = 0; b < 8; ++b) {
            CAPTURE(a);
            CAPTURE(b);
            second.begin();
            bool refused = false;
            try {
                second.run("lock table t in " + std::string{plan::name(static_cast<lock_mode>(b))} +
                           " mode nowait");
            } catch (error const &e) {
                refused = e.sqlstate() == "55P03";
            }
            second.rollback();
            CHECK(refused == plan::conflict(static_cast<lock_mode>(a), static_cast<lock_mode>(b)));
            auto const holders =
                engine::find_holders(second, {{R"("public"."t")", static_cast<lock_mode>(b)}});
            CHECK(holders.size() == (refused ? 1 : 0));
        }
        first.rollback();
    }
}

TEST_CASE("names of other schemas, unqualified ones and missing ones")
{
    workbench w;
    w.db.psql(
        R"(create schema "s "".x"; create table "s "".x"."T;--" (i int); create table t (i int))");
    auto holder = w.db.connect();
    holder.begin();
    holder.run(R"(lock table "s "".x"."T;--", t in access exclusive mode)");
    auto asker = w.db.connect();
    auto const who = [&](std::string const &relation) {
        return engine::find_holders(asker, {{relation, lock_mode::access_exclusive}});
    };
    CHECK(who(R"("s "".x"."T;--")").size() == 1);
    CHECK(who(R"("s "".x"."T;--")").at(0).relation == R"("s "".x"."T;--")");
    CHECK(who(R"("t")").size() == 1);
    CHECK(who(R"("public"."t")").size() == 1);
    CHECK(who(R"("public"."nowhere")").empty());
    CHECK(who(R"("pg_catalog"."t")").empty());
    auto const seen = engine::look(asker,
                                   {{R"("s "".x"."T;--")", lock_mode::access_exclusive},
                                    {R"("public"."nowhere")", lock_mode::access_exclusive},
                                    {R"("public"."t")", lock_mode::share}},
                                   {}, [](microseconds) {});
    CHECK(seen.existing == 2);
    CHECK(seen.in_the_way.size() == 2);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("nodb");

TEST_CASE("an attempt is shared among the relations that it may wait for")
{
    engine::sight seen;
    CHECK(engine::attempt_timeout(milliseconds{100}, seen) == milliseconds{100});
    seen.existing = 4;
    CHECK(engine::attempt_timeout(milliseconds{100}, seen) == milliseconds{25});
    seen.existing = 50;
    CHECK(engine::attempt_timeout(milliseconds{100}, seen) == milliseconds{10});
    seen.only_yielding = true;
    seen.deadlock_timeout = seconds{1};
    CHECK(engine::attempt_timeout(milliseconds{100}, seen) == milliseconds{1500});
}

TEST_CASE("many holders are not all described")
{
    std::vector<engine::holder> all;
    for (int i = 0; i < 5; ++i) {
        all.push_back({.relation = "public.t",
                       .mode = "SHARE",
                       .transaction = "1/" + std::to_string(i),
                       .pid = std::to_string(i)});
    }
    auto const text = engine::describe(all);
    CHECK(text.starts_with("pid 0 holds SHARE on public.t; pid 1"));
    CHECK(text.ends_with("and 2 more"));
}

TEST_SUITE_END();

// SPDX-License-Identifier: Apache-2.0
// What job show says at three in the morning.
#include <doctest/doctest.h>

#include "base/duration.hpp"
#include "jobs/in_words.hpp"
#include "jobs/story.hpp"
#include "stage.hpp"

using namespace pgtend;
using namespace std::chrono_literals;
using jobs::slot_fate;
using ledger::run_status;
using test::at;

namespace {

constexpr char slot[] = "2026-01-02T02:00:00Z";
constexpr char now[] = "2026-01-02T03:00:00Z";

// A job of each night at two, at three o'clock: it was registered the day before, and what is
// changed here is what the ledger says.
struct night {
    model::job job{.name = "nightly",
                   .target = {},
                   .schedule_text = "0 2 * * *",
                   .schedule = cron::expression::parse("0 2 * * *"),
                   .time_zone = "UTC",
                   .policy = {},
                   .action = model::cleanup_action{},
                   .at = {}};
    ledger::overview seen;
    ledger::job_state state;
    std::vector<ledger::history_row> runs;

    night()
    {
        seen.server_time = at(now);
        seen.evaluated_at = at(now) - 20s;
        state.job = job.name;
        state.known = true;
        state.schedule = job.schedule_text;
        state.time_zone = job.time_zone;
        state.counts_from = state.last_slot = at("2026-01-01T12:00:00Z");
        state.evaluated_at = seen.evaluated_at;
    }

    ledger::history_row &run(run_status status, std::string const &error = {})
    {
        auto &row = *runs.emplace(runs.begin());
        row.run = static_cast<long long>(runs.size());
        row.job = job.name;
        row.slot = at(slot);
        row.status = status;
        row.started = at(slot) + 2s;
        row.finished = at(slot) + 5s;
        row.rows = 1204;
        row.holder = "host-a/77/x";
        row.error = error;
        state.last_slot = at(slot);
        return row;
    }

    jobs::story tell()
    {
        auto const choice = jobs::decide(job, state, seen.all_paused, zone::load(job.time_zone),
                                         {seen.server_time, seen.server_time});
        return jobs::tell(
            {.job = job, .seen = seen, .state = state, .choice = choice, .runs = runs});
    }
};

bool has(std::string const &text, std::string const &part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_SUITE("nodb")
{
    TEST_CASE("it ran: when next, and how it went")
    {
        night n;
        n.job.time_zone = n.state.time_zone = "Africa/Kinshasa"; // the slot is 01:00 UTC
        n.run(run_status::succeeded).slot = at("2026-01-02T01:00:00Z");
        auto const s = n.tell();
        CHECK(s.fate == slot_fate::ran);
        CHECK(s.next == "in 22 h: 2026-01-03T02:00:00+01:00");
        CHECK(s.last == "succeeded 59 min 55 s ago, 1,204 rows in 3 s, for the slot of "
                        "2026-01-02T02:00:00+01:00");
        CHECK(has(s.what, "it ran"));
        CHECK(s.also.empty());
        CHECK(s.advice.empty());
    }

    TEST_CASE("it failed: the error, and the server's hint")
    {
        night n;
        n.run(run_status::failed, "permission denied for table t").sqlstate = "42501";
        n.runs[0].hint = "GRANT DELETE ON t TO keeper;";
        auto const s = n.tell();
        CHECK(s.fate == slot_fate::failed);
        CHECK(has(s.what, "permission denied for table t (SQLSTATE 42501)"));
        CHECK(s.advice == "GRANT DELETE ON t TO keeper;");
        n.runs[0].status = run_status::timed_out;
        CHECK(has(n.tell().what, "was over its time limit"));
    }

    TEST_CASE("it was passed over, with the reason that was noted")
    {
        night n;
        n.run(run_status::skipped, "missed: found 3 h late, over the limit of 1 h");
        auto const s = n.tell();
        CHECK(s.fate == slot_fate::skipped);
        CHECK(has(s.what, "missed: found 3 h late"));
        CHECK(s.last == "never ran, as far as the history goes back");
    }

    TEST_CASE("nobody looked in time: max_age, before any tick has noted it")
    {
        night n;
        n.job.policy.max_age = 30min;
        n.seen.evaluated_at = at("2026-01-02T01:50:00Z");
        auto const s = n.tell();
        CHECK(s.fate == slot_fate::skipped);
        CHECK(has(s.what, "over the limit of 30 min"));
        CHECK(has(s.what, "a tick last looked 1 h 10 min ago"));
        CHECK(has(s.advice, "called each minute?"));
    }

    TEST_CASE("it is due, and no tick came")
    {
        night n;
        n.seen.evaluated_at = at("2026-01-02T01:50:00Z");
        auto const s = n.tell();
        CHECK(s.fate == slot_fate::waiting);
        CHECK(has(s.what, "due since 1 h"));
        CHECK(has(s.advice, "called each minute"));
        n.seen.evaluated_at = at(now) - 20s;
        CHECK(has(n.tell().advice, "--max-parallel"));
        n.seen.server_time = at("2026-01-02T02:00:30Z");
        CHECK(n.tell().advice.empty());
    }

    TEST_CASE("paused, itself or with all others, and why")
    {
        night n;
        n.state.paused = true;
        n.state.paused_because = "migration";
        auto s = n.tell();
        CHECK(s.fate == slot_fate::paused);
        CHECK(s.what == "it did not run: the job is paused: migration");
        CHECK(s.advice == "pgtend job resume nightly");
        n.seen.all_paused = true;
        CHECK(n.tell().advice == "pgtend job resume --all");
        n.run(run_status::succeeded); // paused after it ran
        s = n.tell();
        CHECK(s.fate == slot_fate::ran);
        CHECK(has(s.also, "all jobs of this database are paused"));
    }

    TEST_CASE("the breaker is open: until when, and what closes it")
    {
        night n;
        n.state.failures = 6;
        n.state.failed_at = at("2026-01-02T02:55:00Z");
        auto s = n.tell();
        CHECK(s.fate == slot_fate::breaker);
        CHECK(has(s.what, "failed 6 times in a row"));
        CHECK(has(s.what, "2026-01-02T03:05:00+00:00, in 5 min"));
        CHECK(has(s.advice, "pgtend job reset nightly"));
        n.run(run_status::failed, "division by zero");
        s = n.tell();
        CHECK(s.fate == slot_fate::failed);
        CHECK(has(s.also, "breaker is open until"));
    }

    TEST_CASE("held by a runner: which one, since when")
    {
        night n;
        n.run(run_status::running).finished.reset();
        n.state.holder = "host-a/77/x";
        n.state.lease_until = at(now) + 20s;
        auto s = n.tell();
        CHECK(s.fate == slot_fate::running);
        CHECK(
            has(s.what, "running on host-a/77/x since 2026-01-02T02:00:02+00:00, 59 min 58 s ago"));
        CHECK(has(s.last, "it goes on"));
        n.runs[0].slot = at("2026-01-01T02:00:00Z");
        CHECK(has(n.tell().what, "passed over (overlap: skip)"));
        n.job.policy.overlap = model::overlap::queue;
        CHECK(has(n.tell().what, "what falls due meanwhile waits"));
    }

    TEST_CASE("its runner died, before and after somebody noticed")
    {
        night n;
        n.run(run_status::running).finished.reset();
        n.state.holder = "host-a/77/x";
        n.state.lease_until = at(now) - 20s;
        n.state.open_slot = at(slot);
        n.state.open_status = run_status::lost;
        n.state.open_attempts = 1;
        auto s = n.tell();
        CHECK(s.fate == slot_fate::left_undone);
        CHECK(has(
            s.what,
            "host-a/77/x began 59 min 58 s ago, and its lease ran out 20 s ago: it was killed"));
        n.runs[0].status = run_status::lost;
        n.runs[0].finished = at(now) - 10s;
        n.state.holder.clear();
        n.state.finished_at = n.runs[0].finished;
        CHECK(has(n.tell().what, "was lost 10 s ago; the next tick takes it up again"));
        n.state.open_attempts = 5;
        CHECK(has(n.tell().what, "left undone after 5 attempts"));
        n.state.open_attempts = 1;
        n.job.action = model::sql_action{.text = "select 1"};
        CHECK(has(n.tell().what, "idempotent: true"));
    }

    TEST_CASE("no session for work can be had")
    {
        night n;
        n.seen.connect_failures = 3;
        n.seen.connect_failed_at = at(now) - 10s;
        auto const s = n.tell();
        CHECK(s.fate == slot_fate::no_sessions);
        CHECK(has(s.what, "3 times in a row, and the next try comes in 50 s"));
    }

    TEST_CASE("never due yet, a changed schedule, a job that no tick has seen, a disabled one")
    {
        night n;
        n.state.counts_from = n.state.last_slot = at("2026-01-02T02:30:00Z");
        auto s = n.tell();
        CHECK(s.fate == slot_fate::not_due_yet);
        CHECK(has(s.what, "counts from 2026-01-02T02:30:00+00:00"));

        n.state.schedule = "0 1 * * *";
        n.state.counts_from = at("2026-01-01T12:00:00Z");
        n.state.evaluated_at = at("2026-01-02T02:59:00Z");
        s = n.tell();
        CHECK(s.fate == slot_fate::not_due_yet);
        CHECK(has(s.what, "the schedule was changed since a tick looked, from '0 1 * * *' in UTC"));

        n.state.known = false;
        s = n.tell();
        CHECK(s.fate == slot_fate::unseen);
        CHECK(has(s.what, "a tick last looked 20 s ago"));
        CHECK(has(s.advice, "with this file"));
        n.seen.evaluated_at.reset();
        CHECK(has(n.tell().what, "no tick has come yet"));

        n.job.enabled = false;
        s = n.tell();
        CHECK(s.fate == slot_fate::disabled);
        CHECK(s.next == "never");
    }

    TEST_CASE("done, as the ledger says, though the run is no more in the history")
    {
        night n;
        n.state.last_slot = at(slot);
        CHECK(n.tell().fate == slot_fate::done);
    }

    TEST_CASE("what each kind of job does, on one line")
    {
        auto const t = parse_qualified_name("public.t");
        CHECK(jobs::in_words(
                  model::cleanup_action{.from = {{t, "a <\n  now()", {}}}, .batches = {}}) ==
              "deletes rows of public.t where a < now()");
        CHECK(jobs::in_words(model::expire_action{
                  .in = {{t, "old", {}}}, .set = {{"state", "gone", false, {}}}, .batches = {}}) ==
              "sets state in rows of public.t where old");
        CHECK(jobs::in_words(model::refresh_action{.matviews = {t}}) ==
              "refreshes public.t, concurrently when it can be");
        CHECK(jobs::in_words(model::vacuum_action{.tables = {}, .analyze = true}) ==
              "vacuums and analyzes every table that is due");
        CHECK(jobs::in_words(model::vacuum_action{
                  .tables = {t}, .vacuum = false, .analyze = true}) == "analyzes public.t");
        CHECK(jobs::in_words(model::partition_action{.tables = {t}}) ==
              "creates the partitions that are missing of public.t");
        CHECK(jobs::in_words(model::sql_action{.text = "select 1; select 2"}) ==
              "runs SQL (2 statements, one transaction): select 1; select 2");
        CHECK(jobs::in_words(model::watch_action{
                  .query = "select k from x", .key = "k", .insert_into = t, .columns = {"k"}}) ==
              "looks for findings, and inserts each new k into public.t: select k from x");
        CHECK(jobs::in_words(model::sql_action{.text = std::string(1000, 'x') + "\x1b"}).size() <
              200);
    }
}

// SPDX-License-Identifier: Apache-2.0
// job show: one job in words.
#include <memory>

#include "base/duration.hpp"
#include "jobs/in_words.hpp"
#include "jobs/story.hpp"
#include "tools/command_files.hpp"
#include "tools/job_views.hpp"
#include "zone/zone.hpp"

namespace pgtend::tools {
namespace {

// So many runs of the job are looked through for its newest slot; so many of them are shown.
constexpr int looked_through = 20;
constexpr std::size_t shown = 5;

report::tone fate_tone(jobs::slot_fate fate)
{
    using jobs::slot_fate;
    switch (fate) {
    case slot_fate::ran:
        return report::tone::good;
    case slot_fate::failed:
    case slot_fate::left_undone:
    case slot_fate::breaker:
    case slot_fate::no_sessions:
        return report::tone::bad;
    case slot_fate::skipped:
    case slot_fate::paused:
    case slot_fate::waiting:
    case slot_fate::unseen:
    case slot_fate::disabled:
        return report::tone::warn;
    case slot_fate::running:
    case slot_fate::done:
    case slot_fate::not_due_yet:
        break;
    }
    return report::tone::plain;
}

report::field told(std::string const &key, std::string const &title, std::string const &text)
{
    return {key, text.empty() ? "" : title, report::or_null(text)};
}

exit_code show(context &c, std::string const &name)
{
    auto const where = c.only_destination();
    auto control = c.open_control(where, false);
    ledger::ledger book{control.session};
    auto const known = survey(c, where, book);
    auto const &job = known.jobs.find_job(name);
    auto const at = static_cast<std::size_t>(&job - known.jobs.jobs.data());
    auto const &state = known.seen.jobs.at(at);
    auto const in = zone::load(job.time_zone);
    auto const now = known.seen.server_time;
    auto const choice = jobs::decide(job, state, known.seen.all_paused, in, {now, now});
    auto const next = job.enabled ? jobs::next_due(job, in, now) : std::nullopt;
    auto const limit = model::time_limit(job.policy);
    auto const breaker = jobs::breaker_of(job, state, now);
    auto runs = book.history({.job = job.name, .limit = looked_through});
    auto const story = jobs::tell(
        {.job = job, .seen = known.seen, .state = state, .choice = choice, .runs = runs});

    report::document out;
    out.schema = "pgtend/job-show/1";
    out.fields = {
        {"job", "job", {job.name}},
        {"does", "does", {jobs::in_words(job.action)}},
        {"means", "when", {job.schedule.describe()}},
        {"timezone", "time zone", {job.time_zone}},
        {"next", "next",
         next ? report::cell{*next, report::tone::plain, story.next} : report::cell{}},
        {"last", "last run", {story.last}},
        {"last_slot", "last slot",
         story.slot ? report::cell{*story.slot, report::tone::plain, in.format(*story.slot)}
                    : report::cell{}},
        {"fate", "", {std::string{jobs::name(story.fate)}}},
        {"what", "so", {story.what, fate_tone(story.fate)}},
        told("also", "beside", story.also),
        told("advice", "do", story.advice),
        {"kind", "kind", {std::string{model::kind(job.action)}}},
        {"declared_at", "declared at", {to_string(job.at)}},
        {"schedule", "schedule", {job.schedule_text}},
        {"state", "state", state_cell(job, state, known.seen, choice)},
        {"reason", "", {choice.reason}},
        {"holder", state.holder.empty() ? "" : "held by", {state.holder}},
        {"watermark", "done up to", report::or_null(state.last_slot)},
        {"open_slot", state.open_slot ? "left undone" : "", report::or_null(state.open_slot)},
        {"failures",
         state.failures > 0 ? "failed in a row" : "",
         {static_cast<long long>(state.failures)}},
        {"breaker", "breaker", {breaker_word(job, breaker)}},
        {"breaker_until", breaker.until ? "until" : "", report::or_null(breaker.until)},
        {"missed", "when missed", {std::string{model::name(job.policy.missed)}}},
        {"overlap", "when still running", {std::string{model::name(job.policy.overlap)}}},
        {"timeout", job.policy.window ? "window" : "timeout", {limit}}};
    for (auto &field : session_fields(known.seen)) {
        out.fields.push_back(std::move(field));
    }
    runs.resize(std::min(runs.size(), shown));
    out.tables.push_back(history_table(runs));
    c.print(out);
    return exit_code::ok;
}

} // namespace

action declare_job_show(options &o)
{
    auto name = std::make_shared<std::string>();
    o.positional("job", *name, "name of the job");
    o.example("-c kwenda.yaml job show cleanup-driver-locations",
              "what it does, when it runs next, how it went last and, if it did not run, why not");
    return [name](context &c) { return show(c, *name); };
}

} // namespace pgtend::tools

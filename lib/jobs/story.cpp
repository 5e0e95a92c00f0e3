// SPDX-License-Identifier: Apache-2.0
#include "jobs/story.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "jobs/breaker.hpp"

namespace pgtend::jobs {
namespace {

using ledger::run_status;

// A tick comes each minute; when none came for longer, somebody should look.
constexpr seconds overdue{150};

struct sentence {
    std::string text, advice = {};
};

class teller {
  public:
    explicit teller(story_of const &facts)
        : f_{facts}, in_{zone::load(facts.job.time_zone)}, now_{facts.seen.server_time}
    {
        slot_ = previous_slot(f_.job, in_, now_);
    }

    story tell()
    {
        story out;
        out.next = next();
        out.last = last();
        out.slot = slot_;
        auto const told = fate(out);
        out.what = told.text;
        out.advice = told.advice;
        hindrances(out);
        return out;
    }

  private:
    std::string when(instant at) const { return in_.format(std::chrono::floor<seconds>(at)); }
    std::string ago(instant at) const
    {
        return at <= now_ ? humanize(now_ - at) + " ago" : "in " + humanize(at - now_);
    }
    std::string resume() const
    {
        return f_.seen.all_paused ? "pgtend job resume --all" : "pgtend job resume " + f_.job.name;
    }
    std::string pause() const
    {
        auto const &because =
            f_.seen.all_paused ? f_.seen.all_paused_because : f_.state.paused_because;
        return std::string{f_.seen.all_paused ? "all jobs of this database are paused"
                                              : "the job is paused"} +
               (because.empty() ? "" : ": " + because);
    }
    bool paused() const { return f_.seen.all_paused || f_.state.paused; }
    bool held() const
    {
        return !f_.state.holder.empty() && f_.state.lease_until && *f_.state.lease_until > now_;
    }
    std::string lease_ended() const
    {
        return f_.state.lease_until && *f_.state.lease_until <= now_
                   ? "its lease ran out " + ago(*f_.state.lease_until)
                   : "its lease is over";
    }
    bool changed() const
    {
        return f_.state.schedule != f_.job.schedule_text || f_.state.time_zone != f_.job.time_zone;
    }
    breaker own() const { return breaker_of(f_.job, f_.state, now_); }
    std::string ticks() const
    {
        return f_.seen.evaluated_at ? "a tick last looked " + ago(*f_.seen.evaluated_at)
                                    : "no tick has come yet";
    }

    std::string next() const
    {
        auto const at = f_.job.enabled ? next_due(f_.job, in_, now_) : std::nullopt;
        return at ? "in " + humanize(*at - now_) + ": " + in_.format(*at) : "never";
    }

    // The newest run that was more than skipped.
    std::string last() const
    {
        auto const run = std::find_if(f_.runs.begin(), f_.runs.end(), [](auto const &each) {
            return each.status != run_status::skipped;
        });
        if (run == f_.runs.end()) {
            return "never ran, as far as the history goes back";
        }
        auto const of = run->slot ? "for the slot of " + when(*run->slot) : std::string{"by hand"};
        if (!run->finished) {
            return fmt::format("began {} on {}, {}; {}", ago(run->started), run->holder, of,
                               held() ? "it goes on"
                                      : lease_ended() +
                                            ": it was killed, or its end could not be recorded");
        }
        return fmt::format("{} {}, {} row{} in {}, {}{}", words(run->status), ago(*run->finished),
                           thousands(run->rows), run->rows == 1 ? "" : "s",
                           humanize(*run->finished - run->started), of,
                           run->error.empty() ? "" : ": " + first_line(run->error));
    }

    static std::string words(run_status status)
    {
        return status == run_status::timed_out     ? "was over its time limit"
               : status == run_status::interrupted ? "was interrupted"
               : status == run_status::lost        ? "was lost"
                                                   : std::string{name(status)};
    }

    sentence fate(story &out) const
    {
        if (!f_.job.enabled) {
            out.fate = slot_fate::disabled;
            return {"the file says enabled: false", "remove it at " + to_string(f_.job.at)};
        }
        if (!f_.state.known) {
            out.fate = slot_fate::unseen;
            return {"no tick with this file has noted the job yet; " + ticks(),
                    "call pgtend tick with this file each minute; the job counts from the first "
                    "one on"};
        }
        if (held()) {
            out.fate = slot_fate::running;
            return running();
        }
        auto const known = slot_
                               ? std::find_if(f_.runs.begin(), f_.runs.end(),
                                              [&](auto const &each) { return each.slot == slot_; })
                               : f_.runs.end();
        if (known != f_.runs.end()) {
            return of_run(*known, out);
        }
        auto const from = changed() ? std::max(f_.state.evaluated_at, f_.state.counts_from)
                                    : f_.state.counts_from;
        if (!slot_ || (from && *slot_ <= *from)) {
            out.fate = slot_fate::not_due_yet;
            return {changed() ? "the schedule was changed since a tick looked, from " +
                                    in_quotes(f_.state.schedule) + " in " + f_.state.time_zone +
                                    "; none of its slots is due yet"
                              : "it was never due yet: the schedule counts from " +
                                    (from ? when(*from) : "now")};
        }
        return not_run(out);
    }

    sentence running() const
    {
        auto const run = std::find_if(f_.runs.begin(), f_.runs.end(), [](auto const &each) {
            return each.status == run_status::running;
        });
        auto text = "it is running on " + f_.state.holder;
        if (run != f_.runs.end()) {
            text += " since " + when(run->started) + ", " + ago(run->started);
            if (slot_ && run->slot && *run->slot < *slot_) {
                text += ", for the slot of " + when(*run->slot) +
                        (f_.job.policy.overlap == model::overlap::skip &&
                                 f_.job.policy.missed != model::missed::all
                             ? "; slots that fall due meanwhile are passed over (overlap: skip)"
                             : "; what falls due meanwhile waits");
            }
        }
        return {text, "that is host, process and a random mark; ending the process hands the job "
                      "over after 30 seconds"};
    }

    sentence of_run(ledger::history_row const &run, story &out) const
    {
        auto const end = run.finished ? ago(*run.finished) : std::string{};
        auto const why = run.error.empty() ? "" : ": " + first_line(run.error);
        auto const state = run.sqlstate.empty() ? "" : " (SQLSTATE " + run.sqlstate + ")";
        switch (run.status) {
        case run_status::succeeded:
            out.fate = slot_fate::ran;
            return {"it ran, and succeeded " + end};
        case run_status::skipped:
            out.fate = slot_fate::skipped;
            return {"it was passed over" + why,
                    "missed:, max_age: and overlap: of the job decide that"};
        case run_status::failed:
        case run_status::timed_out:
            out.fate = slot_fate::failed;
            return {"it ran, and " + words(run.status) + " " + end + why + state +
                        "; the slot is done, the next one tries again",
                    run.hint.empty()
                        ? "repair the cause; pgtend job run " + f_.job.name + " does it now"
                        : run.hint};
        case run_status::running: // and its lease is over
            out.fate = slot_fate::left_undone;
            return {"its runner " + run.holder + " began " + ago(run.started) + ", and " +
                        lease_ended() + ": it was killed, or its host is down",
                    "the next tick notes the run as lost, and takes the slot up again if it may; " +
                        ticks()};
        case run_status::lost:
        case run_status::interrupted:
            break;
        }
        out.fate = slot_fate::left_undone;
        auto const again = !f_.choice.reason.empty() ? f_.choice.reason
                           : f_.choice.claim         ? "the next tick takes it up again"
                                                     : "it is not taken up again";
        return {"its run " + words(run.status) + " " + end + why + state + "; " + again};
    }

    // The newest slot is due, counts, and the history has no run of it.
    sentence not_run(story &out) const
    {
        if (paused()) {
            out.fate = slot_fate::paused;
            return {"it did not run: " + pause(), resume()};
        }
        if (auto const breaker = own(); breaker.until) {
            out.fate = slot_fate::breaker;
            return broken(breaker);
        }
        if (auto const target = breaker_of(f_.seen); target.until && f_.choice.claim) {
            out.fate = slot_fate::no_sessions;
            return {"it did not run: " + no_sessions(target), "see the log of pgtend tick; then "
                                                              "pgtend job reset --all"};
        }
        if (f_.choice.claim) {
            out.fate = slot_fate::waiting;
            auto const due = due_at(f_.job, *f_.choice.claim);
            bool const looked = f_.seen.evaluated_at && *f_.seen.evaluated_at > due;
            return {"it is due since " + humanize(now_ - due) + ", and the next tick runs it; " +
                        ticks(),
                    now_ - due <= overdue ? ""
                    : looked
                        ? "the ticks since had no room for it: see --max-parallel of pgtend tick"
                        : "is pgtend tick called each minute?"};
        }
        if (!f_.choice.skipped.empty()) {
            out.fate = slot_fate::skipped;
            return {"nobody looked in time, and the next tick passes it over: " +
                        f_.choice.skipped.back().reason + "; " + ticks(),
                    "is pgtend tick called each minute? pgtend job run " + f_.job.name +
                        " does it now"};
        }
        if (!f_.choice.reason.empty()) {
            out.fate = slot_fate::left_undone;
            return {f_.choice.reason};
        }
        out.fate = slot_fate::done;
        return {"the ledger counts it as done, and the history has no run of it: a newer one was "
                "run in its place, or its run was purged"};
    }

    sentence broken(breaker const &open) const
    {
        auto const failures = failures_of(f_.state, now_);
        return {"it is not tried: it " + failed_in_a_row(failures) +
                    ", and its breaker is open until " + when(*open.until) + ", " +
                    ago(*open.until),
                "repair the cause, then pgtend job reset " + f_.job.name};
    }

    std::string no_sessions(breaker const &target) const
    {
        return fmt::format("no session for work could be had {} times in a row, and the next try "
                           "comes {}",
                           f_.seen.connect_failures, ago(*target.until));
    }

    // What holds the job back from now on, unless that was told already.
    void hindrances(story &out) const
    {
        std::vector<std::string> all;
        if (paused() && out.fate != slot_fate::paused) {
            all.push_back(pause() + "; " + resume() + " lets it run");
        }
        if (auto const breaker = own(); breaker.until && out.fate != slot_fate::breaker) {
            auto const told = broken(breaker);
            all.push_back(told.text + "; " + told.advice);
        }
        if (auto const target = breaker_of(f_.seen);
            target.until && out.fate != slot_fate::no_sessions) {
            all.push_back(no_sessions(target));
        }
        if (auto const far = ahead(f_.job, f_.state, now_)) {
            all.push_back("the ledger is " + humanize(*far) +
                          " ahead of the server's clock, which was set back");
        }
        if (f_.state.known && changed() && out.fate != slot_fate::not_due_yet && f_.job.enabled) {
            all.push_back("the schedule was changed since a tick looked, from " +
                          in_quotes(f_.state.schedule) + " in " + f_.state.time_zone);
        }
        out.also = join(all, "; ");
    }

    story_of const &f_;
    zone in_;
    instant now_;
    std::optional<instant> slot_;
};

} // namespace

std::string_view name(slot_fate fate)
{
    switch (fate) {
    case slot_fate::ran:
        return "ran";
    case slot_fate::failed:
        return "failed";
    case slot_fate::skipped:
        return "skipped";
    case slot_fate::running:
        return "running";
    case slot_fate::left_undone:
        return "left_undone";
    case slot_fate::waiting:
        return "waiting";
    case slot_fate::paused:
        return "paused";
    case slot_fate::breaker:
        return "breaker";
    case slot_fate::no_sessions:
        return "no_sessions";
    case slot_fate::done:
        return "done";
    case slot_fate::not_due_yet:
        return "not_due_yet";
    case slot_fate::unseen:
        return "unseen";
    case slot_fate::disabled:
        return "disabled";
    }
    return {};
}

story tell(story_of const &facts)
{
    return teller{facts}.tell();
}

} // namespace pgtend::jobs

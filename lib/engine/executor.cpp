// SPDX-License-Identifier: Apache-2.0
#include "engine/executor.hpp"

#include <algorithm>
#include <mutex>
#include <thread>

#include "engine/control.hpp"
#include "engine/schedule.hpp"
#include "engine/worker.hpp"

namespace pgtend::engine {

std::string_view name(cause why)
{
    switch (why) {
    case cause::interrupted:
        return "interrupted";
    case cause::timed_out:
        return "timed_out";
    case cause::lease_lost:
        return "lease_lost";
    case cause::terminated:
        return "terminated";
    case cause::session_lost:
        return "session_lost";
    case cause::outcome_unknown:
        return "outcome_unknown";
    case cause::cannot_connect:
        return "cannot_connect";
    }
    return "unknown";
}

bool result::succeeded() const
{
    return !ended_by && std::all_of(steps.begin(), steps.end(), [](step_result const &s) {
        return s.status == step_status::succeeded;
    });
}

plan::tally result::total() const
{
    plan::tally out;
    for (auto const &s : steps) {
        out.rows += s.tally.rows;
        out.left += s.tally.left;
        out.batches += s.tally.batches;
        if (s.tally.expected) {
            out.expected = out.expected.value_or(0) + *s.tally.expected;
        }
        out.notes.insert(out.notes.end(), s.tally.notes.begin(), s.tally.notes.end());
    }
    return out;
}

error const *result::first_problem() const
{
    for (auto const &s : steps) {
        if (s.status == step_status::failed && s.problem) {
            return &*s.problem;
        }
    }
    return ended_by ? &ended_by->problem : nullptr;
}

namespace {

class real_executor final : public executor {
  public:
    explicit real_executor(environment around) : around_{std::move(around)} {}

    result run(plan::plan work) override
    {
        result out{.steps = std::vector<step_result>(work.steps.size()), .notes = work.notes};
        if (work.empty()) {
            return out;
        }
        run_control control{around_};
        schedule order{work, around_.workers, out.steps,
                       [&](step_result const &how) { control.finished(how); }};
        {
            std::vector<std::jthread> others;
            for (int i = 1; i < order.workers(); ++i) {
                others.emplace_back([&, i] { work_off(work, order, control, i, out); });
            }
            work_off(work, order, control, 0, out);
        }
        out.ended_by = control.ended();
        out.begun = control.begun();
        out.lost_session = control.lost_session();
        if (out.ended_by) {
            order.skip_the_rest("not begun, because the run ended: " +
                                out.ended_by->problem.message());
        }
        return out;
    }

  private:
    void work_off(plan::plan &work, schedule &order, run_control &control, int number, result &out)
    {
        worker hands{control};
        try {
            control.check();
            hands.open();
        } catch (run_ended const &e) {
            control.end(e.why());
            order.stop();
            return;
        } catch (interrupted const &) {
            control.end(control.interruption());
            order.stop();
            return;
        } catch (std::exception const &e) {
            // One session is enough: a server that is full must not fail the run.
            if (!order.leave()) {
                auto const *known = dynamic_cast<error const *>(&e);
                control.end({cause::cannot_connect, known != nullptr ? *known : error{e.what()}});
            }
            std::lock_guard const lock{notes_};
            out.notes.push_back(std::string{"one work session less: "} + e.what());
            return;
        }
        while (auto const index = order.next(number)) {
            try {
                control.check();
            } catch (run_ended const &e) {
                order.give_back(*index);
                control.end(e.why());
                order.stop();
                return;
            }
            order.done(*index, hands.carry_out(work.steps[*index]));
            if (control.ended()) {
                order.stop();
            }
        }
    }

    environment around_;
    std::mutex notes_;
};

} // namespace

std::unique_ptr<executor> real(environment around)
{
    return std::make_unique<real_executor>(std::move(around));
}

} // namespace pgtend::engine

// SPDX-License-Identifier: Apache-2.0
#include "engine/schedule.hpp"

#include <algorithm>

#include "engine/lanes.hpp"

namespace pgtend::engine {

schedule::schedule(plan::plan const &work, int workers, std::vector<step_result> &results,
                   std::function<void(step_result const &)> skipped)
    : work_{work}, results_{results}, skipped_{std::move(skipped)},
      states_(work.steps.size(), state::waiting)
{
    auto const lane_of = lanes_of(work);
    for (std::size_t i = 0; i < work.steps.size(); ++i) {
        auto const &step = work.steps[i];
        if (std::any_of(step.after.begin(), step.after.end(),
                        [&](std::size_t a) { return a >= i; })) {
            throw error{"the step '" + step.title + "' waits for one that does not come before it"};
        }
        if (lane_of[i] == lanes_.size()) {
            free_.insert(lanes_.size());
            lanes_.emplace_back();
        }
        lanes_[lane_of[i]].steps.push_back(i);
    }
    mine_.resize(std::min(lanes_.size(), static_cast<std::size_t>(std::max(workers, 1))));
    left_ = static_cast<int>(mine_.size());
}

std::optional<std::size_t> schedule::next(int worker)
{
    std::unique_lock lock{mutex_};
    auto const &own = mine_.at(static_cast<std::size_t>(worker));
    for (;;) {
        if (stopped_) {
            return {};
        }
        if (auto const found = take(worker)) {
            states_[*found] = state::running;
            return found;
        }
        if (own.empty() && free_.empty()) {
            return {};
        }
        changed_.wait(lock);
    }
}

std::optional<std::size_t> schedule::take(int worker)
{
    auto &own = mine_[static_cast<std::size_t>(worker)];
    for (auto it = own.begin(); it != own.end();) {
        if (auto const found = ready(lanes_[*it])) {
            return found;
        }
        it = lanes_[*it].at == lanes_[*it].steps.size() ? own.erase(it) : std::next(it);
    }
    for (auto it = free_.begin(); it != free_.end();) {
        auto const number = *it;
        auto const found = ready(lanes_[number]);
        bool const over = lanes_[number].at == lanes_[number].steps.size();
        it = found || over ? free_.erase(it) : std::next(it);
        if (found) {
            own.insert(number);
            return found;
        }
    }
    return {};
}

// The lane's next step, when it may begin; passes over those whose condition has failed.
std::optional<std::size_t> schedule::ready(lane &of)
{
    for (; of.at < of.steps.size(); ++of.at) {
        auto const index = of.steps[of.at];
        for (auto const before : work_.steps[index].after) {
            if (states_[index] == state::waiting && states_[before] == state::done &&
                results_[before].status != step_status::succeeded) {
                skip(index, "not begun, because '" + results_[before].title + "' did not succeed");
            }
        }
        if (states_[index] == state::running || (states_[index] == state::waiting && !met(index))) {
            return {};
        }
        if (states_[index] == state::waiting) {
            return index;
        }
    }
    return {};
}

bool schedule::met(std::size_t index) const
{
    auto const &after = work_.steps[index].after;
    return std::all_of(after.begin(), after.end(),
                       [&](std::size_t i) { return states_[i] == state::done; });
}

void schedule::done(std::size_t index, step_result how)
{
    {
        std::lock_guard const lock{mutex_};
        results_[index] = std::move(how);
        states_[index] = state::done;
    }
    changed_.notify_all();
}

void schedule::give_back(std::size_t index)
{
    std::lock_guard const lock{mutex_};
    states_[index] = state::waiting;
}

void schedule::stop()
{
    {
        std::lock_guard const lock{mutex_};
        stopped_ = true;
    }
    changed_.notify_all();
}

bool schedule::leave()
{
    std::lock_guard const lock{mutex_};
    return --left_ > 0;
}

void schedule::skip_the_rest(std::string const &why)
{
    std::lock_guard const lock{mutex_};
    for (std::size_t i = 0; i < states_.size(); ++i) {
        if (states_[i] == state::waiting) {
            skip(i, why);
        }
    }
}

void schedule::skip(std::size_t index, std::string const &why)
{
    auto const &step = work_.steps[index];
    results_[index] = {
        .title = step.title, .object = step.object, .tally = {}, .problem = error{why}};
    states_[index] = state::done;
    skipped_(results_[index]);
    changed_.notify_all();
}

} // namespace pgtend::engine

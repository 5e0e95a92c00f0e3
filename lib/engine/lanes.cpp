// SPDX-License-Identifier: Apache-2.0
#include "engine/lanes.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <unordered_map>
#include <utility>

namespace pgtend::engine {
namespace {

// Sets of lanes; the smallest member stands for a set.
class joined {
  public:
    explicit joined(std::size_t count) : leader_(count)
    {
        std::iota(leader_.begin(), leader_.end(), std::size_t{0});
    }

    std::size_t leader(std::size_t of)
    {
        while (leader_[of] != of) {
            of = leader_[of] = leader_[leader_[of]];
        }
        return of;
    }

    void join(std::size_t a, std::size_t b)
    {
        a = leader(a);
        b = leader(b);
        leader_[std::max(a, b)] = std::min(a, b);
    }

  private:
    std::vector<std::size_t> leader_;
};

std::vector<plan::lock> locks_of(plan::step const &step)
{
    std::vector<plan::lock> out;
    if (auto const *together = std::get_if<plan::transaction>(&step.body)) {
        for (auto const &statement : together->statements) {
            out.insert(out.end(), statement.locks.begin(), statement.locks.end());
        }
    } else if (auto const *alone = std::get_if<plan::standalone>(&step.body)) {
        out = alone->body.locks;
    }
    return out; // a task takes row locks, and meets others' by itself
}

} // namespace

std::vector<std::size_t> lanes_of(plan::plan const &work)
{
    std::unordered_map<std::string, std::size_t> numbers;
    std::vector<std::size_t> lane(work.steps.size());
    for (std::size_t i = 0; i < work.steps.size(); ++i) {
        lane[i] = numbers.try_emplace(work.steps[i].lane, numbers.size()).first->second;
    }
    joined sets{numbers.size()};
    // Who holds a relation in which mode. Lanes that were joined are one: the first stands for all,
    // so that a thousand lanes on one relation cost a thousand steps and not half a million.
    std::unordered_map<std::string, std::map<plan::lock_mode, std::vector<std::size_t>>> holders;
    for (std::size_t i = 0; i < work.steps.size(); ++i) {
        for (auto const &wanted : locks_of(work.steps[i])) {
            auto &modes = holders[wanted.relation];
            for (auto &[mode, lanes] : modes) {
                bool const waits = plan::needs_lock_protocol(wanted) ||
                                   plan::needs_lock_protocol({wanted.relation, mode});
                if (waits && plan::conflict(mode, wanted.mode)) {
                    for (auto const other : lanes) {
                        sets.join(lane[i], other);
                    }
                    lanes.resize(std::min<std::size_t>(lanes.size(), 1));
                }
            }
            auto &same = modes[wanted.mode];
            if (same.empty() || sets.leader(same.back()) != sets.leader(lane[i])) {
                same.push_back(lane[i]);
            }
        }
    }
    std::unordered_map<std::size_t, std::size_t> order;
    for (auto &number : lane) {
        number = order.try_emplace(sets.leader(number), order.size()).first->second;
    }
    return lane;
}

} // namespace pgtend::engine

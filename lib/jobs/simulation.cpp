// SPDX-License-Identifier: Apache-2.0
#include "jobs/simulation.hpp"

#include <algorithm>
#include <map>
#include <queue>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/error.hpp"

namespace pgtend::jobs {
namespace {

// Of one run so many others on its table are looked at; the rest is counted.
constexpr std::size_t most_others = 8;

// Goes through all runs in the order of their starts, and knows which of them are under way.
class sweep {
  public:
    sweep(model::configuration const &all, simulation_request const &ask) : ask_{ask}
    {
        std::map<qualified_name, std::size_t> numbers;
        for (auto const &job : all.jobs) {
            auto &mine = out_.jobs.emplace_back();
            mine.works_on = touched_by(job.action, all);
            mine.cells.resize(cells());
            auto &on = tables_of_.emplace_back();
            for (auto const &table : mine.works_on.tables) {
                on.push_back(numbers.emplace(table, numbers.size()).first->second);
            }
        }
        working_on_.resize(numbers.size());
        begun_on_.resize(numbers.size());
        names_.resize(numbers.size());
        for (auto const &[table, number] : numbers) {
            names_[number] = table;
        }
        ends_.resize(all.jobs.size());
        out_.at_once.resize(cells());
        out_.cell_collisions.resize(cells());
    }

    void add(simulation::run const &run)
    {
        go_to(run.at.start);
        auto &job = out_.jobs[run.job];
        ++job.runs;
        job.cut += run.at.cut ? 1 : 0;
        job.first = job.first.value_or(run.at.start);
        job.last = run.at.start;
        collide(run);
        begin(run);
        if (out_.runs.size() < ask_.keep_runs) {
            out_.runs.push_back(run);
        } else {
            ++out_.runs_left_out;
        }
    }

    simulation finish(std::vector<job_walk> const &walks)
    {
        go_to(ask_.until);
        close_minute();
        end_until(instant::max());
        for (std::size_t i = 0; i < walks.size(); ++i) {
            out_.jobs[i].skipped = walks[i].skipped();
        }
        return std::move(out_);
    }

  private:
    std::size_t cells() const { return ask_.cells.empty() ? 0 : ask_.cells.size() - 1; }

    // Time goes on: runs end, minutes and cells begin.
    void go_to(instant now)
    {
        while (cell_ + 1 < cells() && ask_.cells[cell_ + 1] <= now) {
            ++cell_;
            end_until(ask_.cells[cell_]);
            out_.at_once[cell_] = under_way_.size();
        }
        auto const minute = std::chrono::floor<std::chrono::minutes>(now);
        if (minute != minute_.at) {
            close_minute();
            end_until(minute);
            minute_ = {.at = minute, .starts = 0, .at_once = under_way_.size()};
        }
        end_until(now);
    }

    void end_until(instant now)
    {
        while (!under_way_.empty() && under_way_.top().first <= now) {
            auto const job = under_way_.top().second;
            under_way_.pop();
            for (auto const table : tables_of_[job]) {
                working_on_[table].erase(job);
                out_.jobs[job].collisions += begun_on_[table];
            }
        }
    }

    void close_minute()
    {
        if (minute_.starts > out_.busiest.starts) {
            out_.busiest = minute_;
        }
    }

    void begin(simulation::run const &run)
    {
        if (run.at.end > run.at.start) {
            under_way_.emplace(run.at.end, run.job);
            ends_[run.job] = run.at.end;
            for (auto const table : tables_of_[run.job]) {
                working_on_[table].insert(run.job);
                // What begins on the table from here on collides with it: see end_until().
                out_.jobs[run.job].collisions -= ++begun_on_[table];
            }
        }
        auto const many = std::max<std::size_t>(under_way_.size(), 1);
        ++minute_.starts;
        minute_.at_once = std::max(minute_.at_once, many);
        if (many > out_.most_at_once) {
            out_.most_at_once = many;
            out_.most_at_once_at = run.at.start;
        }
        if (cells() > 0) {
            auto &mine = out_.jobs[run.job].cells;
            ++mine[cell_].starts;
            out_.at_once[cell_] = std::max(out_.at_once[cell_], many);
            for (auto i = cell_; i < mine.size() && (i == cell_ || ask_.cells[i] < run.at.end);
                 ++i) {
                mine[i].busy = true;
            }
        }
    }

    void collide(simulation::run const &run)
    {
        if (run.at.end <= run.at.start) {
            return;
        }
        for (auto const table : tables_of_[run.job]) {
            auto const &others = working_on_[table];
            auto const count = static_cast<long long>(others.size());
            out_.collisions += count;
            out_.jobs[run.job].collisions += count;
            if (cells() > 0) {
                out_.cell_collisions[cell_] += count;
            }
            std::size_t looked_at = 0;
            for (auto at = others.begin(); at != others.end() && looked_at < most_others; ++at) {
                note(run, *at, table);
                ++looked_at;
            }
            out_.collisions_left_out += count - static_cast<long long>(looked_at);
        }
    }

    void note(simulation::run const &run, std::size_t other, std::size_t table)
    {
        auto const one = std::min(run.job, other), second = std::max(run.job, other);
        auto const key = (table * tables_of_.size() + one) * tables_of_.size() + second;
        auto found = pairs_.find(key);
        if (found == pairs_.end()) {
            if (pairs_.size() >= ask_.keep_collisions) {
                ++out_.collisions_left_out;
                return;
            }
            found = pairs_.emplace(key, out_.pairs.size()).first;
            out_.pairs.push_back({one, second, names_[table], 0, run.at.start, microseconds{0}});
        }
        auto &pair = out_.pairs[found->second];
        ++pair.times;
        auto const together = std::min(run.at.end, ends_[other]) - run.at.start;
        pair.longest = std::max(pair.longest, microseconds{together});
    }

    simulation_request const &ask_;
    simulation out_;
    std::vector<std::vector<std::size_t>> tables_of_;    // of each job
    std::vector<qualified_name> names_;                  // of each table
    std::vector<std::set<std::size_t>> working_on_;      // jobs, of each table
    std::vector<instant> ends_;                          // of each job's last run
    std::vector<long long> begun_on_;                    // runs so far, of each table
    std::unordered_map<std::size_t, std::size_t> pairs_; // by table and both jobs
    using ending = std::pair<instant, std::size_t>;
    std::priority_queue<ending, std::vector<ending>, std::greater<>> under_way_;
    simulation::minute minute_;
    std::size_t cell_ = 0;
};

} // namespace

simulation simulate(model::configuration const &all, simulation_request const &ask)
{
    sweep out{all, ask};
    std::vector<job_walk> walks;
    walks.reserve(all.jobs.size());
    using waiting = std::tuple<instant, std::size_t>; // the start, the job
    std::priority_queue<waiting, std::vector<waiting>, std::greater<>> order;
    std::vector<job_walk::run> next(all.jobs.size());
    auto const advance = [&](std::size_t job) {
        if (auto const run = walks[job].next()) {
            next[job] = *run;
            order.emplace(run->start, job);
        }
    };
    for (std::size_t i = 0; i < all.jobs.size(); ++i) {
        walks.emplace_back(all.jobs[i], ask.from, ask.until, ask.look, ask.takes.at(i));
        advance(i);
    }
    for (long long n = 0; !order.empty(); ++n) {
        auto const job = std::get<1>(order.top());
        order.pop();
        out.add({job, next[job]});
        advance(job);
        if (n % 4096 == 0 && ask.stop.stop_requested()) {
            throw error{"stopped by a signal", "", "", "", exit_code::interrupted};
        }
    }
    return out.finish(walks);
}

} // namespace pgtend::jobs

// SPDX-License-Identifier: Apache-2.0
// What should happen to a job's slots, worked out a second time: the slots by tests/cron/oracle.hpp
// as one long list, the policies of docs/configuration.md on that list.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "model/job.hpp"

namespace pgtend::simulation {

class timetable {
  public:
    // Of five fields, each `*`, `*/n`, `a`, `a-b` or `a,b`; slots in [begin, end).
    timetable(std::string const &schedule, std::string const &time_zone, instant begin,
              instant end);

    std::optional<instant> newest(instant upto) const;
    std::optional<instant> first(instant after) const;
    bool has(instant slot) const;

  private:
    std::vector<instant> slots_;
};

struct expectation {
    std::optional<instant> claim = {};
    std::optional<instant> skip = {};
    friend bool operator==(expectation const &, expectation const &) = default;
};

// How old a slot may be when a run of it begins, `newest` being the last one due.
microseconds limit_of(model::job const &job, timetable const &slots, instant newest);
// The same for one that was begun before and left open.
microseconds limit_of_open(model::job const &job, timetable const &slots, instant slot);
// No session for work could be had for three ticks, and the pause of one minute, two, four ... goes
// on.
bool no_sessions(ledger::overview const &seen);
// What a runner that reads this has to do about the job.
expectation expected(model::job const &job, timetable const &slots, ledger::job_state const &state,
                     instant now);

} // namespace pgtend::simulation

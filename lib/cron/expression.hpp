// SPDX-License-Identifier: Apache-2.0
// Schedules: cron expressions with seconds, L, W and #, macros, and fixed intervals.
// docs/schedules.md is the manual.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "zone/zone.hpp"

namespace pgtend::cron {

// How the day-of-month and the day-of-week field work together when both say something.
enum class day_match {
    vixie, // both must match when the text of one starts with '*' or '?', else either suffices
           // (cron, cronie, pg_cron)
    all,   // both must match
    any,   // either suffices; a field that admits every day by '*' or '?' is left out
};

enum class timing {
    clock,   // neither the minute nor the hour field starts with '*': each matching local time runs
             // exactly once
    cadence, // one of them does: follows real time; skipped local times do not run, repeated ones
             // run again
    every,   // "@every 1h30m": multiples of the interval since 1970-01-01T00:00:00Z
    seconds, // "30 seconds", pg_cron's form: the same
};

// Something that is allowed, and may not be meant.
struct lint {
    std::string id; // stable: "day-rule", "uneven-step", "not-portable", "seconds", "short-months",
                    // "gap", "repeat", "never"
    std::string message; // lower case, no full stop
    std::string hint;    // a sentence
};

class expression {
  public:
    // Throws usage_error whose message names the field and whose hint tells what to write. At most
    // 1,000 bytes are read: any input is answered within a millisecond. An expression that no date
    // of the calendar matches is refused (exact: all fourteen kinds of year are tried, which are
    // all that a cycle of 400 years has).
    static expression parse(std::string_view text, day_match days = day_match::vixie);

    // The text as it was given.
    std::string const &text() const noexcept { return text_; }
    // The canonical text: lower case, numbers for names, macros as five fields. parse(print(),
    // days()) == *this.
    std::string const &print() const noexcept { return canonical_; }

    timing kind() const noexcept { return timing_; }
    day_match days() const noexcept { return days_; }
    // Whether it may be due twice within one minute, so that `tick` cannot follow.
    bool below_a_minute() const noexcept;
    // Of timing::every and timing::seconds: 1 s to 366 d; else zero.
    microseconds interval() const noexcept { return microseconds{interval_ * 1'000'000}; }

    // The first due instant after `after`, never equal to it. Nothing when there is none within 400
    // years, or before the year 10000. Bounded work: the whole search takes less than a millisecond
    // or two.
    //
    // In a gap of at most 3 hours a clock schedule runs at the first instant after it, once however
    // many of its times were skipped; in a longer one (a missing date) not at all. When local times
    // repeat it runs in the first pass only.
    std::optional<instant> next(instant after, zone const &in) const;
    // The last due instant at or before `upto`: what was missed, without listing it. Nothing when
    // there is none within 400 years, or since the year 1. previous(next(t)) == next(t).
    std::optional<instant> previous(instant upto, zone const &in) const;

    // One line of plain English: "at 02:30, every day". Does not name the zone.
    std::string describe() const;

    // What a reader should know. Without a zone: about the text alone.
    std::vector<lint> lints() const;
    // And what happens to it where the zone's clocks change within 400 days after `from`.
    std::vector<lint> lints(zone const &in, instant from) const;

    // Whether both are due at the same instants, in every zone.
    friend bool operator==(expression const &a, expression const &b) noexcept;

  private:
    friend class walker;
    expression() = default;

    std::string text_, canonical_;
    timing timing_ = timing::clock;
    day_match days_ = day_match::vixie;
    std::int64_t interval_ = 0; // seconds
    std::uint64_t seconds_ = 1; // bit n: second n
    std::uint64_t minutes_ = 0;
    std::uint32_t hours_ = 0;
    std::uint16_t months_ = 0; // bits 1 to 12
    // Bit d: day d matches, in a month of 28 + i days whose first day is weekday j: both day fields
    // and their rule in one place.
    std::array<std::array<std::uint32_t, 7>, 4> month_days_{};
};

// A stable offset in [0, spread), in whole seconds, from a hash of the job's name: jobs that share
// a schedule do not start in the same second, and each host computes the same one. A run is due at
// a slot plus this offset. (FNV-1a, 64 bits, with the finalizer of SplitMix64.)
microseconds spread_offset(std::string_view job, microseconds spread) noexcept;

} // namespace pgtend::cron

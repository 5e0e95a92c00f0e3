// SPDX-License-Identifier: Apache-2.0
// Time zones as the host's tzdata describes them. This header includes no Abseil.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "zone/civil.hpp"

namespace pgtend {

// What the clocks of a zone show at an instant.
struct local_time {
    civil_time civil;
    seconds offset;        // east of UTC
    microseconds fraction; // of the second, [0, 1s)
};

// What a civil time means in a zone.
struct civil_instants {
    enum class kind { unique, skipped, repeated } kind = kind::unique;
    // unique: all three are the same. repeated: the first pass, the second pass, and the instant at
    // which clocks went back. skipped: `transition` is the first instant after the gap; `later`
    // reads the civil time with the offset before the gap (so it lies after the transition by as
    // much as the civil time lies inside the gap), `earlier` with the offset after it.
    instant earlier, later, transition;
};

// A time during which a zone keeps one offset.
struct zone_span {
    instant begin; // inclusive; instant::min() when the zone knows nothing earlier
    instant end;   // exclusive; instant::max() when nothing changes any more
    seconds offset;
    seconds before; // the offset before begin; `offset` when there is none
    seconds after;  // the offset from end on; `offset` when there is none
};

// A value: cheap to copy, safe to use from several threads. Zones are loaded once a process and
// kept.
class zone {
  public:
    zone() noexcept; // UTC

    // An IANA name ("Europe/Berlin", "UTC"), exactly as tzdata spells it. Reads $TZDIR or
    // /usr/share/zoneinfo; "UTC" and "Etc/UTC" need no file. Throws usage_error, with the nearest
    // name as hint, for unknown names, and for what only looks like one: paths, "localtime",
    // "posix/...", "right/...", "Fixed/...", and the rules of a POSIX TZ string. Says so when the
    // host has no tzdata: a zone is never replaced by UTC.
    static zone load(std::string_view name);

    std::string const &name() const noexcept;

    local_time to_civil(instant at) const;
    // The civil time must be a date of the calendar, years 1 to 9999.
    civil_instants from_civil(civil_time const &civil) const;

    // The nearest change of the offset after / before an instant (both exclusive); nothing when
    // there is none.
    std::optional<instant> next_transition(instant after) const;
    std::optional<instant> previous_transition(instant before) const;

    // The span that an instant lies in. Rules for the future are followed without an end (they
    // repeat after 400 years). A span may end where only the zone's abbreviation changes: then
    // after == offset.
    zone_span span_at(instant at) const;

    // "2026-03-29T03:00:00+02:00": RFC 3339 with the zone's offset, and a fraction only if there is
    // one. Offsets of local mean time keep their seconds ("+00:53:28"). Throws error outside the
    // years 1 to 9999.
    std::string format(instant at) const;

    friend bool operator==(zone const &a, zone const &b) noexcept { return a.data_ == b.data_; }

    struct data;

  private:
    explicit zone(data const *loaded) noexcept : data_{loaded} {}
    data const *data_; // lives as long as the process
};

} // namespace pgtend

// SPDX-License-Identifier: Apache-2.0
// The ranges of time that partitions cover: periods of the calendar, and where they lie on the axis
// of the key's type.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "catalog/snapshot/partitions.hpp"
#include "model/partition_policy.hpp"
#include "zone/zone.hpp"

namespace pgtend::partition {

// The types of a partition key that time can be asked of.
enum class key_kind {
    instant, // timestamp with time zone
    civil,   // timestamp without time zone
    date,
};

// Of a type as format_type() names it; nothing for other types.
std::optional<key_kind> kind_of(std::string_view type);

// The first hour of the period that holds `at`: of a week its Monday, of a quarter January, April,
// July or October.
civil_time start_of(model::step every, civil_time const &at);
// The start of the next period. `start` is one itself.
civil_time next_start(model::step every, civil_time const &start);

// "2026", "2026-q4", "2026-12", "2026-w49" (ISO 8601), "2026-12-05", "2026-12-05 14h".
std::string label(model::step every, civil_time const &start);

// Civil times of a policy's zone on the axis of its table's key.
class key_axis {
  public:
    key_axis(key_kind kind, zone const &in) : kind_{kind}, zone_{in} {}

    // `instant`: the first moment at which clocks of the zone show `at` or later. A midnight that a
    // change of clocks skips is the moment of the change; of one that happens twice, the first.
    // Hence points never go back as civil times go on, and an hour or a day that clocks skip as a
    // whole is an empty range.
    catalog::time_point point(civil_time const &at) const;
    // The same as SQL reads it, whatever TimeZone and DateStyle the session has: "2025-01-01
    // 00:00:00+01" with the zone's offset, "2025-01-01 00:00:00", "2025-01-01".
    std::string text(civil_time const &at) const;
    // A bound that exists already, for people: "2025-01-01 00:00:00+01", "MAXVALUE or infinity".
    std::string text(catalog::time_point at) const;
    // What clocks of the zone show.
    civil_time civil(pgtend::instant at) const { return zone_.to_civil(at).civil; }
    // The same of a finite point; fractions of a second are cut off.
    civil_time civil(catalog::time_point at) const;
    // Where an instant lies: for keys without a zone, what clocks show then.
    catalog::time_point point(pgtend::instant at) const;

  private:
    key_kind kind_;
    zone zone_;
};

} // namespace pgtend::partition

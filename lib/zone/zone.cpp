// SPDX-License-Identifier: Apache-2.0
// The one file with Abseil's time: g++ 12 has no zones, and Hinnant's date library reads no TZif
// footer.
#include "zone/zone.hpp"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>
#include <algorithm>
#include <map>
#include <mutex>

#include "base/error.hpp"
#include "zone/names.hpp"

namespace pgtend {

// The Gregorian calendar, and with it each rule for the future, repeats after 400 years.
constexpr std::int64_t cycle = 146'097LL * 86'400;

struct zone::data {
    std::string name;
    absl::TimeZone rules;
    // From here on the rules repeat; the greatest number when they do not change any more.
    std::int64_t repeats_from;
};

namespace {

// The ends of what an instant can hold, in seconds since 1970.
constexpr std::int64_t earliest = instant::min().time_since_epoch().count() / 1'000'000;
constexpr std::int64_t latest = instant::max().time_since_epoch().count() / 1'000'000;

std::int64_t floor_seconds(instant at)
{
    return std::chrono::floor<seconds>(at).time_since_epoch().count();
}

instant from_unix(std::int64_t seconds_since_1970)
{
    if (seconds_since_1970 <= earliest) {
        return instant::min();
    }
    return seconds_since_1970 >= latest ? instant::max() : instant{seconds{seconds_since_1970}};
}

std::int64_t count(absl::CivilSecond const &civil)
{
    return civil - absl::CivilSecond{};
}

// Abseil lists changes up to 400 years after the last one that tzdata writes out, and nothing
// behind that.
std::int64_t start_of_repetition(absl::TimeZone const &rules)
{
    absl::TimeZone::CivilTransition change;
    if (!rules.PrevTransition(absl::InfiniteFuture(), &change) || change.from.year() < 2300) {
        return latest;
    }
    return absl::ToUnixSeconds(rules.At(change.to).trans);
}

zone::data const *utc()
{
    static auto const *const data = new zone::data{"UTC", absl::UTCTimeZone(), latest};
    return data;
}

// As zone_span, in seconds.
struct span {
    std::int64_t begin, end, offset, before, after;
};

// Each side of a change is read with the offset of the span, which makes it an instant without
// another search.
void find_end(zone::data const &zone, std::int64_t at, std::int64_t shift, span &out)
{
    absl::TimeZone::CivilTransition change;
    out.end = latest;
    out.after = out.offset;
    if (zone.rules.NextTransition(absl::FromUnixSeconds(at - shift), &change)) {
        out.end = count(change.from) - out.offset + shift;
        out.after = count(change.to) - (out.end - shift);
    }
}

void find_begin(zone::data const &zone, std::int64_t at, std::int64_t shift, span &out)
{
    absl::TimeZone::CivilTransition change;
    out.begin = earliest;
    out.before = out.offset;
    if (zone.rules.PrevTransition(absl::FromUnixSeconds(at - shift + 1), &change)) {
        out.begin = count(change.to) - out.offset + shift;
        out.before = count(change.from) - (out.begin - shift);
    }
}

// The last span that this thread asked for: whoever walks along a calendar stays within one for
// months, and goes on to its neighbour.
span const &cached_span(zone::data const *zone, std::int64_t at)
{
    thread_local zone::data const *owner = nullptr;
    thread_local span last{};
    if (owner == zone && at >= last.begin && at < last.end) {
        return last;
    }
    auto const shift =
        at < zone->repeats_from ? 0 : ((at - zone->repeats_from) / cycle + 1) * cycle;
    span next{};
    if (owner == zone && at == last.end) {
        next = {last.end, 0, last.after, last.offset, 0};
        find_end(*zone, at, shift, next);
    } else if (owner == zone && at == last.begin - 1) {
        next = {0, last.begin, last.before, 0, last.offset};
        find_begin(*zone, at, shift, next);
    } else {
        next.offset = zone->rules.At(absl::FromUnixSeconds(at - shift)).offset;
        find_begin(*zone, at, shift, next);
        find_end(*zone, at, shift, next);
    }
    owner = zone;
    last = next;
    return last;
}

} // namespace

zone::zone() noexcept : data_{utc()} {}

zone zone::load(std::string_view name)
{
    if (name == "UTC") {
        return {};
    }
    static auto *const mutex = new std::mutex;
    static auto *const loaded = new std::map<std::string, data const *, std::less<>>;
    std::lock_guard const lock{*mutex};
    if (auto const found = loaded->find(name); found != loaded->end()) {
        return zone{found->second};
    }
    auto rules = absl::UTCTimeZone();
    if (name != "Etc/UTC") {
        // First our own look: Abseil accepts more than names, and remembers for ever that a file
        // was missing.
        zone_names::require(name);
        if (!absl::LoadTimeZone({name.data(), name.size()}, &rules)) {
            throw usage_error{"time zone '" + std::string{name} +
                                  "' cannot be loaded: its file is damaged",
                              "Install the package tzdata again."};
        }
    }
    auto const *made = new data{std::string{name}, rules, start_of_repetition(rules)};
    loaded->emplace(made->name, made);
    return zone{made};
}

std::string const &zone::name() const noexcept
{
    return data_->name;
}

local_time zone::to_civil(instant at) const
{
    auto const whole = floor_seconds(at);
    auto const offset = cached_span(data_, whole).offset;
    auto const fraction = at.time_since_epoch().count() % 1'000'000;
    return {civil_from_seconds(whole + offset), seconds{offset},
            microseconds{fraction < 0 ? fraction + 1'000'000 : fraction}};
}

civil_instants zone::from_civil(civil_time const &civil) const
{
    auto const info = data_->rules.At(absl::CivilSecond{civil.year, civil.month, civil.day,
                                                        civil.hour, civil.minute, civil.second});
    auto const unix = [](absl::Time time) { return from_unix(absl::ToUnixSeconds(time)); };
    civil_instants out{civil_instants::kind::unique, unix(info.pre), unix(info.post),
                       unix(info.trans)};
    if (info.kind == absl::TimeZone::TimeInfo::REPEATED) {
        out.kind = civil_instants::kind::repeated;
    } else if (info.kind == absl::TimeZone::TimeInfo::SKIPPED) {
        out.kind = civil_instants::kind::skipped;
        std::swap(out.earlier, out.later);
    }
    return out;
}

std::optional<instant> zone::next_transition(instant after) const
{
    for (auto at = floor_seconds(after);;) {
        auto const now = cached_span(data_, at);
        if (now.end >= latest) {
            return {};
        }
        if (now.after != now.offset) {
            return from_unix(now.end);
        }
        at = now.end;
    }
}

std::optional<instant> zone::previous_transition(instant before) const
{
    auto at = floor_seconds(before);
    if (before.time_since_epoch().count() % 1'000'000 == 0) {
        --at;
    }
    for (;;) {
        auto const now = cached_span(data_, at);
        if (now.begin <= earliest) {
            return {};
        }
        if (now.before != now.offset) {
            return from_unix(now.begin);
        }
        at = now.begin - 1;
    }
}

zone_span zone::span_at(instant at) const
{
    auto const &found = cached_span(data_, floor_seconds(at));
    return {from_unix(found.begin), from_unix(found.end), seconds{found.offset},
            seconds{found.before}, seconds{found.after}};
}

} // namespace pgtend

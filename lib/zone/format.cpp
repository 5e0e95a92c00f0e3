// SPDX-License-Identifier: Apache-2.0
#include "base/duration.hpp"
#include "zone/zone.hpp"

namespace pgtend {
namespace {

void append_two(std::string &out, std::int64_t value)
{
    out += static_cast<char>('0' + value / 10);
    out += static_cast<char>('0' + value % 10);
}

} // namespace

std::string zone::format(instant at) const
{
    auto const offset = span_at(at).offset.count();
    // The civil time is what UTC shows when it is moved by the offset. Instants that cannot be
    // written are not moved either.
    constexpr std::int64_t far = 1'000'000'000'000'000'000;
    auto const us = at.time_since_epoch().count();
    auto out = to_rfc3339(us > far || us < -far ? at : at + seconds{offset});
    out.pop_back(); // 'Z'
    auto const size = offset < 0 ? -offset : offset;
    out += offset < 0 ? '-' : '+';
    append_two(out, size / 3600);
    out += ':';
    append_two(out, size / 60 % 60);
    if (size % 60 != 0) {
        out += ':';
        append_two(out, size % 60);
    }
    return out;
}

} // namespace pgtend

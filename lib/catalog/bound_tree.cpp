// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <limits>

#include "catalog/bound.hpp"

namespace pgtend::catalog {
namespace {

constexpr std::int64_t microseconds_a_day = 86'400'000'000;
constexpr std::int64_t days_1970_to_2000 = 10'957; // PostgreSQL counts from 2000-01-01
constexpr std::int64_t farthest_day = 100'000'000; // beyond it a time_point overflows

bool skip_word(std::string_view &rest, std::string_view word)
{
    if (!rest.starts_with(word)) {
        return false;
    }
    rest.remove_prefix(word.size());
    return true;
}

// What stands before the next such character, behind which it goes on.
std::optional<std::string_view> take_until(std::string_view &rest, char last)
{
    auto const at = rest.find(last);
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    auto const out = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    return out;
}

std::optional<int> take_int(std::string_view &rest)
{
    int out = 0;
    auto const [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
    if (problem != std::errc{}) {
        return std::nullopt;
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return out;
}

// A byte as a signed number, and the blank behind it. There are 200,000 of them in 13,000 bounds.
std::optional<std::uint8_t> take_byte(std::string_view &rest)
{
    bool const negative = rest.starts_with('-');
    int value = 0;
    std::size_t at = negative ? 1 : 0;
    auto const begin = at;
    for (; at < rest.size() && at < begin + 3 && rest[at] >= '0' && rest[at] <= '9'; ++at) {
        value = value * 10 + (rest[at] - '0');
    }
    if (at == begin || at >= rest.size() || rest[at] != ' ') {
        return std::nullopt;
    }
    rest.remove_prefix(at + 1);
    return static_cast<std::uint8_t>(negative ? -value : value);
}

// The rest of a constant, with the bytes of its value, the lowest first:
// " ... :constvalue 8 [ 0 -128 -44 126 -104 -51 2 0 ]". Before them stands the type's length; there
// are always eight bytes. A constant without a value, NULL, has none of it before its '}'.
std::optional<std::int64_t> take_datum(std::string_view &rest)
{
    auto const before = take_until(rest, '[');
    if (!before || before->find('}') != std::string_view::npos) {
        return std::nullopt;
    }
    auto const last_field = before->rfind(':');
    if (last_field == std::string_view::npos ||
        !before->substr(last_field).starts_with(":constvalue ") || !skip_word(rest, " ")) {
        return std::nullopt;
    }
    std::uint64_t out = 0;
    for (int i = 0; i < 8; ++i) {
        auto const byte = take_byte(rest);
        if (!byte) {
            return std::nullopt;
        }
        out |= static_cast<std::uint64_t>(*byte) << (8 * i);
    }
    return skip_word(rest, "]") ? std::optional{static_cast<std::int64_t>(out)} : std::nullopt;
}

constexpr int date = 1082, timestamp = 1114, timestamptz = 1184; // pg_type.dat: fixed for ever
constexpr int first_of_users = 16384;

std::optional<time_point> time_of(int type, std::int64_t datum)
{
    if (type == timestamp || type == timestamptz) {
        // The ends of the numbers are the infinities on both sides.
        bool const infinite = datum == before_all || datum == after_all;
        return infinite ? datum : datum + days_1970_to_2000 * microseconds_a_day;
    }
    if (type == date) {
        auto const days = static_cast<std::int32_t>(
            static_cast<std::uint32_t>(static_cast<std::uint64_t>(datum)));
        if (days > farthest_day) {
            return after_all;
        }
        return days < -farthest_day ? before_all : (days + days_1970_to_2000) * microseconds_a_day;
    }
    return std::nullopt;
}

// "({PARTITIONRANGEDATUM :kind 0 :value {CONST ...} :location 48})"; kind -1 is MINVALUE, 1
// MAXVALUE.
std::optional<time_point> take_side(std::string_view &rest, std::string_view name, int below_domain)
{
    auto const before = take_until(rest, '(');
    if (!before || !before->ends_with(name) || !skip_word(rest, "{PARTITIONRANGEDATUM :kind ")) {
        return std::nullopt;
    }
    auto const kind = take_int(rest);
    if (!kind) {
        return std::nullopt;
    }
    std::optional<time_point> out;
    if (*kind == 0) {
        if (!skip_word(rest, " :value {CONST :consttype ")) {
            return std::nullopt;
        }
        auto const type = take_int(rest);
        if (!type) {
            return std::nullopt;
        }
        auto const datum = take_datum(rest);
        if (!datum || !skip_word(rest, "}")) {
            return std::nullopt;
        }
        out = time_of(*type >= first_of_users ? below_domain : *type, *datum);
    } else {
        out = *kind < 0 ? before_all : after_all;
        if (!skip_word(rest, " :value <>")) {
            return std::nullopt;
        }
    }
    // Its end, and no second column.
    if (!skip_word(rest, " :location ") || !take_int(rest) || !skip_word(rest, "})")) {
        return std::nullopt;
    }
    return out;
}

} // namespace

std::optional<time_range> range_of_tree(std::string_view tree, std::string_view key_type)
{
    int const below_domain = key_type == "date"                  ? date
                             : key_type.starts_with("timestamp") ? timestamptz
                                                                 : 0; // timestamp has its bytes
    if (!skip_word(tree, "{PARTITIONBOUNDSPEC :strategy r :is_default false ")) {
        return std::nullopt;
    }
    auto const from = take_side(tree, " :lowerdatums ", below_domain);
    if (!from) {
        return std::nullopt;
    }
    auto const to = take_side(tree, " :upperdatums ", below_domain);
    return to && *from <= *to ? std::optional{time_range{*from, *to}} : std::nullopt;
}

} // namespace pgtend::catalog

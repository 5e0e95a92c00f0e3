// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/error.hpp"
#include "base/pattern.hpp"
#include "base/text.hpp"
#include "probe/judge.hpp"
#include "probe/words.hpp"

namespace pgtend::probe {
namespace {

bool has_shape(std::string_view text, std::string_view shape)
{
    if (text.size() < shape.size()) {
        return false;
    }
    for (std::size_t i = 0; i < shape.size(); ++i) {
        bool const digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == '0' ? !digit : shape[i] != '?' && shape[i] != text[i]) {
            return false;
        }
    }
    return true;
}

// 2026-11-26T10:00:00, then a fraction and an offset, if there are any.
std::optional<instant> civil_time(std::string_view text)
{
    std::string out{text.substr(0, 10)};
    out += "T" + std::string{text.substr(11, 8)};
    auto rest = text.substr(19);
    if (has_shape(rest, ".0") || has_shape(rest, ",0")) {
        auto const end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
        out += "." + std::string{rest.substr(1, std::min<std::size_t>(end - 1, 6))};
        rest.remove_prefix(end);
    }
    auto const sign = rest.empty() ? '\0' : rest[0];
    if ((sign == '+' || sign == '-') && has_shape(rest.substr(1), "00:00")) {
        out += rest.substr(0, 6);
    } else if ((sign == '+' || sign == '-') && has_shape(rest.substr(1), "0000")) {
        out += std::string{rest.substr(0, 3)} + ":" + std::string{rest.substr(3, 2)};
    } else {
        out += "Z";
    }
    try {
        return parse_rfc3339(out);
    } catch (error const &) {
        return std::nullopt;
    }
}

} // namespace

std::optional<instant> time_in(std::string_view line)
{
    for (std::size_t at = 0; at + 19 <= line.size(); ++at) {
        auto const rest = line.substr(at);
        if (has_shape(rest, "0000-00-00?00:00:00") && (rest[10] == 'T' || rest[10] == ' ')) {
            return civil_time(rest);
        }
    }
    constexpr std::string_view key = "\"time\":";
    if (auto const at = line.find(key); at != line.npos) {
        long long value = 0;
        auto const rest = line.substr(at + key.size());
        auto const [stop, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
        constexpr long long year_2001 = 978'307'200'000, year_5138 = 100'000'000'000'000;
        if (failure == std::errc{} && value > year_2001 && value < year_5138) {
            return instant{milliseconds{value}};
        }
    }
    return std::nullopt;
}

verdict judge(model::log_probe const &of, file_seen const &seen, instant now)
{
    verdict out;
    constexpr auto skew = std::chrono::minutes{1};
    // A line without a time has that of the line before it.
    std::optional<instant> current, first, last, ahead;
    long long matches = 0, timeless = 0;
    auto const pattern = "*" + of.line + "*";
    std::string_view rest{seen.text};
    while (!rest.empty()) {
        auto const end = rest.find('\n');
        auto const line = rest.substr(0, end);
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        auto const told = time_in(line);
        current = told ? told : current;
        first = first ? first : current;
        if (!is_like(line, pattern)) {
            continue;
        }
        if (!current) {
            ++timeless;
            continue;
        }
        if (*current > now + skew) {
            ahead = current;
            continue;
        }
        last = last ? std::max(*last, *current) : *current;
        matches += *current >= now - of.within ? 1 : 0;
    }
    if (!last && timeless > 0) {
        out.unseen.push_back(fmt::format("the time of the line {} in {}: lines have none",
                                         in_quotes(of.line), of.file));
        return out;
    }
    if (matches == 0 && ahead) {
        out.unseen.push_back(fmt::format("the time of the line {} in {}: {} is yet to come; a time "
                                         "without an offset is taken for UTC",
                                         in_quotes(of.line), of.file, to_rfc3339(*ahead)));
        return out;
    }
    if (matches == 0 && seen.cut && first && *first > now - of.within) {
        out.unseen.push_back(fmt::format("all of {} within {}: it is so long that what is looked "
                                         "at begins at {}",
                                         of.file, humanize(of.within), to_rfc3339(*first)));
        return out;
    }
    out.values = {{"matches", static_cast<double>(matches)}};
    if (last) {
        out.values.push_back({"age", in_seconds(now - *last)});
    } else {
        out.absent["age"] = "there is no such line";
    }
    if (matches == 0) {
        out.wrong(
            fmt::format("no line {} within {}: {}", in_quotes(of.line), humanize(of.within),
                        last ? "the last one was at " + to_rfc3339(*last) : "none in " + of.file));
    }
    return out;
}

} // namespace pgtend::probe

// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "probe/judge.hpp"
#include "probe/words.hpp"

namespace pgtend::probe {
namespace {

std::optional<double> number_in(redis_info const &info, std::string const &field)
{
    auto const found = info.find(field);
    if (found == info.end()) {
        return std::nullopt;
    }
    double out = 0;
    auto const &text = found->second;
    auto const [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), out);
    return failure == std::errc{} && std::isfinite(out) ? std::optional{out} : std::nullopt;
}

// How much it grew; nothing when it is not told, or the server was started anew meanwhile.
std::optional<double> growth(redis_seen const &seen, std::string const &field)
{
    auto const before = number_in(seen.before, field), after = number_in(seen.after, field);
    return before && after && *after >= *before ? std::optional{*after - *before} : std::nullopt;
}

void add_counters(verdict &out, model::redis_probe const &of, redis_seen const &seen)
{
    auto const refused = seen.refused.empty() ? "INFO does not tell it" : seen.refused;
    auto const put = [&](char const *metric, std::optional<double> const &value,
                         std::string const &otherwise) {
        if (value) {
            out.values.push_back({metric, *value});
        } else {
            out.absent[metric] = otherwise;
        }
    };
    auto const hits = growth(seen, "keyspace_hits"), misses = growth(seen, "keyspace_misses");
    auto const lookups = hits && misses ? *hits + *misses : 0;
    put("hit_ratio", lookups > 0 ? std::optional{100 * *hits / lookups} : std::nullopt,
        hits && misses ? fmt::format("no key was looked up within {}", humanize(of.interval))
                       : refused);
    put("evictions", growth(seen, "evicted_keys"), refused);
    auto const used = number_in(seen.after, "used_memory"),
               most = number_in(seen.after, "maxmemory");
    put("used_memory", used, refused);
    put("memory", used && most && *most > 0 ? std::optional{100 * *used / *most} : std::nullopt,
        most ? "maxmemory is not set, so that nothing bounds it" : refused);
    put("clients", number_in(seen.after, "connected_clients"), refused);
}

} // namespace

redis_info parse_info(std::string const &text)
{
    redis_info out;
    for (auto const &line : split(text, '\n')) {
        auto const words = trim(line);
        auto const colon = words.find(':');
        if (!words.starts_with('#') && colon != std::string_view::npos) {
            out.emplace(words.substr(0, colon), words.substr(colon + 1));
        }
    }
    return out;
}

verdict judge(model::redis_probe const &of, redis_seen const &seen)
{
    verdict out;
    out.values = {{"time", in_seconds(seen.ping)}};
    add_counters(out, of, seen);
    for (auto const &each : seen.queues) {
        if (!each.known) {
            out.wrong(fmt::format("there is no queue {}: no key {}:{}:meta", each.name, of.prefix,
                                  each.name),
                      each.name);
            continue;
        }
        out.values.push_back({"queue_length", static_cast<double>(each.waiting), each.name});
        if (each.ageless) {
            out.partial = true;
            out.unseen.push_back(fmt::format(
                "the age of queue {}: the job that is next has no timestamp", each.name));
        } else {
            out.values.push_back(
                {"queue_age", in_seconds(each.oldest.value_or(microseconds{0})), each.name});
        }
    }
    if (of.queues.empty()) {
        out.absent["queue_length"] = out.absent["queue_age"] = "no queue is named under `queues:`";
    }
    return out;
}

} // namespace pgtend::probe

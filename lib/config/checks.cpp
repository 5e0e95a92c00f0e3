// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "config/scalar.hpp"
#include "config/sections.hpp"
#include "model/check_policy.hpp"

namespace pgtend::config {
namespace {

using model::check_policy;
using model::waiver;

void read_until(reader &r, node const &n, waiver &out)
{
    auto const plain_date = n.kind == node_kind::scalar && n.style == node_style::plain &&
                            classify(n.text) == plain_kind::date;
    std::string written;
    if (plain_date || r.text(n, written)) {
        r.checked(n, [&] { out.until = model::parse_date(n.text); });
    }
}

constexpr std::array<map_key<waiver>, 4> waiver_keys{{
    {"id", [](reader &r, node const &n, waiver &w) { r.text(n, w.id); }, true},
    {"object", [](reader &r, node const &n, waiver &w) { r.text(n, w.object); }},
    {"because", [](reader &r, node const &n, waiver &w) { r.text(n, w.because); }, true},
    {"until", read_until, true},
}};

void read_waivers(reader &r, node const &n, check_policy &out)
{
    r.list(n, [&](node const &item) {
        waiver one;
        one.at = r.at(item);
        if (read_map(r, item, "a waiver", waiver_keys, one).clean) {
            out.waive.push_back(std::move(one));
        }
    });
}

void read_ids(reader &r, node const &n, std::vector<std::string> &out)
{
    r.list(n, [&](node const &item) {
        std::string id;
        if (r.text(item, id)) {
            out.push_back(std::move(id));
        }
    });
}

void read_number(reader &r, node const &n, double &out)
{
    auto const kind = n.kind == node_kind::scalar && n.style == node_style::plain
                          ? classify(n.text)
                          : plain_kind::text;
    if (kind != plain_kind::integer && kind != plain_kind::decimal) {
        r.error(n, "a number is wanted", "in the unit that pgtend check --explain ID tells");
        return;
    }
    r.checked(n, [&] { out = std::stod(n.text); });
}

// { vacuum.horizon: { warning: 5000000 } }
void read_thresholds(reader &r, node const &n, std::vector<model::check_threshold> &out)
{
    if (n.kind != node_kind::map || n.entries.empty()) {
        r.error(n, "a map is wanted", "write { vacuum.horizon: { warning: 5000000 } }");
        return;
    }
    for (auto const &of : n.entries) {
        if (of.value.kind != node_kind::map || of.value.entries.empty()) {
            r.error(of.key, fmt::format("{} wants a map", shown(of.key.text)),
                    "write { warning: 5000000 }");
            continue;
        }
        for (auto const &one : of.value.entries) {
            model::check_threshold set{.id = of.key.text, .key = one.key.text, .at = r.at(one.key)};
            read_number(r, one.value, set.value);
            out.push_back(std::move(set));
        }
    }
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> levels{
    {{"error", "error"}, {"warning", "warning"}, {"never", "never"}}};

void read_level(reader &r, node const &n, std::optional<std::string> &out)
{
    std::string_view chosen;
    if (r.choice(n, chosen, levels)) {
        out = chosen;
    }
}

constexpr std::array<map_key<model::check_profile>, 5> profile_keys{{
    {"only", [](reader &r, node const &n, model::check_profile &p) { read_ids(r, n, p.only); }},
    {"skip", [](reader &r, node const &n, model::check_profile &p) { read_ids(r, n, p.skip); }},
    {"fail_on",
     [](reader &r, node const &n, model::check_profile &p) { read_level(r, n, p.fail_on); }},
    {"strict",
     [](reader &r, node const &n, model::check_profile &p) {
         bool strict = false;
         if (r.boolean(n, strict)) {
             p.strict = strict;
         }
     }},
    {"thresholds", [](reader &r, node const &n,
                      model::check_profile &p) { read_thresholds(r, n, p.thresholds); }},
}};

void read_profiles(reader &r, node const &n, check_policy &out)
{
    if (n.kind != node_kind::map || n.entries.empty()) {
        r.error(n, "a map is wanted", "write { production: { fail_on: warning } }");
        return;
    }
    for (auto const &each : n.entries) {
        model::check_profile one{.name = each.key.text, .at = r.at(each.key)};
        read_map(r, each.value, "a profile", profile_keys, one);
        out.profiles.push_back(std::move(one));
    }
}

constexpr std::array<map_key<check_policy>, 6> checks_keys{{
    {"fail_on",
     [](reader &r, node const &n, check_policy &p) {
         std::optional<std::string> level;
         read_level(r, n, level);
         p.fail_on = level.value_or(p.fail_on);
     }},
    {"strict", [](reader &r, node const &n, check_policy &p) { r.boolean(n, p.strict); }},
    {"skip",
     [](reader &r, node const &n, check_policy &p) {
         p.skip_at = r.at(n);
         read_ids(r, n, p.skip);
     }},
    {"waive", read_waivers},
    {"thresholds",
     [](reader &r, node const &n, check_policy &p) { read_thresholds(r, n, p.thresholds); }},
    {"profiles", read_profiles},
}};

} // namespace

void read_checks(reader &r, node const &n, model::configuration &all)
{
    read_map(r, n, "`checks`", checks_keys, all.checks);
}

} // namespace pgtend::config

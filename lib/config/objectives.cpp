// SPDX-License-Identifier: Apache-2.0
// attestations: and objectives:
#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "config/scalar.hpp"
#include "config/sections.hpp"

namespace pgtend::config {
namespace {

using model::attestation;
using model::objective;

void read_date(reader &r, node const &n, std::optional<model::date> &out)
{
    auto const plain_date = n.kind == node_kind::scalar && n.style == node_style::plain &&
                            classify(n.text) == plain_kind::date;
    std::string written;
    if (plain_date || r.text(n, written)) {
        r.checked(n, [&] { out = model::parse_date(n.text); });
    }
}

constexpr std::array<map_key<attestation>, 5> attestation_keys{{
    {"name", [](reader &r, node const &n, attestation &a) { r.text(n, a.name); }, true},
    {"by", [](reader &r, node const &n, attestation &a) { r.text(n, a.by); }},
    {"on", [](reader &r, node const &n, attestation &a) { read_date(r, n, a.on); }},
    {"evidence", [](reader &r, node const &n, attestation &a) { r.text(n, a.evidence); }},
    {"until", [](reader &r, node const &n, attestation &a) { read_date(r, n, a.until); }},
}};

struct objective_parts {
    model::objective objective;
    node const *probe = nullptr, *metric = nullptr, *target = nullptr;
};

constexpr std::array<map_key<objective_parts>, 4> objective_keys{{
    {"name", [](reader &r, node const &n, objective_parts &p) { r.text(n, p.objective.name); },
     true},
    {"probe",
     [](reader &r, node const &n, objective_parts &p) {
         r.text(n, p.objective.probe);
         p.probe = &n;
     },
     true},
    {"metric",
     [](reader &r, node const &n, objective_parts &p) {
         r.text(n, p.objective.metric);
         p.metric = &n;
     },
     true},
    {"target", [](reader &, node const &n, objective_parts &p) { p.target = &n; }, true},
}};

std::string offer(std::string const &word, std::vector<std::string_view> const &known,
                  std::string_view otherwise)
{
    if (auto const near = nearest(word, known)) {
        return fmt::format("did you mean '{}'?", *near);
    }
    std::vector<std::string> const all{known.begin(), known.end()};
    return fmt::format("{}: {}", otherwise, join(all, ", "));
}

// What it measures by, once all keys are there.
void resolve(reader &r, objective_parts &p, std::vector<model::probe> const &probes)
{
    auto &o = p.objective;
    auto const of = std::find_if(probes.begin(), probes.end(),
                                 [&](auto const &each) { return each.name == o.probe; });
    std::vector<std::string_view> known;
    if (of == probes.end()) {
        for (auto const &each : probes) {
            known.push_back(each.name);
        }
        r.plain_error(*p.probe, fmt::format("there is no probe {}", shown(o.probe)),
                      known.empty() ? "declare it under `probes:`"
                                    : offer(o.probe, known, "there are"));
        return;
    }
    auto const *metric = model::find_metric(of->kind, o.metric);
    if (metric == nullptr) {
        for (auto const &each : model::metrics(of->kind)) {
            known.push_back(each.name);
        }
        r.plain_error(*p.metric,
                      fmt::format("a probe of kind {} has no metric {}", model::name(of->kind),
                                  shown(o.metric)),
                      offer(o.metric, known, "it has"));
        return;
    }
    std::string written;
    r.key = "target";
    if (r.text(*p.target, written)) {
        r.checked(*p.target,
                  [&] { std::tie(o.is, o.target) = model::parse_target(written, metric->unit); });
    }
}

} // namespace

void read_attestations(reader &r, node const &n, model::configuration &all)
{
    r.list(n, [&](node const &item) {
        r.key = "attestations";
        attestation one;
        one.at = r.at(item);
        if (read_map(r, item, "an attestation", attestation_keys, one).is_map) {
            all.attestations.push_back(std::move(one));
        }
    });
}

void read_objectives(reader &r, node const &n, model::configuration &all)
{
    // What is wrong with a probe is not told once more of each objective that measures by it.
    bool const sound = r.problems() == 0;
    r.list(n, [&](node const &item) {
        r.key = "objectives";
        objective_parts parts;
        parts.objective.at = r.at(item);
        if (read_map(r, item, "an objective", objective_keys, parts).clean && sound) {
            resolve(r, parts, all.probes);
        }
        all.objectives.push_back(std::move(parts.objective));
    });
}

} // namespace pgtend::config

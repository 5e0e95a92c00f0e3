// SPDX-License-Identifier: Apache-2.0
#include "config/baseline.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/file.hpp"
#include "config/reader.hpp"

namespace pgtend::config {
namespace {

using entry = model::baseline::entry;

void read_entry_text(reader &r, node const &n, std::string &out)
{
    if (n.kind != node_kind::scalar) {
        r.error(n, "a text is wanted");
        return;
    }
    out = n.text;
}

void read_severity(reader &r, node const &n, entry &e)
{
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> all{
        {{"error", "error"}, {"warning", "warning"}, {"info", "info"}}};
    std::string_view chosen;
    if (r.choice(n, chosen, all)) {
        e.severity = chosen;
    }
}

constexpr std::array<map_key<entry>, 5> entry_keys{{
    {"check", [](reader &r, node const &n, entry &e) { read_entry_text(r, n, e.key.check); }, true},
    {"object", [](reader &r, node const &n, entry &e) { read_entry_text(r, n, e.key.object); },
     true},
    {"detail", [](reader &r, node const &n, entry &e) { read_entry_text(r, n, e.key.detail); }},
    {"severity", read_severity},
    {"count", [](reader &r, node const &n, entry &e) { r.integer(n, e.count, 1, 1'000'000); }},
}};

struct document {
    std::string schema;
    model::baseline found;
};

void read_findings(reader &r, node const &n, document &out)
{
    if (n.kind != node_kind::sequence) {
        r.error(n, "a list is wanted");
        return;
    }
    for (auto const &item : n.items) {
        entry one;
        read_map(r, item, "a finding", entry_keys, one);
        out.found.entries.push_back(std::move(one));
    }
}

constexpr std::array<map_key<document>, 2> baseline_keys{{
    {"schema",
     [](reader &r, node const &n, document &d) {
         read_entry_text(r, n, d.schema);
         if (d.schema != baseline_schema) {
             r.error(n, "this is no baseline that this pgtend reads",
                     "write it anew with check --write-baseline");
         }
     },
     true},
    {"findings", read_findings, true},
}};

} // namespace

model::baseline read_baseline(std::string const &path)
{
    std::vector<diagnostic> problems;
    auto const tree =
        parse_yaml(read_file(path, longest_baseline, {path, 0, 0}).bytes, path, problems);
    load_options const options{};
    reader r{options, path, problems};
    document out;
    read_map(r, tree, "a baseline", baseline_keys, out);
    if (!problems.empty()) {
        throw config_error{std::move(problems)};
    }
    return out.found;
}

} // namespace pgtend::config

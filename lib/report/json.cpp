// SPDX-License-Identifier: Apache-2.0
#include "base/duration.hpp"
#include "report/document.hpp"
#include "json/writer.hpp"

namespace pgtend::report {
namespace {

struct put {
    json::writer &out;
    void operator()(std::monostate) const { out.null(); }
    void operator()(std::string const &text) const { out.string(text); }
    void operator()(long long number) const { out.number(number); }
    void operator()(double number) const { out.number(number); }
    void operator()(bool flag) const { out.boolean(flag); }
    void operator()(instant at) const { out.string(to_rfc3339(at)); }
    void operator()(microseconds span) const
    {
        out.number(static_cast<double>(span.count()) / 1e6);
    }
};

} // namespace

std::string render_json(document const &d)
{
    json::writer out;
    out.begin_object().key("schema").string(d.schema);
    for (auto const &f : d.fields) {
        out.key(f.key);
        std::visit(put{out}, f.content.data);
    }
    for (auto const &t : d.tables) {
        out.key(t.key).begin_array();
        for (auto const &row : t.rows) {
            out.begin_object();
            for (std::size_t i = 0; i < row.size(); ++i) {
                out.key(t.columns.at(i).key);
                std::visit(put{out}, row[i].data);
            }
            out.end_object();
        }
        out.end_array();
    }
    if (!d.notes.empty()) {
        out.key("notes").begin_array();
        for (auto const &note : d.notes) {
            out.string(note);
        }
        out.end_array();
    }
    return out.end_object().text() + "\n";
}

} // namespace pgtend::report

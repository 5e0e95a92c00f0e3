// SPDX-License-Identifier: Apache-2.0
// What check found, for systems that collect it: metrics, and a code quality report.
#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "base/text.hpp"
#include "tools/check_formats.hpp"
#include "json/writer.hpp"

namespace pgtend::tools {
namespace {

using check::severity;

// Of a label: what ends it, and line feeds.
std::string label(std::string const &text)
{
    auto out = replace_all(printable(text), "\\", "\\\\");
    return replace_all(out, "\"", "\\\"");
}

void metric(std::string &out, std::string_view name, std::string_view help)
{
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help);
}

// FNV-1a, 64 bits, of the finding's key: stable over runs, hosts and versions.
std::string fingerprint(std::string_view id, check::finding const &each, int nth)
{
    std::uint64_t hash = 14695981039346656037U;
    auto const add = [&](std::string_view text) {
        for (char const c : text) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
        }
        hash = (hash ^ 0xffU) * 1099511628211U;
    };
    add(id);
    add(each.object);
    add(each.detail);
    add(std::to_string(nth));
    return fmt::format("{:016x}", hash);
}

std::string_view gitlab_severity(severity s)
{
    return s == severity::error ? "critical" : s == severity::warning ? "major" : "info";
}

class quality_report {
  public:
    explicit quality_report(std::string const &file) : file_{file} { out_.begin_array(); }

    void add(std::string_view id, check::finding const &each)
    {
        auto const nth = seen_[{std::string{id}, each.object + "\n" + each.detail}]++;
        out_.begin_object()
            .key("description")
            .string(printable(each.object + ": " + each.message +
                              (each.fix.empty() ? "" : " (" + each.fix + ")")));
        out_.key("check_name").string(id);
        out_.key("fingerprint").string(fingerprint(id, each, nth));
        out_.key("severity").string(gitlab_severity(each.severity));
        auto const where = place_of(each, file_);
        out_.key("location").begin_object().key("path").string(where.file);
        out_.key("lines").begin_object().key("begin").number(where.line).end_object().end_object();
        out_.end_object();
    }
    std::string text() { return out_.end_array().text() + "\n"; }

  private:
    std::string file_;
    json::writer out_;
    std::map<std::pair<std::string, std::string>, int> seen_;
};

} // namespace

std::string prometheus_of(check_result const &result, instant now)
{
    auto const target = label(result.target);
    std::string out;
    metric(out, "pgtend_check_findings", "Findings that are not waived, by severity.");
    for (auto const each : {severity::error, severity::warning, severity::info}) {
        out += fmt::format("pgtend_check_findings{{target=\"{}\",severity=\"{}\"}} {}\n", target,
                           name(each), result.count(each));
    }
    metric(out, "pgtend_check_skipped", "Checks that could not see what they look at.");
    out +=
        fmt::format("pgtend_check_skipped{{target=\"{}\"}} {}\n", target, result.count_skipped());
    metric(out, "pgtend_check_waived", "Findings that the file waives.");
    out += fmt::format("pgtend_check_waived{{target=\"{}\"}} {}\n", target,
                       result.waiving.accepted.size());
    metric(out, "pgtend_check_rule_findings",
           "Findings of one check that are not waived; -1: it could not see what it looks at.");
    for (auto const &each : result.outcomes) {
        out += fmt::format(
            "pgtend_check_rule_findings{{target=\"{}\",check=\"{}\",severity=\"{}\"}} {}\n", target,
            each.of->id, name(each.of->severity),
            each.skipped() ? std::string{"-1"} : std::to_string(each.findings.size()));
    }
    metric(out, "pgtend_check_duration_seconds", "How long all checks took.");
    microseconds all{0};
    for (auto const &each : result.outcomes) {
        all += each.elapsed;
    }
    for (auto const &each : result.fetches) {
        all += each.elapsed;
    }
    out += fmt::format("pgtend_check_duration_seconds{{target=\"{}\"}} {:.6f}\n", target,
                       std::chrono::duration<double>(all).count());
    metric(out, "pgtend_check_last_run_timestamp_seconds", "When they were run.");
    out += fmt::format("pgtend_check_last_run_timestamp_seconds{{target=\"{}\"}} {}\n", target,
                       std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
    return out;
}

std::string gitlab_of(check_result const &result, std::string const &file)
{
    quality_report out{file};
    for (auto const &one : result.outcomes) {
        for (auto const &each : one.findings) {
            out.add(one.of->id, each);
        }
    }
    for (auto const &each : result.waiving.faults) {
        out.add(check::waiver_rule().id, each);
    }
    return out.text();
}

} // namespace pgtend::tools

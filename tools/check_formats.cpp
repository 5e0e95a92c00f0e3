// SPDX-License-Identifier: Apache-2.0
#include "tools/check_formats.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

#include "base/text.hpp"
#include "json/writer.hpp"

namespace pgtend::tools {
namespace {

using check::severity;

std::string xml(std::string const &text)
{
    std::string out;
    for (char const c : printable(text)) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

// Of a workflow command: what ends its message, and in a property what ends that.
std::string command_text(std::string const &text, bool property)
{
    auto out = replace_all(printable(text), "%", "%25");
    out = replace_all(out, "\r", "%0D");
    out = replace_all(out, "\n", "%0A");
    return property ? replace_all(replace_all(out, ":", "%3A"), ",", "%2C") : out;
}

// A vertical bar would begin the performance data.
std::string one_line(std::string const &text)
{
    return replace_all(printable(text), "|", "/");
}

std::string words(check::finding const &f)
{
    return f.object + ": " + f.message + (f.fix.empty() ? "" : " (" + f.fix + ")");
}

std::string_view sarif_level(severity s)
{
    return s == severity::error ? "error" : s == severity::warning ? "warning" : "note";
}

// A relative reference of RFC 3986.
std::string uri_of(std::string const &path)
{
    constexpr std::string_view plain = "-._~/!$&'()*+,;=@";
    std::string out;
    for (char const c : path) {
        auto const byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || plain.find(c) != plain.npos) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", byte);
        }
    }
    return out;
}

void sarif_rule(json::writer &out, check::rule const &of)
{
    out.begin_object().key("id").string(of.id);
    out.key("shortDescription").begin_object().key("text").string(of.title).end_object();
    out.key("fullDescription").begin_object().key("text").string(of.why).end_object();
    out.key("help").begin_object().key("text").string(of.fix).end_object();
    out.key("defaultConfiguration").begin_object();
    out.key("level").string(sarif_level(of.severity)).end_object().end_object();
}

void sarif_result(json::writer &out, std::string_view id, check::finding const &f,
                  std::string const &file, std::string const *waived_because,
                  std::string_view state)
{
    out.begin_object().key("ruleId").string(id).key("level").string(sarif_level(f.severity));
    out.key("message").begin_object().key("text").string(printable(words(f))).end_object();
    out.key("locations").begin_array().begin_object();
    out.key("physicalLocation").begin_object();
    auto const where = place_of(f, file);
    out.key("artifactLocation").begin_object().key("uri").string(uri_of(where.file)).end_object();
    out.key("region").begin_object().key("startLine").number(where.line).end_object().end_object();
    out.key("logicalLocations").begin_array().begin_object();
    out.key("fullyQualifiedName").string(printable(f.object)).end_object().end_array();
    out.end_object().end_array();
    out.key("partialFingerprints").begin_object();
    out.key("pgtend/v1")
        .string(std::string{id} + ":" + f.object + (f.detail.empty() ? "" : ":" + f.detail));
    out.end_object();
    if (!state.empty()) {
        out.key("baselineState").string(state);
    }
    if (waived_because != nullptr) {
        out.key("suppressions").begin_array().begin_object();
        out.key("kind").string("external").key("justification").string(*waived_because);
        out.end_object().end_array();
    }
    out.end_object();
}

} // namespace

place place_of(check::finding const &what, std::string const &file)
{
    return what.at.line > 0 ? place{what.at.file, what.at.line} : place{file, 1};
}

std::string junit_of(check_result const &result, severity least)
{
    std::string suites;
    std::size_t all = 0, all_failed = 0;
    for (std::size_t i = 0; i < result.outcomes.size();) {
        auto const of = area(*result.outcomes[i].of);
        std::string cases;
        std::size_t count = 0, failed = 0, skipped = 0;
        for (; i < result.outcomes.size() && area(*result.outcomes[i].of) == of; ++i, ++count) {
            auto const &one = result.outcomes[i];
            std::string bad;
            for (auto const &each : one.findings) {
                bad += each.severity >= least ? xml(words(each)) + "\n" : "";
            }
            cases += fmt::format(
                "    <testcase classname=\"pgtend.{}\" name=\"{}\" time=\"{:.6f}\"", of,
                xml(std::string{one.of->id}), std::chrono::duration<double>(one.elapsed).count());
            if (!bad.empty()) {
                ++failed;
                cases +=
                    fmt::format(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                                xml(std::string{one.of->title}), bad);
            } else if (one.skipped()) {
                ++skipped;
                cases += fmt::format(">\n      <skipped message=\"needs {}\"/>\n    </testcase>\n",
                                     xml(join(one.unseen, "; ")));
            } else {
                cases += "/>\n";
            }
        }
        suites += fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" "
                              "skipped=\"{}\">\n{}  </testsuite>\n",
                              of, count, failed, skipped, cases);
        all += count;
        all_failed += failed;
    }
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"pgtend check {}\" tests=\"{}\" failures=\"{}\" errors=\"0\">\n"
        "{}</testsuites>\n",
        xml(result.target), all, all_failed, suites);
}

std::string sarif_of(check_result const &result, std::string const &file)
{
    json::writer out;
    out.begin_object();
    out.key("$schema").string("https://json.schemastore.org/sarif-2.1.0.json");
    out.key("version").string("2.1.0");
    out.key("runs").begin_array().begin_object();
    out.key("tool").begin_object().key("driver").begin_object();
    out.key("name").string("pgtend").key("rules").begin_array();
    for (auto const &each : result.outcomes) {
        sarif_rule(out, *each.of);
    }
    sarif_rule(out, check::waiver_rule());
    out.end_array().end_object().end_object();
    out.key("results").begin_array();
    auto const state = [&](check::rule const &of, check::finding const &each) -> std::string_view {
        auto const fresh = result.is_new(of, each);
        return !fresh ? "" : *fresh ? "new" : "unchanged";
    };
    for (auto const &one : result.outcomes) {
        for (auto const &each : one.findings) {
            sarif_result(out, one.of->id, each, file, nullptr, state(*one.of, each));
        }
    }
    for (auto const &each : result.waiving.faults) {
        sarif_result(out, check::waiver_rule().id, each, file, nullptr,
                     state(check::waiver_rule(), each));
    }
    for (auto const &each : result.waiving.accepted) {
        sarif_result(out, each.of->id, each.what, file, &each.by->because, {});
    }
    for (auto const &each : result.known) {
        sarif_result(out, each.of->id, each.what, file, nullptr, "unchanged");
    }
    out.end_array().end_object().end_array().end_object();
    return out.text() + "\n";
}

std::string github_of(check_result const &result, std::string const &file)
{
    std::string out;
    auto const put = [&](std::string_view id, check::finding const &each) {
        auto const where = place_of(each, file);
        out += fmt::format(
            "::{} {}title={}::{}\n",
            each.severity == severity::error     ? "error"
            : each.severity == severity::warning ? "warning"
                                                 : "notice",
            where.file.empty()
                ? ""
                : fmt::format("file={},line={},", command_text(where.file, true), where.line),
            command_text(std::string{id}, true), command_text(words(each), false));
    };
    for (auto const &one : result.outcomes) {
        for (auto const &each : one.findings) {
            put(one.of->id, each);
        }
        if (one.skipped()) {
            out += fmt::format("::notice title={}::skipped, needs {}\n",
                               command_text(std::string{one.of->id}, true),
                               command_text(join(one.unseen, "; "), false));
        }
    }
    for (auto const &each : result.waiving.faults) {
        put(check::waiver_rule().id, each);
    }
    return out;
}

int nagios_code(check_result const &result)
{
    return result.count(severity::error) > 0     ? 2
           : result.count(severity::warning) > 0 ? 1
           : result.count_skipped() > 0          ? 3
                                                 : 0;
}

std::string nagios_of(error const &why)
{
    return one_line("PGTEND UNKNOWN - " + why.message()) + "\n";
}

std::string nagios_of(check_result const &result)
{
    constexpr std::string_view words_of[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
    auto const errors = result.count(severity::error), warnings = result.count(severity::warning);
    std::string worst;
    for (auto const how_bad : {severity::error, severity::warning}) {
        for (auto const &one : result.outcomes) {
            for (auto const &each : one.findings) {
                if (worst.empty() && each.severity == how_bad) {
                    worst = fmt::format(", {}: {}: {}", one.of->id, each.object, each.message);
                }
            }
        }
    }
    auto const text = one_line(fmt::format("PGTEND {} - {}: {} errors, {} warnings, {} skipped{}",
                                           words_of[nagios_code(result)], result.target, errors,
                                           warnings, result.count_skipped(), worst));
    return fmt::format("{} | 'errors'={};;1;0 'warnings'={};1;;0 'skipped'={};;;0\n", text, errors,
                       warnings, result.count_skipped());
}

} // namespace pgtend::tools

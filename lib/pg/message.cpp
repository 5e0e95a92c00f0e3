// SPDX-License-Identifier: Apache-2.0
#include "pg/message.hpp"

#include <array>
#include <fmt/core.h>
#include <iterator>
#include <utility>

#include "base/text.hpp"

namespace pgtend::pg {
namespace {

constexpr std::size_t kept_at_each_end = 500;
constexpr std::size_t kept_bytes = 4096;

bool is_sqlstate(std::string_view text)
{
    for (char const c : text) {
        if ((c < '0' || c > '9') && (c < 'A' || c > 'Z')) {
            return false;
        }
    }
    return text.size() == 5;
}

// Where ":  XXXXX: " of the last message begins.
std::size_t find_sqlstate(std::string_view text)
{
    auto found = std::string_view::npos;
    for (auto at = text.find(":  "); at != std::string_view::npos; at = text.find(":  ", at + 1)) {
        auto const line = text.rfind('\n', at);
        auto const start = line == std::string_view::npos ? 0 : line + 1;
        // Detail and context may quote anything: only "SEVERITY:  XXXXX: " at the start of a line,
        // or after a prefix of libpq's (which ends in "failed: "), is a header.
        auto const prefix = text.substr(start, at - start);
        auto const gap = prefix.rfind(": ");
        auto const severity = gap == std::string_view::npos ? prefix : prefix.substr(gap + 2);
        if (at + 10 <= text.size() && text.substr(at + 8, 2) == ": " &&
            is_sqlstate(text.substr(at + 3, 5)) && severity.find(' ') == std::string_view::npos) {
            found = at;
        }
    }
    return found;
}

} // namespace

server_message parse_message(std::string_view text)
{
    server_message out;
    auto const at = find_sqlstate(text);
    if (at == std::string_view::npos) {
        out.primary = head_and_tail(on_one_line(text), kept_bytes);
        return out;
    }
    auto const start = text.find_last_of("\n ", at);
    auto const from = start == std::string_view::npos ? 0 : start + 1;
    out.severity = text.substr(from, at - from);
    out.sqlstate = text.substr(at + 3, 5);

    std::string ignored;
    std::array<std::pair<std::string_view, std::string *>, 10> const labels{{
        {"LINE ", &ignored},
        {"DETAIL:  ", &out.detail},
        {"HINT:  ", &out.hint},
        {"QUERY:  ", &ignored},
        {"CONTEXT:  ", &out.context},
        {"SCHEMA NAME:  ", &ignored},
        {"TABLE NAME:  ", &ignored},
        {"COLUMN NAME:  ", &ignored},
        {"CONSTRAINT NAME:  ", &ignored},
        {"LOCATION:  ", &ignored},
    }};
    auto *field = &out.primary;
    auto rest = text.substr(at + 10);
    while (!rest.empty()) {
        auto const end = rest.find('\n');
        auto line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        bool labelled = field == &out.primary && out.primary.empty();
        for (auto const &[label, target] : labels) {
            if (line.substr(0, label.size()) == label) {
                field = target;
                line.remove_prefix(label.size());
                labelled = true;
                break;
            }
        }
        if (!labelled) {
            *field += '\n';
        }
        *field += line;
    }
    for (auto *each : {&out.primary, &out.detail, &out.hint, &out.context}) {
        *each = head_and_tail(*each, kept_bytes);
    }
    return out;
}

std::string error_text(server_message const &message)
{
    auto out = message.primary;
    if (!message.detail.empty()) {
        out += "\nDETAIL: " + message.detail;
    }
    if (!message.context.empty()) {
        out += "\nCONTEXT: " + message.context;
    }
    return out;
}

void notice_log::add(server_message const &message)
{
    if (message.severity == "FATAL" || message.severity == "PANIC") {
        last_words_ = message;
        return;
    }
    auto text = message.primary;
    if (!message.detail.empty()) {
        text += "\nDETAIL: " + message.detail;
    }
    if (!message.hint.empty()) {
        text += "\nHINT: " + message.hint;
    }
    notice next{message.severity, message.sqlstate, head_and_tail(text, kept_bytes)};
    if (first_.size() < kept_at_each_end) {
        first_.push_back(std::move(next));
        return;
    }
    last_.push_back(std::move(next));
    if (last_.size() > kept_at_each_end) {
        last_.pop_front();
        ++between_;
    }
}

std::vector<notice> notice_log::take()
{
    auto out = std::exchange(first_, {});
    if (between_ > 0) {
        out.back().message += fmt::format("\n({} more notices were not kept)", between_);
        between_ = 0;
    }
    std::move(last_.begin(), last_.end(), std::back_inserter(out));
    last_.clear();
    return out;
}

} // namespace pgtend::pg

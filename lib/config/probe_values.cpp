// SPDX-License-Identifier: Apache-2.0
// Values that several kinds of probes have.
#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "base/url.hpp"
#include "config/file.hpp"
#include "config/probe_kinds.hpp"
#include "config/scalar.hpp"
#include "config/secret.hpp"

namespace pgtend::config {
namespace {

// Replaced by this, to see whether the references are well-formed.
load_options const &any_environment()
{
    static load_options const all{
        .environment = [](std::string const &) { return std::optional<std::string>{"x"}; }};
    return all;
}

void refuse_open_secret(reader &r, file_secrecy const &file)
{
    if (!file.private_file) {
        throw error{fmt::format("it holds a secret, and group or others may read or write the file "
                                "(mode {})",
                                octal(file.mode)),
                    fmt::format("chmod 600 {}, or write \"${{VARIABLE}}\"", r.file())};
    }
}

bool is_written_out(std::string_view text, secrecy s)
{
    auto const blank = text.find(" ${");
    bool const scheme = s == secrecy::credential && blank != text.npos &&
                        std::all_of(text.begin(), text.begin() + static_cast<long>(blank),
                                    [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; });
    text.remove_prefix(scheme ? blank : 0);
    load_options none{
        .environment = [](std::string const &) { return std::optional<std::string>{" "}; }};
    return !trim(expand(text, none)).empty();
}

// What a header of such a name says is known to few.
bool is_secret_header(std::string_view name)
{
    auto const small = lower(name);
    constexpr std::string_view words[] = {"auth", "cookie", "token", "secret", "key", "password"};
    return std::any_of(std::begin(words), std::end(words),
                       [&](auto word) { return small.find(word) != std::string::npos; });
}

// RFC 9110, 5.6.2
bool is_header_name(std::string_view name)
{
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
    });
}

} // namespace

bool read_variable_text(reader &r, node const &n, secrecy s, file_secrecy const &file,
                        std::string &out)
{
    std::string written;
    return r.text(n, written) && r.checked_quietly(n, [&] {
        if (expand(written, any_environment()).empty()) {
            throw error{"it is empty", "give it a value, or remove the key"};
        }
        if (s != secrecy::open && is_written_out(written, s)) {
            refuse_open_secret(r, file);
        }
        out = std::move(written);
    });
}

void read_url(reader &r, node const &n, std::string_view schemes, file_secrecy const &file,
              std::string &out)
{
    std::string written;
    if (!read_variable_text(r, n, secrecy::open, file, written)) {
        return;
    }
    r.checked_quietly(n, [&] {
        if (password_in_address(written)) {
            refuse_open_secret(r, file);
        }
        if (written.find("${") == std::string::npos) {
            auto const scheme = parse_url(written).scheme;
            auto const all = split(schemes, ' ');
            if (std::find(all.begin(), all.end(), scheme) == all.end()) {
                throw error{"an address of " + join(all, " or ") + " is wanted, not of " + scheme};
            }
        }
        out = std::move(written);
    });
}

void read_path(reader &r, node const &n, std::string &out)
{
    std::string written;
    if (!r.text(n, written)) {
        return;
    }
    if (written.empty() || written[0] == '~') {
        r.error(n, written.empty() ? "it is empty" : "a ~ is not replaced here",
                "write the path of a file");
        return;
    }
    out = beside(r.file(), written);
}

void read_variable_path(reader &r, node const &n, std::string &out)
{
    if (n.kind == node_kind::scalar && n.text.starts_with("${")) {
        read_variable_text(r, n, secrecy::open, {}, out);
    } else {
        read_path(r, n, out);
    }
}

void read_headers(reader &r, node const &n, file_secrecy const &file, model::header_texts &out)
{
    if (n.kind != node_kind::map || n.entries.empty()) {
        r.error(n, "a map is wanted", "write { Cache-Control: \"max-age=*\" }");
        return;
    }
    for (auto const &each : n.entries) {
        if (!is_header_name(each.key.text)) {
            r.error(each.key, shown(each.key.text) + " is not the name of a header");
            continue;
        }
        std::string value;
        auto const s = is_secret_header(each.key.text) ? secrecy::credential : secrecy::open;
        if (!read_variable_text(r, each.value, s, file, value)) {
            continue;
        }
        if (value.find_first_of("\r\n") != std::string::npos) {
            r.error(each.value, "a header has one line");
            continue;
        }
        out.emplace_back(each.key.text, std::move(value));
    }
}

void read_statuses(reader &r, node const &n, std::vector<int> &out)
{
    auto const one = [&](node const &item) {
        int status = 0;
        if (r.integer(item, status, 100, 599)) {
            out.push_back(status);
        }
    };
    if (n.kind == node_kind::scalar) {
        one(n);
    } else {
        r.list(n, one);
    }
}

void read_texts(reader &r, node const &n, std::vector<std::string> &out)
{
    r.list(n, [&](node const &item) {
        std::string text;
        if (r.text(item, text)) {
            out.push_back(std::move(text));
        }
    });
}

} // namespace pgtend::config

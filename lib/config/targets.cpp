// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "config/file.hpp"
#include "config/secret.hpp"
#include "config/sections.hpp"

namespace pgtend::config {
namespace {

struct target_parts {
    model::target target;
    file_secrecy file;
};

// A text whose ${VAR} are replaced. No message repeats the value, which may be a secret.
bool read_expanded(reader &r, node const &n, std::string &out)
{
    std::string written;
    if (!r.text(n, written)) {
        return false;
    }
    return r.checked_quietly(n, [&] {
        auto value = expand(written, r.options());
        if (value.empty()) {
            throw error{"it is empty", "give it a value, or remove the key"};
        }
        out = std::move(value);
    });
}

void read_dsn(reader &r, node const &n, target_parts &p)
{
    if (n.kind != node_kind::scalar) {
        r.error(n, "a connection string is wanted",
                "write \"host=... dbname=...\", a URI, or \"${VARIABLE}\"");
        return;
    }
    r.checked_quietly(n, [&] {
        if (n.text.empty()) {
            throw error{
                "it is empty",
                "remove the key to connect as the environment says (PGHOST, PGSERVICE, ...)"};
        }
        auto const facts = look_at_conninfo(n.text);
        if (facts.malformed) {
            throw error{"it is not a connection string",
                        "write \"host=... dbname=...\", a URI, or \"${VARIABLE}\""};
        }
        if (facts.password && !p.file.private_file) {
            throw error{
                fmt::format(
                    "it holds a password, and group or others may read or write the file (mode {})",
                    octal(p.file.mode)),
                fmt::format("chmod 600 {}, or write \"${{VARIABLE}}\" or `passfile:`", r.file())};
        }
        p.target.dsn = expand_conninfo(n.text, r.options());
    });
}

void read_passfile(reader &r, node const &n, target_parts &p)
{
    std::string path;
    if (!read_expanded(r, n, path)) {
        return;
    }
    if (path[0] == '~') {
        r.error(n, "a ~ is not replaced here", "write ${HOME}");
        return;
    }
    p.target.passfile = beside(r.file(), path);
}

void read_target_expect(reader &r, node const &n, target_parts &p)
{
    static constexpr std::array<map_key<target_parts>, 2> keys{{
        {"database", [](reader &in, node const &v,
                        target_parts &t) { read_expanded(in, v, t.target.expect_database); }},
        {"host", [](reader &in, node const &v,
                    target_parts &t) { read_expanded(in, v, t.target.expect_host); }},
    }};
    read_map(r, n, "'expect'", keys, p);
}

constexpr std::array<std::pair<std::string_view, model::pooler>, 4> poolers{{
    {"auto", model::pooler::automatic},
    {"none", model::pooler::none},
    {"session", model::pooler::session},
    {"transaction", model::pooler::transaction},
}};

constexpr std::array<map_key<target_parts>, 4> target_keys{{
    {"dsn", read_dsn},
    {"passfile", read_passfile},
    {"pooler",
     [](reader &r, node const &n, target_parts &p) { r.choice(n, p.target.pooler, poolers); }},
    {"expect", read_target_expect},
}};

void check_target_name(std::string_view name)
{
    if (name == "all") {
        throw error{"'all' is not a name for a target", "`-t all` means every target"};
    }
    try {
        model::check_job_name(name);
    } catch (error const &e) {
        throw error{fmt::format("{} is not a valid target name", shown(name)), e.hint()};
    }
}

} // namespace

void read_targets(reader &r, node const &n, file_secrecy const &file, model::configuration &all)
{
    if (n.kind != node_kind::map || n.entries.empty()) {
        r.error(n, "a map is wanted", "write { name: { dsn: \"${VARIABLE}\" } }");
        return;
    }
    for (auto const &entry : n.entries) {
        r.key = {};
        target_parts parts;
        parts.file = file;
        parts.target.name = entry.key.text;
        parts.target.at = r.at(entry.key);
        auto const good = r.checked(entry.key, [&] { check_target_name(entry.key.text); });
        if (entry.value.kind == node_kind::missing || entry.value.kind == node_kind::null) {
            r.plain_error(
                entry.key, fmt::format("target {} is empty", shown(entry.key.text)),
                "write { dsn: \"${VARIABLE}\" }, or {} to connect as the environment says");
        } else if (entry.value.kind != node_kind::map) {
            r.plain_error(entry.value,
                          fmt::format("target {}: a map is wanted", shown(entry.key.text)),
                          "write { dsn: \"${VARIABLE}\" }");
        } else {
            read_map(r, entry.value, "a target", target_keys, parts);
        }
        if (good) {
            all.targets.push_back(std::move(parts.target));
        }
    }
}

} // namespace pgtend::config

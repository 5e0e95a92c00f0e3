// SPDX-License-Identifier: Apache-2.0
#include "zone/names.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sys/stat.h>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::zone_names {
namespace {

struct closer {
    void operator()(std::FILE *file) const { std::fclose(file); }
};
using file = std::unique_ptr<std::FILE, closer>;

bool exists(std::string const &path)
{
    struct stat is {};
    return ::stat(path.c_str(), &is) == 0;
}

// "TZif" starts each compiled zone (RFC 8536, 3.1); tzdata's directory holds tables and subfolders
// too.
bool is_zone_file(std::string const &path)
{
    file const in{std::fopen(path.c_str(), "rb")};
    std::array<char, 4> magic{};
    return in && std::fread(magic.data(), 1, magic.size(), in.get()) == magic.size() &&
           std::string_view{magic.data(), magic.size()} == "TZif";
}

struct known_name {
    std::string name;
    std::string target; // of a link; else empty
};

// Zones ("Z name ...") and links ("L target name") of tzdata.zi, zic's compact source, which
// distributions ship.
std::vector<known_name> read_names()
{
    std::vector<known_name> out;
    file const in{std::fopen((directory() + "/tzdata.zi").c_str(), "rb")};
    std::array<char, 512> line{};
    while (in && std::fgets(line.data(), static_cast<int>(line.size()), in.get()) != nullptr) {
        auto const words = split(trim(line.data()), ' ');
        if (words.size() > 1 && words[0] == "Z") {
            out.push_back({words[1], {}});
        } else if (words.size() > 2 && words[0] == "L") {
            out.push_back({words[2], words[1]});
        }
    }
    return out;
}

// Read once: somebody may ask about a hundred thousand wrong names.
std::vector<known_name> const &known_names()
{
    static auto const *const names = new auto{read_names()};
    return *names;
}

std::string hint_for(std::string_view name)
{
    auto const &known = known_names();
    auto const wanted = lower(name);
    for (auto const &k : known) {
        if (k.name == name && !k.target.empty()) {
            return "Write '" + k.target +
                   "', which it stands for; the old name is in the package tzdata-legacy.";
        }
        // "Berlin" alone, or another case.
        auto const full = lower(k.name);
        if (full == wanted ||
            (full.ends_with(wanted) && full[full.size() - wanted.size() - 1] == '/')) {
            return "Did you mean '" + k.name + "'?";
        }
    }
    bool const fixed =
        (wanted.starts_with("utc") || wanted.starts_with("gmt")) && wanted.size() > 3;
    if (fixed || (!wanted.empty() && (wanted[0] == '+' || wanted[0] == '-'))) {
        return "Name a place, such as 'Africa/Kinshasa'. A fixed offset is 'Etc/GMT-3', which is 3 "
               "hours EAST of UTC.";
    }
    std::vector<std::string_view> candidates;
    candidates.reserve(known.size());
    for (auto const &k : known) {
        candidates.emplace_back(k.name);
    }
    if (auto const guess = nearest(name, candidates)) {
        return "Did you mean '" + *guess + "'?";
    }
    return "Write an IANA name, such as 'Europe/Berlin' or 'UTC'; they are the files below " +
           directory() + ".";
}

// What every name of the data base looks like (its file theory.html): words of letters, digits,
// '_', '+' and '-', joined by '/'.
bool well_formed(std::string_view name)
{
    bool start = true; // of a word, which begins with a letter
    for (char const c : name) {
        bool const letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool const inside = (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-';
        if (!letter && (start || !(inside || c == '/'))) {
            return false;
        }
        start = c == '/';
    }
    return !start && name.size() <= 64;
}

} // namespace

std::string directory()
{
    char const *set = std::getenv("TZDIR");
    return set != nullptr && *set != '\0' ? set : "/usr/share/zoneinfo";
}

void require(std::string_view name)
{
    auto const refuse = [&](std::string const &why, std::string hint) {
        throw usage_error{"time zone " + in_quotes(name) + " " + why, std::move(hint)};
    };
    if (name.empty()) {
        refuse("is empty", "Write an IANA name, such as 'Europe/Berlin' or 'UTC'.");
    }
    auto const wanted = lower(name);
    constexpr std::array<std::string_view, 6> of_the_host{"localtime", "local",      "system",
                                                          "default",   "posixrules", "factory"};
    if (std::find(of_the_host.begin(), of_the_host.end(), wanted) != of_the_host.end()) {
        refuse("is no name of a zone", "Name the zone, such as 'Europe/Berlin': what the host's "
                                       "own zone is differs between hosts.");
    }
    for (std::string_view const prefix : {"posix/", "right/", "fixed/"}) {
        if (wanted.starts_with(prefix)) {
            refuse(
                "is no IANA name",
                prefix == "fixed/"
                    ? "Name a place; a fixed offset is 'Etc/GMT-3', which is 3 hours EAST of UTC."
                    : "Write " + in_quotes(name.substr(prefix.size())) + ".");
        }
    }
    if (!well_formed(name)) {
        refuse("is no IANA name",
               name.size() > 64 ? "Write a name such as 'Europe/Berlin'." : hint_for(name));
    }
    auto const path = directory() + "/" + std::string{name};
    if (is_zone_file(path)) {
        return;
    }
    if (!exists(directory() + "/Etc") && !exists(directory() + "/UTC") &&
        !exists(directory() + "/tzdata.zi")) {
        refuse("cannot be loaded: this host has no time zones in " + directory(),
               "Install the package tzdata, or use 'UTC', which needs no file.");
    }
    refuse("is unknown", hint_for(name));
}

} // namespace pgtend::zone_names

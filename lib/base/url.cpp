// SPDX-License-Identifier: Apache-2.0
#include "base/url.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend {
namespace {

constexpr int most_port = 65535;

int port_of(std::string_view scheme)
{
    return scheme == "http" ? 80 : scheme == "https" ? 443 : 6379;
}

int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

std::string decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        auto const high = i + 2 < text.size() ? hex(text[i + 1]) : -1;
        auto const low = i + 2 < text.size() ? hex(text[i + 2]) : -1;
        if (high < 0 || low < 0 || high + low == 0) {
            throw error{"the user part of the address is not percent-encoded",
                        "write %25 for a per cent sign"};
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

bool fits_host(std::string_view host)
{
    bool const six = host.starts_with('[');
    return !host.empty() && (!six || host.ends_with(']')) &&
           std::all_of(host.begin(), host.end(), [&](char c) {
               bool const word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
               return word || (six && (c == '[' || c == ']' || c == ':' || c == '%'));
           });
}

int read_port(std::string_view text)
{
    int out = 0;
    auto const *const end = text.data() + text.size();
    auto const [stop, failure] = std::from_chars(text.data(), end, out);
    if (failure != std::errc{} || stop != end || out < 1 || out > most_port) {
        throw error{"the port of the address is no number between 1 and 65535"};
    }
    return out;
}

} // namespace

url parse_url(std::string_view text)
{
    constexpr std::string_view schemes[] = {"http", "https", "redis", "rediss"};
    auto const malformed = [](std::string const &why) {
        return error{"it is not an address: " + why,
                     "write scheme://host:port/path, such as https://shop.example.org/health"};
    };
    url out;
    auto const colon = text.find("://");
    if (colon == std::string_view::npos) {
        throw malformed("it has no scheme");
    }
    out.scheme = lower(text.substr(0, colon));
    if (std::find(std::begin(schemes), std::end(schemes), out.scheme) == std::end(schemes)) {
        throw malformed("its scheme is none of http, https, redis and rediss");
    }
    auto const rest = text.substr(colon + 3);
    if (std::any_of(rest.begin(), rest.end(),
                    [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; })) {
        throw malformed("it has a blank or a control character");
    }
    auto authority = rest.substr(0, rest.find_first_of("/?#"));
    out.path = std::string{rest.substr(authority.size())};
    out.path.erase(std::min(out.path.find('#'), out.path.size()));
    if (!out.path.starts_with('/')) {
        out.path.insert(0, "/");
    }
    if (auto const at = authority.rfind('@'); at != std::string_view::npos) {
        auto const user = authority.substr(0, at);
        auto const end = std::min(user.find(':'), user.size());
        out.user = decoded(user.substr(0, end));
        out.password = decoded(user.substr(std::min(end + 1, user.size())));
        authority.remove_prefix(at + 1);
    }
    auto const bracket = authority.rfind(']');
    auto const port = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    out.host = lower(authority.substr(0, port));
    if (!fits_host(out.host)) {
        throw malformed("it has no host");
    }
    out.port = port == std::string_view::npos ? port_of(out.scheme)
                                              : read_port(authority.substr(port + 1));
    return out;
}

std::string parse_host(std::string_view text)
{
    bool const six = std::count(text.begin(), text.end(), ':') > 1 && !text.starts_with('[');
    auto out = six ? fmt::format("[{}]", text) : std::string{text};
    if (!fits_host(out)) {
        throw error{"it is not a host alone",
                    "write its name or its address; its port stands under `port:`"};
    }
    return out;
}

std::string display(url const &u)
{
    return fmt::format("{}://{}{}{}", u.scheme, u.host,
                       u.port == port_of(u.scheme) ? "" : fmt::format(":{}", u.port),
                       printable(u.path.substr(0, u.path.find('?'))));
}

} // namespace pgtend

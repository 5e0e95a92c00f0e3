// SPDX-License-Identifier: Apache-2.0
#include "config/secret.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::config {
namespace {

bool starts_variable(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_uri(std::string_view text)
{
    return text.substr(0, 13) == "postgresql://" || text.substr(0, 11) == "postgres://";
}

// Calls literal(text) for what is written out, variable(name) for each ${name}.
template <class Literal, class Variable>
void walk(std::string_view text, Literal literal, Variable variable)
{
    while (!text.empty()) {
        auto const dollar = text.find("${");
        if (dollar == std::string_view::npos) {
            literal(text);
            return;
        }
        if (dollar > 0 && text[dollar - 1] == '$') {
            literal(text.substr(0, dollar - 1));
            literal("${");
            text.remove_prefix(dollar + 2);
            continue;
        }
        literal(text.substr(0, dollar));
        auto const end = text.find('}', dollar);
        auto const name =
            text.substr(dollar + 2, end == std::string_view::npos ? 0 : end - dollar - 2);
        if (end == std::string_view::npos) {
            throw error{"a '${' is not closed",
                        "write ${VARIABLE}; write $${ for the two characters themselves"};
        }
        if (name.empty() || !starts_variable(name[0]) ||
            !std::all_of(name.begin(), name.end(),
                         [](char c) { return starts_variable(c) || (c >= '0' && c <= '9'); })) {
            throw error{
                "what stands in ${...} is not the name of a variable",
                "write ${VARIABLE}, without defaults; write $${ for the two characters themselves"};
        }
        variable(name);
        text.remove_prefix(end + 1);
    }
}

std::string value_of(std::string_view name, load_options const &options)
{
    std::string const variable{name};
    auto value = options.environment ? options.environment(variable) : std::nullopt;
    if (!value) {
        throw error{fmt::format("environment variable {} is not set", variable),
                    "set it where pgtend is started, in the service unit for example"};
    }
    if (value->empty()) {
        throw error{fmt::format("environment variable {} is empty", variable),
                    "give it a value, or remove the key"};
    }
    if (value->find('\0') != std::string::npos || !valid_utf8(*value)) {
        throw error{fmt::format("environment variable {} is not UTF-8", variable)};
    }
    return *value;
}

// Where in a conninfo string the scanner is: what comes next is a key, or (inside) a value.
class conninfo_scanner {
  public:
    struct setting {
        std::string key;
        bool literal = false; // a character of the value is written out
    };

    void literal(std::string_view text)
    {
        for (char const c : text) {
            take(c);
        }
    }
    void variable()
    {
        if (state_ == state::before_value) {
            state_ = state::bare;
        } else if (state_ == state::between) {
            state_ = state::anything; // one setting, or several
        } else if (state_ == state::key) {
            malformed_ = true;
        }
        escaped_ = false;
    }
    bool in_value() const
    {
        return state_ == state::before_value || state_ == state::bare || state_ == state::quoted;
    }
    bool quoted() const { return state_ == state::quoted; }
    // A password behind a variable that may be the beginning of anything: ${SERVER}/db?password=x,
    // ${SCHEME}user:x@host.
    bool literal_tail() const
    {
        constexpr std::string_view key = "password=";
        auto const at = tail_.rfind('@');
        auto const colon = tail_.find(':');
        return tail_.find(key) != std::string::npos ||
               (at != std::string::npos && colon != std::string::npos && colon + 1 < at);
    }
    void finish()
    {
        malformed_ = malformed_ || state_ == state::quoted || state_ == state::key || escaped_;
    }
    bool malformed() const { return malformed_; }
    std::vector<setting> const &settings() const { return settings_; }

  private:
    enum class state { between, anything, key, before_value, bare, quoted };

    void take(char c)
    {
        if (escaped_) {
            escaped_ = false;
            settings_.back().literal = true;
            return;
        }
        switch (state_) {
        case state::between:
        case state::anything:
            if (is_blank(c)) {
                state_ = state::between;
            } else if (state_ == state::between) {
                settings_.push_back({{c}, false});
                state_ = state::key;
            } else {
                tail_ += c;
            }
            break;
        case state::key:
            if (c == '=') {
                settings_.back().key = std::string{trim(settings_.back().key)};
                malformed_ = malformed_ ||
                             settings_.back().key.find_first_of(" \t\r\n\f\v") != std::string::npos;
                state_ = state::before_value;
            } else {
                settings_.back().key += c;
            }
            break;
        case state::before_value:
            if (c == '\'') {
                state_ = state::quoted;
            } else if (!is_blank(c)) {
                state_ = state::bare;
                take(c);
            }
            break;
        case state::bare:
            if (is_blank(c)) {
                state_ = state::between;
                break;
            }
            [[fallthrough]];
        case state::quoted:
            if (c == '\\') {
                escaped_ = true;
            } else if (state_ == state::quoted && c == '\'') {
                state_ = state::between;
            } else {
                settings_.back().literal = true;
            }
            break;
        }
    }

    std::vector<setting> settings_;
    std::string tail_;
    state state_ = state::between;
    bool escaped_ = false;
    bool malformed_ = false;
};

bool holds_secret(std::string_view key)
{
    return key == "password" || key == "sslpassword" || key == "oauth_client_secret";
}

// A URI with each variable as one NUL.
bool password_in_uri(std::string_view uri)
{
    auto const written_out = [](std::string_view part) {
        return part.find_first_not_of('\0') != std::string_view::npos;
    };
    uri.remove_prefix(uri.find("://") + 3);
    auto const authority = uri.substr(0, uri.find_first_of("/?"));
    // A password with an unencoded / or ? would be cut off here: look for the @ behind as well.
    auto const at =
        std::max(authority.rfind('@') == std::string_view::npos ? 0 : authority.rfind('@'),
                 uri.rfind('@') == std::string_view::npos ? 0 : uri.rfind('@'));
    auto const user = uri.substr(0, at);
    auto const colon = user.find(':');
    if (colon != std::string_view::npos && written_out(user.substr(colon + 1))) {
        return true;
    }
    auto const question = uri.find('?');
    auto rest = question == std::string_view::npos ? std::string_view{} : uri.substr(question + 1);
    while (!rest.empty()) {
        auto const setting = rest.substr(0, rest.find('&'));
        auto const equals = setting.find('=');
        if (equals != std::string_view::npos && holds_secret(setting.substr(0, equals)) &&
            written_out(setting.substr(equals + 1))) {
            return true;
        }
        rest.remove_prefix(std::min(setting.size() + 1, rest.size()));
    }
    return false;
}

} // namespace

std::string expand(std::string_view text, load_options const &options)
{
    std::string out;
    walk(
        text, [&](std::string_view part) { out += part; },
        [&](std::string_view name) { out += value_of(name, options); });
    return out;
}

std::string expand_address(std::string_view text, load_options const &options)
{
    std::string out;
    auto const last_at = text.rfind('@');
    std::size_t left = text.size();
    walk(
        text,
        [&](std::string_view part) {
            out += part;
            left -= part == "${" ? 3 : part.size();
        },
        [&](std::string_view name) {
            auto const value = value_of(name, options);
            bool const in_user = last_at != std::string_view::npos && text.size() - left < last_at;
            if (in_user && value.find_first_of("@/?# \t\r\n") != std::string::npos) {
                throw error{
                    fmt::format("environment variable {} has a character that a URI cannot hold",
                                name),
                    "percent-encode @ / ? # and blanks in it; a dsn can be written as "
                    "key=value"};
            }
            out += value;
            left -= name.size() + 3;
        });
    return out;
}

std::string expand_conninfo(std::string_view text, load_options const &options)
{
    if (is_uri(text)) {
        return expand_address(text, options);
    }
    std::string out;
    conninfo_scanner scanner;
    walk(
        text,
        [&](std::string_view part) {
            scanner.literal(part);
            out += part;
        },
        [&](std::string_view name) {
            for (char const c : value_of(name, options)) {
                if (scanner.in_value() &&
                    (c == '\\' || c == '\'' || (is_blank(c) && !scanner.quoted()))) {
                    out += '\\';
                }
                out += c;
            }
            scanner.variable();
        });
    return out;
}

bool password_in_address(std::string_view text)
{
    std::string masked;
    walk(
        text, [&](std::string_view part) { masked += part; },
        [&](std::string_view) { masked += '\0'; });
    return masked.find("://") != std::string::npos && password_in_uri(masked);
}

conninfo_facts look_at_conninfo(std::string_view text)
{
    if (is_uri(text)) {
        return {password_in_address(text), false};
    }
    conninfo_scanner scanner;
    walk(
        text, [&](std::string_view part) { scanner.literal(part); },
        [&](std::string_view) { scanner.variable(); });
    scanner.finish();
    auto const written_out = [](conninfo_scanner::setting const &s) {
        return s.literal && holds_secret(s.key);
    };
    auto const &settings = scanner.settings();
    return {scanner.literal_tail() || std::any_of(settings.begin(), settings.end(), written_out),
            scanner.malformed()};
}

} // namespace pgtend::config

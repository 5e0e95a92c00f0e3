// SPDX-License-Identifier: Apache-2.0
#include "support/services.hpp"

#include <fmt/core.h>
#include <fstream>

#include "base/text.hpp"
#include "support/database.hpp"

namespace pgtend::test {
namespace {

std::string with_key(std::string const &name)
{
    return name.empty()
               ? ""
               : fmt::format(" '{}' '{}'", certificate(name + ".pem"), certificate(name + ".key"));
}

} // namespace

std::string certificate(std::string const &file)
{
    static scratch const all;
    static bool const made = [] {
        run_script("certificates", "'" + all.path() + "'");
        return true;
    }();
    static_cast<void>(made);
    return all.path() + "/" + file;
}

web::web(std::string const &certificate)
    : tls_{!certificate.empty()}, port_{
                                      std::stoi(run_script("web", "start '" + files_.path() + "'" +
                                                                      with_key(certificate)))}
{
}

void web::plan(std::string const &json) const
{
    files_.write("plan.json", json);
}

web::~web()
{
    stop_script("web", files_.path());
}

std::string web::url(std::string const &path) const
{
    return fmt::format("{}://localhost:{}{}", tls_ ? "https" : "http", port_, path);
}

int web::count(std::string const &path) const
{
    std::ifstream requests{files_.path() + "/requests"};
    int out = 0;
    for (std::string line; std::getline(requests, line);) {
        out += line == path ? 1 : 0;
    }
    return out;
}

redis_server::redis_server(std::string const &certificate)
    : tls_{!certificate.empty()}, directory_{files_.path() + "/redis"},
      port_{std::stoi(
          run_script("redis", "start '" + directory_ + "'" + with_key(certificate) +
                                  (tls_ ? " '" + test::certificate("ca.pem") + "'" : "")))}
{
}

redis_server::~redis_server()
{
    stop_script("redis", directory_);
}

std::string redis_server::url() const
{
    return fmt::format("{}://127.0.0.1:{}", tls_ ? "rediss" : "redis", port_);
}

std::string redis_server::url(std::string const &user, std::string const &password) const
{
    return replace_all(url(), "://", fmt::format("://{}:{}@", user, password));
}

std::string redis_server::ask(std::string const &commands) const
{
    return run_script("redis",
                      "ask '" + directory_ + "' <'" + files_.write("commands", commands) + "'");
}

} // namespace pgtend::test

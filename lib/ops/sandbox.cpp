// SPDX-License-Identifier: Apache-2.0
#include "ops/sandbox.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "ops/binaries.hpp"

namespace pgtend::ops {
namespace {

namespace fs = std::filesystem;

constexpr char marker[] = ".pgtend-sandbox";
constexpr std::size_t longest_socket = 107; // of a path: sun_path, less the end

error failed(std::string const &what, fs::path const &path)
{
    return error{"cannot " + what + " " + path.string() + ": " + std::strerror(errno)};
}

void refuse(fs::path const &directory, std::string const &why)
{
    throw usage_error{directory.string() + " is no sandbox of yours: " + why,
                      "it is left alone; choose another with --directory"};
}

// Whether it is there; refuses what somebody else may have put there. A link is not followed.
bool is_ours(fs::path const &directory)
{
    struct stat found {};
    if (::lstat(directory.c_str(), &found) != 0) {
        if (errno == ENOENT) {
            return false;
        }
        throw failed("look at", directory);
    }
    if (!S_ISDIR(found.st_mode)) {
        refuse(directory, "it is no directory");
    }
    if (found.st_uid != ::geteuid() || (found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        refuse(directory, "others own it or may write to it");
    }
    if (::lstat((directory / marker).c_str(), &found) == 0 && S_ISREG(found.st_mode)) {
        return true;
    }
    if (!fs::is_empty(directory)) {
        refuse(directory, "it holds something else");
    }
    return false;
}

void make_folder(fs::path const &path, mode_t mode, std::optional<account> const &owner)
{
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
        throw failed("make", path);
    }
    if (owner && ::lchown(path.c_str(), owner->user, owner->group) != 0) {
        throw failed("give away", path);
    }
    if (!owner && ::chmod(path.c_str(), mode) != 0) {
        throw failed("close", path);
    }
}

// One at a time begins or ends a sandbox.
class lock_on {
  public:
    explicit lock_on(fs::path const &directory)
        : file_{
              ::open((directory / marker).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)}
    {
        if (file_.get() < 0 || ::flock(file_.get(), LOCK_EX) != 0) {
            throw failed("lock", directory / marker);
        }
    }

  private:
    descriptor file_;
};

int made_with(fs::path const &data)
{
    std::ifstream file{data / "PG_VERSION"};
    int out = 0;
    file >> out;
    return out;
}

std::string last_lines(std::string const &text)
{
    constexpr std::size_t shown = 500;
    return std::string{trim(text.size() > shown ? text.substr(text.size() - shown) : text)};
}

std::string told(std::vector<server_binaries> const &all)
{
    std::vector<std::string> versions;
    for (auto const &each : all) {
        versions.push_back(std::to_string(each.version));
    }
    return join(versions, ", ");
}

server_binaries binaries_of(int version)
{
    auto const all = installed_servers();
    auto const found = std::find_if(all.begin(), all.end(), [&](auto const &each) {
        return version == 0 || each.version == version;
    });
    if (found == all.end()) {
        throw usage_error{
            version == 0 ? "no PostgreSQL server is installed"
                         : "PostgreSQL " + std::to_string(version) + " is not installed",
            all.empty() ? "on Debian: apt-get install postgresql" : "installed: " + told(all)};
    }
    return *found;
}

} // namespace

sandbox_place place_of_sandbox(std::string const &asked, std::string const &runtime)
{
    sandbox_place out;
    if (::geteuid() == 0) {
        auto const postgres = find_account("postgres");
        out.server = postgres ? postgres : find_account("nobody");
    }
    auto const in_temporary = "/tmp/pgtend-sandbox-" + std::to_string(::geteuid());
    out.directory = !asked.empty()                  ? fs::absolute(asked)
                    : runtime.empty() || out.server ? fs::path{in_temporary}
                                                    : fs::path{runtime} / "pgtend-sandbox";
    auto text = out.directory.lexically_normal().string();
    if (text.size() > 1 && text.back() == '/') {
        text.pop_back();
    }
    constexpr char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._+-";
    if (text.find_first_not_of(allowed) != std::string::npos) {
        throw usage_error{in_quotes(text) + " has a character that a sandbox's path may not have",
                          "letters, digits and /._+- are allowed"};
    }
    if (text.size() + std::strlen("/socket/.s.PGSQL.5432") > longest_socket) {
        throw usage_error{in_quotes(text) + " is too long for the path of a socket",
                          "choose a shorter --directory"};
    }
    out.directory = text;
    return out;
}

sandbox::sandbox(sandbox_place place, std::stop_token stop)
    : place_{std::move(place)}, stop_{std::move(stop)}
{
}

child_result sandbox::run(std::vector<std::string> words) const
{
    return run_child(std::move(words), {.as = place_.server, .stop = stop_});
}

sandbox_state sandbox::state() const
{
    sandbox_state out;
    out.dsn = "host=" + sockets().string() + " port=5432 user=postgres dbname=postgres";
    out.exists = is_ours(place_.directory);
    if (!out.exists) {
        return out;
    }
    out.version = made_with(data());
    if (out.version > 0) {
        out.binaries = binaries_of(out.version).folder;
        out.running =
            run({(out.binaries / "pg_ctl").string(), "-D", data().string(), "status"}).code == 0;
    }
    return out;
}

// A folder of data without PG_VERSION is what an interrupted initdb left.
void sandbox::make(fs::path const &binaries) const
{
    fs::remove_all(data());
    make_folder(data(), 0700, place_.server);
    make_folder(sockets(), 0700, place_.server);
    auto const made = run({(binaries / "initdb").string(), "-D", data().string(), "-U", "postgres",
                           "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-sync"});
    if (made.code != 0) {
        throw error{"initdb failed in " + data().string() + ": " + last_lines(made.output)};
    }
}

sandbox_state sandbox::start(int version) const
{
    is_ours(place_.directory);
    // The server's user has to pass through what is root's.
    make_folder(place_.directory, place_.server ? 0711 : 0700, std::nullopt);
    lock_on const alone{place_.directory};
    auto now = state();
    if (now.version > 0 && version > 0 && now.version != version) {
        throw usage_error{"the sandbox in " + place_.directory.string() + " is PostgreSQL " +
                              std::to_string(now.version),
                          "pgtend sandbox stop removes it"};
    }
    if (now.running) {
        return now;
    }
    if (now.version == 0) {
        auto const chosen = binaries_of(version);
        make(chosen.folder);
        now.version = chosen.version;
        now.binaries = chosen.folder;
    }
    auto const log = data() / "log";
    auto const settings = "-c listen_addresses= -c unix_socket_directories=" + sockets().string() +
                          " -c port=5432 -c fsync=off -c full_page_writes=off";
    auto const started = run({(now.binaries / "pg_ctl").string(), "-D", data().string(), "-l",
                              log.string(), "-w", "-t", "60", "-o", settings, "start"});
    if (started.code != 0) {
        throw error{"the sandbox in " + place_.directory.string() +
                        " did not start: " + last_lines(started.output),
                    "its log is " + log.string()};
    }
    now.exists = now.running = true;
    return now;
}

bool sandbox::stop() const
{
    if (!is_ours(place_.directory)) {
        return false;
    }
    lock_on const alone{place_.directory};
    auto const now = state();
    if (now.running) {
        auto const ended = run({(now.binaries / "pg_ctl").string(), "-D", data().string(), "-m",
                                "immediate", "-w", "stop"});
        if (ended.code != 0) {
            throw error{"the sandbox in " + place_.directory.string() +
                        " did not end: " + last_lines(ended.output)};
        }
    }
    fs::remove_all(place_.directory);
    return true;
}

void sandbox::psql(std::vector<std::string> const &arguments) const
{
    auto const now = state();
    if (!now.running) {
        throw connect_error{"no sandbox runs in " + place_.directory.string(),
                            "pgtend sandbox start begins one"};
    }
    auto const own = (now.binaries / "psql").string();
    std::vector<std::string> words{::access(own.c_str(), X_OK) == 0 ? own : "psql", "-d", now.dsn};
    words.insert(words.end(), arguments.begin(), arguments.end());
    become(std::move(words));
}

} // namespace pgtend::ops

// SPDX-License-Identifier: Apache-2.0
#include "base/child.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/error.hpp"

namespace pgtend {
namespace {

constexpr int cannot_start = 127;

std::vector<char *> pointers(std::vector<std::string> &texts)
{
    std::vector<char *> out;
    for (auto &text : texts) {
        out.push_back(text.data());
    }
    out.push_back(nullptr);
    return out;
}

// Between fork() and execve() only what is safe in a signal handler.
void default_signals()
{
    sigset_t none;
    sigemptyset(&none);
    ::signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

void drop_files(int output)
{
    int const nothing = ::open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    close_range(3, ~0U, 0);
}

bool take(account const &a)
{
    return setgroups(0, nullptr) == 0 && setgid(a.group) == 0 && setuid(a.user) == 0;
}

std::string read_all(int file)
{
    std::string out;
    std::array<char, 4096> part{};
    ::lseek(file, 0, SEEK_SET);
    for (ssize_t count = 0; (count = ::read(file, part.data(), part.size())) > 0;) {
        out.append(part.data(), static_cast<std::size_t>(count));
    }
    return out;
}

int end_of(pid_t child, std::stop_token const &stop)
{
    int status = 0;
    for (bool told = false; waitpid(child, &status, WNOHANG) == 0;) {
        if (stop.stop_requested() && !told) {
            told = true;
            ::kill(child, SIGTERM);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace

std::optional<account> find_account(std::string const &name)
{
    auto const *entry = getpwnam(name.c_str());
    if (entry == nullptr) {
        return std::nullopt;
    }
    return account{.user = entry->pw_uid, .group = entry->pw_gid, .name = name};
}

child_result run_child(std::vector<std::string> words, child_options const &options)
{
    auto const *path = std::getenv("PATH");
    std::vector<std::string> environment{
        std::string{"PATH="} + (path == nullptr ? "/usr/bin:/bin" : path), "LC_ALL=C", "HOME=/"};
    auto argv = pointers(words);
    auto envp = pointers(environment);
    descriptor const output{memfd_create("output", MFD_CLOEXEC)};
    if (output.get() < 0) {
        throw error{std::string{"cannot run "} + words[0] + ": " + std::strerror(errno)};
    }
    auto const child = fork();
    if (child == 0) {
        default_signals();
        drop_files(output.get());
        if ((options.as && !take(*options.as)) || ::chdir("/") != 0) {
            _exit(cannot_start);
        }
        execve(argv[0], argv.data(), envp.data());
        _exit(cannot_start);
    }
    if (child < 0) {
        throw error{"cannot run " + words[0] + ": " + std::strerror(errno)};
    }
    child_result out;
    out.code = end_of(child, options.stop);
    out.output = read_all(output.get());
    if (options.stop.stop_requested()) {
        throw interrupted{"stopped while " + words[0] + " ran"};
    }
    if (out.code == cannot_start && out.output.empty()) {
        throw error{"cannot run " + words[0]};
    }
    return out;
}

void become(std::vector<std::string> words)
{
    auto argv = pointers(words);
    default_signals();
    execvp(argv[0], argv.data());
    throw error{"cannot run " + words[0] + ": " + std::strerror(errno)};
}

} // namespace pgtend

// SPDX-License-Identifier: Apache-2.0
#include "support/process.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/error.hpp"
#include "support/launch.hpp"

namespace pgtend::test {
namespace {

std::string read(std::string const &path)
{
    std::ifstream in{path};
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

} // namespace

scratch::scratch()
{
    auto pattern = (std::filesystem::temp_directory_path() / "pgtend-test.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        throw error{"cannot create a temporary directory"};
    }
    path_ = pattern;
}

scratch::~scratch()
{
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string scratch::write(std::string const &name, std::string const &text) const
{
    auto const path = path_ + "/" + name;
    std::ofstream{path} << text;
    chmod(path.c_str(), 0600);
    return path;
}

process::process(std::vector<std::string> const &args, environment_changes const &changes)
{
    launch what{pgtend_words(args), changes};
    start(what);
}

process::process(program const &what, environment_changes const &changes)
{
    launch started{what.words, changes};
    start(started);
}

void process::start(launch &what)
{
    auto const out = files_.path() + "/out";
    auto const err = files_.path() + "/err";
    pid_ = fork();
    if (pid_ == 0) {
        setsid();
        auto const redirect = [](char const *path, int flags, int to) {
            int const file = ::open(path, flags, 0600);
            dup2(file, to);
            ::close(file);
        };
        redirect("/dev/null", O_RDONLY, 0);
        redirect(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 1);
        redirect(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 2);
        what.execute();
        _exit(127);
    }
}

process::~process()
{
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
}

// proc(5): the state stands behind the name, which is in parentheses.
bool process::stands_still() const
{
    return test::stands_still(pid_);
}

bool stands_still(int pid)
{
    std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
    std::string line;
    std::getline(file, line);
    return line.find(") T ") != std::string::npos;
}

void process::signal(int number) const
{
    ::kill(pid_, number);
}

std::string process::errors() const
{
    return read(files_.path() + "/err");
}

finished process::wait(std::chrono::seconds limit)
{
    auto const end = std::chrono::steady_clock::now() + limit;
    int status = 0;
    rusage used{};
    while (wait4(pid_, &status, WNOHANG, &used) == 0) {
        if (std::chrono::steady_clock::now() > end) {
            ::kill(pid_, SIGKILL);
            waitpid(pid_, &status, 0);
            pid_ = -1;
            throw error{"pgtend did not end in time; stderr: " + read(files_.path() + "/err")};
        }
        wait_a_little();
    }
    pid_ = -1;
    return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            .out = read(files_.path() + "/out"),
            .err = read(files_.path() + "/err"),
            .peak = used.ru_maxrss};
}

finished pgtend(std::vector<std::string> const &args, environment_changes const &changes)
{
    return process{args, changes}.wait();
}

void wait_a_little()
{
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
}

void never(char const *what)
{
    throw error{std::string{"never happened: "} + what};
}

} // namespace pgtend::test

// SPDX-License-Identifier: Apache-2.0
// The built pgtend as a process of its own, for what only a process can show: kill -9, exit codes,
// closed streams.
#pragma once
#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace pgtend::test {

// A directory that is removed at the end.
class scratch {
  public:
    scratch();
    ~scratch();
    scratch(scratch const &) = delete;
    scratch &operator=(scratch const &) = delete;
    std::string const &path() const noexcept { return path_; }
    // Writes a file (mode 0600) and returns its path.
    std::string write(std::string const &name, std::string const &text) const;

  private:
    std::string path_;
};

// A process was stopped by SIGSTOP; the signal may take a moment to arrive.
bool stands_still(int pid);

struct finished {
    int code = -1; // exit code; 128 + signal when one ended it
    std::string out, err;
    long peak = 0; // the most memory that it had resident, in kB
};

// Changes to the environment; an empty value removes the variable.
using environment_changes = std::map<std::string, std::string>;

class launch;

class process {
  public:
    // Starts $PGTEND_BINARY with these arguments, stdin empty, in a session of its own, so that it
    // has no terminal. Throws error when the variable is not set.
    explicit process(std::vector<std::string> const &args, environment_changes const &changes = {});
    // The same of any program, found by PATH, and its arguments.
    struct program {
        std::vector<std::string> words;
    };
    explicit process(program const &what, environment_changes const &changes = {});
    ~process(); // kill -9 when it still runs
    process(process const &) = delete;
    process &operator=(process const &) = delete;

    int pid() const noexcept { return pid_; }
    void signal(int number) const;
    bool stands_still() const;  // by SIGSTOP
    std::string errors() const; // what it has written to stderr until now
    // Throws error, after kill -9, when it does not end in time.
    finished wait(std::chrono::seconds limit = std::chrono::seconds{60});

  private:
    void start(launch &what);

    scratch files_;
    int pid_ = -1;
};

// Starts, waits.
finished pgtend(std::vector<std::string> const &args, environment_changes const &changes = {});

// Polls until it holds; throws error naming `what` when it does not within the limit.
template <class Condition>
void eventually(char const *what, Condition const &holds,
                std::chrono::seconds limit = std::chrono::seconds{30});

void wait_a_little(); // 10 ms
[[noreturn]] void never(char const *what);

template <class Condition>
void eventually(char const *what, Condition const &holds, std::chrono::seconds limit)
{
    auto const end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) {
            never(what);
        }
        wait_a_little();
    }
}

} // namespace pgtend::test

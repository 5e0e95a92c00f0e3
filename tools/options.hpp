// SPDX-License-Identifier: Apache-2.0
// How commands declare their options: a facade, because a file with CLI11 takes 5 s to compile (19
// s under the sanitizers).
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace pgtend::tools {

// Declares the options of one command. What is passed by reference must live until the command has
// run. Flags are written as "-n,--count"; help texts are lower case without full stop.
class options {
  public:
    struct impl; // options.cpp
    explicit options(impl &implementation) : impl_{implementation} {}

    void positional(std::string const &name, std::string &into, std::string const &help,
                    bool required = true);
    void positionals(std::string const &name, std::vector<std::string> &into,
                     std::string const &help, bool required = true);
    void positional_choice(std::string const &name, std::string &into,
                           std::vector<std::string> const &allowed, std::string const &help);
    void text(std::string const &flags, std::string &into, std::string const &placeholder,
              std::string const &help);
    void text(std::string const &flags, std::optional<std::string> &into,
              std::string const &placeholder, std::string const &help);
    void texts(std::string const &flags, std::vector<std::string> &into,
               std::string const &placeholder,
               std::string const &help); // may be repeated
    void number(std::string const &flags, long long &into, std::string const &placeholder,
                std::string const &help, long long least, long long most);
    void number(std::string const &flags, std::optional<long long> &into,
                std::string const &placeholder, std::string const &help, long long least,
                long long most);
    void duration(std::string const &flags, microseconds &into, std::string const &help);
    void choice(std::string const &flags, std::string &into,
                std::vector<std::string> const &allowed, std::string const &help);
    void flag(std::string const &flags, bool &into, std::string const &help);
    // The two options, named by a long flag each, cannot stand together; or the first one needs the
    // second.
    void excludes(std::string const &one, std::string const &other);
    void needs(std::string const &one, std::string const &other);
    void required(std::string const &flag);
    // One more form of the result that -o may name for this command, beside text and json.
    void output(std::string const &name);
    // A line of the help's examples, without the program's name.
    void example(std::string const &arguments, std::string const &what);

  private:
    impl &impl_;
};

// Calls what reads values of the command line; what it throws becomes a usage_error (exit 2).
template <class Read> auto checked(Read const &read)
{
    try {
        return read();
    } catch (usage_error const &) {
        throw;
    } catch (error const &e) {
        throw usage_error{e.message(), e.hint()};
    }
}

// A time of the command line: RFC 3339, or a duration from now, back or ahead.
enum class from_now { back, ahead };
instant read_time(std::string const &text, instant now, from_now which);

// Options that every command understands.
struct global_options {
    std::string config;                         // -c
    std::string target;                         // -t
    std::optional<std::string> conninfo;        // -d: a database's name, a conninfo string or a URI
    std::string host, port, user;               // -h, -p, -U; empty: not given
    bool ask_password = false;                  // -W
    std::string output = "text";                // -o: text, json, or one that the command adds
    std::string color = "auto";                 // auto, always or never
    std::string pooler = "auto";                // auto, none, session or transaction
    microseconds connect_timeout = seconds{10}; // of all attempts to connect
    bool dry_run = false;
    bool verbose = false;
    bool quiet = false;
    bool insecure_permissions = false;
};

} // namespace pgtend::tools

// SPDX-License-Identifier: Apache-2.0
// What can go wrong, and the exit code that tells it. One error class; few subclasses, for what
// callers decide upon.
#pragma once
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/position.hpp"

namespace pgtend {

// The contract of the command line: these numbers stay stable (README, "Exit codes").
enum class exit_code : int {
    ok = 0,             // done, or passed
    failed = 1,         // work failed
    usage = 2,          // command line or configuration is wrong; nothing was executed
    findings = 3,       // findings or a difference
    cannot_connect = 4, // no session could be opened
    held = 5,           // another run holds the job
    interrupted = 130,  // asked to stop
};

// Message: lower case, no full stop, names the object. Hint: a sentence that tells what to do; may
// be empty.
class error : public std::runtime_error {
  public:
    explicit error(std::string const &message, std::string hint = {}, std::string sqlstate = {},
                   std::string statement = {}, exit_code code = exit_code::failed)
        : std::runtime_error{message}, hint_{std::move(hint)}, sqlstate_{std::move(sqlstate)},
          statement_{std::move(statement)}, code_{code}
    {
    }

    std::string message() const { return what(); }
    std::string const &hint() const noexcept { return hint_; }
    // Five characters of the server's error code; empty when the error is not the server's.
    std::string const &sqlstate() const noexcept { return sqlstate_; }
    // The statement that failed, without its parameters' values; empty when none did.
    std::string const &statement() const noexcept { return statement_; }
    exit_code code() const noexcept { return code_; }

  private:
    std::string hint_, sqlstate_, statement_;
    exit_code code_;
};

// The command line is wrong: exit 2.
class usage_error : public error {
  public:
    explicit usage_error(std::string const &message, std::string hint = {})
        : error{message, std::move(hint), {}, {}, exit_code::usage}
    {
    }
};

struct diagnostic {
    source_position at;
    std::string message;
    std::string hint;
};

// The configuration is wrong, in one place or in many: exit 2, all places reported at once.
class config_error : public error {
  public:
    explicit config_error(std::vector<diagnostic> diagnostics);
    std::vector<diagnostic> const &diagnostics() const noexcept { return diagnostics_; }

  private:
    std::vector<diagnostic> diagnostics_;
};

// No session could be opened, or the server is of no use for the work (a standby, for example):
// exit 4.
class connect_error : public error {
  public:
    explicit connect_error(std::string const &message, std::string hint = {},
                           std::string sqlstate = {})
        : error{message, std::move(hint), std::move(sqlstate), {}, exit_code::cannot_connect}
    {
    }
};

// The session is gone, and what was not committed with it. Never retried on the same session.
class connection_lost : public error {
  public:
    connection_lost(std::string const &message, std::string sqlstate, std::string statement)
        : error{message, {}, std::move(sqlstate), std::move(statement)}
    {
    }
};

// The session was lost during COMMIT: whether it was carried out is not known.
// transaction_id() is what pg_current_xact_id() said, empty if it was not asked; pg::commit_status
// resolves it.
class outcome_unknown : public error {
  public:
    outcome_unknown(std::string const &message, std::string transaction_id)
        : error{message, "ask pg_xact_status() before repeating the work", "40003", "COMMIT"},
          transaction_id_{std::move(transaction_id)}
    {
    }
    std::string const &transaction_id() const noexcept { return transaction_id_; }

  private:
    std::string transaction_id_;
};

// A lock could not be had within the policy's deadline. The message names the holder.
class lock_busy : public error {
  public:
    lock_busy(std::string const &message, std::string hint, std::string statement)
        : error{message, std::move(hint), "55P03", std::move(statement)}
    {
    }
};

// Another run took the job over: this one has lost the right to change anything.
class lease_lost : public error {
  public:
    explicit lease_lost(std::string const &message) : error{message, {}, {}, {}, exit_code::held} {}
};

// Asked to stop (signal, deadline of the caller): exit 130.
class interrupted : public error {
  public:
    explicit interrupted(std::string const &message, std::string statement = {})
        : error{message, {}, "57014", std::move(statement), exit_code::interrupted}
    {
    }
};

// A time limit of the run is over.
class timed_out : public error {
  public:
    explicit timed_out(std::string const &message, std::string hint = {},
                       std::string statement = {})
        : error{message, std::move(hint), "57014", std::move(statement)}
    {
    }
};

// What ends the work as a whole and not only a part of it: the session is gone, another run took
// the job over, somebody asked to stop, or the time is over. Who notes what fails and goes on
// passes these on.
bool ends_work(error const &e) noexcept;

// "message (SQLSTATE 42501)" and, on a line of its own, "HINT: ..." when there is one: what a
// person reads.
std::string describe(error const &e);

} // namespace pgtend

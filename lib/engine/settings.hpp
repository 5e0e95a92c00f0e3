// SPDX-License-Identifier: Apache-2.0
// What a work session is set to, as text. Pure.
#pragma once
#include <string>

#include "engine/executor.hpp"

namespace pgtend::engine {

struct transaction_options {
    bool read_only = false;
    bool note_transaction_id = false; // the first column of the answer then is pg_current_xact_id()
    microseconds lock_timeout{0};     // 0: none
    microseconds statement_timeout{0};
    int server_version = 150000;
};

// One message that opens a transaction: BEGIN, the timeouts, the fence (not of read-only work), the
// settings by set_config(..., true), the role last. Its answer has a row, unless the fence returned
// none: then the lease is lost and nothing was set. READ WRITE is said, because under
// default_transaction_read_only the fence fails with 25006. The fence's statements are run with the
// login's rights, because privileges are checked before the first row is made.
std::string opening_text(work_settings const &settings, fence const &guard,
                         transaction_options const &options);

// The same settings for a statement that cannot run in a transaction, set for the session, and what
// takes them back.
std::string session_settings_text(work_settings const &settings,
                                  transaction_options const &options);
std::string session_reset_text(work_settings const &settings, transaction_options const &options);
// The same as lines of a psql script: SET of each, the role last.
std::string settings_script(work_settings const &settings, transaction_options const &options);
// One of those lines, or, `of_transaction`, with SET LOCAL.
std::string lock_timeout_script(microseconds longest, bool of_transaction);

} // namespace pgtend::engine

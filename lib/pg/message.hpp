// SPDX-License-Identifier: Apache-2.0
// The fields of a server's message, read from its text at VERBOSE verbosity. libpqxx hands on the
// text only, and loses the SQLSTATE of some errors (6.4: deadlock, serialization failure,
// insufficient privilege, failed transaction).
#pragma once
#include <deque>
#include <string>
#include <string_view>

#include "pg/session.hpp"

namespace pgtend::pg {

struct server_message {
    std::string severity; // in the server's language (lc_messages)
    std::string sqlstate; // empty when libpq wrote the text, not the server
    std::string primary;
    std::string detail;
    std::string hint;
    std::string context;
};

// Text as PQresultErrorMessage gives it with PQERRORS_VERBOSE ("ERROR:  42P01: relation
// ...\nDETAIL:  ...\nLOCATION:  ...", see pqBuildErrorMessage3 in libpq), possibly after a prefix
// of libpq ("connection to server at ... failed: "). The last message with a SQLSTATE counts when
// there are several. Text without a SQLSTATE becomes `primary`, on one line. Of a field that is
// longer than 4 kB head and tail are kept: whoever raises an error may write a gigabyte.
server_message parse_message(std::string_view text);

// Primary message, then "DETAIL: ..." and "CONTEXT: ..." on lines of their own: the message of an
// error.
std::string error_text(server_message const &message);

// The notices of one session: the first and the last 500 since the last take(), and how many there
// were between; each at most 4 kB.
class notice_log {
  public:
    void add(server_message const &message);
    std::vector<notice> take();
    // The last FATAL or PANIC, which a server says before it closes an idle session; its sqlstate
    // is empty when none came.
    server_message const &last_words() const noexcept { return last_words_; }

  private:
    server_message last_words_;
    std::vector<notice> first_;
    std::deque<notice> last_;
    long long between_ = 0;
};

} // namespace pgtend::pg

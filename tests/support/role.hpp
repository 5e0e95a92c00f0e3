// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "pg/session.hpp"

namespace pgtend::test {

// A role of the cluster, for this database only.
class role {
  public:
    role(pg::session &s, std::string const &stem, std::string const &attributes = "")
        : session_{s}, name_{stem + "_" + std::to_string(s.backend_pid())}
    {
        session_.run("CREATE ROLE " + name_ + " " + attributes);
    }
    ~role()
    {
        try {
            session_.rollback();
            session_.run("DROP OWNED BY " + name_ + " CASCADE");
            session_.run("DROP ROLE " + name_);
        } catch (...) {
        }
    }
    role(role const &) = delete;
    role &operator=(role const &) = delete;
    std::string const &name() const { return name_; }

  private:
    pg::session &session_;
    std::string name_;
};

} // namespace pgtend::test

// SPDX-License-Identifier: Apache-2.0
// Statements by libpqxx 6.4 (Debian 12) and 7.10 (Debian 13). Every difference between them is in
// driver.cpp.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rows.hpp"
#include "pg/wire.hpp"

namespace pgtend::pg {

class driver {
  public:
    // The connection is the driver's from now on, and closed with it.
    explicit driver(wire::connection conn);
    ~driver();
    driver(driver const &) = delete;
    driver &operator=(driver const &) = delete;

    // One statement. Nothing when it has begun a COPY, for wire::end_copy() to end. Throws what
    // libpqxx throws, some std::exception: its text is what the server said, VERBOSE, or libpq.
    std::optional<rows> execute(std::string const &sql, std::vector<param> const &parameters);

  private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace pgtend::pg

// SPDX-License-Identifier: Apache-2.0
// Writes JSON text. Members appear in the order they are written.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pgtend::json {

// Unbalanced calls are a programming error and throw std::logic_error in text().
class writer {
  public:
    // indent 0: one line
    explicit writer(int indent = 2) : indent_{indent} {}

    writer &begin_object();
    writer &end_object();
    writer &begin_array();
    writer &end_array();
    writer &key(std::string_view name);
    writer &string(std::string_view text); // bytes that are not UTF-8 become U+FFFD
    writer &number(long long value);
    writer &number(double value); // shortest form that reads back; null when not finite
    writer &boolean(bool value);
    writer &null();

    std::string text() const;

  private:
    void separate();
    void line();

    int indent_;
    std::string out_;
    std::vector<bool> first_; // of each open container
    bool after_key_ = false;
};

// A JSON string literal with its quotes.
std::string quote(std::string_view text);

} // namespace pgtend::json

// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <unistd.h>

namespace pgtend {

// Owns an open file; closes it at its end. Negative: none is open.
class descriptor {
  public:
    explicit descriptor(int number) : number_{number} {}
    ~descriptor()
    {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    descriptor(descriptor const &) = delete;
    descriptor &operator=(descriptor const &) = delete;
    int get() const { return number_; }

  private:
    int number_;
};

} // namespace pgtend

// SPDX-License-Identifier: Apache-2.0
#include "tools/run.hpp"

namespace pgtend::tools {

int run(std::vector<std::string> const &, io &)
{
    return 2;
}

int main(int, char **)
{
    return 2;
}

} // namespace pgtend::tools

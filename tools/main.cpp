// SPDX-License-Identifier: Apache-2.0
#include "tools/run.hpp"

int main(int argc, char **argv)
{
    return pgtend::tools::main(argc, argv);
}

// SPDX-License-Identifier: Apache-2.0
// A dispatcher's questions, as the server of a simulation carries them out.
#pragma once
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "jobs/dispatcher.hpp"
#include "work.hpp"

namespace pgtend::simulation {

struct outcome {
    jobs::answer what = {};
    std::exception_ptr failure = {};
};

// The jobs whose rows a statement locks and would have to wait for. Claims wait for nobody.
std::vector<std::string> locks_of(jobs::question::any const &asked);
bool waits(server const &on, jobs::question::any const &asked);

// A claim is carried out in two steps: its rows are locked, then written.
std::vector<ledger::slot_request> lock_rows(server &on, jobs::question::any const &asked,
                                            ledger::runner_identity const &who);
// question: as of referee::claimed().
outcome write_rows(server &on, std::span<ledger::slot_request const> locked,
                   ledger::runner_identity const &who, long question = 0);
// Any question, in one step. The referee watches.
outcome carry_out(server &on, jobs::question::any const &asked, std::span<std::string const> names,
                  ledger::runner_identity const &who);

} // namespace pgtend::simulation

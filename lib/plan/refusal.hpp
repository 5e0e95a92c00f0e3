// SPDX-License-Identifier: Apache-2.0
// A step that a planner knows to be impossible: it fails with its error, and other steps go on.
#pragma once
#include <memory>
#include <string>

#include "base/error.hpp"
#include "plan/plan.hpp"

namespace pgtend::plan {

// A task whose next() throws `why` before any statement; describe() says it, so that a dry run
// shows it too.
std::unique_ptr<task> refusal(error why);

// The error of a task made by refusal(), nullptr for any other: an executor that only prints can
// count it as failed.
error const *refused(task const &what);
error const *refused(step const &what);

// Thrown by a planner that could not find out whether there is anything to do: somebody locks what
// it looks at, or the server or the role does not let it look.
class not_known : public error {
  public:
    using error::error;
};

// A step of that task alone. `title` names the work ("create partition public.orders_2026_12").
step refused_step(std::string title, std::string object, error why);

} // namespace pgtend::plan

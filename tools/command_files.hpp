// SPDX-License-Identifier: Apache-2.0
// One declaration a command; the table in commands.cpp names them.
#pragma once
#include "tools/commands.hpp"

namespace pgtend::tools {

action declare_init(options &);
action declare_plan(options &);
action declare_apply(options &);
action declare_check(options &);
action declare_tick(options &);
action declare_job_list(options &);
action declare_job_show(options &);
action declare_job_run(options &);
action declare_job_history(options &);
action declare_job_pause(options &);
action declare_job_resume(options &);
action declare_job_reset(options &);
action declare_partition_create(options &);
action declare_partition_status(options &);
action declare_index_create(options &);
action declare_index_status(options &);
action declare_index_drop(options &);
action declare_matview_create(options &);
action declare_matview_status(options &);
action declare_matview_refresh(options &);
action declare_expire(options &);
action declare_cleanup(options &);
action declare_vacuum_run(options &);
action declare_vacuum_status(options &);
action declare_autovacuum_status(options &);
action declare_autovacuum_apply(options &);
action declare_autovacuum_revert(options &);
action declare_schedule_next(options &);
action declare_schedule_check(options &);
action declare_schedule_simulate(options &);
action declare_completion(options &);
action declare_sandbox_start(options &);
action declare_sandbox_stop(options &);
action declare_sandbox_status(options &);
action declare_sandbox_psql(options &);

} // namespace pgtend::tools

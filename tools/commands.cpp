// SPDX-License-Identifier: Apache-2.0
#include "tools/commands.hpp"

#include "tools/command_files.hpp"

namespace pgtend::tools {

std::span<group const> groups()
{
    static constexpr group all[] = {
        {"job", "Jobs of the file: what is due, what happened, by hand"},
        {"schedule", "Schedules: what they mean and when they fall due"},
        {"partition", "Partitions"},
        {"index", "Indexes"},
        {"matview", "Materialized views"},
        {"vacuum", "Vacuum"},
        {"autovacuum", "Autovacuum: what it will do, and the storage parameters that steer it"},
        {"sandbox", "A throwaway PostgreSQL server"},
    };
    return all;
}

std::span<command const> commands()
{
    static constexpr command all[] = {
        {"init", "create or upgrade pgtend's own schema in a database", declare_init},
        {"plan", "show how the database differs from what the file declares", declare_plan},
        {"apply", "make the database as the file declares it", declare_apply},
        {"check", "is this database ready for production: exit 3 when something is wrong",
         declare_check},
        {"tick", "run every job that is due, then exit: for cron and systemd timers", declare_tick},
        {"expire", "update rows in batches, for example bookings whose time is over",
         declare_expire},
        {"cleanup", "delete rows in batches", declare_cleanup},
        {"completion", "print what makes a shell complete commands, options, jobs and targets",
         declare_completion, false},
        {"job list", "all jobs: when next, how the last run went", declare_job_list},
        {"job show", "one job in words: when next, how it went, why it did not run",
         declare_job_show},
        {"job run", "run one job now, due or not", declare_job_run},
        {"job history", "past runs: when, how long, how many rows; or statistics of them",
         declare_job_history},
        {"job pause", "stop claiming a job, or all", declare_job_pause},
        {"job resume", "claim a paused job again", declare_job_resume},
        {"job reset", "forget failures: close breakers", declare_job_reset},
        {"schedule next", "when an expression falls due next", declare_schedule_next},
        {"schedule check", "tell what schedules mean; with -t: whether each job can work there",
         declare_schedule_check},
        {"schedule simulate", "every run of a day or a month ahead: load, and jobs that collide",
         declare_schedule_simulate},
        {"partition status", "how far the partitions of tables reach, and what is wrong with them",
         declare_partition_status},
        {"partition create", "create the partitions that are missing", declare_partition_create},
        {"index create", "build the declared indexes that are missing, without blocking writes",
         declare_index_create},
        {"index status", "indexes that are missing, invalid, duplicate, redundant or unused",
         declare_index_status},
        {"index drop", "drop indexes, concurrently", declare_index_drop},
        {"matview create", "create what the file declares and is missing, with its unique index",
         declare_matview_create},
        {"matview status",
         "how old the data are, what can be refreshed beside readers, what differs",
         declare_matview_status},
        {"matview refresh", "refresh materialized views, concurrently when possible",
         declare_matview_refresh},
        {"vacuum status",
         "vacuums that run, who holds them up, how near wraparound is, what is due",
         declare_vacuum_status},
        {"vacuum run", "vacuum or analyze tables, most needed first", declare_vacuum_run},
        {"autovacuum status", "what autovacuum will do, and whether parameters are as declared",
         declare_autovacuum_status},
        {"autovacuum apply", "set the storage parameters that the file declares",
         declare_autovacuum_apply},
        {"autovacuum revert", "put back what storage parameters were before",
         declare_autovacuum_revert},
        {"sandbox start", "begin a throwaway server, print its conninfo", declare_sandbox_start},
        {"sandbox stop", "end it and remove its data", declare_sandbox_stop},
        {"sandbox status", "whether it runs, and where", declare_sandbox_status},
        {"sandbox psql", "psql on it", declare_sandbox_psql, false},
    };
    return all;
}

} // namespace pgtend::tools

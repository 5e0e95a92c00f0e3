// SPDX-License-Identifier: Apache-2.0
#include "preflight/elsewhere.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.hpp"
#include "preflight/words.hpp"
#include "sql/queries.hpp"

namespace pgtend::preflight {
namespace {

std::string in_short(std::string const &sql)
{
    return printable(head_and_tail(on_one_line(sql), 120));
}

class remote_reader {
  public:
    remote_reader(asking &with, model::configuration const &all, outbox &out)
        : with_{with}, all_{all}, out_{out}
    {
    }

    void read()
    {
        rows found;
        if (!tried("the schedulers of this database",
                   [&] { found = with_.ask(sql::preflight_schedulers); })) {
            return;
        }
        bool has_cron = false;
        for (std::size_t i = 0; i < found.size(); ++i) {
            qualified_name const table{found.text(i, "schema"), found.text(i, "name")};
            if (table.name.empty()) {
                continue;
            }
            bool const cron = found.text(i, "scheduler") == "pg_cron";
            has_cron = has_cron || cron;
            if (!found.flag(i, "trusted")) {
                miss(fmt::format("{} of a superuser or of this role: it belongs to {}, whose code "
                                 "may run when it is read",
                                 display(table), display_identifier(found.text(i, "owner"))));
                continue;
            }
            if (!found.flag(i, "may_read")) {
                miss("SELECT on " + display(table));
                continue;
            }
            if (found.flag(i, "hides")) {
                miss("a superuser: policies hide rows of " + display(table));
            }
            tried(display(table), [&] { cron ? read_cron() : read_partman(table); });
        }
        auto const database = found.text(0, "cron_database");
        if (!has_cron && !database.empty() && database != found.text(0, "database")) {
            miss("the database " + display_identifier(database) + ", where pg_cron has its jobs");
        }
    }

  private:
    void miss(std::string needs)
    {
        out_.unknowns.push_back({kind::twice, {}, {}, std::move(needs)});
    }

    template <class Work> bool tried(std::string const &what, Work const &work)
    {
        try {
            with_.aside([&] { work(); });
            return true;
        } catch (error const &e) {
            if (with_.is_end(e)) {
                throw;
            }
            miss(what + ": " + e.message());
            return false;
        }
    }

    void read_cron()
    {
        auto const found = with_.ask(sql::preflight_cron_jobs);
        for (auto const &job : all_.jobs) {
            for (std::size_t i = 0; job.enabled && i < found.size(); ++i) {
                auto const command = found.text(i, "command"), id = found.text(i, "id");
                if (same_work(job, command)) {
                    out_.add({kind::twice, job.name, job.at, "cron.job " + id,
                              fmt::format("pg_cron does the same, {}: {}",
                                          printable(found.text(i, "schedule")), in_short(command)),
                              fmt::format("SELECT cron.unschedule({}); or enabled: false", id)});
                }
            }
        }
    }

    void read_partman(qualified_name const &table)
    {
        auto const found = with_.ask("SELECT p.parent_table FROM ONLY " + quote(table) +
                                     " AS p WHERE pg_catalog.to_jsonb(p) ->> "
                                     "'automatic_maintenance' IS DISTINCT FROM 'off'");
        for (auto const &job : all_.jobs) {
            if (job.enabled && std::holds_alternative<model::partition_action>(job.action)) {
                for (std::size_t i = 0; i < found.size(); ++i) {
                    compare(job, table, found.text(i, "parent_table"));
                }
            }
        }
    }

    void compare(model::job const &job, qualified_name const &table, std::string const &parent)
    {
        auto const &only = std::get<model::partition_action>(job.action).tables;
        for (auto const &policy : all_.partitions) {
            bool const treated =
                only.empty() || std::find(only.begin(), only.end(), policy.table) != only.end();
            if (treated && policy.table.schema + "." + policy.table.name == parent) {
                out_.add({kind::twice, job.name, job.at, display(policy.table),
                          "pg_partman makes its partitions too",
                          fmt::format("UPDATE {} SET automatic_maintenance = 'off' WHERE "
                                      "parent_table = {}",
                                      quote(table), plan::quote_literal(parent))});
            }
        }
    }

    asking &with_;
    model::configuration const &all_;
    outbox &out_;
};

} // namespace

void read_elsewhere(asking &with, model::configuration const &all, outbox &out)
{
    remote_reader{with, all, out}.read();
}

} // namespace pgtend::preflight

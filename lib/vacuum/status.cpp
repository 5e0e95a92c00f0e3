// SPDX-License-Identifier: Apache-2.0
#include "vacuum/status.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "base/duration.hpp"
#include "base/text.hpp"
#include "plan/statement.hpp"

namespace pgtend::vacuum {
namespace {

using catalog::horizon_holder;

std::string whole(double number)
{
    return thousands(std::llround(number));
}

std::string in_database(std::string const &name)
{
    return name.empty() ? "" : " in database " + display_identifier(name);
}

std::string subject(horizon_holder const &of)
{
    auto const user = of.user.empty() ? "" : " of " + display_identifier(of.user);
    if (of.kind == "session") {
        auto const application =
            of.application.empty() ? "" : " (" + printable(of.application) + ")";
        return "session " + of.who + application + user + in_database(of.database) + ", " +
               of.state;
    }
    if (of.kind == "prepared") {
        return "prepared transaction " + in_quotes(of.who) + user + in_database(of.database);
    }
    if (of.kind == "slot") {
        return fmt::format("{} {} replication slot {}{}", of.state, of.application,
                           display_identifier(of.who), in_database(of.database));
    }
    return "standby " + printable(of.who) +
           (of.application.empty() ? "" : " at " + printable(of.application)) +
           " (hot_standby_feedback)";
}

std::string remedy(horizon_holder const &of)
{
    if (of.kind == "session") {
        if (of.state == "active") {
            return fmt::format("wait for it, or SELECT pg_cancel_backend({}); a statement_timeout "
                               "keeps it from coming again",
                               of.who);
        }
        if (of.state.starts_with("idle in transaction")) {
            return fmt::format("SELECT pg_terminate_backend({}), and let the application commit; "
                               "idle_in_transaction_session_timeout ends such sessions",
                               of.who);
        }
        return "it ends by itself; when it does not, SELECT pg_terminate_backend(" + of.who + ")";
    }
    if (of.kind == "prepared") {
        auto const gid = std::string{trim(plan::quote_literal(of.who))};
        return fmt::format("ask its transaction manager; else COMMIT PREPARED {} or ROLLBACK "
                           "PREPARED {}{}",
                           gid, gid, in_database(of.database));
    }
    if (of.kind == "slot") {
        auto const name = std::string{trim(plan::quote_literal(of.who))};
        if (of.state == "inactive") {
            return "start its consumer; when that is gone for good, SELECT "
                   "pg_drop_replication_slot(" +
                   name + ")";
        }
        return of.only_catalogs ? "its consumer lags behind, or a long transaction is being "
                                  "decoded: see pg_stat_replication_slots there"
                                : "look for a long query on the standby that uses it; "
                                  "hot_standby_feedback = off there lets go";
    }
    return "look for a long query on that standby; hot_standby_feedback = off there lets go, and "
           "max_standby_streaming_delay then cancels what is in the way";
}

double share_of(double age, double limit)
{
    return limit > 0 ? age / limit : 0;
}

aged aged_of(std::string name, double age, double limit, double multixact_age,
             double multixact_limit)
{
    return {
        std::move(name), age,
        limit,           multixact_age,
        multixact_limit, std::max(share_of(age, limit), share_of(multixact_age, multixact_limit))};
}

class survey {
  public:
    survey(catalog::vacuum_activity const &activity, catalog::vacuum_snapshot const &tables,
           status_limits const &limits, instant now)
        : activity_{activity}, tables_{tables}, limits_{limits}, now_{
                                                                     now.time_since_epoch().count()}
    {
    }

    status make()
    {
        holders();
        unseen();
        databases();
        old_tables();
        due();
        notes();
        return std::move(out_);
    }

  private:
    void holders()
    {
        for (auto const &each : activity_.holders) {
            auto const span = microseconds{each.since ? now_ - *each.since : 0};
            bool const long_since = span > limits_.holder_age;
            bool const far_behind = each.age > limits_.holder_transactions;
            out_.holders.push_back({each, long_since || far_behind, remedy(each)});
            if (!long_since && !far_behind) {
                continue;
            }
            auto message = subject(each);
            message += each.since ? fmt::format(", {} old,", humanize(span)) : "";
            message += fmt::format(" holds back the removal of {}, by {} transactions",
                                   each.only_catalogs ? "old rows of the catalogs" : "old rows",
                                   whole(static_cast<double>(each.age)));
            out_.findings.push_back(
                {"horizon", each.who, std::move(message), out_.holders.back().what_to_do});
        }
    }

    void databases()
    {
        auto const &server = tables_.settings;
        for (auto const &each : activity_.databases) {
            auto const one = aged_of(each.name, each.age, server.freeze_max_age, each.multixact_age,
                                     server.multixact_freeze_max_age);
            out_.databases.push_back(one);
            if (one.times > limits_.overdue) {
                tell_age("wraparound_database", "database " + display_identifier(each.name), one,
                         each.name == activity_.database
                             ? "the tables below; whatever holds back old rows comes first"
                             : "look at its tables: vacuum status with dbname=" +
                                   printable(each.name));
            }
        }
    }

    // Whether the oldest rows are held is not known then, and silence would say that they are not.
    void unseen()
    {
        if (activity_.sees_all || activity_.hidden == 0) {
            return;
        }
        auto const role = display_identifier(activity_.role);
        out_.findings.push_back(
            {"unseen", role,
             fmt::format("role {} may not see what others do: whether one of {} holds back old "
                         "rows is not known, nor how far their vacuums are",
                         role,
                         activity_.hidden == 1
                             ? "them, 1 session,"
                             : "their " + thousands(activity_.hidden) + " sessions"),
             "GRANT pg_monitor TO " + plan::quote_ident(activity_.role)});
    }

    void old_tables()
    {
        for (auto const &each : tables_.tables) {
            if (each.kind == 'p') {
                continue;
            }
            auto const limits = thresholds_of(each, tables_.settings);
            auto one = aged_of(display(each.name), each.age, limits.freeze_age, each.multixact_age,
                               limits.multixact_age);
            if (one.times > limits_.overdue) {
                auto const running =
                    std::find_if(activity_.running.begin(), activity_.running.end(),
                                 [&](auto const &vacuum) { return vacuum.table == each.name; });
                tell_age("wraparound_table", one.name, one,
                         running != activity_.running.end()
                             ? fmt::format("process {} is at it: {}", running->pid,
                                           progress_of(*running))
                             : "VACUUM " + plan::quote(each.name) +
                                   ", after what holds back old rows is gone");
            }
            out_.tables.push_back(std::move(one));
        }
        std::stable_sort(out_.tables.begin(), out_.tables.end(),
                         [](auto const &a, auto const &b) { return a.times > b.times; });
        out_.tables.resize(std::min(out_.tables.size(), limits_.tables));
    }

    void tell_age(std::string kind, std::string const &object, aged const &one, std::string hint)
    {
        bool const by_transactions =
            share_of(one.age, one.limit) >= share_of(one.multixact_age, one.multixact_limit);
        auto const age = by_transactions ? one.age : one.multixact_age;
        auto const failsafe =
            by_transactions ? activity_.failsafe_age : activity_.multixact_failsafe_age;
        auto message = fmt::format(
            "{}: its oldest {} is {} old, {:.1f} times {} of {}", object,
            by_transactions ? "transaction" : "multixact", whole(age), one.times,
            by_transactions ? "autovacuum_freeze_max_age" : "autovacuum_multixact_freeze_max_age",
            whole(by_transactions ? one.limit : one.multixact_limit));
        message += age >= failsafe ? fmt::format("; beyond the failsafe age of {}, the server "
                                                 "refuses to write at about 2,144,000,000",
                                                 whole(failsafe))
                                   : "";
        out_.findings.push_back({std::move(kind), object, std::move(message), std::move(hint)});
    }

    void due()
    {
        for (auto const &each : tables_.tables) {
            auto how_much = need_of(each, tables_.settings);
            if (each.kind != 'p' && std::max(how_much.vacuum, how_much.analyze) > 1) {
                out_.due.push_back({each.name, std::move(how_much),
                                    thresholds_of(each, tables_.settings).autovacuum});
            }
        }
        std::stable_sort(out_.due.begin(), out_.due.end(), [](auto const &a, auto const &b) {
            return std::max(a.how_much.vacuum, a.how_much.analyze) >
                   std::max(b.how_much.vacuum, b.how_much.analyze);
        });
        out_.due_in_all = out_.due.size();
        out_.due.resize(std::min(out_.due.size(), limits_.tables));
    }

    void notes()
    {
        if (!activity_.sees_all && activity_.hidden == 0) {
            out_.notes.push_back(fmt::format("role {} may not see what others do, and just now "
                                             "there was nobody; GRANT pg_monitor TO {}",
                                             display_identifier(activity_.role),
                                             plan::quote_ident(activity_.role)));
        }
        if (!activity_.autovacuum) {
            out_.notes.emplace_back("autovacuum is off: only tables near wraparound are vacuumed");
        }
        if (!tables_.settings.track_counts) {
            out_.notes.emplace_back(
                "track_counts is off: the server counts no dead rows, and nothing falls due");
        }
        if (activity_.standby) {
            out_.notes.emplace_back(
                "this is a standby: vacuum runs on the primary, whose rows the holders told here "
                "keep only with hot_standby_feedback");
        }
        auto const workers = std::count_if(activity_.running.begin(), activity_.running.end(),
                                           [](auto const &each) { return each.autovacuum; });
        if (workers >= activity_.max_workers) {
            out_.notes.push_back(
                fmt::format("all {} autovacuum workers are busy (autovacuum_max_workers): what is "
                            "due waits for one",
                            activity_.max_workers));
        }
    }

    catalog::vacuum_activity const &activity_;
    catalog::vacuum_snapshot const &tables_;
    status_limits const &limits_;
    long long now_;
    status out_;
};

} // namespace

status status_of(catalog::vacuum_activity const &now_running,
                 catalog::vacuum_snapshot const &tables, status_limits const &limits, instant now)
{
    return survey{now_running, tables, limits, now}.make();
}

std::string progress_of(catalog::running_vacuum const &one)
{
    if (one.phase.empty()) {
        return "not visible";
    }
    auto const part = [&](std::optional<long long> done, std::optional<long long> all) {
        return done && all && *all > 0 ? fmt::format(", {} %", *done * 100 / *all) : std::string{};
    };
    auto out = one.phase;
    if (one.phase == "vacuuming heap") {
        out += part(one.vacuumed, one.blocks);
    } else if (one.phase.ends_with("indexes")) {
        out += part(one.indexes_done, one.indexes);
    } else if (one.phase.ends_with("scanning heap")) {
        out += part(one.scanned, one.blocks);
    }
    if (one.index_rounds.value_or(0) > 0) {
        out += fmt::format(", {} index {}", *one.index_rounds,
                           *one.index_rounds == 1 ? "round" : "rounds");
    }
    return out;
}

} // namespace pgtend::vacuum

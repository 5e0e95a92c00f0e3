// SPDX-License-Identifier: Apache-2.0
#include "jobs/runner.hpp"

#include <fmt/format.h>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "jobs/control.hpp"

namespace pgtend::jobs {
namespace {

engine::fence fence_for(ledger::claim const &held)
{
    auto const fence = ledger::fence_of(held);
    return {.opening = {{.sql = fence.sql, .parameters = fence.parameters}}};
}

// What the other threads tell the one that drives.
struct answered {
    answer what;
};
struct failed {
    std::exception_ptr why;
};
struct ended {
    long long run;
    run_report report;
};
struct connected {
    long long run;
};
using event = std::variant<answered, failed, ended, connected>;

// Events, and a sleep that one of them or a signal ends.
class mailbox {
  public:
    mailbox(clock &time, std::stop_token const &stop, std::stop_token const &abort)
        : time_{time}, on_stop_{stop, [this] { rouse(); }}, on_abort_{abort, [this] { rouse(); }}
    {
    }

    void put(event what)
    {
        std::lock_guard const lock{mutex_};
        events_.push_back(std::move(what));
        wake_.request_stop();
    }

    std::deque<event> take()
    {
        std::lock_guard const lock{mutex_};
        return std::exchange(events_, {});
    }

    // Returns at once when something came since the last sleep.
    void sleep(std::optional<clock::monotonic> until)
    {
        std::stop_token token;
        {
            std::lock_guard const lock{mutex_};
            token = wake_.get_token();
        }
        auto const span = until ? std::chrono::ceil<microseconds>(*until - time_.steady())
                                : microseconds{std::chrono::hours{24}};
        if (span.count() > 0) {
            time_.sleep(span, token);
        }
        std::lock_guard const lock{mutex_};
        if (wake_.stop_requested()) {
            wake_ = {};
        }
    }

  private:
    void rouse()
    {
        std::lock_guard const lock{mutex_};
        wake_.request_stop();
    }

    clock &time_;
    std::mutex mutex_; // of the two below
    std::deque<event> events_;
    std::stop_source wake_;
    std::stop_callback<std::function<void()>> on_stop_, on_abort_;
};

// One job at work.
struct hand {
    std::stop_source stop;
    std::thread thread;
};

} // namespace

struct runner::impl {
    impl(model::configuration const &all_, pg::connect_options connect_, pg::session first,
         std::function<pg::session()> reopen, clock &time_, random_source random_,
         runner_options options_)
        : all{all_}, connect{std::move(connect_)}, time{time_}, random{std::move(random_)},
          options{std::move(options_)}, book{std::move(first), std::move(reopen)},
          mail{time, options.stop, options.abort}
    {
        for (auto const &job : all.jobs) {
            names.push_back(job.name);
        }
    }
    ~impl();

    model::configuration const &all;
    pg::connect_options connect;
    clock &time;
    random_source random;
    runner_options options;
    control book;
    mailbox mail;
    std::vector<std::string> names = {};
    std::map<long long, hand> hands = {}; // by run
    std::thread asking = {};              // the open question

    dispatcher::present present() const;
    answer put(question::any const &what, bool at_work);
    void ask(question::any what);
    void start(ledger::claim const &held);
    void hear(dispatcher &machine);
    void drive(dispatcher &machine, std::function<void(tick_news)> const &told);
};

runner::impl::~impl()
{
    for (auto &[run, each] : hands) {
        each.stop.request_stop();
    }
    for (auto &[run, each] : hands) {
        each.thread.join();
    }
    if (asking.joinable()) {
        asking.join();
    }
}

dispatcher::present runner::impl::present() const
{
    return {.steady = time.steady(),
            .stop = options.stop.stop_requested(),
            .abort = options.abort.stop_requested()};
}

template <class... Cases> struct overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases> overloaded(Cases...) -> overloaded<Cases...>;

answer runner::impl::put(question::any const &what, bool at_work)
{
    // What became of a run is recorded whatever signals come.
    bool const recording = std::holds_alternative<question::finish>(what);
    auto const stop = recording ? std::stop_token{} : options.abort;
    // A lease runs from the moment it was asked for: a claim without an answer is made again while
    // one that is got then is worth something.
    bool const claiming = std::holds_alternative<question::claim_slots>(what) ||
                          std::holds_alternative<question::claim_manual>(what);
    auto const longest =
        recording || !(at_work || claiming) ? ledger::ledger::ttl : ledger::ledger::renew_every;
    return book.ask(
        [&](ledger::ledger &to) {
            return std::visit(overloaded{
                                  [&](question::read const &) -> answer {
                                      auto const asked = std::exchange(options.first_reading, {});
                                      return to.read(names, options.who, asked);
                                  },
                                  [&](question::mark_lost const &) -> answer {
                                      reach("before mark_lost");
                                      auto out = to.mark_lost();
                                      reach("after mark_lost");
                                      return out;
                                  },
                                  [&](question::register_jobs const &q) -> answer {
                                      to.register_jobs(q.jobs);
                                      return {};
                                  },
                                  [&](question::record_skipped const &q) -> answer {
                                      to.record_skipped(q.slots);
                                      return {};
                                  },
                                  [&](question::claim_slots const &q) -> answer {
                                      reach("before claim");
                                      auto out = to.claim_slots(q.wanted, options.who);
                                      reach("after claim");
                                      return out;
                                  },
                                  [&](question::claim_manual const &q) -> answer {
                                      return std::vector<ledger::claim>{
                                          to.claim_manual(q.job, options.who)};
                                  },
                                  [&](question::renew const &q) -> answer {
                                      reach("before renew");
                                      auto out = to.renew(q.held);
                                      reach("after renew");
                                      return out;
                                  },
                                  [&](question::finish const &q) -> answer {
                                      reach("before finish");
                                      auto const out = to.finish(q.held, q.how);
                                      reach("after finish");
                                      return out;
                                  },
                                  [&](question::heartbeat const &q) -> answer {
                                      to.heartbeat(options.who, q.evaluated);
                                      return {};
                                  },
                                  [&](question::purge const &q) -> answer {
                                      to.purge(q.limit, q.jobs);
                                      return {};
                                  },
                                  [&](question::newest_runs const &q) -> answer {
                                      return to.newest_runs(q.asked);
                                  },
                                  [&](question::note_sessions const &q) -> answer {
                                      to.note_sessions(q.had, q.failures);
                                      return {};
                                  },
                              },
                              what);
        },
        stop, longest);
}

// On a thread of its own, so that a server that does not answer keeps nobody from cancelling work
// whose lease is over. With no work there is nothing to look after.
void runner::impl::ask(question::any what)
{
    auto const carry_out = [this, what = std::move(what), at_work = !hands.empty()] {
        try {
            mail.put(answered{put(what, at_work)});
        } catch (...) {
            mail.put(failed{std::current_exception()});
        }
    };
    if (hands.empty()) {
        carry_out();
        return;
    }
    if (asking.joinable()) {
        asking.join(); // its event was heard
    }
    asking = std::thread{carry_out};
}

void runner::impl::start(ledger::claim const &held)
{
    auto const &job = all.find_job(held.job);
    log::debug("{}: run {} begins, attempt {}", job.name, held.run, held.attempt);
    auto work = [this, &job, held](std::stop_token stop) {
        auto const tell = [&](auto const &call) { return book.ask(call); };
        run_environment around{
            .connect = book.beside(connect),
            .command = options.command,
            .time = time,
            .random = random,
            .fence = fence_for(held),
            .drain = options.stop,
            .stop = std::move(stop),
            .watcher = options.watcher,
            .transaction_pooler = options.transaction_pooler,
            .further = options.further,
            .connected = [&] { mail.put(connected{held.run}); },
            .note_backend =
                [&](int pid) {
                    reach("before note");
                    tell([&](auto &ledger) { ledger.note_backend(held, pid); });
                    reach("after note");
                },
        };
        mail.put(ended{held.run, run_job(job, all, around)});
    };
    try {
        hand mine;
        mine.thread = std::thread{std::move(work), mine.stop.get_token()};
        hands.emplace(held.run, std::move(mine));
    } catch (std::system_error const &e) {
        run_report report;
        report.kind = model::kind(job.action);
        report.status = ledger::run_status::interrupted;
        report.reopen = true;
        report.problem = error{std::string{"no thread can be started: "} + e.what(),
                               "raise the limit of processes and threads (ulimit -u)"};
        mail.put(ended{held.run, std::move(report)});
    }
}

void runner::impl::hear(dispatcher &machine)
{
    for (auto &what : mail.take()) {
        std::visit(overloaded{[&](answered &e) { machine.answered(std::move(e.what), present()); },
                              [&](failed &e) { machine.failed(std::move(e.why)); },
                              [&](connected &e) { machine.connected(e.run); },
                              [&](ended &e) {
                                  if (auto const at = hands.find(e.run); at != hands.end()) {
                                      at->second.thread.join();
                                      hands.erase(at);
                                  }
                                  machine.ended(e.run, std::move(e.report));
                              }},
                   what);
    }
}

void runner::impl::drive(dispatcher &machine, std::function<void(tick_news)> const &told)
{
    for (bool over = false; !over;) {
        hear(machine);
        auto next = machine.next(present());
        std::visit(overloaded{[&](question::any &what) { ask(std::move(what)); },
                              [&](step::start const &what) { start(what.held); },
                              [&](step::cancel const &what) {
                                  if (auto const at = hands.find(what.run); at != hands.end()) {
                                      at->second.stop.request_stop();
                                  }
                              },
                              [&](step::wait const &what) { mail.sleep(what.until); },
                              [&](step::done const &) { over = true; }},
                   next);
        if (auto news = std::exchange(machine.news(), {}); told && !news.empty()) {
            told(std::move(news));
        }
    }
    if (machine.failure()) {
        std::rethrow_exception(machine.failure());
    }
}

runner::runner(model::configuration const &all, pg::connect_options connect, pg::session control,
               std::function<pg::session()> reopen, clock &time, random_source random,
               runner_options options)
    : impl_{std::make_unique<impl>(all, std::move(connect), std::move(control), std::move(reopen),
                                   time, std::move(random), std::move(options))}
{
}

runner::~runner() = default;

tick_report runner::tick()
{
    auto const &o = impl_->options;
    dispatcher machine{
        impl_->all, {.max_parallel = o.max_parallel, .now = o.now, .stop_timeout = o.stop_timeout}};
    impl_->drive(machine, o.told);
    return machine.report();
}

run_report runner::run_by_hand(model::job const &job)
{
    dispatcher machine{impl_->all,
                       {.stop_timeout = impl_->options.stop_timeout, .by_hand = job.name}};
    std::optional<run_report> out;
    std::vector<std::string> notes;
    impl_->drive(machine, [&](tick_news const &news) {
        if (!out && !news.runs.empty()) {
            out = news.runs.front();
        }
        notes.insert(notes.end(), news.notes.begin(), news.notes.end());
    });
    if (!out) {
        throw interrupted{"stopped before the run began"};
    }
    out->messages.insert(out->messages.end(), notes.begin(), notes.end());
    return *std::move(out);
}

std::string holder_name(std::string const &host, int pid, random_source const &random)
{
    auto const tag = static_cast<unsigned long long>(random() * 16'777'216.0);
    return fmt::format("{}/{}/{:06x}", host.substr(0, 150), pid, tag);
}

} // namespace pgtend::jobs

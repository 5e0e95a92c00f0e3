// SPDX-License-Identifier: Apache-2.0
// A simulated world from within: its events, hosts, runners, and the way of statements to the
// server and back. world.hpp is what tests use.
#pragma once
#include <fmt/core.h>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "jobs/dispatcher.hpp"
#include "policy.hpp"
#include "questions.hpp"
#include "scenario.hpp"
#include "world.hpp"

namespace pgtend::simulation {

inline constexpr auto patience = seconds{32};           // a question's limit and its grace
inline constexpr auto longest_connecting = seconds{30}; // all attempts

// One run at work, its client's end.
struct hand {
    work client;
    std::size_t job;
    int session = 0;
    int sent = 0; // number of the statement that is on its way; a reply to another is not heard
    bool limit_over = false;
};

// One `pgtend tick`.
struct process {
    process(int number_, std::size_t host, std::size_t version_, model::configuration const &all,
            int most)
        : number{number_}, on{host}, version{version_}, machine{all, {.max_parallel = most}},
          who{fmt::format("host-{}/{}/a", host, number_), fmt::format("host-{}", host), "jobs.yaml",
              version_ == 0 ? "hash-1" : "hash-2"}
    {
    }
    int number;
    std::size_t on, version;
    jobs::dispatcher machine;
    ledger::runner_identity who;
    instant began{};
    int sent = 0; // as of a hand
    bool asking = false, again = false;
    std::optional<jobs::question::any> asked = {};
    std::map<long long, hand> hands = {}; // by run
    int wake = 0;                         // number of the last wait
    long questions = 0, starts = 0;
    // What the last look said has to be done, and what was asked for in this tick.
    std::vector<expectation> expected = {};
    std::set<std::pair<std::string, instant>> tried = {};
    std::set<std::string> taken_up = {};       // jobs whose open slot was asked for last
    std::optional<ledger::overview> seen = {}; // at the last look
    bool without_session = false;              // some work got none
};

class world {
  public:
    world(std::uint64_t seed, bug planted) : plan_{seed}, on_{planted} {}
    chronicle run();

  private:
    using action = std::function<void()>;
    struct event {
        instant at;
        long long order;
        action what;
        bool operator<(event const &other) const
        {
            return std::tie(at, order) > std::tie(other.at, other.order);
        }
    };

    // What befalls, by a clock that nobody sets; the server's clock; how long nobody has set that.
    instant now() const { return time_; }
    instant server_now() const { return on_.book.now; }
    bool set_lately() const { return now() - set_at_ < std::chrono::minutes{10}; }
    dice &random() { return plan_.random; }
    microseconds latency() { return microseconds{random().pick(200, 4'000)}; }
    bool hit(long long odds, char const *name);
    void after(microseconds delay, action what);
    process *find(int number);
    clock::monotonic steady(process const &p) const;
    // Calls with the process, when it still lives and its host does not stand still.
    void tell(int number, microseconds delay, std::function<void(process &)> what);

    void start_host(std::size_t n);
    void tick(std::size_t n);
    // Until then something may keep the host's runners from the ledger; all hosts'.
    void hinder(std::size_t n, instant until);
    void hinder_all(instant until);
    void begin_tick(std::size_t n);
    void push(process &p);
    void over(process &p);
    void kill(int number);
    void break_down(outage const &what);
    void set_clock(clock_step const &to);

    void ask(process &p);
    struct letter {
        int process, number;
        long question; // asked twice it has the same
        jobs::question::any asked;
        ledger::runner_identity who;
        int generation;
        bool loses_answer;
        instant sent;
    };
    void arrive(letter const &what);
    void write(letter const &what, std::vector<ledger::slot_request> const &locked);
    void answer(letter const &what, outcome came);
    void lose_control(process &p);
    void hear(process &p, outcome came);
    void look(process &p, ledger::overview const &seen);
    void check_wishes(process &p, jobs::question::any const &asked);
    void moved(std::size_t job, std::optional<instant> from, std::optional<instant> to);

    void begin_work(process &p, ledger::claim const &held);
    void send(process &p, long long run);
    void connect(process &p, long long run);
    void carry_out(int number, long long run, int sent, int session, message const &what,
                   microseconds span, int generation);
    void reply_to(int number, long long run, int sent, microseconds delay, server::answer what);
    void replied(process &p, long long run, server::answer what);
    void cut(process &p, long long run, reply why);
    void leave(int session, microseconds least);

    std::size_t index(std::string const &job) const { return std::stoul(job.substr(4)); }
    bool up() const { return now() >= down_until_; }
    bool hangs() const { return now() < hangs_until_; }
    bool mixed() const; // hosts have different files, or had a moment ago
    void check_end();

    scenario plan_;
    server on_;
    chronicle out_ = {};
    std::vector<event> events_ = {};
    long long order_ = 0;
    std::map<int, std::unique_ptr<process>> processes_ = {};
    instant time_{}, set_at_{};
    microseconds off_{0};              // the server's clock
    std::map<int, instant> busy_ = {}; // sessions: until when their statement lasts
    std::vector<instant> stalled_ = {};
    std::vector<int> running_ = {};      // processes by host
    std::vector<instant> hindered_ = {}; // hosts: until when
    int next_process_ = 1, generation_ = 0;
    instant down_until_{}, hangs_until_{};
};

} // namespace pgtend::simulation

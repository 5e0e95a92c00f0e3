// SPDX-License-Identifier: Apache-2.0
// What checks look at that is no query of their own: fetched when the first asks, once for all.
#pragma once
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "catalog/load.hpp"
#include "check/job_facts.hpp"
#include "check/rule.hpp"
#include "index/status.hpp"
#include "model/check_policy.hpp"
#include "model/probe.hpp"
#include "partition/status.hpp"
#include "pg/session.hpp"
#include "probe/verdict.hpp"

namespace pgtend::check {

// Thrown by a rule that cannot see its input: what() says what it needs.
class unseen : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// One difference between the file and the database, as `plan` has it.
struct difference {
    std::string step, object, reason;
    std::string problem;     // why apply cannot do it; empty: it can
    bool unknown = false;    // whether there is one, for that reason
    source_position at = {}; // of what declares it
};

// What a look at the jobs of the file gave, each with the id of its check: whether they can work.
struct job_findings {
    std::vector<std::pair<std::string, finding>> found;
    std::vector<std::pair<std::string, std::string>> unseen; // what that needs
};

// A declared materialized view that is older than its max_staleness.
struct stale_view {
    std::string name, job; // who refreshed it last
    microseconds age{0}, limit{0};
};

// Given by those who can read it; empty when there is no file.
struct sources {
    std::function<std::vector<difference>(std::string_view section)> differences = {};
    std::function<std::vector<partition::table_status>()> partitions = {};
    std::function<job_findings()> jobs = {};
    std::function<job_facts()> records = {};
    std::function<std::vector<stale_view>()> stale_views = {};
    std::span<model::probe const> probes = {};
    std::span<model::attestation const> attestations = {};
    std::span<model::objective const> objectives = {};
    std::function<probe::verdict(model::probe const &)> run_probe = {};
};

// What an objective came to. Neither met nor missed: `why` there is no number to say so.
struct objective_result {
    model::objective const *of = nullptr;
    model::unit unit = model::unit::count;
    std::optional<double> actual;
    enum class status { met, missed, unseen };
    status is = status::unseen;
    std::string why;
};
// By what a probe said. Pure.
objective_result weigh(model::objective const &of, model::probe const &by,
                       probe::verdict const &said);

class evidence {
  public:
    evidence(pg::session &s, sources from, instant now, pg::limits limit)
        : session_{s}, from_{std::move(from)}, now_{now}, limit_{std::move(limit)}
    {
    }

    // All throw error, and `unseen` when there is no such source. What failed once fails again.
    index::examination const &indexes();
    std::vector<partition::table_status> const &partitions();
    std::vector<difference> differences(std::string_view section); // each is asked for once
    job_findings const &jobs();
    job_facts const &records();
    std::vector<stale_view> stale_views();

    // How long each took that was asked for.
    struct fetch {
        std::string_view of; // "indexes"
        microseconds elapsed{0};
    };
    std::vector<fetch> const &fetches() const { return fetches_; }

    // What thresholds are set otherwise, and what one is then: the catalogue's when it is not set.
    // Throws std::logic_error for one that the catalogue does not have.
    void judge_by(std::vector<model::check_threshold> const &set) { set_ = set; }
    double limit_of(std::string_view id, std::string_view key) const;

    // What a rule that found something, or nothing, could not see beside it.
    void miss(std::string needs) { missed_.push_back(std::move(needs)); }
    std::vector<std::string> take_missed() { return std::exchange(missed_, {}); }

    sources const &given() const { return from_; }
    instant now() const { return now_; }
    // What that probe says; it runs when it is asked for first. Throws interrupted.
    probe::verdict const &of(model::probe const &one);
    std::vector<objective_result> const &objectives();
    // What these were, as far as somebody asked.
    std::vector<objective_result> const &objectives_seen() const { return objectives_; }

  private:
    template <class Value> struct kept {
        std::optional<Value> value;
        std::exception_ptr failed;
    };
    template <class Value, class Load>
    Value const &once(kept<Value> &what, std::string_view name, Load const &load);

    pg::session &session_;
    sources from_;
    instant now_;
    pg::limits limit_;
    kept<index::examination> indexes_;
    kept<std::vector<partition::table_status>> partitions_;
    kept<job_findings> jobs_;
    std::vector<std::string> missed_;
    kept<job_facts> records_;
    std::vector<fetch> fetches_;
    std::vector<model::check_threshold> set_;
    std::map<std::string, probe::verdict> verdicts_; // by name
    std::vector<objective_result> objectives_;
};

} // namespace pgtend::check

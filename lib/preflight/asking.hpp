// SPDX-License-Identifier: Apache-2.0
// One read-only transaction in which questions are asked, each as if it had not been.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "catalog/lookup.hpp"
#include "model/job.hpp"
#include "pg/session.hpp"

namespace pgtend::preflight {

class asking {
  public:
    // Opens a READ ONLY transaction: waits 50 ms for a lock at most, search_path empty, standard
    // strings. `each`: of a question. Throws what the session throws.
    asking(pg::session &s, pg::limits each);
    ~asking(); // rolls back
    asking(asking const &) = delete;
    asking &operator=(asking const &) = delete;

    rows ask(std::string_view sql, std::vector<param> const &parameters = {});
    catalog::lookup find(qualified_name const &name, std::string_view kinds, std::string_view what);
    void parse(std::string_view sql);
    void set(std::string_view settings); // statements of SET LOCAL

    // Calls `work`; what it set and locked is taken back, whatever came of it. Throws what it
    // throws.
    template <class Work> auto aside(Work const &work);
    // The same with the settings and the role that the job works with.
    template <class Work> auto as(model::job const &job, Work const &work);

    // Whether nothing can be asked any more after it; else it tells of one question.
    bool is_end(error const &e) const;

  private:
    void begin_aside();
    void end_aside() noexcept;

    pg::session &session_;
    pg::limits each_;
};

// What decides how times are read and written when the job runs, as statements.
std::string time_settings(model::job const &job);

// What asking::as() sets, as statements; the role last.
std::string settings_text(model::job const &job);

template <class Work> auto asking::aside(Work const &work)
{
    struct guard {
        asking &of;
        explicit guard(asking &a) : of{a} { of.begin_aside(); }
        ~guard() { of.end_aside(); }
        guard(guard const &) = delete;
        guard &operator=(guard const &) = delete;
    };
    guard const back{*this};
    return work();
}

template <class Work> auto asking::as(model::job const &job, Work const &work)
{
    return aside([&] {
        set(settings_text(job));
        return work();
    });
}

} // namespace pgtend::preflight

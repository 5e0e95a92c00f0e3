// SPDX-License-Identifier: Apache-2.0
// plan, apply: the database against what the file declares.
#include <algorithm>
#include <fmt/core.h>
#include <future>
#include <istream>
#include <memory>
#include <ostream>
#include <system_error>

#include "base/error.hpp"
#include "base/text.hpp"
#include "jobs/declared.hpp"
#include "jobs/run.hpp"
#include "plan/impact.hpp"
#include "plan/refusal.hpp"
#include "tools/by_hand.hpp"
#include "tools/command_files.hpp"

namespace pgtend::tools {
namespace {

struct difference_arguments {
    std::vector<std::string> objects, only;
    run_options run;
    bool yes = false;
    long long workers = 4;
};

void declare_choice(options &o, difference_arguments &a)
{
    o.positionals("object", a.objects,
                  "tables, indexes, views that the file declares (default: all of them)", false);
    o.texts("--only", a.only, "SECTION", "only this section of the file, such as partitions");
}

// What the file declares of what was asked for, the database, and how they differ.
class comparison {
  public:
    comparison(context &c, difference_arguments const &a, bool writes)
        : context_{c}, writes_{writes}, where_{c.only_destination()}, settings_{settings_of(c, a)},
          declared_{declared(c, a)}, control_{c.open_control(where_, writes)},
          role_{a.run.policy.role}
    {
        where_.options = pg::on_same_server(where_.options, control_.session);
    }

    std::string const &target() const { return where_.name; }

    plan::plan of(jobs::section const &section)
    {
        try {
            return look(section, control_);
        } catch (connection_lost const &) {
            // It was idle while a person thought, or an index was built.
            control_ = context_.open_control(where_, writes_);
            return look(section, control_);
        }
    }

    // The last section, which takes the server as long as the others together, is looked at beside
    // them where a second session can be had.
    std::vector<plan::plan> of_all()
    {
        auto const sections = jobs::sections();
        std::future<std::optional<plan::plan>> beside;
        if (worth_a_second_session()) {
            try {
                beside = std::async(std::launch::async, [&] { return look_beside(); });
            } catch (std::system_error const &) { // no thread is to be had
            }
        }
        std::vector<plan::plan> out;
        for (auto const &section : sections.first(sections.size() - 1)) {
            out.push_back(of(section));
        }
        auto last = beside.valid() ? beside.get() : std::nullopt;
        out.push_back(last ? std::move(*last) : of(sections.back()));
        return out;
    }

    engine::result print_script(std::vector<plan::plan> difference)
    {
        bool const several = std::count_if(difference.begin(), difference.end(),
                                           [](auto const &one) { return !one.empty(); }) > 1;
        plan::plan all;
        for (auto &each : difference) {
            all.append(std::move(each));
        }
        if (several) {
            all.notes.emplace_back(
                "planned for the database as it is: what one section makes may ask for more "
                "of another, such as the index of a new partition; look again afterwards");
        }
        return context_.print_script(std::move(all), where_, settings_,
                                     control_.transaction_pooler);
    }

    engine::result execute(plan::plan work, difference_arguments const &a, microseconds timeout)
    {
        return context_.execute(std::move(work), where_, settings_, static_cast<int>(a.workers),
                                timeout, control_.transaction_pooler);
    }

  private:
    bool worth_a_second_session() const
    {
        auto const sections = jobs::sections();
        auto const asked = [&](auto const &section) { return !section.objects(declared_).empty(); };
        return asked(sections.back()) && !control_.server.pid_differs &&
               std::any_of(sections.begin(), std::prev(sections.end()), asked);
    }

    // None where the server, or a pooler with one connection, has no other for us.
    std::optional<plan::plan> look_beside()
    {
        auto once = where_;
        once.options.deadline = microseconds{0};
        try { // what open_control() asks and warns of has been
            auto session = context_.open(once);
            auto server = pg::probe(session, context_.outside.time);
            context::control second{std::move(session), std::move(server),
                                    control_.transaction_pooler};
            return look(jobs::sections().back(), second);
        } catch (connect_error const &) {
            return std::nullopt;
        } catch (connection_lost const &) {
            return std::nullopt;
        }
    }

    plan::plan look(jobs::section const &section, context::control &by)
    {
        return section.difference(declared_, {.session = by.session,
                                              .partitions = {},
                                              .autovacuum = context_.configuration().autovacuum,
                                              .now = by.server.server_time,
                                              .role = role_,
                                              .search_path = settings_.search_path,
                                              .limit = {.stop = context_.outside.stop}});
    }

    static engine::work_settings settings_of(context &c, difference_arguments const &a)
    {
        auto policy = a.run.policy;
        policy.search_path = search_path_of(c, a.run);
        return jobs::settings_of(policy, zone_of(c, a.run));
    }

    static model::configuration declared(context &c, difference_arguments const &a)
    {
        return jobs::narrowed(c.configuration(), a.only, names_of(a.objects));
    }

    context &context_;
    bool writes_;
    context::destination where_;
    engine::work_settings settings_;
    model::configuration declared_;
    context::control control_;
    std::string role_;
};

std::size_t count(std::vector<plan::plan> const &difference)
{
    std::size_t out = 0;
    for (auto const &each : difference) {
        out += each.steps.size();
    }
    return out;
}

std::string sql_of(plan::step const &step)
{
    std::string out;
    for (auto const &statement : plan::statements_of(step)) {
        out += (out.empty() ? "" : ";\n") + statement.sql;
    }
    return out;
}

std::string why_not(plan::step const &step)
{
    auto const *why = plan::refused(step);
    return why == nullptr ? "" : why->message() + (why->hint().empty() ? "" : "; " + why->hint());
}

report::document document_of(std::vector<plan::plan> const &difference, std::string const &target)
{
    using report::align;
    auto const number = static_cast<long long>(count(difference));
    report::document out{.schema = "pgtend/plan/1",
                         .fields = {{"target", "", {target}}, {"differences", "", {number}}},
                         .tables = {}};
    report::table steps{.key = "steps",
                        .columns = {{"section", "section", align::left},
                                    {"step", "step", align::left},
                                    {"object", "", align::left},
                                    {"reason", "because", align::left, true},
                                    {"impact", "meanwhile", align::left},
                                    {"locks", "", align::left},
                                    {"sql", "", align::left},
                                    {"problem", "", align::left}},
                        .rows = {},
                        .when_empty = "the database is as the file declares it"};
    for (std::size_t i = 0; i < difference.size(); ++i) {
        for (auto const &step : difference[i].steps) {
            auto const problem = why_not(step);
            steps.rows.push_back(
                {{std::string{jobs::sections()[i].name}},
                 {step.title},
                 {step.object},
                 {step.reason},
                 {std::string{plan::impact_of(step)}, report::tone::plain,
                  problem.empty() ? "" : "cannot be done"},
                 {plan::locks_of(step)},
                 {sql_of(step)},
                 problem.empty() ? report::cell{} : report::cell{problem, report::tone::bad}});
            if (!problem.empty()) {
                out.notes.push_back(step.title + ": " + replace_all(problem, "\n", " "));
            }
        }
        for (auto const &note : difference[i].notes) {
            out.notes.push_back(note);
        }
    }
    out.tables.push_back(std::move(steps));
    if (number > 0) {
        out.heading = fmt::format("{} difference{} between the file and {}", number,
                                  number == 1 ? "" : "s", target);
    }
    return out;
}

// Asks a person; throws usage_error when there is none to ask.
bool agreed(io &outside, std::size_t steps, std::string const &target)
{
    if (!outside.in_is_terminal) {
        throw usage_error{"apply asks before it changes something, and stdin is no terminal",
                          "give --yes, or look first with pgtend plan"};
    }
    outside.err << "apply " << steps << (steps == 1 ? " step" : " steps") << " to " << target
                << "? [y/N] " << std::flush;
    if (outside.await_answer) {
        outside.await_answer();
    }
    std::string answer;
    std::getline(outside.in, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

// A step that failed while another run did the same: it is no difference any more. Where something
// is left that was not planned before, a failure may have turned into it (the partitions of a table
// that was not there yet): then nothing is forgiven.
void forgive(engine::result &result, plan::plan const &left)
{
    auto const holds = [](auto const &steps, std::string const &title) {
        return std::any_of(steps.begin(), steps.end(),
                           [&](auto const &step) { return step.title == title; });
    };
    if (!std::all_of(left.steps.begin(), left.steps.end(),
                     [&](auto const &step) { return holds(result.steps, step.title); })) {
        return;
    }
    for (auto &step : result.steps) {
        bool const remains = holds(left.steps, step.title);
        if (step.status != engine::step_status::succeeded && !remains) {
            step.status = engine::step_status::succeeded;
            step.tally.notes.push_back("done by somebody else meanwhile");
            step.problem.reset();
        }
    }
}

void append(engine::result &all, engine::result one)
{
    std::move(one.steps.begin(), one.steps.end(), std::back_inserter(all.steps));
    all.notes.insert(all.notes.end(), one.notes.begin(), one.notes.end());
    all.ended_by = std::move(one.ended_by);
}

void not_compared(engine::result &result, jobs::section const &section, error const &why)
{
    result.steps.push_back({.title = "compare " + std::string{section.name},
                            .status = engine::step_status::failed,
                            .tally = {},
                            .problem = why});
    result.ended_by = {why.code() == exit_code::interrupted      ? engine::cause::interrupted
                       : why.code() == exit_code::cannot_connect ? engine::cause::cannot_connect
                                                                 : engine::cause::session_lost,
                       why};
}

// Section by section, each compared anew: what an earlier one made may ask for more.
engine::result make_true(context &c, comparison &with, difference_arguments const &a)
{
    auto const limit = a.run.policy.timeout;
    auto const end = c.outside.time.steady() + limit;
    auto const left = [&] {
        return limit.count() == 0 ? limit
                                  : std::max<microseconds>(microseconds{1},
                                                           std::chrono::duration_cast<microseconds>(
                                                               end - c.outside.time.steady()));
    };
    engine::result all;
    for (auto const &section : jobs::sections()) {
        engine::result result;
        try {
            auto work = with.of(section);
            if (work.empty()) {
                continue;
            }
            result = with.execute(std::move(work), a, left());
            if (!result.ended_by && !result.succeeded()) {
                forgive(result, with.of(section));
            }
        } catch (error const &e) {
            if (all.steps.empty() && result.steps.empty()) {
                throw;
            }
            not_compared(result, section, e); // what was done is told all the same
        }
        append(all, std::move(result));
        if (all.ended_by) {
            break;
        }
    }
    return all;
}

} // namespace

action declare_plan(options &o)
{
    auto a = std::make_shared<difference_arguments>();
    declare_choice(o, *a);
    o.text("--role", a->run.policy.role, "ROLE", "what this role could do");
    o.output("sql");
    o.output("markdown");
    o.example("-c kwenda.yaml plan", "what apply would do; exit 3 when there is something");
    o.example("-c kwenda.yaml plan -o sql", "as a psql script, for a DBA who runs it");
    o.example("-c kwenda.yaml plan -o markdown", "for a pull request");
    o.example("-c kwenda.yaml plan --only partitions public.orders", "of one table");
    return [a](context &c) {
        comparison with{c, *a, false};
        auto difference = with.of_all();
        auto const code = count(difference) > 0 ? exit_code::findings : exit_code::ok;
        if (c.global.output == "sql" || c.global.dry_run) {
            auto const printed = with.print_script(std::move(difference));
            return printed.ended_by ? code_of(printed) : code;
        }
        c.print(document_of(difference, with.target()));
        return code;
    };
}

action declare_apply(options &o)
{
    auto a = std::make_shared<difference_arguments>();
    a->run.policy.timeout = microseconds{0};
    declare_choice(o, *a);
    o.flag("-y,--yes", a->yes, "do not ask");
    o.number("--workers", a->workers, "N", "tables worked on side by side", 1, 16);
    declare(o, a->run);
    o.example("-c kwenda.yaml apply", "shows the plan, asks, and makes it so");
    o.example("-c kwenda.yaml apply --yes --only indexes", "in a deployment");
    o.example("-c kwenda.yaml --dry-run apply", "print the SQL only");
    return [a](context &c) {
        comparison with{c, *a, !c.global.dry_run};
        auto difference = with.of_all();
        auto const steps = count(difference);
        if (c.global.dry_run) {
            auto const printed = with.print_script(std::move(difference));
            tell_failures(c.outside, printed);
            return code_of(printed);
        }
        if (steps > 0 && !a->yes) {
            c.outside.err << report::render_text(document_of(difference, with.target()),
                                                 {.columns = c.outside.columns})
                          << "\n";
            if (!agreed(c.outside, steps, with.target())) {
                throw interrupted{"nothing was applied"};
            }
        }
        // Without --yes nothing is done that nobody was asked about.
        auto const result = steps > 0 || a->yes ? make_true(c, with, *a) : engine::result{};
        tell_failures(c.outside, result);
        auto printed = tools::document_of(result, "pgtend/apply/1", "steps");
        printed.tables[0].when_empty = "nothing to do: the database is as the file declares it";
        c.print(printed);
        return code_of(result);
    };
}

} // namespace pgtend::tools

// SPDX-License-Identifier: Apache-2.0
// What a command gets: global options, the outside, and the few things nearly all commands do.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/executor.hpp"
#include "ledger/ledger.hpp"
#include "model/configuration.hpp"
#include "pg/connect.hpp"
#include "pg/probe.hpp"
#include "pg/session.hpp"
#include "report/document.hpp"
#include "tools/io.hpp"
#include "tools/options.hpp"

namespace pgtend::tools {

// The file that is meant: the one given, else of PGTEND_CONFIG, else ./pgtend.yaml; empty: none.
std::string configuration_file(std::string const &given, io const &outside);

class context {
  public:
    context(io &outside_, global_options const &global_, std::string_view command)
        : outside{outside_}, global{global_}, command_{command}
    {
    }

    io &outside;
    global_options const &global;

    // The file of -c, of PGTEND_CONFIG, or ./pgtend.yaml, loaded once. Throws usage_error when
    // there is none.
    model::configuration const &configuration();
    bool has_configuration() const;

    // One database to work on: of -d, else of the file's targets (-t, or the only one), else
    // libpq's environment. -h, -p and -U replace what a target says.
    struct destination {
        std::string name; // the target's, or the conninfo's display
        pg::connect_options options;
        model::pooler pooler = model::pooler::automatic;
        std::string expect_database = {}, expect_host = {}; // empty: any
        bool unattended = false; // nobody waits: pauses between attempts to connect are longer
    };
    // With `-t all` every target; otherwise one. Throws usage_error with what can be chosen.
    std::vector<destination> destinations();
    destination only_destination();

    // application_name pgtend/<command>[/<job>], the outside's stop.
    pg::session open(destination const &where, std::string_view job = {});
    // A control session: opened, probed, set (empty search_path). Throws connect_error on a standby
    // when `writes`, and when it is not the database or host that the target expects.
    struct control {
        pg::session session;
        pg::capabilities server;
        bool transaction_pooler = false; // as the target says, or as it was found out
    };
    control open_control(destination const &where, bool writes, pg::companion *with = nullptr);

    // The executor that --dry-run chooses, in one place.
    // `timeout`: of the whole run, 0 for none.
    engine::result execute(plan::plan work, destination const &where,
                           engine::work_settings const &settings, int workers, microseconds timeout,
                           bool transaction_pooler);
    // The psql script that a dry run of it prints, to stdout.
    engine::result print_script(plan::plan work, destination const &where,
                                engine::work_settings const &settings, bool transaction_pooler);

    // Renders as -o says, to stdout.
    void print(report::document const &d);

  private:
    engine::environment environment_for(destination const &where,
                                        engine::work_settings const &settings,
                                        bool transaction_pooler);

    std::string command_;
    std::optional<model::configuration> configuration_;
    std::optional<std::string> password_; // what was typed, asked for once
};

} // namespace pgtend::tools

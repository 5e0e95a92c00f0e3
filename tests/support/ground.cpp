// SPDX-License-Identifier: Apache-2.0
#include "support/ground.hpp"

#include "base/error.hpp"

namespace pgtend::test {

ground::ground(std::string const &jobs, std::string const &more)
{
    config =
        files.write("pgtend.yaml", "version: 1\ntargets:\n  db: { dsn: \"" + db.dsn() + "\" }\n" +
                                       more + (jobs.empty() ? "" : "jobs:\n" + jobs));
    auto const done = run({"init", "--test-clock"});
    if (done.code != 0) {
        throw error{"pgtend init failed: " + done.err};
    }
}

std::vector<std::string> ground::arguments(std::vector<std::string> args) const
{
    args.insert(args.begin(), {"-c", config});
    return args;
}

finished ground::run(std::vector<std::string> args, environment_changes const &changes) const
{
    return pgtend(arguments(std::move(args)), changes);
}

void ground::expire_lease(std::string const &job) const
{
    db.psql("UPDATE pgtend.lease SET lease_until = clock_timestamp() - interval '1 second' WHERE "
            "holder IS NOT NULL AND job = '" +
            job + "'");
}

std::string ground::runs(std::string const &job) const
{
    return db.value("SELECT coalesce(string_agg(status || '/' || attempt, ' ' ORDER BY id), '') "
                    "FROM pgtend.run WHERE job = '" +
                    job + "'");
}

double ground::seconds(std::string const &job) const
{
    return std::stod(db.value("SELECT extract(epoch FROM finished - started) FROM pgtend.run WHERE "
                              "job = '" +
                              job + "' ORDER BY id DESC LIMIT 1"));
}

long long ground::count(std::string const &query) const
{
    return std::stoll(db.value(query));
}

} // namespace pgtend::test

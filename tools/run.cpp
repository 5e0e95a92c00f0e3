// SPDX-License-Identifier: Apache-2.0
#include "tools/run.hpp"

#include <ostream>

#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "tools/complete.hpp"
#include "tools/context.hpp"
#include "tools/parse.hpp"

namespace pgtend::tools {
namespace {

int fail(std::ostream &err, error const &e)
{
    err << "pgtend: error: " << replace_all(describe(e), "\n", "\npgtend: ") << "\n";
    return static_cast<int>(e.code());
}

int fail(std::ostream &err, config_error const &e)
{
    for (auto const &d : e.diagnostics()) {
        err << to_string(d.at) << ": " << d.message
            << (d.hint.empty() ? "" : " (HINT: " + d.hint + ")") << "\n";
    }
    return static_cast<int>(e.code());
}

} // namespace

int run(std::vector<std::string> const &args, io &outside)
{
    if (!args.empty() && args.front() == complete_word) {
        for (auto const &line : complete({args.begin() + 1, args.end()}, outside)) {
            outside.out << line << "\n";
        }
        return 0;
    }
    try {
        auto call = parse(args);
        if (call.text) {
            outside.out << *call.text;
            return 0;
        }
        log::set_level(call.global.verbose ? log::level::debug
                       : call.global.quiet ? log::level::error
                                           : log::level::info);
        context around{outside, call.global, call.command};
        return static_cast<int>(call.run(around));
    } catch (config_error const &e) {
        return fail(outside.err, e);
    } catch (error const &e) {
        return fail(outside.err, e);
    } catch (std::exception const &e) {
        return fail(outside.err, error{e.what(), "this is a defect of pgtend; please report it"});
    }
}

} // namespace pgtend::tools

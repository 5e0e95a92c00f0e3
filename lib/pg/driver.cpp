// SPDX-License-Identifier: Apache-2.0
#include "pg/driver.hpp"

#include <pqxx/pqxx>

#define PGTEND_PQXX (PQXX_VERSION_MAJOR * 100 + PQXX_VERSION_MINOR)

#if PGTEND_PQXX < 700 && defined(__SANITIZE_ADDRESS__)
// libpqxx 6.4 does not free the result with which a connection ends: about 2 kB a lost session,
// once.
extern "C" char const *__lsan_default_suppressions();
extern "C" char const *__lsan_default_suppressions()
{
    return "leak:pqxx::connection_base::exec";
}
extern "C" char const *__lsan_default_options();
extern "C" char const *__lsan_default_options()
{
    return "print_suppressions=0";
}
#endif

namespace pgtend::pg {
namespace {

#if PGTEND_PQXX < 700
// libpqxx 6 connects by a policy object: this one has the connection already.
class handed_over : public pqxx::connectionpolicy {
  public:
    explicit handed_over(handle conn) : pqxx::connectionpolicy{""}, conn_{conn} {}
    handle do_startconnect(handle) override { return conn_; }
    handle do_completeconnect(handle) override { return conn_; }

  private:
    handle conn_;
};

class adopted_connection : public pqxx::connection_base {
  public:
    explicit adopted_connection(handed_over::handle conn) : connection_base{policy_}, policy_{conn}
    {
        init();
        // libpqxx 6 would reconnect silently, without the locks and settings of the session.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
        inhibit_reactivation(true);
#pragma GCC diagnostic pop
        set_verbosity(verbose);
    }
    ~adopted_connection() noexcept
    {
        close();
    }

  private:
    handed_over policy_;
};
#else
using adopted_connection = pqxx::connection;
#endif

adopted_connection take_over(wire::connection conn)
{
#if PGTEND_PQXX < 700
    return adopted_connection{static_cast<handed_over::handle>(conn)};
#else
    auto out =
        pqxx::connection::seize_raw_connection(static_cast<pqxx::internal::pq::PGconn *>(conn));
    out.set_verbosity(pqxx::error_verbosity::verbose);
    return out;
#endif
}

pqxx::result execute(pqxx::transaction_base &tx, std::string const &sql,
                     std::vector<param> const &parameters)
{
    if (parameters.empty()) {
        return tx.exec(sql);
    }
#if PGTEND_PQXX < 710
    std::vector<char const *> values;
    values.reserve(parameters.size());
    for (auto const &p : parameters) {
        values.push_back(p ? p->c_str() : nullptr);
    }
    return tx.exec_params(sql, pqxx::prepare::make_dynamic_params(values));
#else
    pqxx::params values;
    values.reserve(parameters.size());
    for (auto const &p : parameters) {
        if (p) {
            values.append(*p);
        } else {
            values.append();
        }
    }
    return tx.exec(sql, values);
#endif
}

rows to_rows(pqxx::result const &result)
{
    std::vector<std::string> names;
    std::vector<rows::cell> cells;
    auto const width = result.columns();
    auto const count = static_cast<std::size_t>(result.size());
    for (auto c = decltype(width){0}; c < width; ++c) {
        names.emplace_back(result.column_name(c));
    }
    cells.reserve(count * names.size());
    for (auto const &row : result) {
        for (auto const &field : row) {
            cells.push_back(field.is_null()
                                ? rows::cell{}
                                : rows::cell{std::string_view{field.c_str(), field.size()}});
        }
    }
    return {std::move(names), std::move(cells), count,
            static_cast<long long>(result.affected_rows()),
            std::make_shared<pqxx::result const>(result)};
}

} // namespace

struct driver::impl {
    explicit impl(wire::connection handle)
        : conn{handle}, owner{take_over(handle)}, open_ended{owner}
    {
    }

    wire::connection conn;
    adopted_connection owner;
    pqxx::nontransaction open_ended; // libpqxx wants one around every statement; ours has no end,
                                     // BEGIN and COMMIT are text
};

driver::driver(wire::connection conn) : impl_{std::make_unique<impl>(conn)} {}
driver::~driver() = default;

std::optional<rows> driver::execute(std::string const &sql, std::vector<param> const &parameters)
{
    auto const result = pg::execute(impl_->open_ended, sql, parameters);
    if (wire::transaction_state(impl_->conn) == wire::transaction::busy) {
        return std::nullopt;
    }
    return to_rows(result);
}

} // namespace pgtend::pg

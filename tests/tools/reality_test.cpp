// SPDX-License-Identifier: Apache-2.0
// Kwenda's checklist against a database of which it was not true: each claim that check can judge
// is found, and nothing else. What a job's own SQL would do (a CHECK that refuses its value, a
// cache table that it does not touch, an event that nobody writes) is not seen here.
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>

#include "support/annotated.hpp"
#include "support/hour.hpp"
#include "support/lists.hpp"
#include "support/own_server.hpp"

using namespace pgtend;
using namespace pgtend::test;

namespace {

std::string source_text(std::string const &path)
{
    auto const *root = std::getenv("PGTEND_SOURCE");
    std::ifstream file{std::string{root == nullptr ? "." : root} + "/" + path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

list const lies{
    "error declared.partitions: public.transport_bookings",
    "error declared.partitions: public.marketplace_orders",
    "error declared.partitions: public.delivery_orders",
    "error declared.indexes: public.transport_bookings",
    "error declared.indexes: public.delivery_orders",
    "error declared.indexes: public.driver_locations",
    "error declared.indexes: public.wallet_transactions",
    "error declared.indexes: public.lottery_tickets",
    "error declared.indexes: public.marketplace_products",
    "error declared.matviews: public.admin_dashboard_stats",
    "warning declared.autovacuum: public.delivery_orders",
    "warning declared.autovacuum: public.driver_locations",
    "warning declared.autovacuum: public.marketplace_orders",
    "warning declared.autovacuum: public.transport_bookings",
    "warning declared.autovacuum: public.wallet_transactions",
    "warning job.paused: cancel-expired-deliveries",
    "error job.last_run: refresh-dashboard",
    "error job.last_run: vacuum-nightly",
    "warning index.duplicate: public.promo_b",
    "warning index.foreign_key: transport_bookings_customer_id_fkey",
    "warning table.primary_key: public.api_access_logs",
    "error security.rls_off: public.transport_bookings_2025_01",
    "warning security.definer_search_path: public.is_admin()",
};

} // namespace

TEST_SUITE("db")
{
    TEST_CASE("every lie of the checklist is found by name, and nothing else")
    {
        own_server const server;
        auto s = open(server.dsn());
        s.batch(source_text("tests/tools/reality/schema.sql"));
        scratch const files;
        auto const config = files.write("kwenda.yaml", source_text("schedules/kwenda.yaml"));
        auto const run = [&](list args) {
            args.insert(args.begin(), {"-c", config});
            return test::pgtend(args, {{"KWENDA_DSN", server.dsn()}});
        };
        REQUIRE(run({"init"}).code == 0);
        s.batch(source_text("tests/tools/reality/history.sql"));
        auto const done = run({"-o", "github", "check", "--only", "declared", "--only", "job",
                               "--only", "partition", "--only", "matview", "--only", "index",
                               "--only", "table", "--only", "security"});
        CHECK(done.code == 3);
        CHECK(annotated(done.out) == lies);
        for (auto const *index :
             {"idx_transport_bookings_city_status", "idx_delivery_orders_zone_status",
              "idx_driver_locations_available", "idx_wallet_transactions_user_history",
              "idx_lottery_tickets_active_draw", "idx_marketplace_products_search"}) {
            CAPTURE(index);
            CHECK(has(done.out, index));
        }
        CHECK(has(done.out, "column \"zone_id\" does not exist"));
        CHECK(has(done.out, "public.delivery_orders is a table, not a partitioned table"));
        CHECK(has(done.out, "relation \"public.admin_dashboard_stats\" does not exist"));
    }
}

// SPDX-License-Identifier: Apache-2.0
// Plans what makes the materialized views of the file true.
#pragma once
#include <string>
#include <vector>

#include "catalog/snapshot/matviews.hpp"
#include "model/matview_policy.hpp"
#include "plan/plan.hpp"

namespace pgtend::matview {

// What catalog::load_declared_matviews() is to be asked, in the order of the policies.
std::vector<catalog::matview_request> requests(std::vector<model::matview_policy> const &policies);

// In the order of the policies, which is that of creation: one that reads another is declared
// after it. `snapshot` is that of requests(policies).
//
// A missing view is created, filled and indexed in one transaction: nobody sees it before it can be
// read and refreshed concurrently, and what is interrupted leaves nothing. (WITH NO DATA first and
// a refresh after the index would show a view for as long that fails every query.) Two who create
// the same view wait for each other, and the second one fails with 42P07.
//
// One that exists gets its declared unique index, when no index tells rows apart by these columns:
// a plain CREATE INDEX, whose SHARE lock keeps refreshes waiting and no reader, because nothing but
// a refresh writes to a materialized view. One that is not populated is filled, unless it was
// declared `with_data: false`. One whose query is not the declared one becomes a step that fails,
// with the differences and the statements that would replace it: what depends on it, and its
// grants, are lost by that, so that nothing here does it. An owner or a tablespace that differs is
// a note. A query that could not be compared is a note, or, when it is to be known whether all is
// as declared (`certain`), a step that fails.
plan::plan plan_declared(std::vector<model::matview_policy> const &policies,
                         catalog::declared_matviews const &snapshot, bool certain = false);

// CREATE MATERIALIZED VIEW of a policy that has a query; CREATE UNIQUE INDEX of one that has
// columns for it. Without a semicolon.
std::string create_text(model::matview_policy const &policy);
std::string create_index_text(model::matview_policy const &policy);

// An index of the view tells its rows apart by the declared columns, in whatever order; or none is
// declared.
bool has_declared_index(model::matview_policy const &policy, catalog::matview const &view);

// Not as declared: in what, and the statements that would replace it (their order is that of
// execution, in one transaction).
error not_as_declared(model::matview_policy const &policy, catalog::declared_matview const &state);

} // namespace pgtend::matview

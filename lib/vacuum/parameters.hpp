// SPDX-License-Identifier: Apache-2.0
// Plans that make declared storage parameters true, and that put back what was there before. Pure.
#pragma once
#include <span>

#include "catalog/snapshot/vacuum.hpp"
#include "model/storage_parameter.hpp"
#include "plan/plan.hpp"

namespace pgtend::vacuum {

// What makes the declared parameters of the tables true: one step, one transaction and one lane a
// table that differs, partition by partition, because a partitioned table can have none. Only what
// differs is changed. `snapshot` holds what declared_tables() names, and what is below it.
//
// Each transaction takes SHARE UPDATE EXCLUSIVE on the table and its TOAST table (readers and
// writers go on, autovacuum gives way), looks whether the parameters still are as in the snapshot
// (else 55000), writes what they are into the ledger, and changes them. Repeating it, after a kill
// or by another at the same time, does what is left.
//
// What becomes of a parameter that somebody changed since pgtend had set it, `changed` says; when
// it is set, what it then was is the new original. Steps that fail: a table that does not exist or
// is a materialized view, one that the role does not own, a parameter that the server is too old
// for; all of them where the database has no ledger, or the role may not use it.
//
// `only` chooses among the names of declared_tables(), each with what is below it; empty: all. What
// is declared for others still counts: a partition's own declaration goes before its parent's.
enum class changed_parameter { is_told, fails, is_set };
plan::plan plan_parameters(std::span<model::autovacuum_policy const> policies,
                           catalog::vacuum_snapshot const &snapshot,
                           model::parameter_ledger const &ledger,
                           changed_parameter changed = changed_parameter::is_told,
                           std::span<qualified_name const> only = {});

// What puts the originals back (RESET where there was none) and has the ledger forget them. The
// first `named` of `snapshot.asked` choose, with what is below them; 0: all that the ledger has,
// also of tables that are gone. `snapshot` holds those and the tables of the ledger, with what is
// below them. Partitions that were made with the parameters since have them taken off.
//
// A parameter that somebody changed since is left alone, stays in the ledger, and is told in a
// note, unless `force`.
plan::plan plan_parameters_back(catalog::vacuum_snapshot const &snapshot,
                                model::parameter_ledger const &ledger, std::size_t named = 0,
                                bool force = false);

} // namespace pgtend::vacuum

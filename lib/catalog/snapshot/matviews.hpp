// SPDX-License-Identifier: Apache-2.0
// Materialized views, and how those that are declared differ.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/name.hpp"
#include "catalog/snapshot/lookup.hpp"

namespace pgtend::catalog {

struct unique_index {
    std::string name;
    std::string why; // REFRESH ... CONCURRENTLY cannot use it: "has a WHERE"; empty: it can
    std::vector<std::string> columns; // of its key, without expressions
};

struct matview {
    lookup found;
    bool populated = false;
    std::vector<unique_index> unique_indexes = {};
    std::string owner;
    bool owner_is_superuser = false;
    bool may_refresh = true; // owner, member or superuser; from 17 on also MAINTAIN
    // OIDs of the materialized views that it reads, directly, or through views and other
    // materialized views.
    std::vector<std::string> reads;

    // A unique index as REFRESH ... CONCURRENTLY needs it: valid, immediate, on plain columns,
    // without WHERE.
    bool has_unique_index() const;
};

struct matview_snapshot {
    int server_version = 0;     // 150020
    std::string role;           // who will do the work
    std::vector<matview> views; // in the order of the request
    std::vector<qualified_name>
        unnamed; // materialized views that these read and nobody asked for, ordered
};

// A materialized view that somebody declared, or only asks for.
struct matview_request {
    qualified_name name;
    std::string query = {}; // empty: nothing is declared
    std::string owner = {}; // who shall own it; empty: the role that works
};

struct view_column {
    std::string name, type;
    bool operator==(view_column const &) const = default;
};

// As the server prints it, with every name qualified.
struct view_definition {
    std::vector<view_column> columns;
    std::string text;
};

// Why something could not be found out.
struct complaint {
    std::string message, hint, sqlstate;
};

struct declared_matview {
    matview_request asked;
    matview view;    // found.usable(): it exists
    char kind = ' '; // of what has its name, as pg_class.relkind has it; ' ': nothing
    bool schema_exists = true;
    // Who owns it when it is created: the one asked for, or the role that works.
    std::string creator = {};
    bool creator_exists = true;
    bool may_be_creator = true; // by SET ROLE
    std::string comparer = {};  // as whom its query is looked at: that owner; empty: who works
    bool may_create = true;     // the creator, in the schema

    // Of one that exists:
    bool owns = true;                    // the role that works may create indexes on it
    std::optional<long long> rows = {};  // by the server's estimate
    std::optional<long long> bytes = {}; // with indexes and TOAST; unknown behind a strong lock
    std::string tablespace = {};         // empty: the database's
    std::vector<qualified_name> dependents{}; // relations whose query names it

    // Of one that has a query declared: both definitions when it exists, or why the server could
    // not be asked about them.
    std::optional<view_definition> existing = {}, declared = {};
    bool as_declared = false; // the two are the same
    std::optional<complaint> not_compared = {};
    bool query_fails = false; // that is because the server refuses the declared query
};

struct declared_matviews {
    int server_version = 0;
    std::string role;                    // who will do the work
    std::string login;                   // as whom the session began; SET ROLE asks about that
    std::vector<declared_matview> views; // in the order of the request
};

} // namespace pgtend::catalog

// SPDX-License-Identifier: Apache-2.0
#include "index/validity.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace pgtend::index {
namespace {

// Asked in a transaction without locks on the tables, but for ACCESS SHARE on the first one, whose
// index is told: pg_partition_tree() would lock them all. The end of it is same_definition().
constexpr char question[] =
    R"(WITH RECURSIVE tables (oid) AS (
    SELECT $3::pg_catalog.oid
    UNION ALL
    SELECT h.inhrelid FROM tables t
      JOIN pg_catalog.pg_inherits h ON h.inhparent OPERATOR(pg_catalog.=) t.oid AND NOT h.inhdetachpending
), indexes (oid) AS (
    SELECT c.oid FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
     WHERE n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name
       AND c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name
    UNION ALL
    SELECT h.inhrelid FROM indexes i
      JOIN pg_catalog.pg_inherits h ON h.inhparent OPERATOR(pg_catalog.=) i.oid
), valid (indrelid, root) AS (
    SELECT i.indrelid, i.indrelid OPERATOR(pg_catalog.=) $3::pg_catalog.oid
      FROM indexes x JOIN pg_catalog.pg_index i ON i.indexrelid OPERATOR(pg_catalog.=) x.oid AND i.indisvalid
)
SELECT EXISTS (SELECT FROM valid WHERE root) AS is_valid,
       (SELECT pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.relname), ', ')
          FROM (SELECT t.oid FROM tables t WHERE NOT EXISTS (
                    SELECT FROM valid v WHERE v.indrelid OPERATOR(pg_catalog.=) t.oid)
                   AND t.oid OPERATOR(pg_catalog.<>) $3::pg_catalog.oid LIMIT 3) m
          JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) m.oid
          JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace) AS lacking,
       EXISTS (SELECT FROM indexes) AS is_there,
       EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) i.indexrelid
                 JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
                WHERE i.indrelid OPERATOR(pg_catalog.=) $3::pg_catalog.oid
                  AND n.nspname OPERATOR(pg_catalog.=) $1::pg_catalog.name
                  AND c.relname OPERATOR(pg_catalog.=) $2::pg_catalog.name AND )";

class validity_task final : public plan::task {
  public:
    explicit validity_task(building const &what) : index_{what.name}, table_{what.table}
    {
        empty_path_.sql = "SET LOCAL search_path TO ''";
        question_.sql = question +
                        same_definition(what, "pg_catalog.pg_get_indexdef(i.indexrelid)") +
                        ") AS is_same";
        question_.parameters = {index_.schema, index_.name, what.table_oid};
    }

    plan::description describe() const override
    {
        return {"ask whether index " + display(index_) + " is valid",
                {},
                std::nullopt,
                "fails, naming partitions without an index, when it is not"};
    }

    std::optional<plan::work> next(plan::outcome const &last) override
    {
        if (!asked_) {
            asked_ = true;
            plan::work out;
            out.statements = {empty_path_, question_};
            out.read_only = true;
            return out;
        }
        if (last.failed) {
            throw error{last.failed->message, last.failed->hint, last.failed->sqlstate};
        }
        auto const &answer = last.results.at(1);
        if (answer.flag(0, "is_there") && !answer.flag(0, "is_same")) {
            throw error{"index " + display(index_) + " of " + display(table_) +
                            " has another definition than the one declared: somebody made it "
                            "since this began",
                        "run it again: it says what is there and what to do", "42P07"};
        }
        if (!answer.flag(0, "is_valid")) {
            auto const lacking = answer.text(0, "lacking");
            throw error{
                "index " + display(index_) + " of " + display(table_) + " is still invalid" +
                    (lacking.empty() ? std::string{} : ": without a valid index of it: " + lacking),
                "a partition came while it was made, or an index was dropped: run it again",
                "55000"};
        }
        return {};
    }
    plan::tally progress() const override { return {}; }

  private:
    qualified_name index_, table_;
    plan::statement empty_path_, question_;
    bool asked_ = false;
};

} // namespace

std::unique_ptr<plan::task> validity_check(building const &what)
{
    return std::make_unique<validity_task>(what);
}

} // namespace pgtend::index

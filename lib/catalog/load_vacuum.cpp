// SPDX-License-Identifier: Apache-2.0
#include "catalog/load.hpp"
#include "catalog/lookup.hpp"
#include "sql/queries.hpp"

namespace pgtend::catalog {
namespace {

vacuum_settings settings_of(rows const &found)
{
    vacuum_settings out;
    auto const real = [&](std::string_view column) { return found.real(0, found.column(column)); };
    out.server_version = static_cast<int>(found.integer(0, "server_version"));
    out.vacuum_threshold = real("vacuum_threshold");
    out.vacuum_scale_factor = real("vacuum_scale_factor");
    out.vacuum_max_threshold = real("vacuum_max_threshold");
    out.insert_threshold = real("insert_threshold");
    out.insert_scale_factor = real("insert_scale_factor");
    out.analyze_threshold = real("analyze_threshold");
    out.analyze_scale_factor = real("analyze_scale_factor");
    out.freeze_max_age = real("freeze_max_age");
    out.multixact_freeze_max_age = real("multixact_freeze_max_age");
    out.track_counts = found.flag(0, "track_counts");
    out.autovacuum = found.flag(0, "autovacuum");
    return out;
}

// Columns by position: a database may have 100,000 tables.
class table_reader {
  public:
    explicit table_reader(rows const &found) : found_{found} {}

    vacuum_table read(std::size_t row) const
    {
        vacuum_table out;
        out.oid = found_.text(row, oid_);
        out.name = {found_.text(row, schema_), found_.text(row, name_)};
        out.kind = found_.text(row, kind_).at(0);
        out.parent = found_.text(row, parent_);
        out.system = found_.flag(row, system_);
        out.inherited = found_.flag(row, inherited_);
        out.reltuples = found_.real(row, reltuples_);
        out.pages = found_.real(row, pages_);
        out.frozen_pages = found_.real(row, frozen_pages_);
        out.dead = found_.real(row, dead_);
        out.modified = found_.real(row, modified_);
        out.inserted = found_.real(row, inserted_);
        out.toast = found_.text(row, toast_);
        out.toast_reltuples = found_.real(row, toast_reltuples_);
        out.toast_pages = found_.real(row, toast_pages_);
        out.toast_frozen_pages = found_.real(row, toast_frozen_pages_);
        out.toast_dead = found_.real(row, toast_dead_);
        out.toast_inserted = found_.real(row, toast_inserted_);
        out.age = found_.real(row, age_);
        out.multixact_age = found_.real(row, multixact_age_);
        out.last_vacuum = when(row, last_vacuum_);
        out.last_analyze = when(row, last_analyze_);
        out.last_autovacuum = when(row, last_autovacuum_);
        out.last_autoanalyze = when(row, last_autoanalyze_);
        for (auto &each : parse_array(found_.text(row, options_))) {
            out.options.push_back(std::move(each).value_or(""));
        }
        out.may = found_.flag(row, may_);
        out.may_alter = found_.flag(row, may_alter_);
        out.owner = found_.text(row, owner_);
        out.owner_is_superuser = found_.flag(row, owner_is_superuser_);
        return out;
    }

  private:
    std::optional<long long> when(std::size_t row, std::size_t column) const
    {
        return found_.at(row, column) ? std::optional{found_.integer(row, column)} : std::nullopt;
    }

    rows const &found_;
    std::size_t oid_ = found_.column("oid"), schema_ = found_.column("schema"),
                name_ = found_.column("name"), kind_ = found_.column("kind"),
                parent_ = found_.column("parent"), system_ = found_.column("system"),
                inherited_ = found_.column("inherited"), reltuples_ = found_.column("reltuples"),
                pages_ = found_.column("pages"), frozen_pages_ = found_.column("frozen_pages"),
                dead_ = found_.column("dead"), modified_ = found_.column("modified"),
                inserted_ = found_.column("inserted"), toast_ = found_.column("toast"),
                toast_reltuples_ = found_.column("toast_reltuples"),
                toast_pages_ = found_.column("toast_pages"),
                toast_frozen_pages_ = found_.column("toast_frozen_pages"),
                toast_dead_ = found_.column("toast_dead"),
                toast_inserted_ = found_.column("toast_inserted"), age_ = found_.column("age"),
                multixact_age_ = found_.column("multixact_age"),
                last_vacuum_ = found_.column("last_vacuum"),
                last_analyze_ = found_.column("last_analyze"),
                last_autovacuum_ = found_.column("last_autovacuum"),
                last_autoanalyze_ = found_.column("last_autoanalyze"),
                options_ = found_.column("options"), may_ = found_.column("may"),
                may_alter_ = found_.column("may_alter"), owner_ = found_.column("owner"),
                owner_is_superuser_ = found_.column("owner_is_superuser");
};

} // namespace

vacuum_snapshot load_vacuum_tables(pg::session &s, std::vector<qualified_name> const &names,
                                   std::string const &role, pg::limits const &limit)
{
    vacuum_snapshot out;
    check_role(s, role, limit);
    auto const settings = s.run(sql::catalog_vacuum_settings, {role_parameter(role)}, limit);
    out.settings = settings_of(settings);
    out.role = settings.text(0, "role");
    out.asked = find(s, names, "rmp", "table", limit);
    auto const wanted = names.empty() ? param{} : param{found_oids(out.asked)};
    auto const found = s.run(sql::catalog_vacuum_tables, {wanted, role_parameter(role)}, limit);
    table_reader const reader{found};
    out.tables.reserve(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        out.tables.push_back(reader.read(i));
    }
    return out;
}

} // namespace pgtend::catalog

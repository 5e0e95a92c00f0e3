# SPDX-License-Identifier: Apache-2.0
# Embeds every sql/*.sql as pgtend::sql::<stem>: complete files that also run in psql.
file(GLOB sql_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/*.sql)
set(sql_dir ${CMAKE_BINARY_DIR}/generated/sql)
list(JOIN sql_files "," sql_list)
add_custom_command(
    OUTPUT ${sql_dir}/queries.cpp
    BYPRODUCTS ${sql_dir}/queries.hpp
    COMMAND ${CMAKE_COMMAND} -D "FILES=${sql_list}" -D OUT=${sql_dir} -P ${CMAKE_CURRENT_SOURCE_DIR}/embed_sql.cmake
    DEPENDS ${sql_files} ${CMAKE_CURRENT_SOURCE_DIR}/embed_sql.cmake
    COMMENT "Embedding sql/*.sql" VERBATIM)
add_custom_target(pgtend_sql_header DEPENDS ${sql_dir}/queries.cpp)
add_library(pgtend_sql STATIC ${sql_dir}/queries.cpp)
add_dependencies(pgtend_sql pgtend_sql_header)
target_link_libraries(pgtend_sql PUBLIC pgtend_flags)

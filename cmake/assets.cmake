# Puts the built canvas (web/dist) and the migrations into the binary with .incbin: no compile time, no
# files beside the executable. Text assets are precompressed with brotli and gzip.
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)

file(GLOB_RECURSE CANVAS_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/dist/*)
set(CANVAS_S ${CMAKE_BINARY_DIR}/assets/canvas.S)
set(CANVAS_TABLE ${CMAKE_BINARY_DIR}/assets/canvas_table.inc)
add_custom_command(
  OUTPUT ${CANVAS_S} ${CANVAS_TABLE}
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/cmake/embed_canvas.py ${CMAKE_SOURCE_DIR}/web/dist ${CMAKE_BINARY_DIR}/assets
  DEPENDS ${CANVAS_FILES} ${CMAKE_SOURCE_DIR}/cmake/embed_canvas.py
  VERBATIM)

file(GLOB MIGRATION_FILES CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/migrations/*.sql)
set(MIGRATIONS_TABLE ${CMAKE_BINARY_DIR}/assets/migrations_table.inc)
add_custom_command(
  OUTPUT ${MIGRATIONS_TABLE}
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/cmake/embed_migrations.py ${CMAKE_SOURCE_DIR}/migrations ${MIGRATIONS_TABLE}
  DEPENDS ${MIGRATION_FILES} ${CMAKE_SOURCE_DIR}/cmake/embed_migrations.py
  VERBATIM)

add_custom_target(assets DEPENDS ${CANVAS_S} ${CANVAS_TABLE} ${MIGRATIONS_TABLE})

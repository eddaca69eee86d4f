# What "cmake --install" puts in place: the program with manual pages and completion, the library
# with headers, pkg-config and CMake files, examples.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# the installed program finds its library wherever the prefix is
file(RELATIVE_PATH MHO_LIB_FROM_BIN ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
set_target_properties(mho_cli PROPERTIES INSTALL_RPATH "$ORIGIN/${MHO_LIB_FROM_BIN}")
set_target_properties(mho PROPERTIES EXPORT_NAME mho)
target_include_directories(mho INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS mho EXPORT mho-targets)
install(TARGETS mho_static mho_cli)
install(DIRECTORY include/mho DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# find_package(mho) gives the target mho::mho, which needs nothing else: the headers stand alone
set(MHO_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/mho)
install(EXPORT mho-targets NAMESPACE mho:: DESTINATION ${MHO_CMAKE_DIR})
file(WRITE ${CMAKE_BINARY_DIR}/package/mho-config.cmake
  "include(\${CMAKE_CURRENT_LIST_DIR}/mho-targets.cmake)\n")
write_basic_package_version_file(${CMAKE_BINARY_DIR}/package/mho-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/package/mho-config.cmake
  ${CMAKE_BINARY_DIR}/package/mho-config-version.cmake DESTINATION ${MHO_CMAKE_DIR})

# pkg-config; the paths follow the file, so that a tree may be moved
set(MHO_PC_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH MHO_PREFIX_FROM_PC /x/${MHO_PC_DIR} /x)
string(REGEX REPLACE "/$" "" MHO_PREFIX_FROM_PC ${MHO_PREFIX_FROM_PC})
configure_file(cmake/mho.pc.in ${CMAKE_BINARY_DIR}/package/mho.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/package/mho.pc DESTINATION ${MHO_PC_DIR})

# manual pages and completion from the program's own help
set(MHO_PAGES ${CMAKE_BINARY_DIR}/pages)
add_custom_command(OUTPUT ${MHO_PAGES}/mho.1
  COMMAND sh ${PROJECT_SOURCE_DIR}/scripts/pages.sh $<TARGET_FILE:mho_cli> ${MHO_PAGES}
    ${PROJECT_VERSION}
  DEPENDS mho_cli ${PROJECT_SOURCE_DIR}/scripts/pages.sh
  COMMENT "manual pages and completion")
add_custom_target(mho_pages ALL DEPENDS ${MHO_PAGES}/mho.1)
install(DIRECTORY ${MHO_PAGES}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 FILES_MATCHING PATTERN "*.1")
install(FILES ${MHO_PAGES}/mho.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME mho)
install(FILES ${MHO_PAGES}/_mho DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${MHO_PAGES}/mho.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

<%page args="view"/>\
<%
n, u = view.name, view.upper
%>\
# ${n}: a library, and where this is the top project its tools and its test.
cmake_minimum_required(VERSION 3.16)
project(${n} VERSION 1.0.0 LANGUAGES C CXX)

if(CMAKE_SOURCE_DIR STREQUAL PROJECT_SOURCE_DIR)
  set(${n}_top ON)
else()
  set(${n}_top OFF)
endif()
option(${u}_WERROR "Treat warnings in ${n} as errors" <%text>${</%text>${n}_top})
if(${n}_top AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
find_package(Threads REQUIRED)

# The sources, once: the library shows its C interface only, the tools link with everything.
file(GLOB ${n}_sources CONFIGURE_DEPENDS src/*.cpp kernels/*.cpp)
add_library(${n}_objects OBJECT <%text>${</%text>${n}_sources})
target_include_directories(${n}_objects PUBLIC include PRIVATE src kernels)
target_compile_features(${n}_objects PUBLIC cxx_std_17)
target_compile_options(${n}_objects
  PUBLIC -O3 ${(view.compile_flags + " -ffp-contract=fast").strip()} -Wall -Wextra -Wno-psabi
    $<$<BOOL:<%text>${</%text>${u}_WERROR}>:-Werror>
  PRIVATE -fno-math-errno -fno-trapping-math)
set_target_properties(${n}_objects PROPERTIES
  CXX_EXTENSIONS OFF
  CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON
  POSITION_INDEPENDENT_CODE ON)

# No flag of the sources reaches who links with the library. The target has a name that is no word of CMake's (test,
# all, ...); it is linked as ${n}::${n}.
add_library(${n}_library $<TARGET_OBJECTS:${n}_objects>)
add_library(${n}::${n} ALIAS ${n}_library)
target_include_directories(${n}_library PUBLIC
  $<BUILD_INTERFACE:<%text>${CMAKE_CURRENT_SOURCE_DIR}</%text>/include>
  $<INSTALL_INTERFACE:<%text>${CMAKE_INSTALL_INCLUDEDIR}</%text>>)
target_link_libraries(${n}_library PRIVATE Threads::Threads <%text>${CMAKE_DL_LIBS}</%text>)
set_target_properties(${n}_library PROPERTIES
  EXPORT_NAME ${n}
  OUTPUT_NAME ${n}
  LINKER_LANGUAGE CXX
  SOVERSION 1)

set(${n}_package <%text>${CMAKE_INSTALL_LIBDIR}</%text>/cmake/${n})
set(${n}_data <%text>${CMAKE_INSTALL_DATADIR}</%text>/${n})
install(TARGETS ${n}_library EXPORT ${n}Targets)
install(DIRECTORY include/${n} DESTINATION <%text>${CMAKE_INSTALL_INCLUDEDIR}</%text>)
install(FILES weights.bin DESTINATION <%text>${</%text>${n}_data})
install(EXPORT ${n}Targets NAMESPACE ${n}:: DESTINATION <%text>${</%text>${n}_package})
configure_package_config_file(cmake/${n}Config.cmake.in ${n}Config.cmake
  INSTALL_DESTINATION <%text>${</%text>${n}_package}
  PATH_VARS ${n}_data)
write_basic_package_version_file(${n}ConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES
  <%text>${CMAKE_CURRENT_BINARY_DIR}</%text>/${n}Config.cmake
  <%text>${CMAKE_CURRENT_BINARY_DIR}</%text>/${n}ConfigVersion.cmake
  DESTINATION <%text>${</%text>${n}_package})

if(${n}_top)
  enable_testing()
  foreach(tool bench verify)
    add_executable(${n}_<%text>${tool}</%text> tools/<%text>${tool}</%text>.cpp)
    target_link_libraries(${n}_<%text>${tool}</%text> PRIVATE ${n}_objects Threads::Threads <%text>${CMAKE_DL_LIBS}</%text>)
  endforeach()
  add_executable(${n}_golden test/golden.c)
  target_link_libraries(${n}_golden PRIVATE ${n}::${n} m)
  add_test(NAME golden COMMAND ${n}_golden
    <%text>${CMAKE_CURRENT_SOURCE_DIR}</%text>/weights.bin
    <%text>${CMAKE_CURRENT_SOURCE_DIR}</%text>/test/golden.bin)
endif()

<%page args="view"/>\
<%
n = view.name
%>\
cmake_minimum_required(VERSION 3.16)
project(${n} VERSION 1.0.0 LANGUAGES C CXX)

set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
find_package(Threads REQUIRED)

file(GLOB ${n}_sources CONFIGURE_DEPENDS src/*.cpp kernels/*.cpp)
add_library(${n} <%text>${</%text>${n}_sources})
add_library(${n}::${n} ALIAS ${n})
target_include_directories(${n}
  PUBLIC $<BUILD_INTERFACE:<%text>${CMAKE_CURRENT_SOURCE_DIR}</%text>/include> $<INSTALL_INTERFACE:include>
  PRIVATE src kernels)
target_compile_options(${n} PRIVATE -O3 ${view.compile_flags} -ffp-contract=fast -fno-math-errno -fno-trapping-math
  -Wall -Wextra -Werror -Wno-psabi)
target_link_libraries(${n} PRIVATE Threads::Threads)
set_target_properties(${n} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET default)

install(TARGETS ${n} EXPORT ${n}Targets)
install(DIRECTORY include/${n} DESTINATION include)
install(FILES weights.bin DESTINATION share/${n} OPTIONAL)
install(EXPORT ${n}Targets NAMESPACE ${n}:: DESTINATION lib/cmake/${n})
configure_package_config_file(cmake/${n}Config.cmake.in ${n}Config.cmake INSTALL_DESTINATION lib/cmake/${n})
write_basic_package_version_file(${n}ConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES <%text>${CMAKE_CURRENT_BINARY_DIR}</%text>/${n}Config.cmake <%text>${CMAKE_CURRENT_BINARY_DIR}</%text>/${n}ConfigVersion.cmake
  DESTINATION lib/cmake/${n})

if(PROJECT_IS_TOP_LEVEL OR CMAKE_SOURCE_DIR STREQUAL PROJECT_SOURCE_DIR)
  enable_testing()
  foreach(tool bench verify)
    add_executable(${n}_<%text>${tool}</%text> tools/<%text>${tool}</%text>.cpp)
    target_compile_options(${n}_<%text>${tool}</%text> PRIVATE -O3 ${view.compile_flags} -Wno-psabi)
    target_link_libraries(${n}_<%text>${tool}</%text> PRIVATE ${n} Threads::Threads)
  endforeach()
  add_executable(${n}_golden test/golden.c)
  target_link_libraries(${n}_golden PRIVATE ${n} m)
  add_test(NAME golden COMMAND ${n}_golden <%text>${CMAKE_CURRENT_SOURCE_DIR}</%text>/weights.bin
    <%text>${CMAKE_CURRENT_SOURCE_DIR}</%text>/test/golden.bin)
endif()

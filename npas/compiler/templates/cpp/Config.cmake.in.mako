<%page args="view"/>\
@PACKAGE_INIT@

include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("<%text>${CMAKE_CURRENT_LIST_DIR}</%text>/${view.name}Targets.cmake")
set(${view.name}_WEIGHTS "<%text>${PACKAGE_PREFIX_DIR}</%text>/share/${view.name}/weights.bin")

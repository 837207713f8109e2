<%page args="view"/>\
@PACKAGE_INIT@

# The imported target ${view.name}::${view.name}, and its weights file.
set_and_check(${view.name}_WEIGHTS "@PACKAGE_${view.name}_data@/weights.bin")

include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("<%text>${CMAKE_CURRENT_LIST_DIR}</%text>/${view.name}Targets.cmake")
check_required_components(${view.name})

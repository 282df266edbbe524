# The extension modules: nncpp._core_<level> for each level, and nncpp._cpu, which tells what the processor runs.
set(PYBIND11_FINDPYTHON ON)
find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)
find_package(pybind11 3 CONFIG REQUIRED)

# The bindings are compiled once, for the baseline, which every level may contain; but for the two files that know a
# level. Small, not fast: they are most of the code, and have no loop of their own.
file(GLOB NNCPP_BINDING_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cpp/bindings/*.cpp)
set(NNCPP_LEVEL_SOURCES ${PROJECT_SOURCE_DIR}/cpp/bindings/core.cpp ${PROJECT_SOURCE_DIR}/cpp/bindings/module.cpp)
list(REMOVE_ITEM NNCPP_BINDING_SOURCES ${PROJECT_SOURCE_DIR}/cpp/bindings/cpu.cpp ${NNCPP_LEVEL_SOURCES})
add_library(nncpp_bindings OBJECT ${NNCPP_BINDING_SOURCES})
target_link_libraries(nncpp_bindings PRIVATE nncpp_common pybind11::module)
target_compile_options(nncpp_bindings PRIVATE $<$<CONFIG:Release>:-Os>)
set_source_files_properties(${NNCPP_LEVEL_SOURCES} PROPERTIES COMPILE_OPTIONS $<$<CONFIG:Release>:-Os>)

foreach(level IN LISTS NNCPP_CHOSEN_LEVELS)
  # NO_EXTRAS: no link-time optimization, which would move arithmetic from file to file and slow the build
  pybind11_add_module(_core_${level} MODULE NO_EXTRAS ${NNCPP_LEVEL_SOURCES})
  target_compile_definitions(_core_${level} PRIVATE NNCPP_MODULE_NAME=_core_${level} NNCPP_ISA_NAME="${level}")
  target_link_libraries(_core_${level} PRIVATE nncpp_core_${level} nncpp_bindings nncpp_common nncpp_eigen)
  # instantiations that nothing calls are left out
  target_link_options(_core_${level} PRIVATE $<$<PLATFORM_ID:Linux>:LINKER:--gc-sections>)
  install(TARGETS _core_${level} DESTINATION nncpp)
endforeach()

Python_add_library(_cpu MODULE WITH_SOABI ${PROJECT_SOURCE_DIR}/cpp/bindings/cpu.cpp)
target_link_libraries(_cpu PRIVATE nncpp_common)
install(TARGETS _cpu DESTINATION nncpp)

if(SKBUILD_STATE STREQUAL "wheel")
  install(FILES ${NNCPP_EIGEN_LICENSES} DESTINATION ${SKBUILD_METADATA_DIR}/licenses/eigen)
endif()

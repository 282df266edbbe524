# nncpp_core_<level>: the core's objects, compiled for a level. nncpp_common: how everything of ours is compiled.
find_package(OpenMP REQUIRED COMPONENTS CXX)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(nncpp_common INTERFACE)
target_include_directories(nncpp_common INTERFACE ${PROJECT_SOURCE_DIR}/cpp/include)
# Arithmetic is exactly as written: no reassociation, and a fused multiply-add only where a kernel asks for one.
target_compile_options(nncpp_common INTERFACE -fno-math-errno -fno-trapping-math -ffp-contract=off)
target_compile_options(
  nncpp_common INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
                         -Wconversion -Wno-sign-conversion -Wno-ignored-attributes) # registers as template arguments
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 finds its own AVX-512 intrinsics uninitialized: gcc.gnu.org/PR105593
  target_compile_options(nncpp_common INTERFACE -Wno-uninitialized -Wno-maybe-uninitialized)
endif()

file(GLOB_RECURSE NNCPP_CORE_SOURCES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cpp/src/*.cpp)

# nncpp_level_<level>: the flags of one level.
function(nncpp_add_core level)
  add_library(nncpp_level_${level} INTERFACE)
  target_link_libraries(nncpp_level_${level} INTERFACE nncpp_common)
  if(NOT level STREQUAL "baseline")
    target_compile_options(nncpp_level_${level} INTERFACE -march=x86-64-${level})
  endif()
  if(level STREQUAL "v4")
    target_compile_options(nncpp_level_${level} INTERFACE -mprefer-vector-width=512)
  endif()

  add_library(nncpp_core_${level} OBJECT ${NNCPP_CORE_SOURCES})
  target_link_libraries(nncpp_core_${level} PRIVATE nncpp_level_${level} nncpp_eigen PUBLIC OpenMP::OpenMP_CXX)
endfunction()

# Processor levels. On x86-64: v2, v3 (AVX2 and FMA), v4 (AVX-512); elsewhere one, the compiler's baseline.
# Two levels never meet in one program: the linker keeps one copy of each inline function, of either level.
include(CheckCXXSourceRuns)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  set(NNCPP_ALL_LEVELS v2 v3 v4)
else()
  set(NNCPP_ALL_LEVELS baseline)
endif()
set(NNCPP_LEVELS all CACHE STRING "all, highest (that this processor runs), or some of: ${NNCPP_ALL_LEVELS}")

# Levels whose programs run on this processor, lowest first.
set(NNCPP_RUNNABLE_LEVELS)
foreach(level IN LISTS NNCPP_ALL_LEVELS)
  if(level STREQUAL "baseline")
    set(NNCPP_RUNS_${level} TRUE)
  else()
    check_cxx_source_runs("int main() { return __builtin_cpu_supports(\"x86-64-${level}\") ? 0 : 1; }"
                          NNCPP_RUNS_${level})
  endif()
  if(NNCPP_RUNS_${level})
    list(APPEND NNCPP_RUNNABLE_LEVELS ${level})
  endif()
endforeach()

if(NNCPP_LEVELS STREQUAL "all")
  set(NNCPP_CHOSEN_LEVELS ${NNCPP_ALL_LEVELS})
elseif(NNCPP_LEVELS STREQUAL "highest")
  list(GET NNCPP_RUNNABLE_LEVELS -1 NNCPP_CHOSEN_LEVELS)
else()
  set(NNCPP_CHOSEN_LEVELS ${NNCPP_LEVELS})
endif()
foreach(level IN LISTS NNCPP_CHOSEN_LEVELS)
  if(NOT level IN_LIST NNCPP_ALL_LEVELS)
    message(FATAL_ERROR "NNCPP_LEVELS: expected all, highest, or some of ${NNCPP_ALL_LEVELS}; got ${level}")
  endif()
endforeach()
message(STATUS "Levels: ${NNCPP_CHOSEN_LEVELS}; this processor runs: ${NNCPP_RUNNABLE_LEVELS}")

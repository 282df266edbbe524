# nncpp_eigen: Eigen's headers, of one exact version, because the bits of a trained network depend on them.
# They come from the copy that a source distribution carries, else from the Python package eigency.
set(NNCPP_EIGEN_VERSION 5.0.1)
set(NNCPP_CARRIED_EIGEN ${PROJECT_SOURCE_DIR}/cpp/third_party/eigen)

if(EXISTS ${NNCPP_CARRIED_EIGEN}/Eigen/Core)
  set(NNCPP_EIGEN_DIR ${NNCPP_CARRIED_EIGEN})
else()
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter)
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c "import eigency; print(*eigency.get_includes(), sep=';')"
    OUTPUT_VARIABLE eigency_includes OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_VARIABLE eigency_error RESULT_VARIABLE eigency_result)
  if(NOT eigency_result EQUAL 0)
    message(FATAL_ERROR "Eigen ${NNCPP_EIGEN_VERSION} comes from eigency, which ${Python_EXECUTABLE} cannot import; "
                        "run: ${Python_EXECUTABLE} -m pip install eigency==5.0.1.1\n${eigency_error}")
  endif()
  find_path(NNCPP_EIGEN_DIR Eigen/Core PATHS ${eigency_includes} NO_DEFAULT_PATH NO_CACHE REQUIRED)
endif()

file(STRINGS ${NNCPP_EIGEN_DIR}/Eigen/Version eigen_version REGEX "EIGEN_VERSION_STRING")
if(NOT eigen_version MATCHES "\"${NNCPP_EIGEN_VERSION}\"")
  message(FATAL_ERROR "Expected Eigen ${NNCPP_EIGEN_VERSION} in ${NNCPP_EIGEN_DIR}, got ${eigen_version}")
endif()
file(GLOB NNCPP_EIGEN_LICENSES ${NNCPP_EIGEN_DIR}/COPYING.*)
message(STATUS "Eigen ${NNCPP_EIGEN_VERSION}: ${NNCPP_EIGEN_DIR}")

add_library(nncpp_eigen INTERFACE)
target_include_directories(nncpp_eigen SYSTEM INTERFACE ${NNCPP_EIGEN_DIR})
target_compile_definitions(nncpp_eigen INTERFACE EIGEN_MPL2_ONLY EIGEN_DONT_PARALLELIZE EIGEN_MAX_ALIGN_BYTES=64)

# Puts headers and licences where a source distribution carries them.
function(nncpp_carry_eigen)
  if(NOT NNCPP_EIGEN_DIR STREQUAL NNCPP_CARRIED_EIGEN)
    file(COPY ${NNCPP_EIGEN_DIR}/Eigen ${NNCPP_EIGEN_LICENSES} DESTINATION ${NNCPP_CARRIED_EIGEN})
  endif()
endfunction()

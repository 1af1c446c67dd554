# SPDX-License-Identifier: Apache-2.0
# cmake -DCOMPILER=... -DSOURCE=... -DINCLUDES=a,b -DFAULT=name -DCOMPILES=ON|OFF -P compile_fault.cmake
# With COMPILES=OFF the compiler must refuse, and name the fault: any other error would be no proof.
string(REPLACE "," ";" folders "${INCLUDES}")
list(TRANSFORM folders PREPEND "-I")
execute_process(COMMAND ${COMPILER} -std=c++20 -fsyntax-only ${folders} -DFAULT_UNDER_TEST=${FAULT} ${SOURCE}
                RESULT_VARIABLE status ERROR_VARIABLE errors OUTPUT_QUIET)
if(COMPILES)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${FAULT} does not compile:\n${errors}")
  endif()
  return()
endif()
if(status EQUAL 0)
  message(FATAL_ERROR "${FAULT} compiles, and is not in faults.toml")
endif()
string(REGEX MATCHALL "error:[^\n]*" found "${errors}")
list(LENGTH found count)
if(NOT count EQUAL 1 OR NOT found MATCHES "${FAULT}")
  message(FATAL_ERROR "the compiler refuses, but not because of ${FAULT}:\n${errors}")
endif()

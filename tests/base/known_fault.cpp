// SPDX-License-Identifier: Apache-2.0
// Compiled, not run, by compile_fault.cmake: a fault that is in faults.toml compiles, one that is not does not.
#include "base/faults.hpp"

madoguchi::Fault raised() { return madoguchi::Fault::FAULT_UNDER_TEST; }

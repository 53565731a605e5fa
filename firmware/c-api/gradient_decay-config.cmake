# gradient-decay for CMake, 3.16 or newer: the target gradient_decay::gradient_decay, a static library with its headers for C and C++. By
#   find_package(gradient_decay REQUIRED)                     with -Dgradient_decay_DIR=<this folder>, or
#   add_subdirectory(<this folder> gradient_decay), or FetchContent with SOURCE_SUBDIR firmware/c-api.
# The archive is the one in lib/<target> if this is an unpacked release, or the one that GRADIENT_DECAY_ARCHIVE names; else cargo builds it.

include_guard(GLOBAL)

set(GRADIENT_DECAY_ARCHIVE "" CACHE FILEPATH "A libgradient_decay_c.a that is there; empty: that of the release, or cargo builds one")
set(GRADIENT_DECAY_TARGET "" CACHE STRING "The processor as Rust calls it, such as thumbv6m-none-eabi; empty: by the compiler's flags")
set(GRADIENT_DECAY_OPTIMIZE "s" CACHE STRING "s: a small library; 3: one that is 1.8 times as large, and up to 6 % faster")
option(GRADIENT_DECAY_SMALL "Kernels of one row at a time: a fifth less flash for more instructions and the same bits" OFF)
set(GRADIENT_DECAY_CARGO_DIR "${CMAKE_CURRENT_BINARY_DIR}/cargo" CACHE PATH "Where cargo builds")

# The Rust target that the compiler's flags stand for; empty for the machine that this runs on.
function(gradient_decay_find_target result)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.c "")
  if(CMAKE_C_COMPILER)
    set(compiler ${CMAKE_C_COMPILER})
    separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
  else()
    set(compiler ${CMAKE_CXX_COMPILER})
    separate_arguments(flags UNIX_COMMAND "${CMAKE_CXX_FLAGS}")
  endif()
  execute_process(COMMAND ${compiler} ${flags} -dM -E ${CMAKE_CURRENT_BINARY_DIR}/empty.c OUTPUT_VARIABLE macros)
  set(target "")
  if(macros MATCHES "define __ARM_ARCH_6M__")
    set(target thumbv6m-none-eabi)
  elseif(macros MATCHES "define __ARM_ARCH_7M__")
    set(target thumbv7m-none-eabi)
  elseif(macros MATCHES "define __ARM_ARCH_7EM__")
    set(target thumbv7em-none-eabi)
  elseif(macros MATCHES "define __ARM_ARCH_8M_BASE__")
    set(target thumbv8m.base-none-eabi)
  elseif(macros MATCHES "define __ARM_ARCH_8(_1)?M_MAIN__")
    set(target thumbv8m.main-none-eabi)
  elseif(macros MATCHES "define __riscv_xlen 32" AND macros MATCHES "define __riscv_float_abi_soft")
    if(macros MATCHES "define __riscv_atomic")
      set(target riscv32imac-unknown-none-elf)
    else()
      set(target riscv32imc-unknown-none-elf)
    endif()
  elseif(CMAKE_CROSSCOMPILING)
    message(FATAL_ERROR "gradient-decay: set GRADIENT_DECAY_TARGET to what `rustc --print target-list` calls this processor")
  endif()
  # Floats are passed in the registers of the FPU.
  if(target MATCHES "^thumb" AND macros MATCHES "define __ARM_PCS_VFP")
    string(APPEND target hf)
  endif()
  set(${result} "${target}" PARENT_SCOPE)
endfunction()

set(gradient_decay_target "${GRADIENT_DECAY_TARGET}")
if(NOT gradient_decay_target)
  gradient_decay_find_target(gradient_decay_target)
endif()
set(gradient_decay_archive "${GRADIENT_DECAY_ARCHIVE}")
if(NOT gradient_decay_archive AND EXISTS ${CMAKE_CURRENT_LIST_DIR}/lib)
  set(gradient_decay_archive ${CMAKE_CURRENT_LIST_DIR}/lib/${gradient_decay_target}/libgradient_decay_c.a)
endif()

add_library(gradient_decay::gradient_decay STATIC IMPORTED GLOBAL)
set_target_properties(gradient_decay::gradient_decay PROPERTIES INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_CURRENT_LIST_DIR}/include)
if(gradient_decay_archive)
  if(NOT EXISTS ${gradient_decay_archive})
    message(FATAL_ERROR "gradient-decay: ${gradient_decay_archive} is not there")
  endif()
else()
  find_program(GRADIENT_DECAY_CARGO cargo HINTS $ENV{CARGO_HOME}/bin $ENV{HOME}/.cargo/bin)
  if(NOT GRADIENT_DECAY_CARGO)
    message(FATAL_ERROR "gradient-decay: cargo is missing. Install Rust by rustup (https://rustup.rs) and run "
      "`rustup target add ${gradient_decay_target}`, or set GRADIENT_DECAY_ARCHIVE to an archive that is there")
  endif()
  set(gradient_decay_option "")
  if(gradient_decay_target)
    set(gradient_decay_option --target ${gradient_decay_target})
  endif()
  if(GRADIENT_DECAY_SMALL)
    list(APPEND gradient_decay_option --features small)
  endif()
  set(gradient_decay_archive ${GRADIENT_DECAY_CARGO_DIR}/${gradient_decay_target}/release/libgradient_decay_c.a)
  # Each time: cargo knows what has changed.
  add_custom_target(gradient_decay_build
    COMMAND ${CMAKE_COMMAND} -E env CARGO_PROFILE_RELEASE_OPT_LEVEL=${GRADIENT_DECAY_OPTIMIZE}
      ${GRADIENT_DECAY_CARGO} rustc --quiet --release --crate-type staticlib ${gradient_decay_option} --target-dir ${GRADIENT_DECAY_CARGO_DIR}
      --manifest-path ${CMAKE_CURRENT_LIST_DIR}/Cargo.toml
    BYPRODUCTS ${gradient_decay_archive}
    COMMENT "Building gradient-decay by cargo"
    VERBATIM)
  add_dependencies(gradient_decay::gradient_decay gradient_decay_build)
endif()
set_target_properties(gradient_decay::gradient_decay PROPERTIES IMPORTED_LOCATION ${gradient_decay_archive})
if(NOT gradient_decay_target AND UNIX)
  # Of Rust's standard library, which the one for a machine with an operating system has in it.
  set_target_properties(gradient_decay::gradient_decay PROPERTIES INTERFACE_LINK_LIBRARIES "m;pthread;dl")
endif()

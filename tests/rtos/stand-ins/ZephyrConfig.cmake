# As much of Zephyr's package as the module and its sample use: the application `app` with the settings of its prj.conf, and the modules' CMake files.
# In place of west's board the processor is CONFIG_CPU_CORTEX_M4, with `CONFIG_FP_HARDABI`.

enable_language(C)
add_executable(app ${CMAKE_CURRENT_LIST_DIR}/../zephyr.c)
target_include_directories(app PRIVATE ${CMAKE_CURRENT_LIST_DIR})
set_target_properties(app PROPERTIES C_STANDARD 11)
target_compile_options(app PRIVATE -Wall -Wextra -Werror)

macro(zephyr_include_directories)
  target_include_directories(app PRIVATE ${ARGN})
endmacro()
macro(zephyr_link_libraries)
  target_link_libraries(app PRIVATE ${ARGN})
endmacro()

set(CONFIG_CPU_CORTEX_M4 y)
set(CONFIG_FP_HARDABI y)
file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/prj.conf settings REGEX "^CONFIG_")
foreach(setting IN LISTS settings)
  string(REPLACE "=" ";" setting "${setting}")
  set(${setting})
endforeach()
foreach(module IN LISTS ZEPHYR_EXTRA_MODULES)
  if(NOT EXISTS ${module}/zephyr/module.yml)
    message(FATAL_ERROR "${module} is no module")
  endif()
  include(${module}/zephyr/CMakeLists.txt)
endforeach()

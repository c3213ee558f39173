# add_node_addon(NAME SOURCE...): NAME.node in <build folder>/<configuration>, a Node-API 8 addon that uses libuv too.
include_guard()
include(host-imports)

if(NOT CMAKE_JS_INC)
  message(FATAL_ERROR "Build with cmake-js, which says where the Node-API headers are")
endif()

# libuv's headers are among node's own, which cmake-js leaves out for a Node-API addon.
find_program(NODE_PROGRAM node REQUIRED)
execute_process(
  COMMAND ${NODE_PROGRAM} -p "path.resolve(process.execPath, '../..').replaceAll(path.sep, '/')"
  OUTPUT_VARIABLE node_prefix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
find_path(IMPERSONATE_NODE_INCLUDE uv.h
  HINTS $ENV{npm_config_nodedir}/include/node ${node_prefix}/include/node
  NO_CMAKE_FIND_ROOT_PATH REQUIRED
  DOC "The folder of node's own headers, with uv.h (pass --CDIMPERSONATE_NODE_INCLUDE=folder to cmake-js)")

function(add_node_addon name)
  add_library(${name} MODULE ${ARGN})
  set_target_properties(${name} PROPERTIES
    PREFIX "" SUFFIX .node
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/$<CONFIG>
    CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_include_directories(${name} SYSTEM PRIVATE ${CMAKE_JS_INC} ${IMPERSONATE_NODE_INCLUDE})
  target_compile_definitions(${name} PRIVATE
    NAPI_VERSION=8 NAPI_CPP_EXCEPTIONS NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
    NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED)
  if(WIN32)
    target_compile_definitions(${name} PRIVATE
      _WIN32_WINNT=0x0A00 NOMINMAX WIN32_LEAN_AND_MEAN UNICODE _UNICODE USING_UV_SHARED=1)
  endif()
  if(MSVC)
    use_msvc_options(${name})
  else()
    use_gnu_options(${name})
  endif()
  if(WIN32)
    bind_to_host(${name})
  endif()
endfunction()

function(use_gnu_options name)
  target_compile_options(${name} PRIVATE
    -Wall -Wextra -Wpedantic -pedantic-errors -Wshadow -Wconversion -Werror
    -fstack-protector-strong -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
    $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
  target_link_options(${name} PRIVATE -fstack-protector-strong $<$<CONFIG:Release>:-s>)
  if(MINGW)
    target_link_options(${name} PRIVATE -static -Wl,--no-insert-timestamp)
  elseif(NOT APPLE)
    target_link_options(${name} PRIVATE -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodelete)
  endif()
endfunction()

function(use_msvc_options name)
  target_compile_options(${name} PRIVATE
    /W4 /WX /permissive- /utf-8 /EHsc /Zc:__cplusplus /Zc:inline /sdl /guard:cf /Brepro /external:W0 /external:anglebrackets)
  target_link_options(${name} PRIVATE
    /DYNAMICBASE /HIGHENTROPYVA /NXCOMPAT /GUARD:CF /CETCOMPAT /BREPRO $<$<NOT:$<CONFIG:Debug>>:/INCREMENTAL:NO>)
endfunction()

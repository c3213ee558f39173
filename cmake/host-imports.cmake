# bind_to_host(NAME): lets a Windows addon call the Node-API and libuv functions of the process that loads it, whatever
# that program is called. Only functions of Node-API 8 and those in uv-functions.txt: calling another is a link error.
include_guard()

set(host_imports_generator ${CMAKE_CURRENT_LIST_DIR}/../scripts/rig/host-imports.mjs)
set(host_imports_uv ${CMAKE_CURRENT_LIST_DIR}/uv-functions.txt)

function(bind_to_host name)
  if(MSVC)
    delay_load_from_host(${name})
  else()
    set(source ${CMAKE_BINARY_DIR}/host_imports.cpp)
    if(NOT TARGET host_imports)
      add_custom_command(
        OUTPUT ${source}
        COMMAND ${NODE_PROGRAM} ${host_imports_generator} ${source} ${host_imports_uv}
        DEPENDS ${host_imports_generator} ${host_imports_uv}
        VERBATIM)
      add_custom_target(host_imports DEPENDS ${source})
    endif()
    target_sources(${name} PRIVATE ${source})
    add_dependencies(${name} host_imports)
  endif()
endfunction()

# The linker's delay loading, with the hook that cmake-js brings to find the host.
function(delay_load_from_host name)
  set(definition ${CMAKE_BINARY_DIR}/host.def)
  set(library ${CMAKE_BINARY_DIR}/host.lib)
  if(NOT TARGET host_imports)
    add_custom_command(
      OUTPUT ${library}
      COMMAND ${NODE_PROGRAM} ${host_imports_generator} ${definition} ${host_imports_uv}
      COMMAND ${CMAKE_AR} /nologo /def:${definition} /out:${library} /machine:${CMAKE_CXX_COMPILER_ARCHITECTURE_ID}
      DEPENDS ${host_imports_generator} ${host_imports_uv}
      VERBATIM)
    add_custom_target(host_imports DEPENDS ${library})
  endif()
  add_dependencies(${name} host_imports)
  target_sources(${name} PRIVATE ${CMAKE_JS_SRC})
  set_source_files_properties(${CMAKE_JS_SRC} PROPERTIES COMPILE_OPTIONS /W0)
  target_link_libraries(${name} PRIVATE ${library} delayimp)
  target_link_options(${name} PRIVATE /DELAYLOAD:NODE.EXE)
endfunction()

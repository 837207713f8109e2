<%page args="view"/>\
<%
n, u = view.name, view.upper
%>\
# ${n}

% if view.backend == "opencl":
A generated program for one network, on an OpenCL device (${view.isa}: vectors of ${view.lanes} numbers${view.halves}). It needs CMake 3.16 and a C++17
compiler (GCC or Clang) to build, and to run a device of OpenCL 1.2 or newer, whose library is loaded when a model is
created: `$NPAS_OPENCL_LIBRARY`, else the system's. Without one `${n}_create` returns `${u}_ERROR_DEVICE`, and `${n}_detail()`
says what was tried. Kernels are compiled at the first start and kept under `$NPAS_OPENCL_CACHE` or the user's cache.
% else:
A generated program for one network (${view.isa}, ${view.threads} threads by default). It needs CMake 3.16, a C++17 compiler
(GCC or Clang) and threads, nothing else.
% endif

    cmake -B build && cmake --build build && ctest --test-dir build

From another CMake project, after `cmake --install build --prefix DIR` (and with `-DCMAKE_PREFIX_PATH=DIR`):

    find_package(${n} REQUIRED)                      # or add_subdirectory(...) of this folder
    target_link_libraries(app PRIVATE ${n}::${n})
    # ${n}_WEIGHTS is the path of the installed weights.bin

`-DBUILD_SHARED_LIBS=ON` makes a shared library, which shows nothing but the C interface and loads from any language
that calls C (`ctypes` in Python, say). Several generated models live in one program.

```c
#include <${n}/${n}.h>

${n}_model* model;
if (${n}_create("weights.bin", 0, &model) != ${u}_OK) { /* ${n}_status_text says why */ }
const float* inputs[${u}_INPUTS] = {image};   /* ${n}_input_size(0) floats */
float* outputs[${u}_OUTPUTS] = {scores};      /* ${n}_output_size(0) floats */
${n}_run(model, inputs, outputs);
${n}_destroy(model);
```

The weights file is mapped rather than read where the system maps it in large pages, so that processes share it and a
start takes milliseconds; elsewhere it is copied into large pages of the process's own. While a model lives, replace
the file only by renaming another over it: one that is cut short under a mapping ends the process. Weights that somebody
else may write to belong into memory, and to `${n}_create_from_memory`.

| folder | what |
| --- | --- |
| `include/${n}` | the C interface |
| `src/forward.cpp` | the network, a layer a line; each layer has a file `src/layer_NNN.cpp` |
| `kernels` | the kernels that the layers share |
| `src`, `include/npas` | the runtime: ${"device, weights file, launches" if view.backend == "opencl" else "threads, weights file, memory"} |
| `tools` | `bench` times inferences, `verify` runs files of inputs |
| `test` | recorded inputs and outputs, and the program that compares them |

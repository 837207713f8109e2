<%page args="view"/>\
<%
n, u = view.name, view.upper
%>\
# ${n}

A generated program for one network (${view.isa}, ${view.threads} threads by default). It needs CMake 3.16, a C++17 compiler
(GCC or Clang) and threads, nothing else.

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
| `src`, `include/npas` | the runtime: threads, weights file, memory |
| `tools` | `bench` times inferences, `verify` runs files of inputs |
| `test` | recorded inputs and outputs, and the program that compares them |

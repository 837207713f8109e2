<%page args="view"/>\
<%
n, u = view.name, view.upper
%>\
# ${n}

A generated program for one network (${view.isa}, ${view.threads} threads by default). It needs a C++17 compiler and
threads, nothing else.

    cmake -B build && cmake --build build && ctest --test-dir build

From another CMake project, after `cmake --install build --prefix DIR`:

    find_package(${n} REQUIRED)
    target_link_libraries(app PRIVATE ${n}::${n})

```c
#include <${n}/${n}.h>

${n}_model* model;
if (${n}_create("weights.bin", 0, &model) != ${u}_OK) { /* ${n}_status_text says why */ }
const float* inputs[${u}_INPUTS] = {image};   /* ${n}_input_size(0) floats */
float* outputs[${u}_OUTPUTS] = {scores};      /* ${n}_output_size(0) floats */
${n}_run(model, inputs, outputs);
${n}_destroy(model);
```

| folder | what |
| --- | --- |
| `include/${n}` | the C interface |
| `src/forward.cpp` | the network, a layer a line; each layer has a file `src/layer_NNN.cpp` |
| `kernels` | the kernels that the layers share |
| `src`, `include/npas` | the runtime: threads, weights file, memory |
| `tools` | `bench` times inferences, `verify` runs files of inputs |
| `test` | recorded inputs and outputs, and the program that compares them |

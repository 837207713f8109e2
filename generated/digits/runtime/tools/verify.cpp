// Runs a model on files of raw floats, for comparison elsewhere:
//
//   verify WEIGHTS run THREADS IN OUT             every sample of IN (all inputs) to OUT (all outputs)
//   verify WEIGHTS trace THREADS IN OUT           one sample; the output of every layer to OUT, in order
//   verify WEIGHTS layers THREADS SCRIPT IN OUT   parts of the model by themselves: each line of SCRIPT is
//                                                 "first last output inputs...": the values (-1 - i: the caller's
//                                                 array i) are read from IN, layers first..last run, the output is
//                                                 written to OUT
//
// Values are written and read as plain arrays, without margins.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "npas/model.h"

using namespace NPAS_NAMESPACE;

namespace {

std::size_t pixels(const Layout& l) {
    return static_cast<std::size_t>(l.channels) * static_cast<std::size_t>(l.height) *
           static_cast<std::size_t>(l.width);
}

bool read(std::ifstream& file, std::vector<float>& values) {
    file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
    return static_cast<std::size_t>(file.gcount()) == values.size() * sizeof(float);
}

void write(std::ofstream& file, const std::vector<float>& values) {
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(float)));
}

std::vector<float> extract(const Model& model, int value) {
    std::vector<float> values(pixels(model.description().values[value].layout));
    // What a device that failed leaves is no result: a run follows, and says so.
    if (model.read(value, values.data()) != Status::ok) std::fill(values.begin(), values.end(), std::nanf(""));
    return values;
}

// The caller's arrays, all inputs and outputs.
struct Arrays {
    std::vector<std::vector<float>> inputs, outputs;
    std::vector<const float*> in;
    std::vector<float*> out;

    explicit Arrays(const Description& d) {
        for (int i = 0; i < d.input_count; ++i) inputs.emplace_back(pixels(d.inputs[i]));
        for (int i = 0; i < d.output_count; ++i) outputs.emplace_back(pixels(d.outputs[i]));
        for (auto& v : inputs) in.push_back(v.data());
        for (auto& v : outputs) out.push_back(v.data());
    }
};

class Trace : public Observer {
  public:
    Trace(const Model& model, std::ofstream& file) : model_(model), file_(file) {}
    bool wants(int) override { return true; }
    void after(int layer, double) override {
        const int output = model_.description().layers[layer].output;
        if (output >= 0) write(file_, extract(model_, output));
    }

  private:
    const Model& model_;
    std::ofstream& file_;
};

class Part : public Observer {
  public:
    Part(int first, int last) : first_(first), last_(last) {}
    bool wants(int layer) override { return layer >= first_ && layer <= last_; }
    void after(int, double) override {}

  private:
    int first_, last_;
};

int fail(const std::string& what, int code = 1) {
    std::fprintf(stderr, "%s\n", what.c_str());
    return code;
}

int fail(Status status, const Model& model) {
    const std::string why = model.why();
    return fail(status_text(status) + (why.empty() ? "" : ": " + why), status_exit(status));
}

int run_samples(Model& model, Arrays& arrays, std::ifstream& in, std::ofstream& out) {
    while (in.peek() != std::ifstream::traits_type::eof()) {
        for (auto& v : arrays.inputs) {
            if (!read(in, v)) return fail("the inputs end in the middle of a sample");
        }
        const Status status = model.run(arrays.in.data(), arrays.out.data());
        if (status != Status::ok) return fail(status, model);
        for (const auto& v : arrays.outputs) write(out, v);
    }
    return 0;
}

// Reads one value from the file to where layers take it from.
bool read_value(Model& model, Arrays& arrays, int value, std::ifstream& in) {
    if (value < 0) return read(in, arrays.inputs[static_cast<std::size_t>(-1 - value)]);
    std::vector<float> values(pixels(model.description().values[value].layout));
    if (!read(in, values)) return false;
    return model.write(value, values.data()) == Status::ok;
}

int run_parts(Model& model, Arrays& arrays, const char* script, std::ifstream& in, std::ofstream& out) {
    const Description& d = model.description();
    std::ifstream lines(script);
    if (!lines) return fail(std::string(script) + ": cannot be read");
    std::string line;
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        int first = 0, last = 0, output = 0, value = 0;
        const bool read = static_cast<bool>(words >> first >> last >> output);
        if (!read || first < 0 || last >= d.layer_count || output < -d.output_count || output >= d.value_count) {
            return fail("a line of the script is not: first last output inputs...");
        }
        while (words >> value) {
            if (value < -d.input_count || value >= d.value_count) return fail("the script names a value that is none");
            if (!read_value(model, arrays, value, in)) return fail("the inputs end early");
        }
        Part part(first, last);
        const Status status = model.run(arrays.in.data(), arrays.out.data(), &part);
        if (status != Status::ok) return fail(status, model);
        write(out, output < 0 ? arrays.outputs[static_cast<std::size_t>(-1 - output)] : extract(model, output));
    }
    return 0;
}

int run_trace(Model& model, Arrays& arrays, std::ifstream& in, std::ofstream& out) {
    for (auto& v : arrays.inputs) {
        if (!read(in, v)) return fail("the inputs end in the middle of a sample");
    }
    Trace trace(model, out);
    const Status status = model.run(arrays.in.data(), arrays.out.data(), &trace);
    return status == Status::ok ? 0 : fail(status, model);
}

// A number of threads, or 0.
int threads_of(const char* text) {
    char* end = nullptr;
    const long value = std::strtol(text, &end, 10);
    return end != text && *end == '\0' && value >= 1 && value <= kMostThreads ? static_cast<int>(value) : 0;
}

}  // namespace

int main(int argc, char** argv) {
    const bool parts = argc == 7 && std::strcmp(argv[2], "layers") == 0;
    const bool whole = argc == 6 && (std::strcmp(argv[2], "run") == 0 || std::strcmp(argv[2], "trace") == 0);
    const int threads = argc > 3 ? threads_of(argv[3]) : 0;
    if (!(parts || whole) || threads == 0) {
        std::fprintf(stderr, "usage: verify WEIGHTS run|trace THREADS IN OUT | WEIGHTS layers THREADS SCRIPT IN OUT\n");
        return 2;
    }
    const Description& d = description();
    Weights weights;
    std::unique_ptr<Model> model;
    std::string why;
    Status status = Weights::read(argv[1], d.fingerprint, d.sections, weights);
    if (status == Status::ok) status = Model::create(d, std::move(weights), threads, model, why);
    if (status != Status::ok) {
        const std::string more = why.empty() ? "" : ": " + why;
        return fail(std::string(argv[1]) + ": " + status_text(status) + more, status_exit(status));
    }
    std::ifstream in(argv[argc - 2], std::ios::binary);
    std::ofstream out(argv[argc - 1], std::ios::binary);
    if (!in || !out) return fail("a file cannot be opened");

    Arrays arrays(d);
    const int code = parts                              ? run_parts(*model, arrays, argv[4], in, out)
                     : std::strcmp(argv[2], "run") == 0 ? run_samples(*model, arrays, in, out)
                                                        : run_trace(*model, arrays, in, out);
    if (code == 0 && !out.flush()) return fail(std::string(argv[argc - 1]) + ": cannot be written");
    return code;
}

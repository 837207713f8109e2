// Times a network of MNN's on its OpenCL back end: MODEL INPUT OUTPUT RUNS MIN_S, arrays as raw floats. Prints the times
// of single inferences in ms, from the caller's array to the caller's array.
#include <MNN/Interpreter.hpp>
#include <MNN/MNNForwardType.h>
#include <MNN/Tensor.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begun) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) return 2;
    std::unique_ptr<MNN::Interpreter> net(MNN::Interpreter::createFromFile(argv[1]));
    if (!net) return 1;
    MNN::BackendConfig precise;
    precise.precision = MNN::BackendConfig::Precision_High;
    MNN::ScheduleConfig config;
    config.type = MNN_FORWARD_OPENCL;
    config.backupType = MNN_FORWARD_OPENCL;
    config.mode = MNN_GPU_TUNING_WIDE | MNN_GPU_MEMORY_BUFFER;
    config.backendConfig = &precise;
    MNN::Session* session = net->createSession(config);
    if (session == nullptr) return 1;
    int backend = -1;
    net->getSessionInfo(session, MNN::Interpreter::BACKENDS, &backend);
    if (backend != MNN_FORWARD_OPENCL) {
        std::fprintf(stderr, "MNN runs on its back end %d, since it has no OpenCL device\n", backend);
        return 1;
    }
    MNN::Tensor* in = net->getSessionInput(session, nullptr);
    MNN::Tensor* out = net->getSessionOutput(session, nullptr);
    MNN::Tensor image(in, MNN::Tensor::CAFFE), result(out, MNN::Tensor::CAFFE);
    std::ifstream(argv[2], std::ios::binary).read(reinterpret_cast<char*>(image.host<float>()), image.size());
    const auto infer = [&] {
        in->copyFromHostTensor(&image);
        net->runSession(session);
        out->copyToHostTensor(&result);
    };
    const int runs = std::atoi(argv[4]);
    const double min_ms = std::atof(argv[5]) * 1e3, most_ms = 20e3;
    infer();
    std::ofstream(argv[3], std::ios::binary).write(reinterpret_cast<const char*>(result.host<float>()), result.size());
    for (const auto begun = Clock::now(); ms_since(begun) < min_ms / 2;) infer();
    std::vector<double> times;
    const auto begun = Clock::now();
    while ((static_cast<int>(times.size()) < runs && ms_since(begun) < most_ms) || ms_since(begun) < min_ms) {
        const auto start = Clock::now();
        infer();
        times.push_back(ms_since(start));
    }
    for (const double t : times) std::printf("%.6f\n", t);
    return 0;
}
